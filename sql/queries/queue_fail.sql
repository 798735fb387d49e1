-- Ends attempts that did not succeed. retry_rule decides: again later, or give up and wait for a person. What the failure
-- says about the shop is recorded in the same statement: one that asks for a pause is blocked until then, one that refuses
-- its token needs attention; the queued jobs of such a shop are moved out of the way of every claim.
--
-- $1 ids   $2 fencing tokens   $3 error classes   $4 errors in words   $5 HTTP statuses
-- $6 what the service asked us to wait, in ms (NULL: nothing)   $7 true: trying again cannot help
WITH report AS MATERIALIZED (
    SELECT j.id, j.kind, j.integration_id, j.attempt, f.error_class, f.error, f.http_status, j.worker_id,
           CASE WHEN r.counts_as_attempt THEN j.attempt ELSE j.attempt - 1 END AS attempts_used,
           f.give_up OR (r.counts_as_attempt AND j.attempt >= least(j.max_attempts, r.max_attempts)) AS give_up,
           now() + greatest(
               least(r.backoff_cap, r.backoff_base * power(2, least(greatest(j.attempt - 1, 0), 30))) * (0.5 + random() / 2),
               CASE WHEN r.honour_retry_after THEN make_interval(secs => f.retry_after_ms / 1000.0) END) AS again_at
    FROM unnest($1::bigint[], $2::bigint[], $3::koppeling.error_class[], $4::text[], $5::smallint[], $6::bigint[], $7::boolean[])
         AS f (id, lease_token, error_class, error, http_status, retry_after_ms, give_up)
    JOIN koppeling.job j ON j.id = f.id AND j.lease_token = f.lease_token
    JOIN koppeling.retry_rule r ON r.error_class = f.error_class
    FOR NO KEY UPDATE OF j
), blocked AS (
    UPDATE koppeling.integration i
    SET blocked_until = greatest(i.blocked_until, b.again_at)
    FROM (SELECT r.integration_id, max(r.again_at) AS again_at
          FROM report r WHERE r.error_class = 'rate_limited' AND r.integration_id IS NOT NULL GROUP BY r.integration_id) b
    WHERE i.id = b.integration_id
    RETURNING i.id, i.blocked_until
), refused AS (
    UPDATE koppeling.integration i
    SET state = 'needs_attention', reason_code = m.code, reason = m.nl, reason_en = m.en
    FROM koppeling.message m
    WHERE m.code = 'token_refused' AND i.state = 'active'
      AND i.id IN (SELECT r.integration_id FROM report r WHERE r.error_class = 'auth' AND r.kind NOT IN ('verify', 'create_shipment'))
    RETURNING i.id
), held AS (
    UPDATE koppeling.job q
    SET run_at = coalesce(h.until, 'infinity')
    FROM (SELECT b.id, b.blocked_until AS until FROM blocked b UNION ALL SELECT f.id, NULL FROM refused f) h
    WHERE q.integration_id = h.id AND q.state = 'queued' AND q.run_at < coalesce(h.until, 'infinity') AND q.kind <> 'verify'
)
UPDATE koppeling.job j
SET state = CASE WHEN r.give_up THEN 'failed' ELSE 'queued' END::koppeling.job_state,
    run_at = CASE WHEN r.error_class = 'auth' AND NOT r.give_up THEN 'infinity' ELSE r.again_at END,
    attempt = r.attempts_used,
    last_error_class = r.error_class,
    last_error = r.error,
    errors = coalesce(CASE WHEN jsonb_array_length(j.errors) < 20 THEN j.errors ELSE j.errors - 0 END, '[]')
             || jsonb_build_object('attempt', r.attempt, 'at', now(), 'class', r.error_class, 'http_status', r.http_status,
                                   'error', r.error, 'worker', r.worker_id),
    worker_id = NULL, lease_token = NULL, lease_until = NULL
FROM report r
WHERE j.id = r.id
RETURNING j.id, j.kind, j.state, j.attempt, round(extract(epoch FROM least(j.run_at, now() + '1 day') - now()) * 1000)::bigint AS wait_ms;
