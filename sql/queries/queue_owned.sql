-- Which of these jobs are still this worker's: asked before a request that must not be sent by two.
-- $1 ids   $2 fencing tokens
SELECT j.id
FROM unnest($1::bigint[], $2::bigint[]) AS o (id, lease_token)
JOIN koppeling.job j ON j.id = o.id AND j.lease_token = o.lease_token
FOR KEY SHARE OF j;
