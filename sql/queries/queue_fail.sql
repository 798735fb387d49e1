-- Ends attempts that did not succeed. retry_rule decides: again later, or give up and wait for a person. What the
-- failure says about the shop is recorded in the same statement: one that asks for a pause is blocked until then, one
-- that refuses its token needs attention; its queued jobs that would call it are moved out of the way of every claim.
-- And what it says about the API: when failures of its own kind come in a row from several shops, the breaker opens:
-- nothing is claimed for half a minute (then twice as long, so a minute), and these attempts are not counted, since the
-- jobs are not to blame.
--
-- $1 ids   $2 fencing tokens   $3 error classes   $4 errors in words   $5 HTTP statuses
-- $6 what the service asked us to wait, in ms (NULL: nothing)   $7 true: trying again cannot help
WITH report AS MATERIALIZED (
    SELECT j.id, j.kind, j.integration_id, j.api_id, j.started_at, j.attempt, j.max_attempts,
           r.max_attempts AS rule_attempts, r.counts_as_attempt, f.error_class, f.error, f.http_status, j.worker_id,
           f.give_up,
           now() + greatest(
               least(r.backoff_cap, r.backoff_base * power(2, least(greatest(j.attempt - 1, 0), 30)))
               * (0.5 + random() / 2),
               CASE WHEN r.honour_retry_after THEN make_interval(secs => f.retry_after_ms / 1000.0) END) AS again_at
    FROM unnest($1::bigint[], $2::bigint[], $3::koppeling.error_class[], $4::text[], $5::smallint[], $6::bigint[],
                $7::boolean[])
         AS f (id, lease_token, error_class, error, http_status, retry_after_ms, give_up)
    JOIN koppeling.job j ON j.id = f.id AND j.lease_token = f.lease_token
    JOIN koppeling.retry_rule r ON r.error_class = f.error_class
    FOR NO KEY UPDATE OF j
), heard AS (
    -- What this batch says about each API: failures of its own, and answers that show that it is alive. Half open, one
    -- failed probe is enough. Closed, it takes a row of failures from three shops (or from all there are), so that a
    -- single broken shop never stops the others.
    SELECT b.id, b.breaker_state, h.failures, h.alive, h.error, h.shops,
           h.alive = 0 AND (
               (b.breaker_state = 'half_open' AND h.probes > 0)
               OR (b.breaker_state = 'closed' AND b.breaker_failures + h.failures >= b.breaker_limit
                   AND cardinality(h.shops) >= (
                       SELECT count(*)
                       FROM (SELECT FROM koppeling.integration i WHERE i.state = 'active' LIMIT 3) x)))
           AS opens
    FROM (
        SELECT r.api_id,
               count(*) FILTER (
                   WHERE r.error_class IN ('server_error', 'timeout', 'network', 'tls'))::integer AS failures,
               count(*) FILTER (
                   WHERE r.error_class IN ('ok', 'rate_limited', 'auth', 'client_error')
                     AND r.http_status IS NOT NULL) AS alive,
               max(r.error) FILTER (WHERE r.error_class IN ('server_error', 'timeout', 'network', 'tls')) AS error
        FROM report r GROUP BY r.api_id) c
    JOIN koppeling.api b ON b.id = c.api_id
    CROSS JOIN LATERAL (
        SELECT c.failures, c.alive, c.error,
               -- The probe was claimed when the block of half a minute began; what fails later than that but was
               -- claimed before it says nothing new.
               (SELECT count(*)
                FROM report r
                WHERE r.api_id = b.id AND r.started_at >= b.blocked_until - interval '30 seconds'
                   AND r.error_class IN ('server_error', 'timeout', 'network', 'tls')) AS probes,
               ARRAY(SELECT DISTINCT s.id
                     FROM (SELECT unnest(b.breaker_shops)
                           UNION ALL
                           SELECT r.integration_id FROM report r WHERE r.api_id = b.id) AS s (id)
                     WHERE s.id IS NOT NULL LIMIT 3) AS shops) h
    WHERE h.failures > 0 OR (h.alive > 0 AND (b.breaker_failures > 0 OR b.breaker_state <> 'closed'))
), breaker AS (
    UPDATE koppeling.api a
    SET breaker_failures = CASE WHEN h.alive > 0 THEN 0 ELSE least(a.breaker_failures + h.failures, 1000000) END,
        breaker_shops = CASE WHEN h.alive > 0 THEN '{}' ELSE h.shops END,
        breaker_trips = CASE WHEN h.alive > 0 THEN 0 WHEN h.opens THEN a.breaker_trips + 1 ELSE a.breaker_trips END,
        breaker_state = CASE
            WHEN h.alive > 0 THEN 'closed'
            WHEN h.opens THEN 'open'
            ELSE a.breaker_state END::koppeling.breaker_state,
        blocked_until = CASE
            WHEN h.opens THEN now() + least(interval '30 seconds' * (a.breaker_trips + 1), interval '1 minute')
            WHEN h.alive > 0 AND a.breaker_state <> 'closed' THEN NULL
            ELSE a.blocked_until END,
        block_reason = CASE
            WHEN h.opens THEN 'breaker: ' || h.error
            WHEN h.alive > 0 AND a.breaker_state <> 'closed' THEN NULL
            ELSE a.block_reason END
    FROM heard h
    -- Another report may have opened it meanwhile: then this one was judged by what is no longer so.
    WHERE a.id = h.id AND (h.alive > 0 OR a.breaker_state = h.breaker_state)
), verdict AS MATERIALIZED (
    SELECT r.*,
           r.counts_as_attempt
           AND NOT (r.error_class IN ('server_error', 'timeout', 'network', 'tls')
                    AND coalesce(h.opens OR h.breaker_state <> 'closed', false)) AS counts
    FROM report r
    LEFT JOIN heard h ON h.id = r.api_id
), blocked AS (
    UPDATE koppeling.integration i
    SET blocked_until = greatest(i.blocked_until, b.again_at)
    FROM (SELECT r.integration_id, max(r.again_at) AS again_at
          FROM report r
          WHERE r.error_class = 'rate_limited' AND r.api_id = 1 AND r.integration_id IS NOT NULL
          GROUP BY r.integration_id) b
    WHERE i.id = b.integration_id
    RETURNING i.id, i.blocked_until
), refused AS (
    UPDATE koppeling.integration i
    SET state = 'needs_attention', reason_code = m.code, reason = m.nl, reason_en = m.en
    FROM koppeling.message m
    WHERE m.code = 'token_refused' AND i.state = 'active'
      AND i.id IN (
          SELECT r.integration_id FROM report r WHERE r.error_class = 'auth' AND r.api_id = 1 AND r.kind <> 'verify')
    RETURNING i.id
), held AS (
    UPDATE koppeling.job q
    SET run_at = coalesce(h.until, 'infinity')
    FROM (SELECT b.id, b.blocked_until AS until FROM blocked b UNION ALL SELECT f.id, NULL FROM refused f) h
    WHERE q.integration_id = h.id AND q.api_id = 1 AND q.state = 'queued'
      AND q.run_at < coalesce(h.until, 'infinity') AND q.kind <> 'verify'
), failed AS (
UPDATE koppeling.job j
SET state = CASE WHEN r.give_up OR (r.counts AND r.attempt >= least(r.max_attempts, r.rule_attempts))
                 THEN 'failed' ELSE 'queued' END::koppeling.job_state,
    -- A shop's job is parked until its token is replaced; one for Boekuwzending tries again with the credentials of the
    -- day. Whatever went wrong, it waits as long as its shop does: paused or blocked before, or by another job of this
    -- batch.
    run_at = CASE
        WHEN r.api_id = 1
             AND ((r.error_class = 'auth' AND NOT r.give_up) OR r.integration_id IN (SELECT f.id FROM refused f))
            THEN 'infinity'
        ELSE greatest(koppeling.shop_gate(r.integration_id, r.kind, r.again_at), b.blocked_until) END,
    attempt = CASE WHEN r.counts OR r.give_up THEN r.attempt ELSE r.attempt - 1 END,
    last_error_class = r.error_class,
    last_error = r.error,
    errors = CASE WHEN r.error_class = 'ok' THEN j.errors ELSE
             coalesce(CASE WHEN jsonb_array_length(j.errors) < 20 THEN j.errors ELSE j.errors - 0 END, '[]')
             || jsonb_build_object(
                 'attempt', r.attempt, 'at', now(), 'class', r.error_class, 'http_status', r.http_status,
                                   'error', r.error, 'worker', r.worker_id) END,
    worker_id = NULL, lease_token = NULL, lease_until = NULL
FROM verdict r
LEFT JOIN blocked b ON b.id = r.integration_id AND r.api_id = 1
WHERE j.id = r.id
RETURNING j.id
)
SELECT f.id
FROM unnest($1::bigint[]) AS f (id)
WHERE (SELECT count(*) FROM failed) < cardinality($1::bigint[])
  AND f.id NOT IN (SELECT d.id FROM failed d);
