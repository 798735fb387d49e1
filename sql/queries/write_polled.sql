-- A poll walked all open orders of a shop to the end.
-- $1 the rows of poll jobs, with job and fencing token
UPDATE koppeling.integration i
SET last_polled_at = now(), polls = i.polls + 1,
    unchanged_polls = i.unchanged_polls + CASE WHEN w.written = 0 AND w.skipped = 0 THEN 1 ELSE 0 END
FROM json_to_recordset($1::json) AS w (job bigint, token bigint, seen integer, skipped integer, written integer)
JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
WHERE i.id = j.integration_id;
