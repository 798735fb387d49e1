-- Services and prices, parcels, several labels for one order.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `cat sql/queries/write_quote.sql`
PREPARE write_quote AS :text
\set text `cat sql/queries/write_sending.sql`
PREPARE write_sending AS :text

-- What is refused of a list of parcels, and in which words.
SELECT is(koppeling.parcels_problem(given::jsonb), words, format('%s: %s', left(given, 60), coalesce(words, 'well')))
FROM (VALUES
    (NULL, NULL), ('[{}]', NULL), ('[{"weight": 2.5, "length": 40, "width": 30, "height": 20}, {"quantity": 3}]', NULL),
    ('[{"quantity": 2.0, "value": 0, "weight": null}]', NULL),
    ('[{"quantity": 100}]', NULL),
    ('null', 'parcels is a list of objects, not: null'),
    ('{"weight": 1}', 'parcels is a list of objects, not: {"weight": 1}'),
    ('[]', 'parcels has 1 to 100 elements, not 0'),
    ('[{}, 5]', 'parcel 2 is no object: 5'),
    ('[{"gewicht": 1}]', 'parcel 1 has "gewicht", which is none of quantity, weight, length, width, height, value'),
    ('[{"weight": "2"}]', 'parcel 1 has the weight "2", and not a number of kilograms from 0.001 to 99999.999'),
    ('[{"weight": 0}]', 'parcel 1 has the weight 0, and not a number of kilograms from 0.001 to 99999.999'),
    ('[{"weight": 1e400}]', 'parcel 1 has the weight 1' || repeat('0', 39)
        || ', and not a number of kilograms from 0.001 to 99999.999'),
    ('[{"quantity": 1.5}]', 'parcel 1 has the quantity 1.5, and not a whole number from 1 to 100'),
    ('[{"quantity": true}]', 'parcel 1 has the quantity true, and not a whole number from 1 to 100'),
    ('[{"length": 10.5, "width": 1, "height": 1}]',
     'parcel 1 has the length 10.5, and not a whole number of centimetres from 1 to 1000'),
    ('[{"height": 1001, "width": 1, "length": 1}]',
     'parcel 1 has the height 1001, and not a whole number of centimetres from 1 to 1000'),
    ('[{"value": -1}]', 'parcel 1 has the value -1, and not a number of euros from 0 to 99999999.99'),
    ('[{"length": 10, "width": 10}]',
     'parcel 1 has a part of its size: length, width and height belong together'),
    ('[{"quantity": 60}, {"quantity": 41}]', 'parcels are 101 together, and not 1 to 100')) AS t (given, words);

