-- Pages and actions of merchants.
BEGIN;
\ir common/world.sql
\ir common/panel.sql
SELECT no_plan();

SELECT is(koppeling.panel_ids('{"form": {"order": ["7", "9", "07", "x", "007"]}}', 'form', 'order'), '{7,9}'::bigint[],
    'an id is one however it is written');

-- Shops.
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'integrations'), 'any', 'shops.0.host', 'shops.1.host', 'shops.2.host',
                         'shops.0.state_text', 'shops.0.open_orders', 'shops.0.can_pause', 'any_pending'),
    'true shop1.myonline.store shop2.myonline.store - gekoppeld 8 true false', 'the shops of the account');
SELECT is(pg_temp.picked(pg_temp.page('kijker', 'integrations'), 'may_act', 'shops.0.can_pause'), 'false false',
    'who only looks is offered nothing to do');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'connect'), 'has_addresses', 'addresses.0.text', 'addresses.1.id'),
    'true Proefverzender BV, Pakketpad 1, 1012AB Amsterdam, NL -', 'the addresses of the account');
SELECT is((SELECT string_agg(e.key, ' ' ORDER BY e.key)
           FROM jsonb_each(pg_temp.page('fenna', 'connect_shop', form => form) -> 'errors') AS e), fields, fields)
FROM (VALUES
    ('{}'::jsonb, 'from_address_id shop_url token'),
    ('{"shop_url": "winkel.nl", "sealed_token": "AQID", "from_address_id": "1"}', 'shop_url'),
    ('{"shop_url": "a.myonline.store", "sealed_token": "?", "from_address_id": "2"}', 'from_address_id token'),
    ('{"shop_url": "a.myonline.store", "sealed_token": "AQID", "from_address_id": "new", "sender_country": "NLD"}',
     'sender_city sender_country sender_name sender_number sender_postcode sender_street')) AS t (form, fields);
SELECT is(pg_temp.picked(
    pg_temp.page('fenna', 'connect_shop', form => '{"shop_url": "winkel.nl", "sealed_token": "x"}'),
                         'status', 'shop_url', 'sealed_token'), '422 winkel.nl -',
                         'what was typed is kept, but for the token');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'connect_shop', form => '{"shop_url": "nieuw.myonline.store",
    "sealed_token": "AQID", "from_address_id": "new", "sender_company": "Fenna", "sender_street": "Laan",
    "sender_number": "1", "sender_postcode": "1012AB", "sender_city": "Utrecht", "sender_country": "nl",
    "once": "connect-1"}'), 'go', 'notice'), '/integrations/1000 connecting', 'connected');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'connect_shop', form => '{"shop_url": "nieuw.myonline.store",
    "sealed_token": "BAUG", "from_address_id": "new", "sender_company": "Fenna", "sender_street": "Laan",
    "sender_number": "1", "sender_postcode": "1012AB", "sender_city": "Utrecht", "sender_country": "nl",
    "once": "connect-1"}'), 'go'), '/integrations/1000', 'sent again it gets the same answer');
SELECT results_eq($$ SELECT i.account_id, i.sealed_token, f.company, f.country FROM koppeling.integration i
                     JOIN koppeling.from_address f ON f.id = i.from_address_id WHERE i.id >= 1000 $$,
    $$ VALUES (1::bigint, '\x010203'::bytea, 'Fenna', 'NL') $$, 'once, with the first token');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'connect_shop', form => '{"shop_url": "b.myonline.store",
    "once": "connect-1"}'), 'status'), '409', 'a key is not for something else');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'integration', '{"id": "1000"}'), 'shop.is_pending', 'shop.tone',
                         'history.0.text', 'history.0.who'), 'true busy gekoppeld fenna', 'its page follows');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'integration', '{"id": "1"}'), 'notices.0.code', 'notices.2.code'),
    'notice_no_mail notice_test_orders', 'the notices of one that is connected');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'integration_' || action, '{"id": "1"}', form => form), 'go', 'notice',
                         'status', 'errors.token'), answer, action)
