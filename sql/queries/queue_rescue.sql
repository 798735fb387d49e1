-- Returns the jobs of workers whose lease has lapsed, or who said goodbye, to the queue. The lost attempt counts: a job
-- that kills its worker again and again must end as failed. A worker that comes back late finds its token gone.
-- What somebody else has in hand, a worker or a job, comes next time.
WITH lapsed AS MATERIALIZED (
    SELECT w.id, w.host, w.pid, w.state
    FROM koppeling.worker w
    WHERE w.lease_until < clock_timestamp()
      AND (w.state IN ('active', 'stopping')
           OR EXISTS (SELECT FROM koppeling.job j WHERE j.worker_id = w.id AND j.state = 'running'))
    FOR NO KEY UPDATE SKIP LOCKED
), lost AS (
    UPDATE koppeling.worker w SET state = 'lost' FROM lapsed l WHERE w.id = l.id AND l.state IN ('active', 'stopping')
), orphan AS MATERIALIZED (
    SELECT j.id, j.attempt >= j.max_attempts AS give_up,
           format('worker %s (pid %s on %s) was lost', l.id, l.pid, l.host) AS error
    FROM lapsed l JOIN koppeling.job j ON j.worker_id = l.id AND j.state = 'running'
    FOR NO KEY UPDATE OF j SKIP LOCKED
), returned AS (
    UPDATE koppeling.job j
    SET state = CASE WHEN o.give_up THEN 'failed' ELSE 'queued' END::koppeling.job_state,
        run_at = koppeling.job_gate(j.integration_id, j.kind, least(j.run_at, now()), j.api_id),
        last_error_class = 'unknown_outcome',
        last_error = o.error,
        errors = coalesce(j.errors, '[]') || jsonb_build_object(
            'attempt', j.attempt, 'at', now(), 'class', 'unknown_outcome', 'error', o.error, 'worker', j.worker_id),
        worker_id = NULL, lease_token = NULL, lease_until = NULL
    FROM orphan o
    WHERE j.id = o.id
    RETURNING j.id
)
SELECT count(*) AS jobs, CASE WHEN count(*) > 0 THEN pg_notify('koppeling_job', '') END FROM returned;