-- What else is refused at the door.
CREATE FUNCTION pg_temp.asked(what text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.complaint(format('SELECT koppeling.dispatch_order(1, ''dhl'', %s)', what)) $$;
SELECT alike(pg_temp.asked(what), words || ' (shipment_%)', words)
FROM (VALUES
    ('label_format => ''doos''', 'there is no label format "doos"; there are document, envelop, package, pallet-block, '
     'pallet-euro, pallet-mini, pallet-other'),
    ('label_count => NULL', 'label_count is 1 to 100, not NULL'),
    ('weight_kg => 0', 'weight_kg is more than 0, not 0.000'),
    ('length_cm => 10, width_cm => 10', 'length_cm, width_cm and height_cm belong together: give all of them or none'),
    ('length_cm => 10, width_cm => 10, height_cm => 1001', 'a side is 1 to 1000 cm: 10 x 10 x 1001'),
    ('parcels => ''[5]''', 'parcel 1 is no object: 5'),
    ('label_count => 3, parcels => ''[{"quantity": 2}]''', 'label_count is 3, but the parcels are 2'))
    AS t (what, words);
SELECT is(pg_temp.refused_by('SELECT koppeling.dispatch_order(1, ''dhl'', label_format => ''doos'')'),
    'shipment_label_format_is_known', 'with the name of the constraint');

-- What is told of parcels: weight and value of all of an item, or of a piece.
UPDATE koppeling.imported_order SET weight_kg = 5, total = 100, currency = 'EUR' WHERE id = 1;
CREATE FUNCTION pg_temp.items(format text, number integer, kg numeric, parcels text, per_piece boolean)
RETURNS text LANGUAGE sql AS $$
    UPDATE koppeling.account SET weight_per_piece = per_piece WHERE id = 1;
    SELECT string_agg(format('%s %s %sx%sx%s %s kg %s EUR', i.quantity, i.type, i.length, i.width, i.height,
                             trim_scale(i.weight_kg), coalesce(trim_scale(i.value)::text, 'no')), '; ')
    FROM jsonb_to_recordset(koppeling.parcel_items(1, format, number, NULL, NULL, NULL, kg, parcels::jsonb)) AS i (
        quantity integer, type text, length integer, width integer, height integer, weight_kg numeric,
        value numeric) $$;
SELECT is(pg_temp.items(format, number, kg, parcels, per_piece), told, told)
FROM (VALUES
    ('package', 1, NULL, NULL, false, '1 package 10x10x10 5 kg 100 EUR'),
    ('package', 3, NULL, NULL, false, '3 package 10x10x10 5 kg 100 EUR'),
    ('package', 3, NULL, NULL, true, '3 package 10x10x10 1.667 kg 33.33 EUR'),
    ('package', 3, 6, NULL, true, '3 package 10x10x10 2 kg 33.33 EUR'),
    ('package', 1, 0.01, NULL, false, '1 package 10x10x10 0.1 kg 100 EUR'),
    ('pallet-euro', 1, 300, NULL, false, '1 pallet-euro 120x80x100 300 kg 100 EUR'),
    ('pallet-block', 1, 300, NULL, false, '1 pallet-block 120x100x100 300 kg 100 EUR'),
    ('pallet-mini', 2, 300, NULL, true, '2 pallet-mini 80x60x100 150 kg 50 EUR'),
    ('package', 3, NULL, '[{"quantity": 2, "weight": 1, "length": 40, "width": 30, "height": 20}, {"value": 70}]',
     false,
     '2 package 40x30x20 2 kg 30 EUR; 1 package 10x10x10 3 kg 70 EUR'),
    ('package', 3, NULL, '[{"quantity": 2, "weight": 1, "length": 40, "width": 30, "height": 20}, {"value": 70}]', true,
     '2 package 40x30x20 1 kg 15 EUR; 1 package 10x10x10 3 kg 70 EUR'),
    ('package', 3, NULL, '[{"weight": 9}, {"quantity": 2}]', false,
     '1 package 10x10x10 9 kg 33.33 EUR; 2 package 10x10x10 0.1 kg 66.67 EUR')) AS t (
    format, number, kg, parcels, per_piece, told);
UPDATE koppeling.account SET weight_per_piece = false WHERE id = 1;
UPDATE koppeling.imported_order SET currency = 'SEK' WHERE id = 1;
SELECT is(pg_temp.items('package', 1, NULL, NULL, false), '1 package 10x10x10 5 kg no EUR',
    'what is not in euros is not told');
UPDATE koppeling.imported_order SET currency = NULL, total = -5 WHERE id = 1;
SELECT is(pg_temp.items('package', 1, NULL, NULL, false), '1 package 10x10x10 5 kg no EUR',
    'nor what is less than nothing');
UPDATE koppeling.integration SET default_length_cm = 35, default_width_cm = 25, default_height_cm = 15 WHERE id = 1;
SELECT is(pg_temp.items('package', 1, NULL, NULL, false), '1 package 35x25x15 5 kg no EUR', 'a shop has its own size');
SELECT is(pg_temp.items('pallet-mini', 1, NULL, NULL, false), '1 pallet-mini 80x60x100 5 kg no EUR',
    'but no pallets of its own');
UPDATE koppeling.parcel_format SET height_cm = 150 WHERE name = 'pallet-mini';
SELECT is(pg_temp.items('pallet-mini', 1, NULL, NULL, false), '1 pallet-mini 80x60x150 5 kg no EUR',
    'a DBA may know them better');
UPDATE koppeling.imported_order SET total = 100 WHERE id = 1;

-- The usual of a shop.
SELECT is(pg_temp.complaint('SELECT koppeling.dispatch_order(1)'),
    'no service was named for order 1, and its shop has no default_service', 'a service is named');
UPDATE koppeling.integration SET default_service = 'usual' WHERE id = 1;
SELECT koppeling.dispatch_order(1, request_key => 'a', length_cm => 50, width_cm => 40, height_cm => 30,
                                weight_kg => 12.5)::bigint AS usual \gset
SELECT results_eq(format('SELECT service, length_cm, width_cm, height_cm, weight_kg, label_count '
                         'FROM koppeling.shipment WHERE id = %s', :usual),
    $$ VALUES ('usual', 50, 40, 30, 12.500, 1) $$, 'unless the shop has a default; what is said is kept');
UPDATE koppeling.integration SET default_service = 'other' WHERE id = 1;
SELECT is(koppeling.dispatch_order(1, request_key => 'a', length_cm => 50, width_cm => 40, height_cm => 30,
                                   weight_kg => 12.5), :usual::bigint, 'the same request is the same shipment');
SELECT matches(pg_temp.complaint('SELECT koppeling.dispatch_order(1, request_key => ''a'')'),
    'was used for another shipment', 'one of another size is not');
SELECT is((SELECT context -> 'items' -> 0 ->> 'length' FROM koppeling.job_context
           WHERE kind = 'create_shipment' AND subject_id = :usual), '50', 'and this is what is booked');
SELECT koppeling.dispatch_order(2, parcels => '[{"quantity": 2, "weight": 3}, {}]')::bigint AS mixed \gset
SELECT is((SELECT label_count FROM koppeling.shipment WHERE id = :mixed), 3, 'parcels are counted');
SELECT is((SELECT jsonb_array_length(context -> 'items') FROM koppeling.job_context
           WHERE kind = 'create_shipment' AND subject_id = :mixed), 2, 'and become items');
SELECT is((SELECT count(*) FROM koppeling.dispatch_order(ARRAY[3, 4]::bigint[], weight_kg => 2)), 2::bigint,
    'several orders may be dispatched the usual way');

-- Asking.
SELECT koppeling.request_quote(5)::bigint AS asked \gset
SELECT results_eq(format('SELECT kind COLLATE "default", api_id::integer, priority::integer, order_id, '
                         'args -> ''items'' -> 0 ->> ''quantity'' FROM koppeling.job WHERE id = %s', :asked),
    $$ VALUES ('quote', 2, 0, 5::bigint, '1') $$, 'a question is a job, and somebody waits for it');
SELECT is(koppeling.request_quote(5), :asked::bigint, 'asked twice, it is asked once');
SELECT koppeling.request_quote(5, 'staging')::bigint AS staged \gset
SELECT is((SELECT api_id FROM koppeling.job WHERE id = :staged), 3::smallint,
    'staging is asked on staging');
SELECT isnt(koppeling.request_quote(5, weight_kg => 20), :asked::bigint, 'another weight is another question');
UPDATE koppeling.job SET state = 'failed' WHERE id = :asked;
SELECT is(koppeling.request_quote(5), :asked::bigint, 'what failed is asked again');
SELECT results_eq(format('SELECT state::text, attempt::integer FROM koppeling.job WHERE id = %s', :asked),
    $$ VALUES ('queued', 0) $$, 'at once');
SELECT is(koppeling.enqueue('quote', order_id => 5, args => (SELECT args FROM koppeling.job WHERE id = :asked)),
    :asked::bigint, 'enqueue() knows it, too');
SELECT matches(pg_temp.complaint('SELECT koppeling.enqueue(''quote'', integration_id => 1)'), 'quote needs order_id',
    'and what it is of');
SELECT alike(pg_temp.complaint(statement), words || '%', words)
FROM (VALUES ('SELECT koppeling.request_quote(999)', 'there is no imported order 999'),
             ('SELECT koppeling.request_quote(9)', 'from address 2 is incomplete'),
             ('SELECT koppeling.request_quote(5, label_count => 0)', 'label_count is 1 to 100, not 0'))
    AS t (statement, words);
SELECT koppeling.request_quote(1, parcels => (
    SELECT jsonb_agg(jsonb_build_object('weight', n)) FROM generate_series(1, 100) AS n))::bigint AS long \gset
SELECT is((SELECT jsonb_array_length(args -> 'items') FROM koppeling.job WHERE id = :long), 100,
    'a hundred parcels are no more trouble than one');
UPDATE koppeling.imported_order SET erased_at = now() WHERE id = 6;
SELECT is((SELECT context ->> 'unwanted' FROM koppeling.job_context WHERE kind = 'quote' AND subject_id = 6),
    'its personal data was erased', 'what was erased meanwhile is not sent');
SELECT is((SELECT context ->> 'unwanted' FROM koppeling.job_context WHERE kind = 'quote' AND subject_id = 5), NULL,
    'all else is');

-- The answer.
UPDATE koppeling.job
SET state = 'running', attempt = 1, worker_id = (SELECT min(id) FROM koppeling.worker), lease_token = 7,
    lease_until = now() + interval '1 minute', started_at = now()
WHERE kind = 'quote';
CREATE FUNCTION pg_temp.answer(job bigint, token bigint, services text) RETURNS json LANGUAGE sql AS $$
    SELECT json_build_array(json_build_object(
        'job', job, 'token', token, 'environment', 'production', 'asked', '[{"quantity": 1}]'::jsonb,
        'services', services::json)) $$;
CREATE FUNCTION pg_temp.offered() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', s.service, s.price, s.tax, s.carrier, s.max_weight_kg), ', ')
    FROM koppeling.services_for(5) AS s $$;
EXECUTE write_quote(pg_temp.answer(:asked, 7, '[
    {"service": "b", "price": 6.25, "tax": 1.31, "carrier": "postnl", "max_weight_kg": 30},
    {"service": "c"}, {"service": "a", "price": 5.954}, {"service": "b", "price": 7.25}]'));
SELECT is(pg_temp.offered(), 'a 5.95, b 6.25 1.31 postnl 30.000, c', 'what is offered is read cheapest first');
SELECT is((SELECT count(*) FROM koppeling.services_for(5, 'staging')), 0::bigint, 'each environment by itself');
EXECUTE write_quote(pg_temp.answer(:asked, 8, '[{"service": "z"}]'));
SELECT is(pg_temp.offered(), 'a 5.95, b 6.25 1.31 postnl 30.000, c', 'a worker that lost the job writes nothing');
EXECUTE write_quote(pg_temp.answer(:asked, 7, '[{"service": "a", "price": 4}, {"service": "d", "price": 3}]'));
SELECT is(pg_temp.offered(), 'd 3.00, a 4.00', 'a new answer takes the place of the one before');
SELECT is((SELECT bool_and(s.age >= '0' AND s.asked = '[{"quantity": 1}]') FROM koppeling.services_for(5) AS s), true,
    'and says what was asked, and when');
SELECT id AS newer FROM koppeling.job WHERE kind = 'quote' AND order_id = 5 AND api_id = 2 AND id > :asked \gset
EXECUTE write_quote(pg_temp.answer(:newer, 7, '[{"service": "e", "price": 9}]'));
EXECUTE write_quote(pg_temp.answer(:asked, 7, '[{"service": "a", "price": 4}, {"service": "e", "price": 1}]'));
SELECT is(pg_temp.offered(), 'e 9.00', 'an answer to an older question does not');
SELECT is(pg_temp.attempt('koppeling_worker', format('EXECUTE write_quote(%L)', pg_temp.answer(:newer, 7, '[]'))), 'ok',
    'a worker may write it');

-- What it offered is what may be ordered.
SELECT is(pg_temp.complaint('SELECT koppeling.dispatch_order(5, ''dhl'')'),
    'Boekuwzending does not offer service "dhl" for order 5 (production); it offers: e (9.00)',
    'what was not offered is refused');
SELECT is(pg_temp.complaint('SELECT koppeling.dispatch_order(5)'),
    'Boekuwzending does not offer service "other" for order 5 (production); it offers: e (9.00)', 'also the default');
SELECT is(pg_temp.complaint('SELECT koppeling.dispatch_order(5, ''e'')'), NULL, 'what was, is not');
SELECT is(pg_temp.complaint('SELECT koppeling.dispatch_order(5, ''dhl'', environment => ''staging'')'), NULL,
    'nor where nobody asked');
UPDATE koppeling.setting SET value = '0' WHERE name = 'quote_minutes';
SELECT is(pg_temp.complaint('SELECT koppeling.dispatch_order(5, ''dhl'')'), NULL, 'nor when a DBA does not want it');
UPDATE koppeling.setting SET value = '60' WHERE name = 'quote_minutes';
UPDATE koppeling.quote SET quoted_at = now() - interval '61 minutes';
SELECT is(pg_temp.complaint('SELECT koppeling.dispatch_order(5, ''dhl'')'), NULL, 'nor when it is long ago');
EXECUTE write_quote(pg_temp.answer(:newer, 7, '[]'));
SELECT is(pg_temp.offered(), NULL, 'that there is no service is an answer, too');

-- And goes again.
EXECUTE write_quote(pg_temp.answer(:newer, 7, '[{"service": "e"}, {"service": "f"}]'));
UPDATE koppeling.quote SET quoted_at = now() - interval '8 days' WHERE service = 'e';
INSERT INTO koppeling.job (id, kind, integration_id, order_id, args, created_at)
SELECT n, 'quote', 1, 7, jsonb_build_object('n', n), now() - make_interval(days => n) FROM generate_series(1, 9) AS n;
UPDATE koppeling.job SET state = 'failed' WHERE order_id = 7 AND id <> 9;
SELECT is(koppeling.drop_old_quotes(), 2::bigint, 'old quotes are dropped, and old questions without an answer');
SELECT is(pg_temp.offered(), 'f', 'the others are not');
SELECT is((SELECT array_agg(id ORDER BY id) FROM koppeling.job WHERE order_id = 7), '{1,2,3,4,5,6,7,9}'::bigint[],
    'nor questions that are still asked');
SELECT is((SELECT result ->> 'reason' FROM koppeling.job_history WHERE id = 8), 'nobody waits for this quote any more',
    'with the reason');
SELECT is(koppeling.erase_order(5), true, 'an order is erased');
SELECT is(pg_temp.offered(), NULL, 'and its quote with it');
EXECUTE write_quote(pg_temp.answer(:newer, 7, '[{"service": "e"}]'));
SELECT is(pg_temp.offered(), NULL, 'nothing comes back');

-- More labels for one order belong together.
DELETE FROM koppeling.job;
DELETE FROM koppeling.shipment;
ALTER TABLE koppeling.shipment ALTER id RESTART 100;
SELECT koppeling.dispatch_order(8, 'dhl', environment => e::koppeling.environment)
FROM unnest(ARRAY['production', 'staging', 'production', 'production']) WITH ORDINALITY AS t (e, n);
CREATE FUNCTION pg_temp.relation() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws('/', c.subject_id, c.context ->> 'related_id', c.context ->> 'related_external_id',
                                CASE c.context ->> 'related_is_pending' WHEN 'true' THEN 'waits' END), ' '
                      ORDER BY c.subject_id)
    FROM koppeling.job_context c
    WHERE c.kind = 'create_shipment' AND c.subject_id >= 100 $$;
SELECT is((SELECT string_agg(concat_ws('/', id, related_shipment_id), ' ' ORDER BY id) FROM koppeling.shipment),
    '100 101 102/100 103/100', 'what is asked for while the first is booked belongs to it');
SELECT is(pg_temp.relation(), '100 101 102/100/waits 103/100/waits', 'and waits for it');
UPDATE koppeling.shipment SET state = 'created', external_id = 'x' WHERE id = 100;
SELECT is(pg_temp.relation(), '100 101 102/100/x 103/100/x', 'until it is booked');
UPDATE koppeling.shipment SET state = 'failed', external_id = NULL WHERE id = 100;
SELECT is(pg_temp.relation(), '100 101 102 103/102/waits', 'or has failed: then the next one is the first');
UPDATE koppeling.shipment SET state = 'requested' WHERE id = 100;
UPDATE koppeling.job SET state = 'failed' WHERE shipment_id = 100;
SELECT is(pg_temp.relation(), '100 101 102 103/102/waits', 'also when only its job has');
UPDATE koppeling.shipment SET state = 'created', external_id = 'y' WHERE id = 102;
SELECT is(pg_temp.relation(), '100 101 102 103/102/y', 'one that is booked goes before');
UPDATE koppeling.shipment SET state = 'sending', sent_at = now(), external_id = NULL WHERE id = 102;
UPDATE koppeling.shipment SET requested_at = now() - interval '6 minutes' WHERE id = 103;
SELECT is(pg_temp.relation(), '100 101 102 103/102', 'and nobody waits for ever');
UPDATE koppeling.job
SET state = 'running', attempt = 1, worker_id = (SELECT min(id) FROM koppeling.worker), lease_token = 7,
    lease_until = now() + interval '1 minute', started_at = now()
WHERE shipment_id IN (102, 103);
SELECT is_empty(format('EXECUTE write_sending(%L)', (
    SELECT jsonb_agg(jsonb_build_object('job', id, 'token', 7, 'related_id', CASE shipment_id WHEN 102 THEN 101 END))
    FROM koppeling.job WHERE shipment_id IN (102, 103))), 'nothing is objected');
SELECT is((SELECT string_agg(concat_ws('/', id, related_shipment_id), ' ' ORDER BY id) FROM koppeling.shipment
           WHERE id > 101), '102/101 103', 'what was sent as related is what stands there');

-- Neither walks a table: one order among many, old quotes among new ones.
INSERT INTO koppeling.quote (order_id, environment, service, asked, job_id)
SELECT o.id, 'production', 'service-' || n, '[]', 1
FROM koppeling.imported_order o, generate_series(1, 1000) AS n;
INSERT INTO koppeling.shipment (order_id, environment, service, from_address_id, external_id, state)
SELECT o.id, 'production', 'many', 1, 'many-' || o.id || '-' || n, 'labelled'
FROM koppeling.imported_order o, generate_series(1, 300) AS n WHERE o.id <> 8;
ANALYZE koppeling.quote, koppeling.shipment;
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END
$$;
SELECT is_empty(format($$ SELECT line FROM pg_temp.plan(%L) AS line WHERE line ~ 'Seq Scan on (quote|shipment|job) ' $$,
                       query), format('no table is walked by %s', left(query, 60)))
FROM (VALUES
    ('SELECT * FROM koppeling.quote WHERE order_id = 8 AND environment = ''production'' ORDER BY price'),
    ('SELECT * FROM koppeling.quote WHERE quoted_at < now() - interval ''7 days'' ORDER BY quoted_at LIMIT 9'),
    ('SELECT f.id FROM koppeling.shipment f WHERE f.order_id = 8 AND f.environment = ''production'' AND f.id < 9'))
    AS t (query);

SELECT finish();
ROLLBACK;
