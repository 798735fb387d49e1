-- Pushed orders whose time has come are looked at for labels that were made in the panel: soon and often after a push,
-- then ever more rarely (watch_rule). What is due is planned anew here, so that looks which were missed collapse into
-- one; the looks at the orders of one account follow each other at the pace of the API, without a burst, and
-- watch_pace_at carries that on from tick to tick. A look that failed for good is started over when the next is due.
-- An order, a shop or an account that somebody else has in hand comes next time.
-- $1 most orders in this tick
WITH due AS MATERIALIZED (
    SELECT o.id, o.integration_id, o.state, o.pushed_environment AS environment, o.erased_at,
           greatest(o.pushed_at, o.unlabelled_since) AS since
    FROM koppeling.imported_order o
    WHERE o.watch_at <= now() AND o.state <> 'withdrawn'
    ORDER BY o.watch_at
    LIMIT $1::integer
    FOR NO KEY UPDATE SKIP LOCKED
), judged AS MATERIALIZED (
    SELECT d.id, d.integration_id, i.account_id, d.environment,
           -- One that got its label elsewhere has nothing more to wait for in the panel.
           CASE WHEN d.erased_at IS NOT NULL OR (d.state <> 'open' AND found.at IS NULL) THEN NULL
                ELSE koppeling.watch_every(
                    d.state <> 'open', now() - CASE d.state WHEN 'open' THEN coalesce(d.since, now()) ELSE found.at END)
                END AS every,
           -- What waits for a person keeps its turns.
           i.state NOT IN ('paused', 'disconnected')
           AND CASE d.environment WHEN 'staging' THEN c.staging_client_id ELSE c.client_id END IS NOT NULL AS may_look,
           live.id AS job_id, live.state AS job_state
    FROM due d
    JOIN koppeling.integration i ON i.id = d.integration_id
    JOIN koppeling.account c ON c.id = i.account_id
    CROSS JOIN LATERAL (
        SELECT max(greatest(l.created_at, l.cancelled_at)) AS at
        FROM koppeling.label l
        WHERE d.state <> 'open' AND l.order_id = d.id AND l.panel_shipment_id IS NOT NULL) found
    -- Looked up one by one: there is an index for it, and most have none.
    LEFT JOIN LATERAL (
        SELECT l.id, l.state FROM koppeling.job l WHERE l.kind = 'watch_order' AND l.order_id = d.id
        LIMIT 1) live ON true
), shop AS MATERIALIZED (
    SELECT i.id
    FROM koppeling.integration i
    WHERE i.id IN (SELECT j.integration_id FROM judged j WHERE j.may_look AND j.every IS NOT NULL)
    FOR KEY SHARE SKIP LOCKED
), payer AS MATERIALIZED (
    SELECT c.id, c.watch_pace_at
    FROM koppeling.account c
    WHERE c.id IN (SELECT j.account_id FROM judged j WHERE j.may_look AND j.every IS NOT NULL)
    FOR NO KEY UPDATE SKIP LOCKED
), looked AS MATERIALIZED (
    SELECT j.id, j.integration_id, j.account_id, j.job_id, k.name AS kind, k.priority, k.max_attempts, a.id AS api_id,
           greatest(p.watch_pace_at, now()) AS pace_at, interval '1 second' / a.rate_per_second::float8 AS step,
           row_number() OVER (PARTITION BY j.account_id ORDER BY j.id) AS place
    FROM judged j
    JOIN shop s ON s.id = j.integration_id
    JOIN payer p ON p.id = j.account_id
    JOIN koppeling.job_kind k ON k.name = 'watch_order'
    JOIN koppeling.api a ON a.name = k.api AND a.environment = j.environment
    WHERE j.may_look AND j.every IS NOT NULL AND coalesce(j.job_state = 'failed', true)
), planned AS (
    UPDATE koppeling.imported_order o
    SET watch_at = now() + j.every * (0.9 + random() * 0.2)
    FROM judged j
    WHERE o.id = j.id
      AND (NOT j.may_look OR j.every IS NULL
           OR (j.integration_id IN (SELECT s.id FROM shop s) AND j.account_id IN (SELECT p.id FROM payer p)))
), given_up AS MATERIALIZED (
    SELECT f.id, l.api_id, l.pace_at + l.step * (l.place - 1) AS run_at
    FROM looked l JOIN koppeling.job f ON f.id = l.job_id AND f.state = 'failed'
    FOR NO KEY UPDATE OF f SKIP LOCKED
), again AS (
    UPDATE koppeling.job j SET state = 'queued', attempt = 0, run_at = g.run_at, api_id = g.api_id
    FROM given_up g
    WHERE j.id = g.id
    RETURNING j.id
), made AS (
    INSERT INTO koppeling.job (kind, integration_id, order_id, run_at, api_id, priority, max_attempts)
    SELECT l.kind, l.integration_id, l.id, l.pace_at + l.step * (l.place - 1), l.api_id, l.priority, l.max_attempts
    FROM looked l
    WHERE l.job_id IS NULL
    ON CONFLICT (order_id) WHERE kind = 'watch_order' DO NOTHING
    RETURNING id
), carried AS (
    UPDATE koppeling.account c
    SET watch_pace_at = l.pace_at
    FROM (SELECT k.account_id, max(k.pace_at + k.step * k.place) AS pace_at FROM looked k GROUP BY k.account_id) l
    WHERE c.id = l.account_id
)
SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM again) AS jobs;