FROM (VALUES
    (1, 'poll', '{}'::jsonb, '/integrations/1 integration_poll - -'),
    (2, 'resume', '{}', '- - 409 -'),
    (3, 'pause', '{"reason": "vakantie"}', '/integrations/1 integration_pause - -'),
    (4, 'resume', '{}', '/integrations/1 integration_resume - -'),
    (5, 'token', '{}', '- - 422 Vul dit in.'),
    (6, 'token', '{"sealed_token": "BAUG"}', '/integrations/1 integration_token - -')) AS t (n, action, form, answer)
ORDER BY n;
SELECT results_eq($$ SELECT who, action FROM koppeling.audit WHERE subject = 'integration 1' ORDER BY id $$,
    $$ SELECT 'fenna', unnest(ARRAY['poll_now', 'pause_integration', 'resume_integration', 'replace_token']) $$,
    'the audit names the person');
UPDATE koppeling.integration SET state = 'active' WHERE id = 1;

-- Lists of orders.
UPDATE koppeling.imported_order SET ordered_at = now() - id * interval '1 day';
UPDATE koppeling.imported_order SET ship_to_name = 'Bram Voorbeeld', ship_to_country = 'BE' WHERE id = 2;
UPDATE koppeling.imported_order SET warnings = '{phone_not_understood}', warned_at = now() WHERE id = 3;
UPDATE koppeling.imported_order SET state = 'withdrawn', withdrawn_at = now(), withdrawn_reason = 'x' WHERE id = 4;
UPDATE koppeling.imported_order SET ship_to_country = NULL WHERE id = 5;
CREATE FUNCTION pg_temp.numbers(query jsonb) RETURNS text LANGUAGE sql RETURN (
    SELECT string_agg(o.entry ->> 'id', ' ' ORDER BY o.place)
    FROM jsonb_array_elements(pg_temp.page('fenna', 'orders', query => query) -> 'orders') WITH ORDINALITY
         AS o (entry, place));
SELECT is(pg_temp.numbers(query), ids, query::text)
FROM (VALUES
    ('{}'::jsonb, '1 2 3 5 6 7 8'), ('{"state": "all"}', '1 2 3 4 5 6 7 8'), ('{"state": "withdrawn"}', '4'),
    ('{"sort": "oldest"}', '8 7 6 5 3 2 1'), ('{"sort": "country"}', '5 2 8 7 6 3 1'), ('{"country": "BE"}', '2'),
    ('{"warning": "any"}', '3'), ('{"warning": "phone_not_understood"}', '3'), ('{"warning": "credits"}', NULL),
    ('{"shop": "1"}', '1 2 3 5 6 7 8'), ('{"shop": "3"}', NULL), ('{"shop": "x"}', NULL), ('{"state": "x"}', NULL),
    ('{"q": "voorb"}', '2'), ('{"q": "bram VOORBEELD"}', '2'), ('{"q": "3511 zz"}', '1 2 3 5 6 7 8'),
    ('{"q": "3511zz bram"}', '2'), ('{"q": "70003"}', '3'), ('{"q": "70009"}', NULL), ('{"q": "fenna@example.org"}',
     '1 2 3 5 6 7 8'), ('{"q": "FENNA@exam"}', '1 2 3 5 6 7 8'), ('{"q": "bram fenna"}', '2'),
    ('{"q": "fenna@example.com"}', NULL), ('{"q": "fenna@"}', '1 2 3 5 6 7 8'), ('{"q": "''; drop --"}', NULL),
    ('{"q": "?"}', NULL), ('{"q": "\\"}', NULL),
    ('{"after": "rubbish"}', '1 2 3 5 6 7 8'), ('{"after": ["1~2~3", "x"]}', NULL)) AS t (query, ids);
SELECT ok(koppeling.settle_words() > 0, 'words of new orders are put aside at first');
SELECT is(koppeling.settle_words(), 0::bigint, 'and are in their place then');
SELECT is(pg_temp.numbers('{"q": "bram fenna"}'), '2', 'where they are found as well');
INSERT INTO koppeling.imported_order (
    integration_id, order_uuid, order_number, shop_status, weight_kg, content_hash, payload_hash, ordered_at,
    ship_to_country)
SELECT 1 + n % 2, gen_random_uuid(), 'M' || n, 3, 1, 'x', n, now() - n * interval '61 minutes', (ARRAY['NL',
    'BE'])[1 + n % 2]
FROM generate_series(1, 130) AS n;
-- From page to page, by the links that the pages have.
CREATE FUNCTION pg_temp.walk(query jsonb) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb;
    result bigint[] := '{}';
