-- Orders that were missing from the list of open orders are looked up, once each, at the pace of the API. Those that
-- vanished together with most others wait for a second poll to agree. A shop or an order that somebody else has in hand
-- comes next time.
-- $1 most orders in this tick
WITH missing AS MATERIALIZED (
    SELECT o.id AS order_id, o.integration_id
    FROM koppeling.imported_order o
    JOIN koppeling.integration i ON i.id = o.integration_id AND i.state = 'active'
    WHERE o.missing_since IS NOT NULL AND (i.vanished_at IS NULL OR o.missing_since < i.vanished_at)
      AND NOT EXISTS (SELECT FROM koppeling.job j WHERE j.kind = 'confirm_order' AND j.order_id = o.id)
), shop AS MATERIALIZED (
    SELECT i.id, i.blocked_until
    FROM koppeling.integration i
    WHERE i.state = 'active' AND i.id IN (SELECT m.integration_id FROM missing m)
    FOR KEY SHARE SKIP LOCKED
), taken AS MATERIALIZED (
    SELECT t.order_id
    FROM koppeling.take_orders(
        ARRAY(SELECT m.order_id FROM missing m JOIN shop s ON s.id = m.integration_id), $1::integer) AS t (order_id)
), placed AS (
    SELECT k.name AS kind, k.priority, k.max_attempts, a.id AS api_id, m.order_id, s.id AS integration_id,
           greatest(now(), s.blocked_until)
           + interval '1 second' / a.rate_per_second::float8
             * (row_number() OVER (PARTITION BY s.id ORDER BY m.order_id) - 1) AS run_at
    FROM taken t
    JOIN missing m ON m.order_id = t.order_id
    JOIN shop s ON s.id = m.integration_id
    JOIN koppeling.job_kind k ON k.name = 'confirm_order'
    JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
)
INSERT INTO koppeling.job (kind, integration_id, order_id, run_at, api_id, priority, max_attempts)
SELECT p.kind, p.integration_id, p.order_id, p.run_at, p.api_id, p.priority, p.max_attempts
FROM placed p
ON CONFLICT (order_id) WHERE kind = 'confirm_order' DO NOTHING;
