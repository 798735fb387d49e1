-- What a job kind needs to know of its subject, read in the statement that claims the job: a view for each kind that
-- needs to know something. A claim reads job_context_in_bulk itself: the planner sees through it, and the hundredth
-- poll costs a quarter of a call. The rest it gets by job_context_of(), since PostgreSQL sets up every branch of a
-- statement before it knows which of them is needed: with all of them in the claim a single job waited a third longer.

DROP VIEW IF EXISTS koppeling.job_context;
DROP VIEW IF EXISTS koppeling.job_context_in_bulk;
DROP VIEW IF EXISTS koppeling.job_context_poll;
DROP VIEW IF EXISTS koppeling.job_context_verify;
DROP VIEW IF EXISTS koppeling.job_context_mark_shipped;
DROP VIEW IF EXISTS koppeling.job_context_create_shipment;
DROP VIEW IF EXISTS koppeling.job_context_quote;
DROP VIEW IF EXISTS koppeling.job_context_confirm_order;
DROP VIEW IF EXISTS koppeling.job_context_push_order;
DROP VIEW IF EXISTS koppeling.job_context_watch_order;
DROP VIEW IF EXISTS koppeling.job_context_track_label;
DROP VIEW IF EXISTS koppeling.job_context_fetch_label;
DROP VIEW IF EXISTS koppeling.job_context_remove_order;

-- poll, by integration: what counts as open, and the hashes of all orders that are here already, so that unchanged ones
-- cost nothing. Where more than a page is too old to be imported, the list begins at a date, but for one walk a day: at
-- import_since, or earlier, so that no order that is here is left out and taken for one that is gone; and a day before
-- that, since whether the date itself is included is not known [MWW-309].
CREATE VIEW koppeling.job_context_poll (subject_id, context) AS
SELECT i.id, jsonb_build_object(
    'open_statuses', i.open_statuses, 'paid_only', i.paid_only, 'imported_since', i.import_since,
    'region_code', i.region_code,
    'default_weight_kg', i.default_weight_kg,
    'start_date', list.start_date,
    -- Where the lists end, unless that was proven long ago. The walk of the day proves it anew.
    'ends', CASE WHEN i.list_ends_at > now() - interval '1 hour' AND i.listed_whole_at > now() - interval '1 day' THEN
        i.list_ends END,
    'known', coalesce((
        SELECT string_agg(encode(int8send(k.payload_hash), 'hex'), '')
        FROM (SELECT o.payload_hash FROM koppeling.imported_order o
              WHERE o.integration_id = i.id AND o.state IN ('open', 'label_created')
              UNION ALL
              SELECT r.payload_hash FROM koppeling.imported_order r
              WHERE r.integration_id = i.id AND r.state = 'marked_shipped' AND r.reopened_at IS NOT NULL) k), ''),
    -- Apart from them: nobody misses an order that was skipped.
    'skipped', coalesce((
        SELECT string_agg(encode(int8send(s.payload_hash), 'hex'), '')
        FROM koppeling.skipped_order s
        WHERE s.integration_id = i.id AND s.payload_hash IS NOT NULL
          AND (list.start_date IS NULL OR s.reason_code <> 'too_old')), ''))
FROM koppeling.integration i
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN i.listed_whole_at > now() - interval '1 day' AND i.import_since IS NOT NULL
            AND (SELECT count(*) FROM (
                SELECT FROM koppeling.skipped_order t
                WHERE t.integration_id = i.id AND t.reason_code = 'too_old'
                LIMIT 100) AS page) = 100
        THEN (
            -- An order without a date may stand anywhere.
            SELECT CASE WHEN count(*) = count(o.ordered_at) THEN
                least(i.import_since, (min(o.ordered_at) AT TIME ZONE 'Europe/Amsterdam')::date) - 1 END
            FROM koppeling.imported_order o
            WHERE o.integration_id = i.id
              AND (o.state IN ('open', 'label_created') OR (o.state = 'marked_shipped' AND o.reopened_at IS NOT NULL)))
        END AS start_date) AS list;
COMMENT ON VIEW koppeling.job_context_poll IS
    'What a poll needs to know, by integration: what counts as open, and the hashes of the orders that are here.';

-- verify, by integration: what the shop and the sender should be like.
CREATE VIEW koppeling.job_context_verify (subject_id, context) AS
SELECT i.id, jsonb_build_object(
    'shop_host', i.shop_host, 'open_statuses', i.open_statuses, 'shipped_status', i.shipped_status,
    'from_address', CASE WHEN f.id IS NOT NULL THEN jsonb_build_object(
        'name', f.name, 'company', f.company, 'email', f.email, 'phone', f.phone,
        'street', f.street, 'number', f.number,
        'number_addition', f.number_addition, 'postcode', f.postcode, 'city', f.city, 'country', f.country) END)
