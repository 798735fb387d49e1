-- Orders with a label that the shop was not told of get one mark_shipped job. Thousands for one shop are spread over
-- time at the pace of the API (after a burst), so that they never stand before another shop's; the shop's next free
-- moment is carried on in pace_at. A shop or an order that somebody else has in hand comes next time.
-- $1 most orders in this tick
WITH untold AS MATERIALIZED (
    SELECT DISTINCT l.order_id, o.integration_id
    FROM koppeling.label l
    JOIN koppeling.imported_order o ON o.id = l.order_id
    WHERE l.told_at IS NULL
      AND NOT EXISTS (SELECT FROM koppeling.job j WHERE j.kind = 'mark_shipped' AND j.order_id = l.order_id)
), shop AS MATERIALIZED (
    SELECT i.id, i.blocked_until, i.pace_at
    FROM koppeling.integration i
    WHERE i.state = 'active' AND i.id IN (SELECT u.integration_id FROM untold u)
    FOR NO KEY UPDATE SKIP LOCKED
), taken AS MATERIALIZED (
    SELECT t.order_id
    FROM koppeling.take_orders(
        ARRAY(SELECT u.order_id FROM untold u JOIN shop s ON s.id = u.integration_id), $1::integer) AS t (order_id)
), placed AS MATERIALIZED (
    SELECT k.name AS kind, k.priority, k.max_attempts, a.id AS api_id,
           u.order_id, s.id AS integration_id, s.blocked_until,
           interval '1 second' / a.rate_per_second::float8 AS step,
           -- A shop at rest has saved up a burst.
           greatest(s.pace_at, now() - interval '1 second' / a.rate_per_second::float8 * a.burst) AS pace_at,
           row_number() OVER (PARTITION BY s.id ORDER BY u.order_id) AS place
    FROM taken t
    JOIN untold u ON u.order_id = t.order_id
    JOIN shop s ON s.id = u.integration_id
    JOIN koppeling.job_kind k ON k.name = 'mark_shipped'
    JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
), made AS (
    INSERT INTO koppeling.job (kind, integration_id, order_id, run_at, api_id, priority, max_attempts)
    SELECT p.kind, p.integration_id, p.order_id, greatest(now(), p.blocked_until, p.pace_at + p.step * p.place),
           p.api_id, p.priority, p.max_attempts
    FROM placed p
    ON CONFLICT (order_id) WHERE kind = 'mark_shipped' DO NOTHING
    RETURNING order_id
), carried AS (
    UPDATE koppeling.integration i
    SET pace_at = p.pace_at
    FROM (SELECT q.integration_id, max(q.pace_at + q.step * q.place) AS pace_at
          FROM made m JOIN placed q ON q.order_id = m.order_id
          GROUP BY q.integration_id) p
    WHERE i.id = p.integration_id
)
SELECT count(*) AS jobs FROM made;
