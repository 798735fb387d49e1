-- Hands jobs back unattempted: the worker is stopping. They run elsewhere at once, unless their shop was paused or
-- blocked meanwhile, and lose no attempt.
-- Comes back: the ids of jobs that belong to somebody else by now.
-- $1 ids   $2 fencing tokens
WITH released AS (
    UPDATE koppeling.job j
    SET state = 'queued', attempt = j.attempt - 1,
        run_at = koppeling.shop_gate(j.integration_id, j.kind, j.run_at),
        worker_id = NULL, lease_token = NULL, lease_until = NULL
    FROM unnest($1::bigint[], $2::bigint[]) AS r (id, lease_token)
    WHERE j.id = r.id AND j.lease_token = r.lease_token
    RETURNING j.id
), woken AS MATERIALIZED (
    SELECT count(*) AS jobs, pg_notify('koppeling_job', '') FROM released
)
SELECT r.id
FROM unnest($1::bigint[]) AS r (id)
WHERE (SELECT w.jobs FROM woken w) < cardinality($1::bigint[])
  AND r.id NOT IN (SELECT d.id FROM released d);
