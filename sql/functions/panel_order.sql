-- The panel: one order.

CREATE OR REPLACE FUNCTION koppeling.panel_shipment_facts(order_ids bigint[])
RETURNS TABLE (
    id bigint, order_id bigint, environment koppeling.environment, service text, label_count integer,
    label_format text, external_id text, requested_at timestamptz, progress text, reason text, labels bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.id, s.order_id, s.environment, s.service, s.label_count, s.label_format, s.external_id, s.requested_at,
           CASE WHEN s.state = 'labelled' AND n.usable = 0 AND n.cancelled > 0 THEN 'cancelled'
                WHEN s.state = 'labelled' THEN 'done'
                WHEN s.state = 'failed' OR j.state = 'failed' THEN 'failed'
                WHEN j.id IS NULL THEN 'stopped'
                WHEN j.run_at = 'infinity' THEN 'held'
                WHEN j.last_error IS NOT NULL AND j.state = 'queued' AND j.attempt > 0 THEN 'trying'
                WHEN s.state = 'requested' AND j.state = 'queued' THEN 'waiting'
                ELSE 'busy' END,
           coalesce(CASE WHEN s.state <> 'labelled' THEN coalesce(j.last_error, s.reason) END, ''), n.usable
    FROM koppeling.shipment s
    JOIN koppeling.imported_order o ON o.id = s.order_id
    JOIN koppeling.integration i ON i.id = o.integration_id AND i.account_id = koppeling.panel_account()
    LEFT JOIN koppeling.job j ON j.kind = 'create_shipment' AND j.shipment_id = s.id
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE l.cancelled_at IS NULL) AS usable,
               count(l.cancelled_at) AS cancelled
        FROM koppeling.label l
        WHERE l.order_id = s.order_id AND l.shipment_id = s.id) n
    WHERE s.order_id = ANY (order_ids);
END
$$;
COMMENT ON FUNCTION koppeling.panel_shipment_facts IS
    'The shipments of these orders, as far as they are of the account of this session, and how far each is: waiting, '
    'busy, trying (again, with the reason), held (the shop or the credentials), done, cancelled, failed, stopped.';

CREATE OR REPLACE FUNCTION koppeling.panel_order_history(order_id bigint)
RETURNS TABLE (at timestamptz, who text, words text, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT h.at, h.who, koppeling.panel_text(h.code, VARIADIC coalesce(h.given, '{}')), h.detail
    FROM koppeling.imported_order o
    JOIN koppeling.integration i ON i.id = o.integration_id AND i.account_id = koppeling.panel_account()
    CROSS JOIN LATERAL (
        SELECT o.imported_at AS at, NULL::text AS who, 'panel_was_imported' AS code, NULL::text[] AS given,
               NULL::text AS detail
        UNION ALL
        SELECT o.changed_at, NULL, 'panel_was_changed', NULL, NULL WHERE o.changed_at > o.imported_at
        UNION ALL
        SELECT o.address_corrected_at, o.address_corrected_by, 'panel_was_corrected', NULL, NULL
        UNION ALL
        SELECT o.withdrawn_at, NULL, 'panel_was_withdrawn', NULL, o.withdrawn_reason
        UNION ALL
        SELECT o.erased_at, NULL, 'panel_was_erased', NULL, NULL
        UNION ALL
        SELECT o.changed_after_label_at, NULL, 'panel_was_changed_after_label', NULL, NULL
        UNION ALL
        SELECT o.reopened_at, NULL, 'panel_was_reopened', NULL, NULL
        UNION ALL
        SELECT o.pushed_at, NULL, 'panel_was_pushed', NULL, NULL
        UNION ALL
        SELECT o.marked_at, NULL, 'panel_was_' || o.mark_outcome, NULL, NULL WHERE o.state = 'marked_shipped'
        UNION ALL
        SELECT o.mark_refused_at, NULL, 'panel_was_not_marked', NULL, o.mark_reason
        UNION ALL
        SELECT s.requested_at, b.person, 'panel_was_requested',
               ARRAY[s.label_count::text, koppeling.panel_service_name(o.id, s.service)],
               CASE s.environment WHEN 'staging' THEN koppeling.panel_text('panel_staging') END
        FROM koppeling.shipment s
        LEFT JOIN koppeling.panel_batch_order p ON p.shipment_id = s.id
        LEFT JOIN koppeling.panel_batch b ON b.id = p.batch_id
        WHERE s.order_id = o.id
        UNION ALL
        SELECT l.created_at, NULL, 'panel_was_labelled', ARRAY[coalesce(l.waybill, l.external_id)],
               CASE l.environment WHEN 'staging' THEN koppeling.panel_text('panel_staging') END
        FROM koppeling.label l
        WHERE l.order_id = o.id
        UNION ALL
        SELECT l.cancelled_at, NULL, 'panel_was_cancelled', ARRAY[coalesce(l.waybill, l.external_id)], NULL
        FROM koppeling.label l
        WHERE l.order_id = o.id
        UNION ALL
        SELECT p.created_at, p.person, 'panel_was_printed', NULL, NULL
        FROM koppeling.panel_print p
        WHERE p.shipment_ids && ARRAY(SELECT s.id FROM koppeling.shipment s WHERE s.order_id = o.id)
        UNION ALL
        SELECT a.at, a.who, 'panel_was_looked_at', NULL, NULL
        FROM koppeling.audit a
        WHERE a.subject = 'order ' || o.id AND a.action = 'order_was_looked_at') h
    WHERE o.id = panel_order_history.order_id AND h.at IS NOT NULL
    ORDER BY h.at DESC, h.code
    LIMIT 100;
END
$$;
COMMENT ON FUNCTION koppeling.panel_order_history IS
    'What happened to an order of the account of this session, in words, the last first.';

CREATE OR REPLACE FUNCTION koppeling.panel_order_problem(order_id bigint, environment koppeling.environment)
RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT koppeling.panel_order_words(
                   koppeling.dispatch_problem(o.id, panel_order_problem.environment, koppeling.panel_language()), o.id,
                   o.order_number)
        FROM koppeling.imported_order o
        JOIN koppeling.integration i ON i.id = o.integration_id AND i.account_id = koppeling.panel_account()
        WHERE o.id = panel_order_problem.order_id);
