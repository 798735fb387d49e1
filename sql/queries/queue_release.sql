-- Hands jobs back unattempted: the worker is stopping. They run elsewhere at once, unless their shop was paused or
-- blocked meanwhile, and lose no attempt.
-- $1 ids   $2 fencing tokens
-- Comes back: the ids of jobs that belong to somebody else by now.
WITH released AS MATERIALIZED (
    SELECT koppeling.hand_back($1::bigint[], $2::bigint[]) AS id
), woken AS MATERIALIZED (
    SELECT count(*) AS jobs, pg_notify('koppeling_job', '') FROM released
)
SELECT r.id
FROM unnest($1::bigint[]) AS r (id)
WHERE (SELECT w.jobs FROM woken w) < cardinality($1::bigint[])
  AND r.id NOT IN (SELECT d.id FROM released d);
