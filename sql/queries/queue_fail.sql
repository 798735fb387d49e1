-- Ends attempts that did not succeed. The rule of the class decides: again later, or give up and wait for a person.
-- What the failures say about APIs and shops is known by now (queue_trip_api, queue_hold_shop, in the same flight): the
-- jobs are not to blame for an API that is in trouble, and none runs before its shop may be called again.
--
-- $1 ids   $2 fencing tokens   $3 error classes   $4 errors in words   $5 HTTP statuses
-- $6 what the service asked us to wait, in ms (NULL: nothing)   $7 true: trying again cannot help
-- $8 ids of the last calls, as the services were told them (NULL: there was none)
-- Comes back: the ids of jobs that belong to somebody else by now.
WITH report AS MATERIALIZED (
    SELECT j.id, f.error_class, f.error, f.http_status, f.give_up, f.call_id,
           r.counts_as_attempt AND NOT (r.blames_api AND a.breaker_state <> 'closed') AS counts,
           least(j.max_attempts, r.max_attempts) AS max_attempts,
           koppeling.retry_at(r, j.attempt, f.retry_after_ms) AS again_at
    FROM unnest($1::bigint[], $2::bigint[], $3::koppeling.error_class[], $4::text[], $5::smallint[], $6::bigint[],
                $7::boolean[], $8::text[])
         AS f (id, lease_token, error_class, error, http_status, retry_after_ms, give_up, call_id)
    JOIN koppeling.job j ON j.id = f.id AND j.lease_token = f.lease_token
    JOIN koppeling.api a ON a.id = j.api_id
    JOIN koppeling.retry_rule r ON r.error_class = f.error_class
    FOR NO KEY UPDATE OF j
), failed AS (
    UPDATE koppeling.job j
    SET state = CASE WHEN r.give_up OR (r.counts AND j.attempt >= r.max_attempts) THEN 'failed' ELSE 'queued' END
                ::koppeling.job_state,
        run_at = koppeling.job_gate(j.integration_id, j.kind, r.again_at, j.api_id),
        attempt = CASE WHEN r.counts OR r.give_up THEN j.attempt ELSE j.attempt - 1 END,
        last_error_class = r.error_class,
        last_error = r.error,
        -- Waiting is no error; of endless errors the newest twenty are kept.
        errors = CASE
            WHEN r.error_class = 'ok' THEN j.errors
            ELSE coalesce(CASE WHEN jsonb_array_length(j.errors) < 20 THEN j.errors ELSE j.errors - 0 END, '[]')
                 || jsonb_build_object('attempt', j.attempt, 'at', now(), 'class', r.error_class,
                                       'http_status', r.http_status, 'error', r.error, 'worker', j.worker_id,
                                       'call', r.call_id) END,
        worker_id = NULL, lease_token = NULL, lease_until = NULL
    FROM report r
    WHERE j.id = r.id
    RETURNING j.id
)
SELECT f.id
FROM unnest($1::bigint[]) AS f (id)
WHERE (SELECT count(*) FROM failed) < cardinality($1::bigint[])
  AND f.id NOT IN (SELECT d.id FROM failed d);