END
$$;
COMMENT ON FUNCTION koppeling.panel_order_problem IS
    'Why no label can be made for an order of the account of this session, in its language; NULL: one can.';

CREATE OR REPLACE FUNCTION koppeling.panel_order(request json)
RETURNS json
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_order', o.order_number),
        'may_act', koppeling.panel_may_act(),
        'order', (SELECT r.entry FROM koppeling.panel_order_rows(ARRAY[o.id]) AS r),
        'address', jsonb_build_object(
            'name', o.ship_to_name, 'company', o.ship_to_company, 'street', o.ship_to_street,
            'number', o.ship_to_number, 'number_addition', o.ship_to_number_addition, 'postcode', o.ship_to_postcode,
            'city', o.ship_to_city, 'country', o.ship_to_country, 'email', o.email, 'phone', o.phone),
        'lines_of_address', (
            SELECT coalesce(jsonb_agg(a.line ORDER BY a.place), '[]')
            FROM unnest(ARRAY[
                o.ship_to_company, o.ship_to_name,
                nullif(concat_ws(' ', o.ship_to_street, o.ship_to_number, o.ship_to_number_addition), ''),
                nullif(concat_ws('  ', o.ship_to_postcode, o.ship_to_city), ''), o.ship_to_country])
                WITH ORDINALITY AS a (line, place)
            WHERE a.line <> ''),
        'given_line', o.ship_to_address_line,
        'is_corrected', o.address_corrected_at IS NOT NULL,
        'reference', o.reference, 'comment', o.customer_comment,
        'warnings', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'code', w.code, 'prevents', w.prevents_dispatch,
                       'text', CASE koppeling.panel_language() WHEN 'en' THEN w.en ELSE w.nl END,
                       'what_to_do', CASE koppeling.panel_language() WHEN 'en' THEN w.what_to_do_en
                                                                     ELSE w.what_to_do_nl END)
                   ORDER BY w.prevents_dispatch DESC, w.code), '[]')
            FROM koppeling.order_warning w WHERE w.code = ANY (o.warnings)),
        'concerns', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'reason_code', c.reason_code, 'since', koppeling.panel_time(c.since), 'detail', c.detail,
                       'reason', CASE koppeling.panel_language() WHEN 'en' THEN r.en ELSE r.nl END,
                       'what_to_do', CASE koppeling.panel_language() WHEN 'en' THEN r.what_to_do_en
                                                                     ELSE r.what_to_do_nl END)), '[]')
            FROM koppeling.panel_concerns(o.id) AS c
            JOIN koppeling.order_reason r ON r.code = c.reason_code),
        'problem', koppeling.panel_order_problem(o.id, 'production'),
        'can_label', koppeling.panel_may_act() AND koppeling.panel_order_problem(o.id, 'production') IS NULL,
        'can_correct', koppeling.panel_may_act() AND o.state IN ('open', 'withdrawn') AND o.erased_at IS NULL,
        'goods', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'quantity', l.quantity, 'description', l.description, 'sku', l.sku,
                       'weight_kg', l.weight_kg::text,
                       'weight', koppeling.panel_amount(trim_scale(l.weight_kg)),
                       'unit_price', round(l.unit_price, 2)::text) ORDER BY l.position), '[]')
            FROM koppeling.own_order_line l WHERE l.order_id = o.id),
        'shipments', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'id', s.id::text, 'service', s.service,
                       'service_name', koppeling.panel_service_name(o.id, s.service), 'label_count', s.label_count,
                       'is_staging', s.environment = 'staging', 'progress', s.progress,
                       'progress_text', koppeling.panel_text('panel_progress_' || s.progress),
                       'reason', nullif(s.reason, ''), 'requested', koppeling.panel_time(s.requested_at),
                       'can_print', s.labels > 0 AND s.external_id IS NOT NULL) ORDER BY s.id DESC), '[]')
            FROM koppeling.panel_shipment_facts(ARRAY[o.id]) AS s),
        'labels', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'id', l.id::text, 'shipment_id', l.shipment_id::text, 'waybill', l.waybill,
                       'link', CASE WHEN l.track_and_trace_link ~ '^https?://' THEN l.track_and_trace_link END,
                       'is_staging', l.environment = 'staging', 'created', koppeling.panel_time(l.created_at),
                       'is_cancelled', l.cancelled_at IS NOT NULL, 'is_told', l.told_at IS NOT NULL,
                       'is_of_panel', l.panel_shipment_id IS NOT NULL) ORDER BY l.id DESC), '[]')
            FROM koppeling.own_label l WHERE l.order_id = o.id),
        'told', CASE WHEN o.state = 'marked_shipped' THEN jsonb_build_object(
                         'at', koppeling.panel_time(o.marked_at),
                         'text', koppeling.panel_text('panel_was_' || o.mark_outcome),
                         'is_staging', o.marked_label_environment = 'staging')
                     WHEN o.mark_outcome = 'not_marked' THEN jsonb_build_object(
                         'at', koppeling.panel_time(o.mark_refused_at),
                         'text', koppeling.panel_text('panel_was_not_marked'), 'detail', o.mark_reason)
                     WHEN o.state = 'label_created' THEN jsonb_build_object(
                         'text', koppeling.panel_text('panel_to_be_told')) END,
        'history', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('at', koppeling.panel_time(h.at), 'who', h.who,
                                                         'text', h.words, 'detail', h.detail) ORDER BY h.at DESC), '[]')
            FROM koppeling.panel_order_history(o.id) AS h),
        'is_busy', EXISTS (SELECT FROM koppeling.panel_shipment_facts(ARRAY[o.id]) AS s
                           WHERE s.progress IN ('waiting', 'busy', 'trying')),
        'once', koppeling.panel_new_key())
    FROM koppeling.own_order o
    JOIN koppeling.own_integration i ON i.id = o.integration_id AND i.account_id = koppeling.panel_account()
    WHERE o.id = koppeling.panel_id(request)), json_build_object('status', 404));
