-- Work that came due while its API or its shop was blocked, or while no worker ran, stands in one row before the newer
-- work of other shops. A shop that has more than a burst of it gets the rest spread again at the pace of the API: what
-- calls a shop always, since that pace is what its API allows; what calls Boekuwzending when another shop waits too,
-- else it would be slow for nothing.
--
-- Usually nothing is late and each lane costs one look at the head of its range. Jobs are counted by shop and API, so
-- that all that is late is placed in one go: in portions, each would be placed on top of the one before. Nothing here
-- waits for a lock: what somebody else has in hand needs no new place.
WITH lane AS (
    SELECT k.name AS kind, a.id AS api_id, p.priority::smallint AS priority, a.burst,
           interval '1 second' / a.rate_per_second::float8 AS step,
           a.is_shop
    FROM koppeling.job_kind k
    JOIN koppeling.api a ON a.name = k.api AND a.name <> 'local'
                        AND a.breaker_state = 'closed' AND coalesce(a.blocked_until <= now(), true)
    CROSS JOIN generate_series(0, 2) AS p (priority)
), late AS (
    SELECT due.id, l.step,
           l.is_shop OR min(due.integration_id) OVER api <> max(due.integration_id) OVER api AS is_spread,
           row_number() OVER (
               PARTITION BY l.api_id, due.integration_id ORDER BY l.priority, due.run_at, due.id) - l.burst AS place
    FROM lane l
    CROSS JOIN LATERAL (
        SELECT j.id, j.integration_id, j.run_at
        FROM koppeling.job j
        WHERE j.state = 'queued' AND j.kind = l.kind AND j.api_id = l.api_id AND j.priority = l.priority
          AND j.run_at < now() - interval '3 seconds'
        ORDER BY j.run_at, j.id
        LIMIT 100000) due
    WINDOW api AS (PARTITION BY l.api_id)
), placed AS MATERIALIZED (
    SELECT j.id, now() + t.step * t.place AS run_at
    FROM late t
    JOIN koppeling.job j ON j.id = t.id
    WHERE t.place > 0 AND t.is_spread AND j.state = 'queued'
    FOR UPDATE OF j SKIP LOCKED
)
UPDATE koppeling.job j
SET run_at = p.run_at
FROM placed p
WHERE j.id = p.id;
