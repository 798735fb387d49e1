-- What is not understood of an order is kept and shown: its warnings, and what prevents a label, in both languages.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `sed -f tests/sql/common/write_orders.sed sql/queries/write_orders.sql`
PREPARE write_orders AS :text

INSERT INTO koppeling.job (id, kind, integration_id, state, worker_id, lease_token, lease_until, started_at)
VALUES (1, 'poll', 2, 'running', 1, 7, now(), now());
CREATE FUNCTION pg_temp.a_row(changes json DEFAULT '{}') RETURNS json LANGUAGE sql AS $$
    SELECT json_build_array((jsonb_build_object(
        'job', 1, 'token', 7, 'order_uuid', '11111111-1111-4111-8111-111111111111', 'order_number', '80001',
        'shop_status', 3, 'name', 'Fenna Testveld', 'street', 'Laan', 'number', '1', 'postcode', '1234AB',
        'city', 'Utrecht', 'country', 'NL', 'private_address', true,
        'weight_kg', 0.85, 'line_count', 0, 'lines', '[]'::jsonb, 'content_hash', 'aa',
        'payload_hash', 5, 'payload', '{"number": "80001"}'::jsonb) || changes::jsonb))::json;
$$;
CREATE TEMP VIEW imported AS SELECT * FROM koppeling.imported_order WHERE order_number = '80001';

-- Storing them.
EXECUTE write_orders(pg_temp.a_row());
SELECT results_eq('SELECT warnings, ship_to_country_given FROM imported', $$ VALUES ('{}'::text[], NULL::text) $$,
    'an order without anything to warn of has no warnings');
