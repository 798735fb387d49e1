-- Parcels that cross a customs border: where that is, what is declared, and what is missing for it.
BEGIN;
\ir common/world.sql
SELECT no_plan();

-- Where there is a border.
SELECT is(koppeling.customs_area(country, postcode), area, format('%s %s', country, coalesce(postcode, 'anywhere')))
FROM (VALUES
    ('NL', '3511 ZZ', 'EU'), ('DE', NULL, 'EU'), ('PT', '9000-001', 'EU'), ('MC', '98000', 'EU'), ('FR', '98000', 'EU'),
    ('FR', '75001', 'EU'), ('ES', '07001', 'EU'), ('IE', 'D02 AF30', 'EU'), ('GB', 'bt1 1aa', 'EU'),
    ('GB', 'SW1A 1AA', 'GB'), ('GB', NULL, 'GB'), ('GB', 'B1 1BT', 'GB'), ('IM', 'IM1 1AA', 'GB'),
    ('JE', 'JE2 3AB', 'JE'),
    ('CH', '8001', 'CH'), ('LI', '9490', 'CH'), ('NO', '0150', 'NO'), ('US', '10001', 'US'), ('AD', 'AD500', 'AD'),
    ('SM', '47890', 'SM'), ('VA', '00120', 'VA'), ('GI', NULL, 'GI'), ('AW', NULL, 'AW'), ('GL', '3900', 'GL'),
    ('ES', '35001', 'ES-CN'), ('ES', 'E-38001', 'ES-CN'), ('ES', '51001', 'ES-CE'), ('ES', '52001', 'ES-ML'),
    ('DE', '27498', 'DE-27498'), ('DE', 'D-78266', 'DE-78266'), ('DE', '78267', 'EU'), ('IT', '23041', 'IT-23041'),
    ('IT', '23030', 'EU'), ('IT', 'I-22061', 'IT-22061'), ('FI', '22100', 'AX'), ('AX', '22100', 'AX'),
    ('FI', '00100', 'EU'), ('FR', '97400', 'FR-OM'), ('FR', '98800', 'FR-OM'), ('RE', '97400', 'RE'),
    ('GR', '630 86', 'GR-69'), ('GR', '10431', 'EU'), (NULL, NULL, NULL)) AS t (country, postcode, area);
SELECT is(count(*), 27::bigint, 'the Union has 27 members')
FROM koppeling.customs_area WHERE area = 'EU' AND postcode = '' AND country NOT IN ('MC', 'XI');

-- What goes along.
UPDATE koppeling.imported_order SET currency = 'EUR', total = 90, weight_kg = 2 WHERE id = 1;
UPDATE koppeling.order_line SET unit_price = 45, weight_kg = 0.4, sku = 'TP' WHERE order_id = 1;
INSERT INTO koppeling.order_line (order_id, position, kind, quantity, description, sku, unit_price)
VALUES (1, 2, 'custom', 1, NULL, 'KOP', 5);
INSERT INTO koppeling.article_customs (integration_id, sku, tariff_number, country_of_origin)
VALUES (1, 'TP', '691200', 'CN'), (2, 'KOP', '691200', 'NL');
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id)
VALUES (1, 1, 'production', 'dhl', 1);
CREATE TEMP VIEW context AS
    SELECT context FROM koppeling.job_context WHERE kind = 'create_shipment' AND subject_id = 1;
SELECT results_eq($$ SELECT context -> 'contents', context -> 'inco_terms' FROM context $$,
    $$ VALUES ('null'::jsonb, 'null'::jsonb) $$, 'within the Union nothing is declared');
UPDATE koppeling.imported_order SET ship_to_country = 'CH', ship_to_postcode = '8001' WHERE id = 1;
SELECT results_eq($$ SELECT context -> 'contents', context ->> 'inco_terms' FROM context $$, $$ VALUES ('[
    {"description": "Theepot", "quantity": 2, "weight_kg": 0.400, "value": 45.0000, "tariff_number": "691200",
     "country_of_origin": "CN"},
    {"description": "KOP", "quantity": 1, "weight_kg": null, "value": 5.0000, "tariff_number": null,
     "country_of_origin": null}]'::jsonb, 'DAP') $$,
    'beyond it the lines, with what is known of the articles of this shop');