END
$$;
COMMENT ON FUNCTION koppeling.panel_order IS
    'Page of /orders/{id}: {title, may_act, order: see panel_order_rows(), address: {name, company, street, number, '
    'number_addition, postcode, city, country, email, phone}, lines_of_address: [text], given_line, is_corrected, '
    'reference, comment, warnings: [{code, text, prevents, what_to_do}], concerns: [{reason_code, reason, detail, '
    'since, what_to_do}], problem (why no label can be made), can_label, can_correct, goods: [{quantity, description, '
    'sku, weight_kg, weight, unit_price}], shipments: [{id, service, service_name, label_count, '
    'is_staging, progress, progress_text, reason, requested, can_print}], labels: [{id, shipment_id, waybill, link, '
    'is_staging, created, is_cancelled, is_told, is_of_panel}], told: {at, text, detail, is_staging}, '
    'history: [{at, who, text, detail}], is_busy (follow by itself), once}.';

CREATE OR REPLACE FUNCTION koppeling.panel_address_warnings(o koppeling.imported_order)
RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN ARRAY(
    SELECT w.code
    FROM unnest((o).warnings) AS w (code)
    WHERE w.code NOT LIKE 'address\_%' AND w.code NOT LIKE 'country\_%'
    UNION ALL
    SELECT 'address_without_street' WHERE coalesce((o).ship_to_street, '') = ''
    UNION ALL
    SELECT 'address_without_number' WHERE coalesce((o).ship_to_number, '') = ''
    UNION ALL
    SELECT CASE WHEN coalesce((o).ship_to_city, '') <> '' THEN 'address_without_postcode'
                WHEN coalesce((o).ship_to_postcode, '') <> '' THEN 'address_without_city'
                ELSE 'address_without_place' END
    WHERE coalesce((o).ship_to_city, '') = '' OR coalesce((o).ship_to_postcode, '') = ''
    UNION ALL
    SELECT 'country_not_given' WHERE (o).ship_to_country IS NULL);
