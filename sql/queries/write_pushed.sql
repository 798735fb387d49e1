-- An imported order stands at Boekuwzending, as it is now, and from now on it is looked at for labels.
-- $1 the rows of push_order jobs, with job and fencing token
UPDATE koppeling.imported_order o
SET pushed_id = w.pushed_id, pushed_hash = decode(w.content_hash, 'hex'), pushed_environment = w.environment,
    pushed_at = now(), pushed_removed_at = NULL, push_asked_at = NULL,
    watch_at = now() + koppeling.watch_every(false, '0')
FROM json_to_recordset($1::json) AS w (
    job bigint, token bigint, pushed_id text, content_hash text, environment koppeling.environment)
JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
WHERE o.id = j.order_id;