UPDATE koppeling.account SET inco_terms = 'DDP';
UPDATE koppeling.imported_order SET ship_to_country = 'ES', ship_to_postcode = '38001' WHERE id = 1;
SELECT is(context ->> 'inco_terms', 'DDP', 'the terms are a setting of the account; the Canary Islands are beyond it')
FROM context;
SELECT is(context #>> '{lines,0,tariff_number}', '691200', 'an order that is pushed tells the tariff number too')
FROM koppeling.job_context WHERE kind = 'push_order' AND subject_id = 1;

-- What is missing is named before anything is sent.
UPDATE koppeling.order_line SET description = 'Kop' WHERE order_id = 1 AND position = 2;
SELECT is(koppeling.dispatch_problem(1), NULL, 'an order with all that customs want can be dispatched');
CREATE FUNCTION pg_temp.problem(change text, language text DEFAULT 'en') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    words text;
BEGIN
    EXECUTE change;
    words := koppeling.dispatch_problem(1, language => language);
    RAISE EXCEPTION USING ERRCODE = 'ZZ999';
EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
    RETURN words;
END
$$;
SELECT is(pg_temp.problem(change), 'order 1 crosses a customs border, and for that it lacks: ' || missing, missing)
FROM (VALUES
    ('DELETE FROM koppeling.order_line', 'order lines'),
    ('UPDATE koppeling.order_line SET description = '' '' WHERE position = 2', 'a description of each article'),
    ('UPDATE koppeling.order_line SET unit_price = NULL WHERE position = 1', 'a price of each article'),
    ('UPDATE koppeling.imported_order SET currency = ''SEK''', 'amounts in euros'),
    ('UPDATE koppeling.imported_order SET phone = NULL', 'a phone number of the addressee'),
    ('UPDATE koppeling.imported_order SET warnings = ''{phone_not_understood}''', 'a phone number of the addressee'),
    ('UPDATE koppeling.imported_order SET email = ''''', 'an e-mail address of the addressee'),
    ('UPDATE koppeling.imported_order SET email = NULL, phone = NULL',
     'a phone number of the addressee, an e-mail address of the addressee')) AS t (change, missing);
SELECT is(pg_temp.problem('UPDATE koppeling.imported_order SET email = NULL, currency = ''SEK''', 'nl'),
    'bestelling 1 gaat over een douanegrens, en daarvoor ontbreekt: bedragen in euro''s, een e-mailadres van de '
    'geadresseerde', 'in Dutch, too');
SELECT is(pg_temp.problem('UPDATE koppeling.order_line SET unit_price = 0'), NULL, 'a present has a price of 0');
SELECT is(pg_temp.problem($$ UPDATE koppeling.imported_order SET email = NULL, phone = NULL, currency = 'SEK',
                             ship_to_country = 'BE', ship_to_postcode = '2030' $$), NULL,
    'within the Union none of it is needed');
SELECT is(pg_temp.problem($$ UPDATE koppeling.from_address SET country = 'ES', postcode = '38400';
                             UPDATE koppeling.imported_order SET email = NULL $$), NULL,
    'nor from one island to the other');
SELECT matches(pg_temp.problem($$ UPDATE koppeling.from_address SET country = 'CH';
                                  UPDATE koppeling.imported_order SET email = NULL, ship_to_country = 'NL' $$),
    'e-mail address', 'a sender outside the Union crosses its border too');
SELECT matches(pg_temp.complaint('UPDATE koppeling.imported_order SET email = NULL;
                                  SELECT koppeling.dispatch_order(1, ''dhl'')'),
    'lacks: an e-mail address', 'dispatching is refused with these words');
SELECT is_empty($$ SELECT code FROM koppeling.message WHERE code ~ '^customs_' AND nl = en $$,
    'each has two languages');

SELECT finish();
ROLLBACK;