FROM koppeling.integration i LEFT JOIN koppeling.from_address f ON f.id = i.from_address_id;
COMMENT ON VIEW koppeling.job_context_verify IS
    'What a verify needs to know, by integration: what the shop and the sender should be like.';

-- mark_shipped, by order: the order as it should be in the shop, and the labels that it is told of.
CREATE VIEW koppeling.job_context_mark_shipped (subject_id, context) AS
SELECT o.id, jsonb_build_object(
    'order_uuid', o.order_uuid, 'order_number', o.order_number, 'credit_order_numbers', o.credit_order_numbers,
    'open_statuses', i.open_statuses, 'shipped_status', i.shipped_status, 'mark_on_staging', i.mark_on_staging,
    'region_code', i.region_code,
    -- The first label that the shop was not told of yet decides, one that it wants to hear of before one that it does
    -- not; without one (retried by hand) the last label.
    'label_environment', coalesce(
        (SELECT l.environment FROM koppeling.label l WHERE l.order_id = o.id AND l.told_at IS NULL
         ORDER BY l.environment = 'staging' AND NOT i.mark_on_staging, l.id LIMIT 1),
        (SELECT l.environment FROM koppeling.label l WHERE l.order_id = o.id ORDER BY l.id DESC LIMIT 1)),
    'label_ids', coalesce(
        (SELECT jsonb_agg(l.id ORDER BY l.id) FROM koppeling.label l WHERE l.order_id = o.id AND l.told_at IS NULL),
        '[]'),
    'comment_line', CASE WHEN i.tracking_in_comment THEN (
        SELECT string_agg(coalesce(s.service, 'Boekuwzending') || ': ' || l.waybill, E'\n' ORDER BY l.id)
        FROM koppeling.label l LEFT JOIN koppeling.shipment s ON s.id = l.shipment_id
        WHERE l.order_id = o.id AND l.waybill <> '' AND l.cancelled_at IS NULL
          AND (l.environment = 'production' OR i.mark_on_staging)) END)
    -- When it was we who told the shop, what comes later is added to the comment.
    || CASE WHEN i.tracking_in_comment
            THEN jsonb_build_object('was_marked', o.state = 'marked_shipped' AND o.mark_outcome = 'marked')
            ELSE '{}' END
FROM koppeling.imported_order o JOIN koppeling.integration i ON i.id = o.integration_id;
COMMENT ON VIEW koppeling.job_context_mark_shipped IS
    'What a mark_shipped needs to know, by order: the order as it should be in the shop, and the labels to tell.';

-- create_shipment, by shipment: what to book, and how far an earlier attempt came.
CREATE VIEW koppeling.job_context_create_shipment (subject_id, context) AS
SELECT s.id, jsonb_build_object(
    'environment', s.environment, 'state', s.state,
    -- Unique, and recognisable for people: a lost answer is looked up by it.
    'reference', o.order_number || '-' || s.id,
    'order_number', o.order_number, 'service', s.service, 'label_count', s.label_count,
    -- Of these three the version before made the one item that it sent.
    'label_format', s.label_format, 'weight_kg', coalesce(s.weight_kg, o.weight_kg),
    'value', CASE WHEN coalesce(o.currency, i.currency, 'EUR') = 'EUR' THEN o.total END,
    'items', koppeling.parcel_items(s.order_id, s.label_format, s.label_count, s.length_cm, s.width_cm, s.height_cm,
                                    s.weight_kg, s.parcels),
    'sent_seconds_ago', extract(epoch FROM now() - s.sent_at)::bigint,
    -- A request may be at work for twice as long as the slowest was seen to take, after it was given up.
    'given_up_seconds_ago', extract(epoch FROM now() - (s.sent_at + s.given_up_after)),
    'settle_seconds', (
        SELECT greatest(t.value::numeric, 2 * extract(epoch FROM a.longest_booking))
        FROM koppeling.setting t, koppeling.api a
        WHERE t.name = 'booking_settle_seconds' AND a.name = 'boekuwzending' AND a.environment = s.environment),
    'created_seconds_ago', extract(epoch FROM now() - s.created_at)::bigint,
    'external_id', s.external_id, 'related_id', r.id, 'related_external_id', r.external_id,
    -- The first label of the order is being booked: it is waited for, but not for long.
    'related_is_pending', r.external_id IS NULL AND r.id IS NOT NULL
                          AND s.requested_at > now() - interval '5 minutes',
    'address_hash', encode(o.address_hash, 'hex'), 'goods_hash', encode(o.goods_hash, 'hex'),
    'dispatch_date', (now() AT TIME ZONE 'Europe/Amsterdam')::date + 1,
    'inco_terms', CASE WHEN customs.is_crossed THEN a.inco_terms END,
    'contents', CASE WHEN customs.is_crossed THEN (
        SELECT jsonb_agg(jsonb_build_object(
                   'description', coalesce(l.description, l.sku), 'quantity', l.quantity, 'weight_kg', l.weight_kg,
                   'value', CASE WHEN coalesce(o.currency, i.currency, 'EUR') = 'EUR' THEN l.unit_price END,
                   'tariff_number', t.tariff_number, 'country_of_origin', t.country_of_origin) ORDER BY l.position)
        FROM koppeling.order_line l
        LEFT JOIN koppeling.article_customs t ON t.integration_id = o.integration_id AND t.sku = l.sku
        WHERE l.order_id = o.id) END,
    'from', jsonb_build_object(
        'name', f.name, 'company', f.company, 'email', f.email, 'phone', f.phone,
        'street', f.street, 'number', f.number,
        'number_addition', f.number_addition, 'postcode', f.postcode, 'city', f.city, 'country', f.country),
    'to', jsonb_build_object(
        'name', o.ship_to_name, 'company', o.ship_to_company, 'email', o.email, 'phone', o.phone,
        'street', o.ship_to_street, 'number', o.ship_to_number, 'number_addition', o.ship_to_number_addition,
        'address_line', o.ship_to_address_line, 'postcode', o.ship_to_postcode, 'city', o.ship_to_city,
        'country', o.ship_to_country, 'private_address', o.private_address))