BEGIN
    LOOP
        answer := pg_temp.page('fenna', 'orders', query => query);
        result := result || ARRAY(SELECT (o.entry ->> 'id')::bigint
            FROM jsonb_array_elements(answer -> 'orders') WITH ORDINALITY AS o (entry, place) ORDER BY o.place);
        EXIT WHEN answer ->> 'next' IS NULL;
        query := query || jsonb_build_object('after', replace(substring(answer ->> 'next' FROM 'after=([^&]*)'),
        '%7E', '~'));
    END LOOP;
    RETURN result;
END
$$;
SELECT is(pg_temp.walk(query), (
    SELECT array_agg(o.id ORDER BY CASE WHEN query ->> 'sort' = 'country' THEN coalesce(o.ship_to_country, '') END,
        CASE WHEN query ? 'sort' THEN o.ordered_at END, o.ordered_at DESC)
    FROM koppeling.imported_order o WHERE o.integration_id < 3 AND o.state = 'open'),
    format('the pages of %s have every order once', query))
FROM (VALUES ('{}'::jsonb), ('{"sort": "oldest"}'), ('{"sort": "country"}')) AS t (query);
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'orders', query => '{"q": "x y", "shop": "2"}'), 'query', 'is_filtered',
    'filters.q'), 'q=x%20y&shop=2 true x y', 'the filter is given on');

-- Not imported, and to look at.
INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason, seen_at)
SELECT 1, 'S' || n, 'not_paid', 'x', now() - n * interval '1 minute' FROM generate_series(1, 60) AS n;
INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason) VALUES (3, 'S1', 'not_paid',
    'x');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'not_imported'), 'orders.0.number', 'orders.49.number',
    'orders.0.reason'),
    'S1 S50 De bestelling is nog niet betaald; zodra zij betaald is, komt zij binnen.', 'with the reason of each');
SELECT matches(pg_temp.page('fenna', 'not_imported') ->> 'next', '^/orders/not-imported\?after=[0-9]+~S50$',
    'and another page');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'not_imported', query => '{"q": "S7"}'), 'orders.0.number',
    'orders.1.number'),
    'S7 -', 'why is my order not there');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'attention'), 'count', 'concerns.0.order.id', 'concerns.0.reason_code'),
    '1 3 phone_not_understood', 'what a person must look at');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'order_looked', '{"id": "3"}'), 'go', 'count'), '/orders/attention 1',
    'somebody looked');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'attention'), 'count'), '0', 'so it is gone');
SELECT is((SELECT who FROM koppeling.order_look), 'fenna', 'who');

-- One order, and its address.
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'order', '{"id": "1"}'), 'title', 'lines_of_address', 'can_label',
                         'can_correct', 'goods.0.description', 'history.0.text'),
    'Bestelling 70001 ["Fenna Testveld", "Voorbeeldlaan 14", "3511ZZ  Utrecht", "NL"] true true Theepot Geïmporteerd',
    'an order');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'order_address', '{"id": "1"}', form => '{"street": "Dorp",
    "country": "Nederland", "name": "<b>"}'), 'status', 'errors.city', 'errors.country', 'address.street'),
    '422 Vul dit in. Vul de landcode van twee letters in, zoals NL of BE. Dorp', 'what is wrong stands at its field');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'order_address', '{"id": "1"}', form => '{"street": "Dorpsstraat",
    "number": "5", "postcode": "9999 XX", "city": "Ons Dorp", "country": "be", "name": "Piet"}'), 'go', 'notice'),
    '/orders/1 address_corrected', 'corrected');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'order', '{"id": "1"}'), 'lines_of_address', 'is_corrected'),
    '["Piet", "Dorpsstraat 5", "9999 XX  Ons Dorp", "BE"] true', 'and printed so');
UPDATE koppeling.imported_order
SET address_hash = 'a', ship_to_name = 'Fenna Testveld', ship_to_street = 'Voorbeeldlaan'
WHERE id = 1;
SELECT is((SELECT ship_to_street FROM koppeling.imported_order WHERE id = 1), 'Voorbeeldlaan',
    'another address in the shop counts');
