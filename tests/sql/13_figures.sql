-- Weights and amounts: what the shop's figures become, and what Boekuwzending is told of them.
BEGIN;
\ir common/world.sql
SELECT no_plan();

-- An amount goes along in euros or not at all.
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id) VALUES (1, 1, 'staging', 'dhl', 1);
UPDATE koppeling.order_line SET unit_price = 25 WHERE order_id = 1;
CREATE FUNCTION pg_temp.told(currency text, of_store text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    UPDATE koppeling.imported_order o SET currency = told.currency, total = 50 WHERE o.id = 1;
    UPDATE koppeling.integration i SET currency = of_store WHERE i.id = 1;
    RETURN (SELECT jsonb_build_array(s.context -> 'value', p.context #> '{lines,0,unit_price}')
            FROM koppeling.job_context s, koppeling.job_context p
            WHERE s.kind = 'create_shipment' AND s.subject_id = 1 AND p.kind = 'push_order' AND p.subject_id = 1);
END
$$;
SELECT is(pg_temp.told(currency, of_store), told::jsonb,
    format('an order in %s of a store in %s', coalesce(currency, 'no currency'), coalesce(of_store, 'none')))
FROM (VALUES
    ('EUR', 'EUR', '[50.00, 25.0000]'), ('EUR', 'SEK', '[50.00, 25.0000]'), (NULL, 'EUR', '[50.00, 25.0000]'),
    (NULL, NULL, '[50.00, 25.0000]'), ('SEK', 'EUR', '[null, null]'), (NULL, 'SEK', '[null, null]'),
    ('kr', 'EUR', '[null, null]'), ('Eur', 'EUR', '[null, null]')) AS t (currency, of_store, told);

-- What was labelled is kept, and compared with what the shop has by now.
\set text `sed -f tests/sql/common/write_orders.sed sql/queries/write_orders.sql`
PREPARE write_orders AS :text
\set text `cat sql/queries/write_skipped.sql`
PREPARE write_skipped AS :text
\set text `cat sql/queries/write_sending.sql`
PREPARE write_sending AS :text
\set text `cat sql/queries/write_shipment.sql`
PREPARE write_shipment AS :text
\set text `cat sql/queries/write_marked.sql`
PREPARE write_marked AS :text
INSERT INTO koppeling.job (id, kind, integration_id, order_id, shipment_id, state, worker_id, lease_token, lease_until,
    started_at)
VALUES (1, 'poll', 1, NULL, NULL, 'running', 1, 7, now(), now()),
       (2, 'create_shipment', 1, 1, 1, 'running', 1, 7, now(), now()),
       (3, 'mark_shipped', 1, 1, NULL, 'running', 1, 7, now(), now());
UPDATE koppeling.imported_order SET address_hash = '\xa1', goods_hash = '\xb1';
CREATE TEMP TABLE counter AS SELECT 1000 AS bytes;
-- A poll reads order 1 with these hashes; the bytes of each time are others.
CREATE FUNCTION pg_temp.polled(address text, goods text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    UPDATE counter SET bytes = bytes + 1 RETURNING bytes INTO n;
    RETURN (SELECT json_build_array(json_build_object(
                'job', 1, 'token', 7, 'order_uuid', o.order_uuid, 'order_number', o.order_number, 'shop_status', 3,
                'street', 'Voorbeeldlaan', 'city', 'Utrecht', 'country', 'NL', 'private_address', true, 'weight_kg', 1,
                'line_count', 0, 'lines', '[]'::json,
                'content_hash', address || goods, 'address_hash', address, 'goods_hash', goods,
                'payload_hash', n, 'payload', '{}'::json))
            FROM koppeling.imported_order o WHERE o.id = 1);
END
$$;
CREATE FUNCTION pg_temp.change() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', CASE WHEN address_hash <> labelled_address_hash THEN 'address' END,
                     CASE WHEN goods_hash <> labelled_goods_hash THEN 'goods' END,
                     CASE WHEN changed_after_label_at IS NOT NULL THEN 'noted' END)
    FROM koppeling.imported_order WHERE id = 1;
$$;
-- As if it had been noted an hour ago.
CREATE FUNCTION pg_temp.an_hour_later() RETURNS void LANGUAGE sql AS $$
    UPDATE koppeling.imported_order SET changed_after_label_at = now() - interval '1 hour' WHERE id = 1;
$$;

EXECUTE write_orders(pg_temp.polled('a1', 'b2'));
SELECT is(pg_temp.change(), '', 'before the label a change is just a change');
EXECUTE write_sending('[{"job": 2, "token": 7, "sending": true, "address_hash": "a1", "goods_hash": "b2"}]');
EXECUTE write_orders(pg_temp.polled('a2', 'b2'));
EXECUTE write_shipment('[{"job": 2, "token": 7, "external_id": "x", "complete": true,
                          "labels": [{"external_id": "L1"}]}]');
SELECT results_eq('SELECT labelled_address_hash, labelled_goods_hash FROM koppeling.imported_order WHERE id = 1',
    $$ VALUES ('\xa1'::bytea, '\xb2'::bytea) $$, 'what was sent is what was labelled');
SELECT is(pg_temp.change(), 'address noted', 'an address that came while the label was under way is noticed');
EXECUTE write_orders(pg_temp.polled('a1', 'b2'));
SELECT is(pg_temp.change(), '', 'when it is put back, there is nothing to look at');
EXECUTE write_orders(pg_temp.polled('a1', 'b3'));
SELECT is(pg_temp.change(), 'goods noted', 'other goods after the label are noticed');
SELECT pg_temp.an_hour_later();
EXECUTE write_orders(pg_temp.polled('a1', 'b3'));
SELECT is((SELECT changed_after_label_at FROM koppeling.imported_order WHERE id = 1), now() - interval '1 hour',
    'since when, when nothing of it changes further');
EXECUTE write_orders(pg_temp.polled('a1', 'b4'));
SELECT is((SELECT changed_after_label_at FROM koppeling.imported_order WHERE id = 1), now(),
    'and anew when they change again');
EXECUTE write_marked('[{"job": 3, "token": 7, "outcome": "marked", "label_environment": "production",
                        "address_hash": "a9", "goods_hash": "b4", "label_ids": []}]');
