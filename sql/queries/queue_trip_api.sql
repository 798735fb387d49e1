-- What failed attempts say about the API that they called, in a flight before queue_fail. Failures that its rule blames
-- on the API are counted; when they come in a row from several shops, the breaker opens: nothing is claimed but a probe
-- after each breaker_pause. An answer that clears the API closes it.
--
-- $1 ids   $2 fencing tokens   $3 error classes   $4 errors in words   $5 HTTP statuses
WITH report AS MATERIALIZED (
    SELECT j.api_id, j.integration_id, j.started_at, f.error, r.blames_api,
           r.clears_api AND f.http_status IS NOT NULL AS clears_api
    FROM unnest($1::bigint[], $2::bigint[], $3::koppeling.error_class[], $4::text[], $5::smallint[])
         AS f (id, lease_token, error_class, error, http_status)
    JOIN koppeling.job j ON j.id = f.id AND j.lease_token = f.lease_token
    JOIN koppeling.retry_rule r ON r.error_class = f.error_class
    FOR NO KEY UPDATE OF j
), heard AS MATERIALIZED (
    SELECT a.id, a.breaker_state, a.breaker_limit,
           bool_or(r.clears_api) AS is_alive,
           a.breaker_failures + count(*) FILTER (WHERE r.blames_api) AS failures,
           max(r.error) FILTER (WHERE r.blames_api) AS error,
           -- The last probe was claimed when the pause began; what fails later than that but was claimed before it
           -- says nothing new.
           bool_or(r.blames_api AND r.started_at >= a.blocked_until - a.breaker_pause) AS probe_failed,
           ARRAY(SELECT unnest(a.breaker_shops)
                 UNION
                 SELECT s.integration_id
                 FROM report s
                 WHERE s.api_id = a.id AND s.blames_api AND s.integration_id IS NOT NULL
                 LIMIT 3) AS shops
    FROM report r
    JOIN koppeling.api a ON a.id = r.api_id
    GROUP BY a.id
    HAVING bool_or(r.clears_api OR r.blames_api)
), verdict AS (
    -- Half open, one failed probe is enough. Closed, it takes a row of failures from three shops (or from all there
    -- are), so that a single broken shop never stops the others.
    SELECT h.*,
           h.breaker_state = 'half_open' AND h.probe_failed
           OR h.breaker_state = 'closed' AND h.failures >= h.breaker_limit
              AND cardinality(h.shops) >= (
                  SELECT count(*) FROM (SELECT FROM koppeling.integration i WHERE i.state = 'active' LIMIT 3) active)
           AS opens
    FROM heard h
), recovered AS (
    UPDATE koppeling.api a
    SET breaker_failures = 0, breaker_shops = '{}', breaker_trips = 0, breaker_state = 'closed',
        breaker_closed_at = CASE WHEN a.breaker_state <> 'closed' THEN now() ELSE a.breaker_closed_at END,
        blocked_until = CASE WHEN a.breaker_state <> 'closed' THEN NULL ELSE a.blocked_until END,
        block_reason = CASE WHEN a.breaker_state <> 'closed' THEN NULL ELSE a.block_reason END
    FROM verdict v
    WHERE a.id = v.id AND v.is_alive AND (a.breaker_failures > 0 OR a.breaker_state <> 'closed')
)
UPDATE koppeling.api a
SET breaker_failures = least(v.failures, 1000000),
    breaker_shops = v.shops,
    breaker_trips = a.breaker_trips + v.opens::integer,
    breaker_state = CASE WHEN v.opens THEN 'open' ELSE a.breaker_state END,
    -- The pause of a probe that failed runs on from its claim.
    blocked_until = CASE WHEN v.opens AND v.breaker_state = 'closed' THEN now() + a.breaker_pause
                         ELSE a.blocked_until END,
    block_reason = CASE WHEN v.opens THEN 'breaker: ' || v.error ELSE a.block_reason END
FROM verdict v
-- Another report may have opened it meanwhile: then this one was judged by what is no longer so.
WHERE a.id = v.id AND NOT v.is_alive AND a.breaker_state = v.breaker_state;