SELECT pg_temp.page('fenna', 'order_address', '{"id": "1"}', form => '{"street": "Dorpsstraat", "city": "Ons Dorp",
    "country": "be", "name": "Piet"}') IS NOT NULL AS corrected \gset
UPDATE koppeling.imported_order SET ship_to_street = 'Voorbeeldlaan', ship_to_name = 'Fenna', total = 5, warnings = '{}'
WHERE id = 1;
SELECT results_eq('SELECT ship_to_street, total::integer, warnings FROM koppeling.imported_order WHERE id = 1',
    $$ VALUES ('Dorpsstraat', 5, '{address_without_number,address_without_postcode}'::text[]) $$,
    'other goods do not bring the old address back');
SELECT koppeling.erase_order(1) AS erased \gset
SELECT is((SELECT num_nonnulls(ship_to_street, ship_to_city, address_corrected_by) FROM koppeling.imported_order
    WHERE id = 1),
    0, 'what is erased is gone, corrected or not');

-- As a merchant writes and counts.
SELECT is(koppeling.panel_order_words(words, 7, number), expected, words)
FROM (VALUES
    ('de winkel van bestelling 7 is ontkoppeld', '70001', 'de winkel van bestelling 70001 is ontkoppeld'),
    ('order 7 was withdrawn (7)', 'A\1', 'order A\1 was withdrawn (7)'),
    ('account 7 has no credentials', '70001', 'account 7 has no credentials'),
    ('order 70 was withdrawn', '70001', 'order 70 was withdrawn'),
    (NULL, '70001', NULL)) AS t (words, number, expected);
SELECT results_eq($$ SELECT set_config('koppeling.language', l, true), koppeling.panel_amount(18.40, 'EUR'),
                            koppeling.panel_amount(5, 'USD'), koppeling.panel_amount(0.3)
                     FROM unnest(ARRAY['en', 'nl']) AS l $$,
    $$ VALUES ('en', '€ 18.40', 'USD 5', '0.3'), ('nl', '€ 18,40', 'USD 5', '0,3') $$, 'numbers');

-- Labels for many, prices first.
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'label', query => '{"order": ["2", "1", "9", "6"]}'), 'count', 'ready',
                         'orders.0.id', 'orders.1.problem', 'services'),
    '3 2 2 het adres van bestelling 70001 is gewist []', 'what would be dispatched, and what not');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'label', query => '{"order": "9"}'), 'status'), '404', 'none of theirs');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'quote', form => '{"order": ["2", "6", "1", "9"], "label_count": "2"}'),
    'go', 'count'), '/orders/label?label_count=2&order=2&order=6&order=1&order=9 2', 'prices are asked');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'label', query => '{"order": ["2", "6"]}'), 'is_asking', 'is_priced'),
    'true false', 'and waited for');
INSERT INTO koppeling.quote (job_id, order_id, environment, service, description, price, asked)
SELECT j.id, j.order_id, 'production', v.service, v.service, v.price, j.args -> 'items'
FROM koppeling.job j, (VALUES ('dhl', 6.5), ('postnl', 7)) AS v (service, price)
WHERE j.kind = 'quote' AND (j.order_id = 2 OR v.service = 'dhl');
DELETE FROM koppeling.job WHERE kind = 'quote';
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'label', query => '{"order": ["2", "6"], "label_count": "2"}'),
    'is_asking',
    'services.0.service', 'services.0.price', 'services.0.is_for_all', 'services.1.service', 'services.1.is_for_all'),
    'false dhl 13.00 true postnl false', 'the sum of all, and who is offered what');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'label', query => '{"order": ["2", "6"]}'), 'services'), '[]',
    'prices of other parcels are none');
SELECT is((SELECT string_agg(e.key, ' ' ORDER BY e.key)
           FROM jsonb_each(pg_temp.page('fenna', 'dispatch',
                                        form => '{"order": ["2"], "service": "dhl"}'::jsonb || form) -> 'errors') AS e),
    fields, form::text)
FROM (VALUES
    ('{"label_count": "0"}'::jsonb, 'label_count'), ('{"label_count": "1,5"}', 'label_count'),
    ('{"label_format": "box", "weight_kg": "zwaar"}', 'label_format weight_kg'),
    ('{"length_cm": "10", "width_cm": "2000"}', 'height_cm width_cm'),
    ('{"environment": "moon"}', 'environment'),
    ('{"service": ""}', 'service'), ('{"service": "", "label_count": "0"}', 'label_count service')) AS t (form, fields);
