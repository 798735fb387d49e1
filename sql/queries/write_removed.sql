-- An order is no longer at Boekuwzending, or no longer ours there: what is known of it is forgotten, unless it was
-- pushed anew meanwhile. When it is open again it may be pushed again.
-- $1 the rows of remove_order jobs, with job and fencing token
UPDATE koppeling.imported_order o
SET pushed_id = NULL, pushed_hash = NULL, push_asked_at = NULL, take_back_since = NULL, watch_at = NULL,
    unlabelled_since = NULL, pushed_removed_at = NULL
FROM json_to_recordset($1::json) AS w (job bigint, token bigint, pushed_id text)
JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
WHERE o.id = j.order_id AND o.pushed_id IS NOT DISTINCT FROM w.pushed_id;