COMMENT ON FUNCTION koppeling.panel_address_warnings IS
    'The warnings of an order with the address that it has now, and those that are not about its address.';

CREATE OR REPLACE FUNCTION koppeling.order_keep_correction()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    IF NEW.address_hash IS DISTINCT FROM OLD.address_hash OR NEW.erased_at IS NOT NULL THEN
        -- The merchant put another one in the shop, or all is erased.
        NEW.address_corrected_at := NULL;
        NEW.address_corrected_by := NULL;
        RETURN NEW;
    END IF;
    NEW.ship_to_name := OLD.ship_to_name;
    NEW.ship_to_company := OLD.ship_to_company;
    NEW.ship_to_street := OLD.ship_to_street;
    NEW.ship_to_number := OLD.ship_to_number;
    NEW.ship_to_number_addition := OLD.ship_to_number_addition;
    NEW.ship_to_postcode := OLD.ship_to_postcode;
    NEW.ship_to_city := OLD.ship_to_city;
    NEW.ship_to_country := OLD.ship_to_country;
    NEW.ship_to_address_line := OLD.ship_to_address_line;
    NEW.ship_to_country_given := OLD.ship_to_country_given;
    NEW.private_address := OLD.private_address;
    NEW.warnings := koppeling.panel_address_warnings(NEW);
    NEW.warned_at := CASE WHEN NEW.warnings = OLD.warnings THEN OLD.warned_at
                          WHEN NEW.warnings <> '{}' THEN now() END;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION koppeling.order_keep_correction IS
    'Trigger: an address that a person corrected stays when a poll stores the order again, unless the shop has another '
    'address by then.';
CREATE OR REPLACE TRIGGER order_keep_correction
    BEFORE UPDATE OF ship_to_name, ship_to_street, ship_to_city, erased_at ON koppeling.imported_order
    FOR EACH ROW
    WHEN (OLD.address_corrected_at IS NOT NULL AND NEW.address_corrected_at = OLD.address_corrected_at)
    EXECUTE FUNCTION koppeling.order_keep_correction();

CREATE OR REPLACE FUNCTION koppeling.panel_order_address(request json)
RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    answer json;
    before koppeling.imported_order;
    errors jsonb;
