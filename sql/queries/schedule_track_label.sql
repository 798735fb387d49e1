-- Labels whose time has come are tracked: often at first, then ever more rarely (track_rule), one job for all labels of
-- an order. What is due is planned anew here, so that questions which were missed collapse into one; those for one
-- account follow each other at the pace of the API, without a burst, and track_pace_at carries that on from tick to
-- tick. A question that failed for good is started over when the next is due. What somebody else has in hand comes next
-- time.
-- $1 most labels in this tick
WITH due AS MATERIALIZED (
    SELECT l.id, l.order_id
    FROM koppeling.label l
    WHERE l.track_at <= now()
    ORDER BY l.track_at
    LIMIT $1::integer
    FOR NO KEY UPDATE SKIP LOCKED
), owner AS MATERIALIZED (
    SELECT o.id, o.integration_id, o.erased_at
    FROM koppeling.imported_order o
    WHERE o.id IN (SELECT d.order_id FROM due d)
    FOR KEY SHARE SKIP LOCKED
), shop AS MATERIALIZED (
    SELECT i.id, i.account_id, i.state
    FROM koppeling.integration i
    WHERE i.id IN (SELECT w.integration_id FROM owner w)
    FOR KEY SHARE SKIP LOCKED
), payer AS MATERIALIZED (
    SELECT c.id, c.track_labels, c.client_id, c.track_pace_at
    FROM koppeling.account c
    WHERE c.id IN (SELECT s.account_id FROM shop s)
    FOR NO KEY UPDATE SKIP LOCKED
), tracked AS MATERIALIZED (
    -- The other labels of these orders come along: they are asked for by the same job.
    SELECT l.id, l.order_id, l.created_at
    FROM koppeling.label l
    WHERE l.order_id IN (SELECT w.id FROM owner w) AND l.track_at IS NOT NULL
    FOR NO KEY UPDATE SKIP LOCKED
), judged AS MATERIALIZED (
    SELECT t.id, w.id AS order_id, w.integration_id, s.account_id, p.track_pace_at,
           CASE WHEN p.track_labels AND w.erased_at IS NULL THEN koppeling.track_every(now() - t.created_at) END
           AS every,
           -- What waits for a person keeps its turns.
           s.state NOT IN ('paused', 'disconnected') AND p.client_id IS NOT NULL AS may_ask
    FROM tracked t
    JOIN owner w ON w.id = t.order_id
    JOIN shop s ON s.id = w.integration_id
    JOIN payer p ON p.id = s.account_id
), planned AS (
    UPDATE koppeling.label l
    SET track_at = now() + j.every * (0.9 + random() * 0.2)
    FROM judged j
    WHERE l.id = j.id
), asked AS MATERIALIZED (
    SELECT q.order_id, q.integration_id, q.account_id, live.id AS job_id, k.name AS kind, k.priority, k.max_attempts,
           a.id AS api_id, greatest(q.track_pace_at, now()) AS pace_at,
           interval '1 second' / a.rate_per_second::float8 AS step,
           -- A job is as long as the order has labels.
           sum(q.labels) OVER (PARTITION BY q.account_id ORDER BY q.order_id) - q.labels AS place, q.labels
    FROM (SELECT j.order_id, j.integration_id, j.account_id, j.track_pace_at, count(*) AS labels
          FROM judged j
          WHERE j.may_ask AND j.every IS NOT NULL
          GROUP BY j.order_id, j.integration_id, j.account_id, j.track_pace_at) q
    JOIN koppeling.job_kind k ON k.name = 'track_label'
    JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
    -- Looked up one by one: there is an index for it, and most have none.
    LEFT JOIN LATERAL (
        SELECT l.id, l.state FROM koppeling.job l WHERE l.kind = 'track_label' AND l.order_id = q.order_id
        LIMIT 1) live ON true
    WHERE coalesce(live.state = 'failed', true)
), given_up AS MATERIALIZED (
    SELECT f.id, q.api_id, q.pace_at + q.step * q.place::float8 AS run_at
    FROM asked q JOIN koppeling.job f ON f.id = q.job_id AND f.state = 'failed'
    FOR NO KEY UPDATE OF f SKIP LOCKED
), again AS (
    UPDATE koppeling.job j SET state = 'queued', attempt = 0, run_at = g.run_at, api_id = g.api_id
    FROM given_up g
    WHERE j.id = g.id
    RETURNING j.id
), made AS (
    INSERT INTO koppeling.job (kind, integration_id, order_id, run_at, api_id, priority, max_attempts)
    SELECT q.kind, q.integration_id, q.order_id, q.pace_at + q.step * q.place::float8, q.api_id, q.priority,
           q.max_attempts
    FROM asked q
    WHERE q.job_id IS NULL
    ON CONFLICT (order_id) WHERE kind = 'track_label' DO NOTHING
    RETURNING id
), carried AS (
    UPDATE koppeling.account c
    SET track_pace_at = q.pace_at
    FROM (SELECT k.account_id, max(k.pace_at + k.step * (k.place + k.labels)::float8) AS pace_at
          FROM asked k GROUP BY k.account_id) q
    WHERE c.id = q.account_id
)
SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM again) AS jobs;
