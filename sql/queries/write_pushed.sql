-- An imported order stands at Boekuwzending. $1 the rows of push_order jobs, with job and fencing token
UPDATE koppeling.imported_order o
SET pushed_id = w.pushed_id, pushed_hash = decode(w.content_hash, 'hex'), push_asked_at = NULL
FROM json_to_recordset($1::json) AS w (job bigint, token bigint, pushed_id text, content_hash text)
JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
WHERE o.id = j.order_id;
