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

SELECT finish();
ROLLBACK;