SELECT is((SELECT count(*) FROM koppeling.panel_batch), 0::bigint, 'no batch in which nothing can be asked for');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'dispatch', form => '{"order": ["6", "1", "9", "7", "2"],
    "service": "postnl", "weight_kg": "1,5", "once": "dispatch-1"}'), 'go', 'count'), '/batches/1 2', 'a batch');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'dispatch', form => '{"order": ["6", "1", "9", "7", "2"],
    "service": "postnl",
    "weight_kg": "1,5", "once": "dispatch-1"}'), 'go', 'count'), '/batches/1 2', 'a double click is none more');
SELECT is((SELECT count(*) FROM koppeling.shipment), 2::bigint, 'nor are there more labels');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'batch', '{"id": "1"}'), 'total', 'busy', 'failed', 'who',
    'orders.0.reason', 'orders.1.reason', 'orders.2.progress', 'orders.3.progress'),
    '4 2 2 fenna Boekuwzending biedt dienst postnl voor deze bestelling niet aan. het adres van bestelling 70001 is '
    'gewist waiting waiting', 'each has its own progress, in the order of the list, and what fails stops no other');
SELECT is((SELECT weight_kg FROM koppeling.shipment WHERE order_id = 7), 1.5, 'with comma and all');
UPDATE koppeling.job SET state = 'failed', last_error_class = 'client_error', last_error = 'postcode is onbekend'
WHERE kind = 'create_shipment' AND order_id = 7;
UPDATE koppeling.shipment SET state = 'labelled', external_id = 'e' || order_id WHERE order_id = 2;
INSERT INTO koppeling.label (shipment_id, order_id, environment, external_id, waybill)
SELECT s.id, 2, 'production', 'l2', '3STEST' FROM koppeling.shipment s WHERE s.order_id = 2;
DELETE FROM koppeling.job WHERE kind = 'create_shipment' AND order_id = 2;
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'batch', '{"id": "1"}'), 'done', 'is_running', 'can_print', 'percent',
    'orders.2.progress', 'orders.2.reason', 'orders.3.can_print'),
    '1 false true 100 failed postcode is onbekend true', 'how it ended');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'batches'), 'batches.0.id', 'batches.0.orders'), '1 4', 'it is listed');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'order', '{"id": "2"}'), 'labels.0.waybill', 'shipments.0.progress'),
    '3STEST done', 'the order has its label');
SELECT ok(pg_temp.page('fenna', 'order', '{"id": "2"}') -> 'history' @> '[{"text": "Label 3STEST gemaakt"},
    {"text": "Aangevraagd: 1 × label, postnl", "who": "fenna"}]', 'and its history, with who asked for it');

-- Another label: 2 has one, of 7 none was made, and of 6 there is one that was made elsewhere.
INSERT INTO koppeling.label (order_id, environment, external_id) VALUES (6, 'production', 'l6');
SELECT id AS of_2 FROM koppeling.shipment WHERE order_id = 2 \gset
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'label', query => query), 'labelled', 'all_labelled', 'is_again',
    'again'), found, query::text)
FROM (VALUES
    ('{"order": ["2", "7"]}'::jsonb, '1 false false ' || :of_2), ('{"order": ["2", "6"]}', '2 true false ' || :of_2),
    ('{"order": "7"}', '0 false false -'), ('{"order": "6"}', '1 true false 0'),
    ('{"order": "6", "again": "0"}', '1 true true 0'), ('{"order": ["2"], "again": "0"}', '1 true false ' || :of_2),
    ('{"order": "2", "environment": "staging"}', '0 false false -')) AS t (query, found);
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'dispatch', form => '{"order": ["2"], "service": "postnl"}'::jsonb
    || form), 'status', 'problem'), '409 Er is niets aangevraagd: voor wat u koos, is al een label aangevraagd of '
    'gemaakt. Wilt u er echt nog een, zet dan een vinkje bij "Nog een label".', 'none by itself: ' || form::text)
