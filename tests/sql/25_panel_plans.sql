-- A list of the panel reads what it shows.
BEGIN;
\ir common/world.sql
\ir common/panel.sql
SELECT no_plan();

-- 20,000 orders, of which a page reads so many rows as it needs, and none by going through the table.
INSERT INTO koppeling.imported_order (
    integration_id, order_uuid, order_number, shop_status, weight_kg, content_hash, payload_hash, ordered_at, state,
    ship_to_country, ship_to_name, withdrawn_at, withdrawn_reason, warnings)
SELECT 1 + n % 2, gen_random_uuid(), 'M' || n, 3, 1, 'x', n, now() - n * interval '1 minute', s.state,
       CASE WHEN n % 400 = 0 THEN 'DE' ELSE 'NL' END, 'Noor ' || n, now(), 'x',
       CASE WHEN n % 500 = 0 THEN '{phone_not_understood}'::text[] ELSE '{}' END
FROM generate_series(1, 20000) AS n
CROSS JOIN LATERAL (
    SELECT CASE WHEN n % 100 < 3 THEN 'open' ELSE 'withdrawn' END::koppeling.order_state AS state) s;
INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason, seen_at)
SELECT 1, 'S' || n, 'too_old', 'x', now() - n * interval '1 minute' FROM generate_series(1, 20000) AS n;
ANALYZE koppeling.imported_order, koppeling.skipped_order;
CREATE FUNCTION pg_temp.cost(name text, query jsonb, OUT rows_read bigint, OUT listed integer, OUT walked bigint)
LANGUAGE plpgsql AS $$
DECLARE
    relation regclass := CASE name WHEN 'orders' THEN 'koppeling.imported_order' ELSE 'koppeling.skipped_order' END;
    -- Rows that a scan returned: of an index by its entries, of a table by its rows.
    before bigint := pg_stat_get_xact_tuples_returned(relation) + pg_stat_get_xact_tuples_fetched(relation);
    scans bigint := pg_stat_get_xact_tuples_returned(relation);
BEGIN
    listed := jsonb_array_length(pg_temp.page('fenna', name, query => query) -> 'orders');
    walked := pg_stat_get_xact_tuples_returned(relation) - scans;
    rows_read := pg_stat_get_xact_tuples_returned(relation) + pg_stat_get_xact_tuples_fetched(relation) - before;
END
$$;
SELECT ok(c.rows_read <= most AND c.walked = 0 AND c.listed > 0,
    format('%s %s reads %s rows for %s (and %s in order of the table)', name, query, c.rows_read, c.listed, c.walked))
FROM (VALUES
    -- A count of at most 1001 of each state and shop goes with each page.
    ('orders', '{}'::jsonb, 2000), ('orders', '{"state": "all"}', 3000), ('orders', '{"state": "withdrawn"}', 3000),
    ('orders', '{"sort": "oldest", "state": "withdrawn"}', 3000),
    ('orders', '{"sort": "country", "state": "all"}', 3000),
    ('orders', '{"country": "DE", "state": "all"}', 400), ('orders', '{"warning": "any", "state": "all"}', 400),
    ('orders', '{"warning": "any", "state": "open"}', 400), ('orders', '{"q": "M777", "state": "all"}', 200),
    ('orders', '{"q": "noor 1234", "state": "all"}', 200), ('not_imported', '{}', 200)) AS t (name, query, most)
CROSS JOIN LATERAL pg_temp.cost(name, query) AS c;

-- Labels for many and labels on paper: of all orders, by whatever index, those are read that it is about.
INSERT INTO koppeling.shipment (order_id, environment, service, from_address_id, account_id, state, external_id)
SELECT o.id, 'production', 'x', 1, 1, 'labelled', 'E' || o.id
FROM koppeling.imported_order o WHERE o.order_number LIKE 'M%' AND o.integration_id = 1 ORDER BY o.id LIMIT 200;
INSERT INTO koppeling.label (shipment_id, order_id, environment, external_id)
SELECT s.id, s.order_id, 'production', 'L' || s.id FROM koppeling.shipment s WHERE s.external_id LIKE 'E%';
ANALYZE koppeling.shipment, koppeling.label;
CREATE FUNCTION pg_temp.orders_read() RETURNS bigint LANGUAGE sql
RETURN (SELECT pg_stat_get_xact_tuples_returned('koppeling.imported_order'::regclass)
               + sum(pg_stat_get_xact_tuples_returned(i.indexrelid))
        FROM pg_index i WHERE i.indrelid = 'koppeling.imported_order'::regclass);
CREATE FUNCTION pg_temp.read_by(name text, query jsonb, form jsonb, OUT orders bigint, OUT answer jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    before bigint := pg_temp.orders_read();
BEGIN
    answer := pg_temp.page('fenna', name, query => query, form => form);
    orders := pg_temp.orders_read() - before;
END
$$;
SELECT ok(c.orders < 5000 AND NOT c.answer ? 'error' AND NOT c.answer ? 'status',
    format('%s of 200 reads %s orders: %s', t.name, c.orders, left(c.answer::text, 60)))
FROM (SELECT jsonb_agg(s.order_id::text) AS orders, jsonb_agg(s.id::text) AS shipments
      FROM koppeling.shipment s WHERE s.external_id LIKE 'E%') m
CROSS JOIN LATERAL (VALUES
    (1, 'label', jsonb_build_object('order', m.orders), '{}'::jsonb),
    (2, 'print', '{}', jsonb_build_object('shipment', m.shipments, 'layout', 'a6')),
    (3, 'prints', '{}', '{}')) AS t (place, name, query, form)
CROSS JOIN LATERAL pg_temp.read_by(t.name, t.query, t.form) AS c;

SELECT * FROM finish();
ROLLBACK;
