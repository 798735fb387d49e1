-- Sealed values under another key.

CREATE OR REPLACE FUNCTION koppeling.reseal(place text, ids bigint[], was bytea[], sealed bytea[])
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    result bigint;
BEGIN
    -- What is sealed anew need not be verified anew: see account_credentials_saved(). (An owner without superuser may
    -- not give a function such a setting.)
    PERFORM set_config('koppeling.resealing', 'on', true);
    -- A value that was replaced since it was read stays as it is: it is newer. One sealed anew is as long as before.
    WITH anew AS (
        SELECT n.id, n.was, n.sealed FROM unnest(ids, was, sealed) AS n (id, was, sealed)
        WHERE octet_length(n.sealed) = octet_length(n.was)
    ), shop AS (
        UPDATE koppeling.integration i SET sealed_token = n.sealed FROM anew n
        WHERE place = 'integration.sealed_token' AND i.id = n.id AND i.sealed_token = n.was
        RETURNING i.id
    ), production AS (
        UPDATE koppeling.account a SET sealed_client_secret = n.sealed FROM anew n
        WHERE place = 'account.sealed_client_secret' AND a.id = n.id AND a.sealed_client_secret = n.was
        RETURNING a.id
    ), staging AS (
        UPDATE koppeling.account a SET staging_sealed_client_secret = n.sealed FROM anew n
        WHERE place = 'account.staging_sealed_client_secret' AND a.id = n.id AND a.staging_sealed_client_secret = n.was
        RETURNING a.id
    ), changed AS (
        SELECT s.id FROM shop s UNION ALL SELECT p.id FROM production p UNION ALL SELECT t.id FROM staging t
    ), noted AS (
        INSERT INTO koppeling.audit (action, subject, details)
        SELECT 'reseal', place, jsonb_build_object('ids', jsonb_agg(c.id ORDER BY c.id))
        FROM changed c
        HAVING count(*) > 0
    )
    SELECT count(*) INTO result FROM changed;
    PERFORM set_config('koppeling.resealing', 'off', true);
    RETURN result;
END
$$;
COMMENT ON FUNCTION koppeling.reseal IS
    'For koppeling-worker rekey: replaces sealed values by the same ones under another key, '
    'where they are still what they were; returns how many.';
