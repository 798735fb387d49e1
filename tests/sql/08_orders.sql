-- Orders, labels and shipments: what the writes of the job kinds and the functions of the back end do.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `sed -f tests/sql/common/write_orders.sed sql/queries/write_orders.sql`
PREPARE write_orders AS :text
\set text `cat sql/queries/write_skipped.sql`
PREPARE write_skipped AS :text
\set text `cat sql/queries/write_marked.sql`
PREPARE write_marked AS :text
\set text `cat sql/queries/write_polled.sql`
PREPARE write_polled AS :text

INSERT INTO koppeling.job (id, kind, integration_id, state, worker_id, lease_token, lease_until, started_at)
VALUES (1, 'poll', 2, 'running', 1, 7, now(), now());
CREATE FUNCTION pg_temp.a_row(changes json DEFAULT '{}') RETURNS json LANGUAGE sql AS $$
    SELECT json_build_array((jsonb_build_object(
        'job', 1, 'token', 7, 'order_uuid', '11111111-1111-4111-8111-111111111111', 'order_number', '80001',
        'ordered_at', '2026-07-01 12:00:00',
        'shop_status', 3, 'name', 'Fenna Testveld', 'street', 'Laan', 'number', '1', 'postcode', '1234AB', 'city',
        'Utrecht', 'country', 'NL',
        'private_address', true, 'weight_kg', 0.85, 'total', 50, 'currency', 'EUR', 'paid', true, 'line_count', 2,
        'lines', '[{"position": 1, "kind": "article", "quantity": 2},
                   {"position": 2, "kind": "custom", "quantity": 1}]'::jsonb,
        'content_hash', 'aa', 'address_hash', 'a1', 'goods_hash', 'b1', 'payload_hash', 5,
        'payload', '{"number": "80001"}'::jsonb) || changes::jsonb))::json;
$$;
CREATE TEMP VIEW imported AS SELECT * FROM koppeling.imported_order WHERE order_number = '80001';

-- Importing.
EXECUTE write_orders(pg_temp.a_row('{"token": 8}'));
SELECT is_empty('SELECT FROM imported', 'a worker that lost its job imports nothing');
EXECUTE write_orders(pg_temp.a_row());
SELECT results_eq($$ SELECT integration_id, state::text, ship_to_name, weight_kg, ordered_at FROM imported $$,
    $$ VALUES (2::bigint, 'open', 'Fenna Testveld', 0.850, '2026-07-01 12:00:00 Europe/Amsterdam'::timestamptz) $$,
    'an order is imported; the shop tells Dutch time');
SELECT id AS imported_id FROM imported \gset
\set text `cat sql/queries/write_orders.sql`
PREPARE write_with_payloads AS :text
EXECUTE write_with_payloads(
    json_build_array(
        pg_temp.a_row('{"order_number": "B1", "order_uuid": "11111111-1111-4111-8111-11111111111b"}') -> 0,
        pg_temp.a_row('{"order_number": "A1", "order_uuid": "11111111-1111-4111-8111-11111111111a"}') -> 0),
    E'{"is": "b"}\x1e{"is":  "a"}');
SELECT results_eq($$ SELECT order_number, payload::text FROM koppeling.imported_order WHERE order_number IN ('A1', 'B1')
    ORDER BY 1 $$, $$ VALUES ('A1', '{"is":  "a"}'), ('B1', '{"is": "b"}') $$,
    'each has its own payload, byte for byte, whatever the order of rows');
SELECT is((SELECT count(*) FROM koppeling.order_line WHERE order_id = :imported_id), 2::bigint, 'with its lines');
CREATE TEMP TABLE before AS SELECT ctid AS place FROM koppeling.imported_order WHERE order_number = '80001';
EXECUTE write_orders(pg_temp.a_row());
SELECT results_eq($$ SELECT ctid FROM koppeling.imported_order WHERE order_number = '80001' $$,
    'SELECT place FROM before', 'the same again is no write');