FROM koppeling.shipment s
JOIN koppeling.imported_order o ON o.id = s.order_id
JOIN koppeling.integration i ON i.id = o.integration_id
JOIN koppeling.account a ON a.id = i.account_id
JOIN koppeling.from_address f ON f.id = s.from_address_id
LEFT JOIN koppeling.shipment r ON r.id = koppeling.shipment_to_relate(s.order_id, s.environment, s.id)
CROSS JOIN LATERAL (
    SELECT koppeling.customs_area(f.country, f.postcode)
           <> koppeling.customs_area(o.ship_to_country, o.ship_to_postcode) AS is_crossed) customs;
COMMENT ON VIEW koppeling.job_context_create_shipment IS
    'What a create_shipment needs to know, by shipment: what to book, and how far an earlier attempt came.';

-- quote, by order: where from and where to, and the usual parcel; what else was asked for is in the arguments.
CREATE VIEW koppeling.job_context_quote (subject_id, context) AS
SELECT o.id, jsonb_build_object(
    'order_number', o.order_number,
    'items', koppeling.parcel_items(o.id, 'package', 1, NULL, NULL, NULL, NULL, NULL),
    'dispatch_date', (now() AT TIME ZONE 'Europe/Amsterdam')::date + 1,
    -- What made somebody ask may have changed since.
    'unwanted', CASE
        WHEN i.state = 'disconnected' THEN 'the shop is disconnected'
        WHEN o.erased_at IS NOT NULL THEN 'its personal data was erased'
        WHEN o.state = 'withdrawn' THEN 'it was withdrawn' END,
    'from', jsonb_build_object(
        'name', f.name, 'company', f.company, 'email', f.email, 'phone', f.phone,
        'street', f.street, 'number', f.number,
        'number_addition', f.number_addition, 'postcode', f.postcode, 'city', f.city, 'country', f.country),
    'to', jsonb_build_object(
        'name', o.ship_to_name, 'company', o.ship_to_company, 'email', o.email, 'phone', o.phone,
        'street', o.ship_to_street, 'number', o.ship_to_number, 'number_addition', o.ship_to_number_addition,
        'address_line', o.ship_to_address_line, 'postcode', o.ship_to_postcode, 'city', o.ship_to_city,
        'country', o.ship_to_country, 'private_address', o.private_address))
FROM koppeling.imported_order o
JOIN koppeling.integration i ON i.id = o.integration_id
JOIN koppeling.from_address f ON f.id = i.from_address_id;
COMMENT ON VIEW koppeling.job_context_quote IS
    'What a quote needs to know, by order: where from and where to, and the usual parcel.';