SELECT is(pg_temp.change(), 'address goods noted', 'what the shop has when it is told counts too');

SELECT koppeling.record_label(2, 'production', 'L2', NULL, NULL);
SELECT results_eq('SELECT labelled_address_hash, changed_after_label_at FROM koppeling.imported_order WHERE id = 2',
    $$ VALUES ('\xa1'::bytea, NULL::timestamptz) $$, 'a label of the back end is for the order as it stands');
SELECT order_uuid AS second FROM koppeling.imported_order WHERE id = 2 \gset
EXECUTE write_skipped(json_build_array(json_build_object(
    'job', 1, 'token', 7, 'order_number', '70002', 'order_uuid', :'second', 'reason_code', 'nothing_to_ship',
    'reason', 'x', 'payload_hash', 1)));
SELECT results_eq('SELECT goods_hash, address_hash, changed_after_label_at FROM koppeling.imported_order WHERE id = 2',
    $$ VALUES ('\x'::bytea, '\xa1'::bytea, now()) $$, 'an order whose goods were all taken out has other goods');
SELECT is_empty('SELECT FROM koppeling.skipped_order', 'and is not noted as skipped');
UPDATE koppeling.imported_order SET address_hash = NULL WHERE id = 3;
SELECT koppeling.record_label(3, 'production', 'L3', NULL, NULL);
SELECT is((SELECT changed_after_label_at FROM koppeling.imported_order WHERE id = 3), NULL,
    'of an order from before there were hashes nothing is claimed');

SELECT finish();
ROLLBACK;