EXECUTE write_orders(pg_temp.a_row(
    '{"content_hash": "bb", "city": "Tilburg", "line_count": 1,
      "lines": [{"position": 1, "kind": "custom", "quantity": 9}]}'));
SELECT results_eq('SELECT id, ship_to_city FROM imported', format('VALUES (%s::bigint, ''Tilburg'')', :imported_id),
    'a change is taken over, on the same row');
SELECT results_eq(format('SELECT position, quantity FROM koppeling.order_line WHERE order_id = %s', :imported_id),
    $$ VALUES (1, 9) $$, 'and its lines are those of now');
UPDATE koppeling.imported_order
SET state = 'withdrawn', withdrawn_at = now(), withdrawn_reason = 'cancelled' WHERE id = :imported_id;
EXECUTE write_orders(pg_temp.a_row('{"content_hash": "bb"}'));
SELECT results_eq('SELECT state::text, withdrawn_at, withdrawn_reason FROM imported',
    $$ VALUES ('open', NULL::timestamptz, NULL::text) $$, 'an order that is open again is no longer withdrawn');
UPDATE koppeling.imported_order SET state = 'label_created' WHERE id = :imported_id;
EXECUTE write_orders(pg_temp.a_row(
    '{"content_hash": "cc", "payload_hash": 6, "city": "Breda", "address_hash": "a2"}'));
SELECT results_eq('SELECT ship_to_city, changed_after_label_at FROM imported', $$ VALUES ('Utrecht', now()) $$,
    'a change after the label is flagged and not taken over');
EXECUTE write_skipped(
    '[{"job": 1, "token": 7, "order_number": "T-1", "reason_code": "test_order", "reason": "x", "payload_hash": 1},
      {"job": 1, "token": 8, "order_number": "T-2", "reason_code": "test_order", "reason": "x", "payload_hash": 1}]');
SELECT results_eq($$ SELECT integration_id, order_number, reason_code FROM koppeling.skipped_order $$,
    $$ VALUES (2::bigint, 'T-1', 'test_order') $$, 'what is skipped is recorded by whoever has the job');
EXECUTE write_polled('[{"job": 1, "token": 7, "seen": 3, "skipped": 0, "written": 0, "missing": ""}]');
SELECT results_eq($$ SELECT polls, unchanged_polls, last_polled_at FROM koppeling.integration WHERE id = 2 $$,
    $$ VALUES (1::bigint, 1::bigint, now()) $$, 'a poll to the end is counted');
SELECT is(
    pg_temp.refused_by(
        $$ EXECUTE write_orders(
            pg_temp.a_row('{"order_uuid": "22222222-2222-4222-8222-222222222222", "order_number": "T-9"}')) $$),
    'imported_order_is_not_a_test', 'a test order is refused even if a worker tried');

-- Labels.
SELECT koppeling.record_label(1, 'staging', 'S-1', '3S', 'https://volg.example/1') AS label \gset
SELECT results_eq(
    format('SELECT order_id, environment::text, usable_with_distributor, told_at FROM koppeling.label WHERE id = %s',
        :label),
    $$ VALUES (1::bigint, 'staging', false, NULL::timestamptz) $$,
    'a staging label is recorded, and useless to carriers');
SELECT is((SELECT state::text FROM koppeling.imported_order WHERE id = 1), 'label_created', 'its order has a label');
SELECT is(koppeling.record_label(1, 'staging', 'S-1', NULL, NULL), :label::bigint,
    'recording it again is the same label');
SELECT is((SELECT waybill FROM koppeling.label WHERE id = :label), '3S', 'and loses nothing');
SELECT isnt(koppeling.record_label(1, 'production', 'S-1', NULL, NULL), :label::bigint,
    'in production that id is another label');
SELECT ok((SELECT usable_with_distributor FROM koppeling.label WHERE environment = 'production'),
    'which carriers accept');
SELECT matches(pg_temp.complaint($$ SELECT koppeling.record_label(2, 'staging', 'S-1', NULL, NULL) $$),
    'belongs to order 1, not to order 2', 'a label cannot change its order');
SELECT is(pg_temp.complaint($$ SELECT koppeling.record_label(999, 'staging', 'S-9', NULL, NULL) $$),
    'there is no imported order 999', 'an order that is not there is told');

-- Marking.
INSERT INTO koppeling.job (id, kind, integration_id, order_id, state, worker_id, lease_token, lease_until, started_at)
VALUES (2, 'mark_shipped', 1, 1, 'running', 1, 7, now(), now());
CREATE FUNCTION pg_temp.verdict(changes json) RETURNS json LANGUAGE sql AS $$
    SELECT json_build_array((jsonb_build_object(
        'job', 2, 'token', 7, 'outcome', 'marked', 'shop_status', 2, 'label_environment', 'staging',
        'label_ids', (SELECT jsonb_agg(id) FROM koppeling.label WHERE environment = 'staging'))
        || changes::jsonb))::json;
$$;
EXECUTE write_marked(pg_temp.verdict('{"token": 8}'));
SELECT is((SELECT state::text FROM koppeling.imported_order WHERE id = 1), 'label_created',
    'a verdict with another token is refused');
EXECUTE write_marked(
    pg_temp.verdict('{"outcome": "not_marked", "reason_code": "credited", "reason": "x", "shop_status": 10}'));
SELECT results_eq(
    $$ SELECT state::text, mark_outcome, mark_reason_code, marked_at FROM koppeling.imported_order WHERE id = 1 $$,
    $$ VALUES ('label_created', 'not_marked', 'credited', NULL::timestamptz) $$,
    'an order that must not be marked says why');
EXECUTE write_marked(pg_temp.verdict('{}'));
SELECT results_eq(
    $$ SELECT state::text, mark_outcome, marked_at, marked_label_environment::text, shop_status
        FROM koppeling.imported_order WHERE id = 1 $$,
    $$ VALUES ('marked_shipped', 'marked', now(), 'staging', 2) $$, 'one that was marked says when and by which label');
SELECT results_eq($$ SELECT environment::text, told_at IS NOT NULL FROM koppeling.label ORDER BY 1 $$,
    $$ VALUES ('production', false), ('staging', true) $$,
    'the shop was told of the labels named, and of no others');
EXECUTE write_marked(pg_temp.verdict('{"outcome": "already_shipped", "label_environment": "production"}'));
SELECT results_eq($$ SELECT mark_outcome, marked_label_environment::text FROM koppeling.imported_order WHERE id = 1 $$,
    $$ VALUES ('marked', 'staging') $$,
    'the first marking counts');

-- Dispatching.
SELECT koppeling.dispatch_order(2, 'dhl', 3, 'pallet-euro', 'staging') AS shipment \gset
SELECT results_eq(
    format('SELECT order_id, environment::text, service, label_count, label_format, from_address_id, state::text '
           'FROM koppeling.shipment WHERE id = %s', :shipment),
    $$ VALUES (2::bigint, 'staging', 'dhl', 3, 'pallet-euro', 1::bigint, 'requested') $$,
    'a shipment is asked for as told, from the shop''s own address');
SELECT results_eq(
    format('SELECT kind COLLATE "default", api_id::integer, priority::integer, integration_id, order_id '
           'FROM koppeling.job WHERE shipment_id = %s', :shipment),
    $$ VALUES ('create_shipment', 3, 0, 1::bigint, 2::bigint) $$,
    'and booked at once, at the service of its environment');
SELECT results_eq(
    format('SELECT environment::text, label_count, label_format FROM koppeling.shipment WHERE id = %s',
        koppeling.dispatch_order(3, 'dhl')),
    $$ VALUES ('production', 1, 'package') $$, 'unless told otherwise: one package, in production');
UPDATE koppeling.shipment SET external_id = 'e', state = 'created' WHERE id = :shipment;
SELECT koppeling.dispatch_order(2, 'dhl', environment => 'staging') AS second \gset
SELECT is((SELECT related_shipment_id FROM koppeling.shipment WHERE id = :second), :shipment::bigint,
    'another shipment of the order belongs to the first');
SELECT is((SELECT path FROM koppeling.label_pdf(:shipment)), '/shipments/e/labels/download',
    'its labels can be fetched');
SELECT is_empty('SELECT * FROM koppeling.label_pdf(999)', 'those of no shipment cannot');
SELECT is((SELECT count(*) FROM koppeling.dispatch_order(ARRAY[4, 5]::bigint[], 'dhl')), 2::bigint,
    'several orders are dispatched at once');
UPDATE koppeling.imported_order
SET state = 'withdrawn', withdrawn_at = now(), withdrawn_reason = 'cancelled' WHERE id = 6;
UPDATE koppeling.imported_order SET ship_to_city = NULL WHERE id = 7;
SELECT matches(pg_temp.complaint(statement), words, format('refused: %s', words))
FROM (VALUES ('SELECT koppeling.dispatch_order(999, ''dhl'')', 'no imported order 999'),
             ('SELECT koppeling.dispatch_order(6, ''dhl'')', 'was withdrawn \(cancelled\)'),
             ('SELECT koppeling.dispatch_order(7, ''dhl'')', 'address of order 7 is incomplete'),
             ('SELECT koppeling.dispatch_order(9, ''dhl'')', 'from address 2 is incomplete'),
             ('SELECT koppeling.dispatch_order(8, '' '')', 'shipment_service_is_given'),
             ('SELECT koppeling.dispatch_order(8, ''dhl'', 0)', 'shipment_label_count_is_sane'),
             ('SELECT * FROM koppeling.dispatch_order(ARRAY[8, 6]::bigint[], ''dhl'')',
                 'order 6 was withdrawn')) AS refused (statement, words);
SELECT is((SELECT count(*) FROM koppeling.shipment WHERE order_id = 8), 0::bigint,
    'of several orders all are dispatched or none');

-- Erasing.
SELECT is(koppeling.erase_order(8), true, 'the personal data of an order is removed');
SELECT is(koppeling.erase_order(8), false, 'once');
SELECT is_empty($$
    SELECT value FROM koppeling.imported_order o, jsonb_each_text(to_jsonb(o))
    WHERE o.id = 8 AND value ~* 'fenna|voorbeeldlaan|3511|utrecht|612345678' $$,
    'nothing of the customer is left');
SELECT is((SELECT order_number FROM koppeling.imported_order WHERE id = 8), '70008', 'the order itself is');
SELECT matches(pg_temp.complaint('SELECT koppeling.dispatch_order(8, ''dhl'')'), 'was erased',
    'it cannot be dispatched any more');

SELECT finish();
ROLLBACK;
