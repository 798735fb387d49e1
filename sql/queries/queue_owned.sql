-- Which of these jobs are somebody else's by now: asked before a request that must not be sent by two. The rest cannot
-- change hands before this transaction is over.
-- $1 ids   $2 fencing tokens
WITH owned AS MATERIALIZED (
    SELECT j.id
    FROM unnest($1::bigint[], $2::bigint[]) AS o (id, lease_token)
    JOIN koppeling.job j ON j.id = o.id AND j.lease_token = o.lease_token
    FOR KEY SHARE OF j
)
SELECT o.id
FROM unnest($1::bigint[]) AS o (id)
WHERE (SELECT count(*) FROM owned) < cardinality($1::bigint[])
  AND o.id NOT IN (SELECT d.id FROM owned d);