-- confirm_order, by order: which order to look up, and what counts as open.
CREATE VIEW koppeling.job_context_confirm_order (subject_id, context) AS
SELECT o.id, jsonb_build_object(
    'order_uuid', o.order_uuid, 'order_number', o.order_number, 'open_statuses', i.open_statuses,
    'shipped_status', i.shipped_status, 'paid_only', i.paid_only)
FROM koppeling.imported_order o JOIN koppeling.integration i ON i.id = o.integration_id;
COMMENT ON VIEW koppeling.job_context_confirm_order IS
    'What a confirm_order needs to know, by order: which order to look up, and what counts as open.';

-- push_order, by order: the order as Boekuwzending should have it.
CREATE VIEW koppeling.job_context_push_order (subject_id, context) AS
SELECT o.id, jsonb_build_object(
    'environment', c.push_environment, 'external_id', o.order_uuid, 'reference', o.order_number,
    'created_at_source',
    to_char(coalesce(o.ordered_at, o.imported_at) AT TIME ZONE 'Europe/Amsterdam', 'YYYY-MM-DD HH24:MI:SS'),
    -- What it is called in the other environment says nothing here.
    'pushed_id', CASE WHEN o.pushed_environment = c.push_environment THEN o.pushed_id END,
    'content_hash', encode(o.content_hash, 'hex'),
    -- What made the scheduler want it may have changed since.
    'unwanted', koppeling.push_problem(o.id),
    'to', jsonb_build_object(
        'name', o.ship_to_name, 'company', o.ship_to_company, 'email', o.email, 'phone', o.phone,
        'street', o.ship_to_street, 'number', o.ship_to_number, 'number_addition', o.ship_to_number_addition,
        'address_line', o.ship_to_address_line, 'postcode', o.ship_to_postcode, 'city', o.ship_to_city,
        'country', o.ship_to_country, 'private_address', o.private_address),
    'lines', coalesce((
        SELECT jsonb_agg(jsonb_build_object(
                   'line_id', l.line_id, 'quantity', l.quantity, 'description', l.description, 'sku', l.sku,
                   'weight_kg', l.weight_kg,
                   'unit_price', CASE WHEN coalesce(o.currency, i.currency, 'EUR') = 'EUR' THEN l.unit_price END,
                   'tariff_number', t.tariff_number)
                   ORDER BY l.position)
        FROM koppeling.order_line l
        LEFT JOIN koppeling.article_customs t ON t.integration_id = o.integration_id AND t.sku = l.sku
        WHERE l.order_id = o.id), '[]'))
FROM koppeling.imported_order o
JOIN koppeling.integration i ON i.id = o.integration_id
JOIN koppeling.account c ON c.id = i.account_id;
COMMENT ON VIEW koppeling.job_context_push_order IS
    'What a push_order needs to know, by order: the order as Boekuwzending should have it.';

-- watch_order, by order: where it stands, and the shipments of which we have labels, listed there or not any more.
CREATE VIEW koppeling.job_context_watch_order (subject_id, context) AS
SELECT o.id, jsonb_build_object(
    'environment', o.pushed_environment, 'pushed_id', o.pushed_id,
    'shipments', coalesce((
        SELECT jsonb_agg(DISTINCT l.panel_shipment_id)
        FROM koppeling.label l
        WHERE l.order_id = o.id AND l.environment = o.pushed_environment AND l.panel_shipment_id IS NOT NULL
          AND l.cancelled_at IS NULL), '[]'),
    'labels', coalesce((
        SELECT jsonb_object_agg(l.external_id, l.cancelled_at IS NOT NULL)
        FROM koppeling.label l
        WHERE l.order_id = o.id AND l.environment = o.pushed_environment AND l.panel_shipment_id IS NOT NULL), '{}'),
    -- What made the scheduler want it may have changed since.
    'unwanted', CASE
        WHEN i.state = 'disconnected' THEN 'the shop is disconnected'
        WHEN o.erased_at IS NOT NULL THEN 'its personal data was erased'
        WHEN o.pushed_id IS NULL THEN 'it is not there'
        WHEN o.pushed_removed_at IS NOT NULL THEN 'it was removed there' END)
FROM koppeling.imported_order o JOIN koppeling.integration i ON i.id = o.integration_id;
COMMENT ON VIEW koppeling.job_context_watch_order IS
    'What a watch_order needs to know, by order: where it stands, and the shipments of which we have labels.';