EXECUTE write_orders(pg_temp.a_row('{"content_hash": "bb", "country": null, "country_given": "Atlantis", "street": null,
    "warnings": ["phone_not_understood", "country_not_understood", "address_without_street"]}'));
SELECT results_eq('SELECT warnings, ship_to_country, ship_to_country_given FROM imported',
    $$ VALUES (ARRAY['phone_not_understood', 'country_not_understood', 'address_without_street'], NULL::text,
        'Atlantis') $$,
    'what is not understood is stored as it was given, with its warnings');
SELECT results_eq($$ SELECT warnings FROM koppeling.open_order WHERE order_number = '80001' $$,
    'SELECT warnings FROM imported',
    'and they are shown with the open orders');
SELECT is(
    pg_temp.refused_by($$ EXECUTE write_orders(pg_temp.a_row('{"content_hash": "cc", "warnings": ["no_idea"]}')) $$),
    'imported_order_warnings_are_known', 'a worker cannot give a warning that has no words');

-- In words.
SELECT id AS warned FROM imported \gset
SELECT results_eq(format('SELECT code, prevents_dispatch FROM koppeling.order_warnings(%s)', :warned),
    $$ VALUES ('country_not_understood', true), ('address_without_street', true), ('phone_not_understood', false) $$,
    'what prevents a label comes first');
SELECT results_eq(format('SELECT warning, what_to_do ~ ''Kies'' FROM koppeling.order_warnings(%s) LIMIT 1', :warned),
    $$ VALUES ('het land is niet herkend', true) $$, 'a merchant reads it in Dutch');
SELECT results_eq(
    format('SELECT warning, what_to_do ~ ''Choose'' FROM koppeling.order_warnings(%s, ''en_GB'') LIMIT 1', :warned),
    $$ VALUES ('the country is not understood', true) $$, 'or in English');
SELECT is_empty('SELECT * FROM koppeling.order_warnings(1)', 'of an order without warnings nothing is told');
SELECT is_empty($$ SELECT code FROM koppeling.order_warning
    WHERE nl ~ '\.$' OR en ~ '\.$'
      OR what_to_do_nl !~ '\.$' OR what_to_do_en !~ '\.$' OR nl = en OR what_to_do_nl = what_to_do_en $$,
    'each warning is half a sentence, each advice a whole one, and they differ by language');

-- Why there can be no label.
SELECT is(koppeling.dispatch_problem(:warned),
    format('the address of order %s is incomplete: the country is not understood; the street is missing', :warned),
    'dispatch_problem() tells what is the matter with the address');
SELECT is(koppeling.dispatch_problem(:warned, language => 'nl'),
    format('het adres van bestelling %s is niet volledig: het land is niet herkend; de straat ontbreekt', :warned),
    'in Dutch, too');
SELECT is(pg_temp.complaint(format('SELECT koppeling.dispatch_order(%s, ''dhl'')', :warned)),
    koppeling.dispatch_problem(:warned),
    'and dispatching is refused with these words');
UPDATE koppeling.imported_order
SET ship_to_country = 'NL', ship_to_street = 'Laan', warnings = '{phone_not_understood}' WHERE id = :warned;
SELECT is(koppeling.dispatch_problem(:warned), NULL, 'a warning that does not prevent a label does not');
SELECT lives_ok(format('SELECT koppeling.dispatch_order(%s, ''dhl'')', :warned), 'so the order can be dispatched');
UPDATE koppeling.imported_order
SET warnings = ARRAY[code] FROM koppeling.order_warning WHERE id = 1 AND code = 'address_without_place';
SELECT matches(koppeling.dispatch_problem(1), 'is incomplete: postcode and city are missing$',
    'a warning is enough to prevent it');
UPDATE koppeling.imported_order SET warnings = '{}', ship_to_country = NULL WHERE id = 1;
SELECT is(koppeling.dispatch_problem(1), 'the address of order 1 is incomplete', 'and so is a gap without a warning');

UPDATE koppeling.imported_order
SET state = 'withdrawn', withdrawn_at = now(), withdrawn_reason = 'credited' WHERE id = 2;
UPDATE koppeling.imported_order SET erased_at = now() WHERE id = 3;
UPDATE koppeling.integration SET state = 'disconnected' WHERE id = 2;
SELECT is(ARRAY[koppeling.dispatch_problem(o, e, 'en'), koppeling.dispatch_problem(o, e, 'nl')], ARRAY[en, nl], en)
FROM (VALUES
    (2, 'staging'::koppeling.environment, 'order 2 was withdrawn (credited)', 'bestelling 2 is ingetrokken (credited)'),
    (3, 'staging', 'the address of order 3 was erased', 'het adres van bestelling 3 is gewist'),
    (:warned, 'staging', format('the shop of order %s is disconnected', :warned),
        format('de winkel van bestelling %s is ontkoppeld', :warned)),
    (9, 'staging', 'from address 2 is incomplete', 'afzenderadres 2 is niet volledig'),
    (4, 'staging', NULL, NULL),
    (999, 'staging', NULL, NULL)) AS told (o, e, en, nl);
UPDATE koppeling.from_address SET street = 'Pad', number = '1', postcode = '1234AB', city = 'Oss' WHERE id = 2;
SELECT is(koppeling.dispatch_problem(9), 'account 2 has no credentials for production',
    'an account without credentials');
SELECT is(koppeling.dispatch_problem(9, 'staging', 'nl'), 'account 2 heeft geen inloggegevens voor staging',
    'in the environment asked for');

-- Erasing.
UPDATE koppeling.imported_order SET ship_to_country_given = 'Fennaland' WHERE id = 4;
SELECT koppeling.erase_order(4);
SELECT is((SELECT ship_to_country_given FROM koppeling.imported_order WHERE id = 4), NULL,
    'what somebody wrote is erased with the address');

-- A newer version reads every order once more, and understands some otherwise.
CREATE FUNCTION pg_temp.reread(changes json DEFAULT '{}') RETURNS json LANGUAGE sql AS $$
    SELECT pg_temp.a_row((jsonb_build_object(
        'order_uuid', '22222222-2222-4222-8222-222222222222', 'order_number', '80002',
        'content_hash', 'd2', 'payload_hash', 12, 'former_hash', 11, 'city', 'Breda',
        'address_hash', 'a2', 'goods_hash', 'b0') || changes::jsonb)::json);
$$;
CREATE TEMP VIEW reread AS SELECT * FROM koppeling.imported_order WHERE order_number = '80002';
EXECUTE write_orders(pg_temp.reread('{"content_hash": "d1", "payload_hash": 11, "former_hash": 10, "city": "Oss",
    "address_hash": "a1"}'));
EXECUTE write_orders(pg_temp.reread());
SELECT results_eq('SELECT ship_to_city, payload_hash FROM reread', $$ VALUES ('Breda', 12::bigint) $$,
    'an order is stored as the newer version understands it, though its bytes are the same');
UPDATE koppeling.imported_order SET state = 'label_created', payload_hash = 11 WHERE order_number = '80002';
EXECUTE write_orders(pg_temp.reread('{"city": "Delft", "address_hash": "a3"}'));
SELECT results_eq('SELECT ship_to_city, payload_hash, changed_after_label_at FROM reread',
    $$ VALUES ('Breda', 12::bigint, NULL::timestamptz) $$,
    'one with a label is not, and is not said to have changed since');
EXECUTE write_orders(pg_temp.reread('{"city": "Delft", "address_hash": "a4", "payload_hash": 14, "former_hash": 13}'));
SELECT results_eq('SELECT ship_to_city, changed_after_label_at FROM reread', $$ VALUES ('Breda', now()) $$,
    'until its bytes are other ones');
UPDATE koppeling.imported_order SET state = 'open', payload_hash = 11 WHERE order_number = '80002';
SELECT koppeling.erase_order(id) FROM reread;
EXECUTE write_orders(pg_temp.reread('{"content_hash": "d3"}'));
SELECT results_eq('SELECT ship_to_city, payload_hash, erased_at IS NULL FROM reread',
    $$ VALUES (NULL::text, 12::bigint, false) $$, 'what was erased does not come back');
EXECUTE write_orders(pg_temp.reread('{"content_hash": "d3", "payload_hash": 13}'));
SELECT results_eq('SELECT ship_to_city, erased_at IS NULL FROM reread', $$ VALUES ('Breda', true) $$,
    'unless the merchant changed it');

SELECT finish();
ROLLBACK;
