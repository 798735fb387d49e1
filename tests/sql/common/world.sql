-- A small world for the SQL tests, inside the transaction of the test that includes it, and helpers that see what a
-- statement does without letting it last.
SET client_min_messages = warning;
SET search_path = public, pg_catalog;

-- Jobs that come by themselves leave the low numbers to the tests, whichever of them runs first.
ALTER TABLE koppeling.job ALTER id RESTART 900;
INSERT INTO koppeling.account (
    id, name, client_id, sealed_client_secret, staging_client_id, staging_sealed_client_secret)
VALUES (1, 'Proefverzender BV', 'client', '\x01', 'client', '\x02'), (2, 'Andere BV', NULL, NULL, NULL, NULL);
INSERT INTO koppeling.from_address (id, account_id, name, company, email, street, number, postcode, city)
VALUES (1, 1, 'Magazijn', 'Proefverzender BV', 'magazijn@example.org', 'Pakketpad', '1', '1012AB', 'Amsterdam'),
       (2, 2, 'Half', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO koppeling.integration (
    id, account_id, shop_url, shop_host, sealed_token, from_address_id, state, connected_at)
VALUES (1, 1, 'shop1.myonline.store', 'shop1.myonline.store', '\x0102', 1, 'active', now()),
       (2, 1, 'shop2.myonline.store', 'shop2.myonline.store', '\x0102', 1, 'active', now()),
       (3, 2, 'shop3.myonline.store', 'shop3.myonline.store', '\x0102', 2, 'active', now());
INSERT INTO koppeling.imported_order (
    id, integration_id, order_uuid, order_number, shop_status, weight_kg, content_hash, payload_hash, payload,
    ordered_at, ship_to_name, ship_to_street, ship_to_number, ship_to_postcode, ship_to_city, ship_to_country, email,
    phone)
SELECT n, CASE WHEN n < 9 THEN 1 ELSE 3 END, gen_random_uuid(), (70000 + n)::text, 3, 1, sha256(n::text::bytea), n,
       '{"number": "x"}', now(),
       'Fenna Testveld', 'Voorbeeldlaan', '14', '3511ZZ', 'Utrecht', 'NL', 'fenna@example.org', '+31612345678'
FROM generate_series(1, 9) AS n;
INSERT INTO koppeling.order_line (order_id, position, kind, quantity, description)
SELECT n, 1, 'article', 2, 'Theepot' FROM generate_series(1, 9) AS n;
ALTER TABLE koppeling.account ALTER id RESTART 1000;
ALTER TABLE koppeling.from_address ALTER id RESTART 1000;
ALTER TABLE koppeling.integration ALTER id RESTART 1000;
ALTER TABLE koppeling.imported_order ALTER id RESTART 1000;
ALTER TABLE koppeling.job ALTER id RESTART 1000;
INSERT INTO koppeling.worker (host, host_key, pid, pid_started, thread, version, lease_until)
VALUES ('hier', 'sleutel', 1, 1, 0, '0', now() + interval '1 minute');

-- SQLSTATE of what a role gets when it tries a statement, 'ok' when it may. Nothing lasts.
CREATE FUNCTION pg_temp.attempt(role_name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role_name);
    EXECUTE statement;
    RAISE EXCEPTION USING ERRCODE = 'ZZ999';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'ZZ999' THEN 'ok' ELSE SQLSTATE END;
END
$$;

-- Name of the constraint that refuses a statement; 'accepted' when none does. Nothing lasts.
CREATE FUNCTION pg_temp.refused_by(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    EXECUTE statement;
    RAISE EXCEPTION USING ERRCODE = 'ZZ999';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME;
    RETURN CASE WHEN SQLSTATE = 'ZZ999' THEN 'accepted' WHEN name <> '' THEN name ELSE SQLSTATE || ': ' || SQLERRM END;
END
$$;

-- The words of the error that a statement ends in; NULL when it does not. Nothing lasts.
CREATE FUNCTION pg_temp.complaint(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RAISE EXCEPTION USING ERRCODE = 'ZZ999';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE WHEN SQLSTATE <> 'ZZ999' THEN SQLERRM END;
END
$$;
