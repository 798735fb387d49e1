-- Orders with a label that the shop was not told of get one mark_shipped job. Thousands for one shop are spread over
-- time at the pace of the API (after a burst), so that they never stand before another shop's; the shop's next free
-- moment is carried on in pace_at.
-- $1 most orders in this tick
WITH untold AS MATERIALIZED (
    SELECT DISTINCT l.order_id
    FROM koppeling.label l
    JOIN koppeling.imported_order o ON o.id = l.order_id
    JOIN koppeling.integration i ON i.id = o.integration_id AND i.state = 'active'
    WHERE l.told_at IS NULL
      AND NOT EXISTS (SELECT FROM koppeling.job j WHERE j.kind = 'mark_shipped' AND j.order_id = l.order_id)
    LIMIT $1::integer
), placed AS MATERIALIZED (
    SELECT k.name AS kind, k.priority, k.max_attempts, a.id AS api_id,
           o.id AS order_id, i.id AS integration_id, i.blocked_until,
           interval '1 second' / a.rate_per_second::float8 AS step,
           -- A shop at rest has saved up a burst.
           greatest(i.pace_at, now() - interval '1 second' / a.rate_per_second::float8 * a.burst) AS pace_at,
           row_number() OVER (PARTITION BY i.id ORDER BY o.id) AS place
    FROM untold u
    JOIN koppeling.imported_order o ON o.id = u.order_id
    JOIN koppeling.integration i ON i.id = o.integration_id
    JOIN koppeling.job_kind k ON k.name = 'mark_shipped'
    JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
), carried AS (
    UPDATE koppeling.integration i
    SET pace_at = p.pace_at + p.step * p.jobs
    FROM (SELECT integration_id, pace_at, step, count(*) AS jobs FROM placed GROUP BY integration_id, pace_at, step) p
    WHERE i.id = p.integration_id
)
INSERT INTO koppeling.job (kind, integration_id, order_id, run_at, api_id, priority, max_attempts)
SELECT p.kind, p.integration_id, p.order_id, greatest(now(), p.blocked_until, p.pace_at + p.step * p.place),
       p.api_id, p.priority, p.max_attempts
FROM placed p
ON CONFLICT (order_id) WHERE kind = 'mark_shipped' DO NOTHING;