-- track_label, by order: its labels that are tracked, those first that were not asked for the longest.
CREATE VIEW koppeling.job_context_track_label (subject_id, context) AS
SELECT o.id, jsonb_build_object(
    'environment', 'production',
    'labels', coalesce((
        SELECT jsonb_agg(jsonb_build_object('id', t.external_id, 'state', t.tracking_state) ORDER BY t.place)
        FROM (SELECT l.external_id, l.tracking_state,
                     row_number() OVER (ORDER BY l.tracked_at NULLS FIRST, l.id) AS place
              FROM koppeling.label l
              WHERE l.order_id = o.id AND l.track_at IS NOT NULL
              ORDER BY place
              LIMIT 100) t), '[]'),
    -- What made the scheduler want it may have changed since.
    'unwanted', CASE
        WHEN i.state = 'disconnected' THEN 'the shop is disconnected'
        WHEN o.erased_at IS NOT NULL THEN 'its personal data was erased'
        WHEN NOT c.track_labels THEN 'its account does not want it' END)
FROM koppeling.imported_order o
JOIN koppeling.integration i ON i.id = o.integration_id
JOIN koppeling.account c ON c.id = i.account_id;
COMMENT ON VIEW koppeling.job_context_track_label IS
    'What a track_label needs to know, by order: its labels that are tracked, and what is known of each.';

-- fetch_label, by the first shipment: the documents that begin with it and have not come, with the shipments of each.
CREATE VIEW koppeling.job_context_fetch_label (subject_id, context) AS
SELECT s.id, jsonb_build_object(
    'environment', s.environment,
    'wanted', (
        SELECT jsonb_object_agg(d.id, (
                   SELECT jsonb_agg(n.external_id ORDER BY g.place)
                   FROM unnest(d.shipment_ids) WITH ORDINALITY AS g (id, place)
                   JOIN koppeling.shipment n ON n.id = g.id))
        FROM koppeling.label_document d
        WHERE d.shipment_ids[1] = s.id AND d.content IS NULL))
FROM koppeling.shipment s;
COMMENT ON VIEW koppeling.job_context_fetch_label IS
    'What a fetch_label needs to know, by the first shipment: the documents that have not come.';

-- remove_order, by order: what stands at Boekuwzending, and whether it still has to leave.
CREATE VIEW koppeling.job_context_remove_order (subject_id, context) AS
SELECT o.id, jsonb_build_object(
    'environment', o.pushed_environment, 'external_id', o.order_uuid, 'pushed_id', o.pushed_id,
    'has_to_leave', o.take_back_since IS NOT NULL OR (i.state = 'disconnected' AND o.state = 'open'))
FROM koppeling.imported_order o JOIN koppeling.integration i ON i.id = o.integration_id;
COMMENT ON VIEW koppeling.job_context_remove_order IS
    'What a remove_order needs to know, by order: what stands at Boekuwzending, and whether it has to leave.';

-- The kinds that come by the hundred.
CREATE VIEW koppeling.job_context_in_bulk (kind, subject_id, context) AS
SELECT 'poll'::text, c.subject_id, c.context FROM koppeling.job_context_poll c;
COMMENT ON VIEW koppeling.job_context_in_bulk IS
    'Of job_context the kinds that come by the hundred, which a claim reads in one go; the others by job_context_of().';

-- All of them, for people and tests.
CREATE VIEW koppeling.job_context (kind, subject_id, context) AS
SELECT 'poll'::text, c.subject_id, c.context FROM koppeling.job_context_poll c
UNION ALL
SELECT 'verify'::text, c.subject_id, c.context FROM koppeling.job_context_verify c
UNION ALL
SELECT 'mark_shipped'::text, c.subject_id, c.context FROM koppeling.job_context_mark_shipped c
UNION ALL
SELECT 'create_shipment'::text, c.subject_id, c.context FROM koppeling.job_context_create_shipment c
UNION ALL
SELECT 'quote'::text, c.subject_id, c.context FROM koppeling.job_context_quote c
UNION ALL
SELECT 'confirm_order'::text, c.subject_id, c.context FROM koppeling.job_context_confirm_order c
UNION ALL
SELECT 'push_order'::text, c.subject_id, c.context FROM koppeling.job_context_push_order c
UNION ALL
SELECT 'watch_order'::text, c.subject_id, c.context FROM koppeling.job_context_watch_order c
UNION ALL
SELECT 'track_label'::text, c.subject_id, c.context FROM koppeling.job_context_track_label c
UNION ALL
SELECT 'fetch_label'::text, c.subject_id, c.context FROM koppeling.job_context_fetch_label c
UNION ALL
SELECT 'remove_order'::text, c.subject_id, c.context FROM koppeling.job_context_remove_order c;

COMMENT ON VIEW koppeling.job_context IS
    'What the worker is told of the subject of a job when it claims it: subject_id is the shipment, else the order, '
    'else the integration of the job. Addresses are read here and never stored with a job.';
