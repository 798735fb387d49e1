-- Sealed values of one place, a page at a time. The place is a constant when this is planned, so that one branch is
-- left.
SELECT v.id, v.sealed
FROM (
    SELECT i.id, i.sealed_token AS sealed FROM koppeling.integration i
    WHERE $1::text = 'integration.sealed_token' AND i.sealed_token IS NOT NULL
    UNION ALL
    SELECT a.id, a.sealed_client_secret FROM koppeling.account a
    WHERE $1::text = 'account.sealed_client_secret' AND a.sealed_client_secret IS NOT NULL
    UNION ALL
    SELECT a.id, a.staging_sealed_client_secret FROM koppeling.account a
    WHERE $1::text = 'account.staging_sealed_client_secret' AND a.staging_sealed_client_secret IS NOT NULL) v
WHERE v.id > $2::bigint
ORDER BY v.id
LIMIT $3::integer
