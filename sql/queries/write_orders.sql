-- Stores the new and changed orders of poll jobs, with their lines. Rows come as one JSON array; each names its job and
-- fencing token, and the shop follows from the job: a worker that lost a job writes nothing for it. What the shop sent
-- comes beside them, in the same order, between signs that no JSON text has: in the array it would be read four times.
--   new order                       inserted
--   changed, no label yet           updated (also back from withdrawn)
--   changed after a label           not touched, but for the hashes of its address and goods: a trigger compares them
--                                   with those of what was labelled, and flags it for a person
--   marked shipped before the poll  noted as set back to open: the shop lists it among its open orders
--   same content, same bytes        not written at all (as a rule the worker does not even send it)
--   same content, other bytes       only the hash of the bytes, so that the next poll knows it
--   same bytes, a newer version     updated like a change if it has no label, as the new version understands it
-- What becomes of each is decided once, against the row that is there; ids of new orders are drawn beforehand, so that
-- the lines need no join with what was inserted. A shop has one live poll, so nobody else inserts its orders meanwhile.
-- $1 the rows
-- $2 the payload of each, with U+001E between them
WITH received AS MATERIALIZED (
    SELECT DISTINCT ON (j.integration_id, w.order_uuid) j.integration_id, j.started_at AS polled_at,
           w.string_to_table AS payload, w.*
    FROM ROWS FROM (json_to_recordset($1::json) AS (
        job bigint, token bigint, order_uuid uuid, order_number text, ordered_at timestamp, shop_status integer,
        name text, company text, email text, phone text,
        street text, number text, number_addition text, address_line text, postcode text, city text, country text,
        country_given text, warnings text[],
        private_address boolean, weight_kg numeric, total numeric, currency text, business_model text,
        reference text, customer_comment text, paid boolean, credit_order_numbers text[],
        line_count integer, lines json,
        content_hash text, address_hash text, goods_hash text, payload_hash bigint, former_hash bigint),
        string_to_table($2::text, E'\x1e')) AS w
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
    ORDER BY j.integration_id, w.order_uuid
), incoming AS MATERIALIZED (
    SELECT r.*,
           coalesce(o.id, nextval('koppeling.imported_order_id_seq')) AS id,
           o.id IS NOT NULL AS is_known,
           o.id IS NULL OR o.state = 'withdrawn'
               OR (o.state = 'open' AND o.content_hash <> decode(r.content_hash, 'hex')
                   -- What was erased does not come back because a new version understands it otherwise.
                   AND (o.erased_at IS NULL OR o.payload_hash IS DISTINCT FROM r.former_hash)) AS is_stored
    FROM received r
    LEFT JOIN koppeling.imported_order o ON o.integration_id = r.integration_id AND o.order_uuid = r.order_uuid
), stored AS (
    INSERT INTO koppeling.imported_order AS o (
        id, integration_id, order_uuid, order_number, ordered_at, shop_status, paid,
        ship_to_name, ship_to_company, ship_to_street,
        ship_to_number, ship_to_number_addition, ship_to_address_line, ship_to_postcode, ship_to_city, ship_to_country,
        ship_to_country_given, warnings, warned_at,
        private_address, email, phone, weight_kg, total, currency, business_model, reference, customer_comment,
        credit_order_numbers, payload, content_hash, address_hash, goods_hash, payload_hash)
    SELECT n.id, n.integration_id, n.order_uuid, n.order_number, n.ordered_at AT TIME ZONE 'Europe/Amsterdam',
           n.shop_status, n.paid, n.name,
           n.company, n.street, n.number, n.number_addition, n.address_line, n.postcode, n.city, n.country,
           n.country_given, coalesce(n.warnings, '{}'), CASE WHEN n.warnings <> '{}' THEN now() END,
           n.private_address, n.email, n.phone, n.weight_kg, n.total, n.currency, n.business_model, n.reference,
           n.customer_comment,
           coalesce(n.credit_order_numbers, '{}'), n.payload::json, decode(n.content_hash, 'hex'),
           decode(n.address_hash, 'hex'), decode(n.goods_hash, 'hex'), n.payload_hash
    FROM incoming n
    WHERE n.is_stored
    ON CONFLICT (integration_id, order_uuid) DO UPDATE
    SET state = 'open', withdrawn_at = NULL, withdrawn_reason = NULL, missing_since = NULL, changed_at = now(),
        order_number = excluded.order_number, ordered_at = excluded.ordered_at, shop_status = excluded.shop_status,
        paid = excluded.paid, ship_to_name = excluded.ship_to_name, ship_to_company = excluded.ship_to_company,
        ship_to_street = excluded.ship_to_street, ship_to_number = excluded.ship_to_number,
        ship_to_number_addition = excluded.ship_to_number_addition,
        ship_to_address_line = excluded.ship_to_address_line,
        ship_to_postcode = excluded.ship_to_postcode, ship_to_city = excluded.ship_to_city,
        ship_to_country = excluded.ship_to_country, ship_to_country_given = excluded.ship_to_country_given,
        warnings = excluded.warnings,
        warned_at = CASE WHEN o.warnings = excluded.warnings THEN o.warned_at ELSE excluded.warned_at END,
        private_address = excluded.private_address, email = excluded.email,
        phone = excluded.phone, weight_kg = excluded.weight_kg, total = excluded.total, currency = excluded.currency,
        business_model = excluded.business_model, reference = excluded.reference,
        customer_comment = excluded.customer_comment,
        credit_order_numbers = excluded.credit_order_numbers, payload = excluded.payload,
        content_hash = excluded.content_hash, address_hash = excluded.address_hash, goods_hash = excluded.goods_hash,
        payload_hash = excluded.payload_hash, erased_at = NULL
    WHERE o.state IN ('open', 'withdrawn')
    -- A join with what came would compare each with each.
    RETURNING o.imported_at = now() AS is_new
), lines AS (
    INSERT INTO koppeling.order_line AS l (
        order_id, position, line_id, kind, quantity, description, sku, weight_kg, unit_price)
    SELECT n.id, x.position, x.line_id, x.kind, x.quantity, x.description, x.sku, x.weight_kg, x.unit_price
    FROM incoming n
    CROSS JOIN LATERAL json_to_recordset(n.lines) AS x (
        position integer, line_id text, kind text, quantity integer, description text, sku text, weight_kg numeric,
        unit_price numeric)
    WHERE n.is_stored
    ON CONFLICT (order_id, position) DO UPDATE
    SET line_id = excluded.line_id, kind = excluded.kind, quantity = excluded.quantity,
        description = excluded.description,
        sku = excluded.sku, weight_kg = excluded.weight_kg, unit_price = excluded.unit_price
), shortened AS (
    DELETE FROM koppeling.order_line l
    USING incoming n
    WHERE n.is_known AND n.is_stored AND l.order_id = n.id AND l.position > n.line_count
), noted AS (
    UPDATE koppeling.imported_order o
    SET payload_hash = n.payload_hash,
        address_hash = coalesce(decode(n.address_hash, 'hex'), o.address_hash),
        goods_hash = coalesce(decode(n.goods_hash, 'hex'), o.goods_hash),
        -- The same bytes, understood otherwise, are what was labelled.
        labelled_address_hash = CASE WHEN o.payload_hash = n.former_hash AND o.labelled_address_hash = o.address_hash
                                     THEN decode(n.address_hash, 'hex') ELSE o.labelled_address_hash END,
        labelled_goods_hash = CASE WHEN o.payload_hash = n.former_hash AND o.labelled_goods_hash = o.goods_hash
                                   THEN decode(n.goods_hash, 'hex') ELSE o.labelled_goods_hash END,
        reopened_at = CASE WHEN o.state = 'marked_shipped' AND n.polled_at > o.marked_at
                           THEN coalesce(o.reopened_at, now()) ELSE o.reopened_at END
    FROM incoming n
    WHERE n.is_known AND NOT n.is_stored AND o.id = n.id
      AND (o.payload_hash <> n.payload_hash
           OR (o.state = 'marked_shipped' AND o.reopened_at IS NULL AND n.polled_at > o.marked_at))
), no_longer_skipped AS (
    DELETE FROM koppeling.skipped_order k
    USING incoming n
    WHERE k.integration_id = n.integration_id AND k.order_number = n.order_number
)
SELECT count(*) FILTER (WHERE s.is_new) AS imported, count(*) FILTER (WHERE NOT s.is_new) AS changed
FROM stored s;