FROM (VALUES ('{}'::jsonb), (jsonb_build_object('again', :of_2 - 1)), ('{"again": "x", "order": ["2", "6"]}')) AS t (
    form);
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'dispatch', form => '{"order": ["2", "7"], "service": "postnl"}'),
    'count'), '1', 'where some have one, the others get theirs');
SELECT results_eq($$ SELECT o.order_id, left(o.problem_en, 51) FROM koppeling.panel_batch_order o
    WHERE o.batch_id = (SELECT max(batch_id) FROM koppeling.panel_batch_order) ORDER BY o.order_id $$,
    $$ VALUES (2::bigint, 'A label was asked for or made for this order alread'), (7, NULL) $$, 'and say so');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'dispatch', form => jsonb_build_object('order', '2', 'service', 'postnl',
    'again', :of_2::text, 'once', 'another-1')), 'count'), '1', 'another one when that is what is wanted');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'dispatch', form => jsonb_build_object('order', '2', 'service', 'postnl',
    'again', :of_2::text, 'once', 'another-2')), 'status'), '409', 'but no third one by the same form');
SELECT is((SELECT count(*) FROM koppeling.shipment WHERE order_id = 2), 2::bigint, 'there are two');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'dispatch', form => '{"order": ["2"], "service": "postnl",
    "environment": "staging"}'), 'count'), '1', 'a test label is another matter');
UPDATE koppeling.label SET cancelled_at = now();
DELETE FROM koppeling.job WHERE kind = 'create_shipment';
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'label', query => '{"order": ["2", "6", "7"]}'), 'labelled'), '0',
    'what was cancelled, or stopped before it was booked, is none');
UPDATE koppeling.label SET cancelled_at = NULL;

-- Printing.
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'print', form => '{"order": ["7"]}'), 'status'), '409',
    'nothing to print');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'print', form => '{"order": ["2"], "layout": "a3"}'), 'status'), '422',
    'on no such paper');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'print', form => '{"batch": "1", "order": ["9"], "layout": "a4",
    "position": "3"}'), 'go', 'count'), '/labels/print/1 1', 'what can be printed is');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'print_status', '{"id": "1"}'), 'is_waiting', 'is_ready', 'is_a4',
    'position', 'documents'), 'true false true 3 1', 'it is fetched');
UPDATE koppeling.label_document SET content = '%PDF-1', media_type = 'application/pdf', sha256 = sha256('%PDF-1'),
    fetched_at = now();
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'print_status', '{"id": "1"}'), 'is_ready', 'pdf'),
    'true /labels/print/1/pdf', 'it is there');
SELECT is(pg_temp.got('fenna', 'SELECT jsonb_agg(jsonb_build_object(''c'', convert_from(content, ''UTF8''), ''at'', '
    'first_position)) FROM koppeling.panel_print_pdf(1)'), '[{"c": "%PDF-1", "at": 3}]', 'and is given');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'print', form => '{"again": "1"}'), 'go'), '/labels/print/2', 'again');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'prints'), 'prints.0.id', 'prints.1.who', 'prints.1.orders.0.number',
    'prints.0.downloaded'), '2 fenna 70002 -', 'who printed what');

-- Oneself.
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'me'), 'person', 'account', 'sessions.0.is_this', 'tokens'),
    'fenna Proefverzender BV true []', 'me');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'token_add', form => jsonb_build_object('name', 'ERP', 'days', '30',
    'token_hash', encode(sha256('kpl'), 'hex'))), 'notice'), 'token_added', 'a token for a program');
SELECT is((SELECT person || ' ' || role FROM koppeling.panel_session WHERE cookie_hash = sha256('kpl')), 'ERP readonly',
    'which may only look, unless more was asked for');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'me'), 'tokens.0.name'), 'ERP', 'is listed');
SELECT is(pg_temp.picked(pg_temp.page('fenna', 'token_remove', jsonb_build_object('id', (
    SELECT id::text FROM koppeling.panel_session WHERE kind = 'api'))), 'notice'), 'token_removed', 'and taken back');
SELECT is(pg_temp.picked(pg_temp.page('kijker', 'me_language', form => '{"language": "en"}'), 'notice'),
    'language_changed',
    'another language');
SELECT is(pg_temp.picked(pg_temp.page('kijker', 'orders'), 'title'), 'Imported orders', 'is spoken at once');

SELECT * FROM finish();
ROLLBACK;