BEGIN
    SELECT o.* INTO before
    FROM koppeling.imported_order o
    JOIN koppeling.integration i ON i.id = o.integration_id AND i.account_id = koppeling.panel_account()
    WHERE o.id = koppeling.panel_id(request)
    FOR NO KEY UPDATE OF o;
    IF NOT FOUND THEN
        RETURN json_build_object('status', 404);
    END IF;
    answer := koppeling.panel_once_begin('order_address', request);
    IF answer IS NOT NULL THEN
        RETURN answer;
    END IF;
    IF before.state NOT IN ('open', 'withdrawn') OR before.erased_at IS NOT NULL THEN
        RETURN koppeling.panel_once_end(request, (koppeling.panel_order(request)::jsonb || jsonb_build_object(
            'status', 409, 'problem', koppeling.panel_text('panel_too_late')))::json);
    END IF;
    SELECT jsonb_object_agg(e.field, e.words) INTO errors
    FROM (SELECT n.name AS field, koppeling.panel_text('panel_required') AS words
          FROM unnest(ARRAY['street', 'city', 'country']) AS n (name)
          WHERE koppeling.panel_given(request, 'form', n.name) IS NULL
          UNION ALL
          SELECT 'name', koppeling.panel_text('panel_required')
          WHERE koppeling.panel_given(request, 'form', 'name') IS NULL
            AND koppeling.panel_given(request, 'form', 'company') IS NULL
          UNION ALL
          SELECT 'country', koppeling.panel_text('panel_country_code')
          WHERE koppeling.panel_given(request, 'form', 'country') !~ '^[A-Za-z]{2}$'
          UNION ALL
          SELECT f.name, koppeling.panel_text('panel_too_long', f.most::text)
          FROM (VALUES ('name', 100), ('company', 100), ('street', 100), ('number', 20), ('number_addition', 20),
                       ('postcode', 20), ('city', 100)) AS f (name, most)
          WHERE length(koppeling.panel_given(request, 'form', f.name)) > f.most) e;
    IF errors IS NOT NULL THEN
        RETURN koppeling.panel_once_end(request, (koppeling.panel_order(request)::jsonb || jsonb_build_object(
            'status', 422, 'errors', errors, 'address', (request -> 'form')::jsonb - 'csrf' - 'once'))::json);
    END IF;
    before.ship_to_street := koppeling.panel_given(request, 'form', 'street');
    before.ship_to_number := koppeling.panel_given(request, 'form', 'number');
    before.ship_to_postcode := koppeling.panel_given(request, 'form', 'postcode');
    before.ship_to_city := koppeling.panel_given(request, 'form', 'city');
    before.ship_to_country := upper(koppeling.panel_given(request, 'form', 'country'));
    UPDATE koppeling.imported_order o
    SET ship_to_name = koppeling.panel_given(request, 'form', 'name'),
        ship_to_company = koppeling.panel_given(request, 'form', 'company'),
        private_address = koppeling.panel_given(request, 'form', 'company') IS NULL,
        ship_to_street = before.ship_to_street, ship_to_number = before.ship_to_number,
        ship_to_number_addition = koppeling.panel_given(request, 'form', 'number_addition'),
        ship_to_address_line = NULL, ship_to_postcode = before.ship_to_postcode, ship_to_city = before.ship_to_city,
        ship_to_country = before.ship_to_country, ship_to_country_given = NULL,
        warnings = koppeling.panel_address_warnings(before),
        warned_at = CASE WHEN koppeling.panel_address_warnings(before) <> '{}' THEN coalesce(o.warned_at, now()) END,
        -- Statement time: a second correction is one, too.
        address_corrected_at = clock_timestamp(), address_corrected_by = koppeling.acting(),
        -- What stands at Boekuwzending is put right there.
        pushed_hash = NULL
    WHERE o.id = before.id;
    -- The audit holds no personal data: that it was done, not what.
    PERFORM koppeling.record_audit('correct_address', 'order ' || before.id);
    RETURN koppeling.panel_once_end(request,
        json_build_object('go', '/orders/' || before.id, 'notice', 'address_corrected'));
END
$$;
COMMENT ON FUNCTION koppeling.panel_order_address IS
    'Action of /orders/{id}/address: corrects the address before there is a label. Form: name, company, street, '
    'number, number_addition, postcode, city, country, once. {go, notice: address_corrected}; 422 with errors by field '
    'and the page as typed; 409 when there is a label already.';

CREATE OR REPLACE FUNCTION koppeling.panel_order_looked(request json)
RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    answer json;
    seen bigint;
BEGIN
    SELECT o.id INTO seen
    FROM koppeling.imported_order o
    JOIN koppeling.integration i ON i.id = o.integration_id AND i.account_id = koppeling.panel_account()
    WHERE o.id = koppeling.panel_id(request);
    IF NOT FOUND THEN
        RETURN json_build_object('status', 404);
    END IF;
    answer := koppeling.panel_once_begin('order_looked', request);
    IF answer IS NOT NULL THEN
        RETURN answer;
    END IF;
    RETURN koppeling.panel_once_end(request, json_build_object(
        'go', CASE koppeling.panel_given(request, 'form', 'back') WHEN 'order' THEN '/orders/' || seen
                                                                   ELSE '/orders/attention' END,
        'notice', 'looked_at',
        'count', koppeling.order_was_looked_at(seen, koppeling.panel_given(request, 'form', 'reason'))));
END
$$;
COMMENT ON FUNCTION koppeling.panel_order_looked IS
    'Action of /orders/{id}/looked: takes an order off the list of those to look at. Form: reason (a code; none: all), '
    'back (order: to its page), once. {go, notice: looked_at, count}.';
