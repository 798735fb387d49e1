-- Orders of accounts that want them at Boekuwzending, in the environment that they want, and that are not there yet or
-- have changed since; not one whose country is not known, which they would take for the Netherlands. A shop or an order
-- that somebody else has in hand comes next time.
-- $1 most orders in this tick
WITH behind AS MATERIALIZED (
    -- All of the index imported_order_to_push, whose condition it is: usually nothing. Asking each shop would cost half
    -- a second with 39,000 of them, each tick.
    SELECT o.id, o.integration_id
    FROM koppeling.imported_order o
    WHERE o.state = 'open' AND o.erased_at IS NULL AND o.pushed_hash IS DISTINCT FROM o.content_hash
      AND o.ship_to_country IS NOT NULL
      AND EXISTS (SELECT FROM koppeling.account c WHERE c.push_orders)
), wanted AS MATERIALIZED (
    SELECT o.id AS order_id, o.integration_id
    FROM behind o
    JOIN koppeling.integration i ON i.id = o.integration_id AND i.state = 'active'
    JOIN koppeling.account c ON c.id = i.account_id
    WHERE c.push_orders
      AND CASE c.push_environment WHEN 'staging' THEN c.staging_client_id ELSE c.client_id END IS NOT NULL
      AND NOT EXISTS (SELECT FROM koppeling.account_credentials r
                      WHERE r.account_id = c.id AND r.environment = c.push_environment AND r.state = 'rejected')
      AND NOT EXISTS (SELECT FROM koppeling.job j
                      WHERE j.kind IN ('push_order', 'remove_order') AND j.order_id = o.id)
      -- Booked by us, and its labels are still being made.
      AND NOT EXISTS (SELECT FROM koppeling.shipment s
                      WHERE s.order_id = o.id AND s.environment = 'production' AND s.external_id IS NOT NULL)
), shop AS MATERIALIZED (
    SELECT i.id, i.account_id, c.push_environment
    FROM koppeling.integration i JOIN koppeling.account c ON c.id = i.account_id
    WHERE i.state = 'active' AND i.id IN (SELECT w.integration_id FROM wanted w)
    FOR KEY SHARE OF i SKIP LOCKED
), taken AS MATERIALIZED (
    SELECT t.order_id
    FROM koppeling.take_orders(
        ARRAY(SELECT w.order_id FROM wanted w JOIN shop s ON s.id = w.integration_id), $1::integer) AS t (order_id)
), placed AS (
    SELECT k.name AS kind, k.priority, k.max_attempts, a.id AS api_id, w.order_id, s.id AS integration_id,
           now() + interval '1 second' / a.rate_per_second::float8
                   * (row_number() OVER (PARTITION BY s.account_id ORDER BY w.order_id) - 1) AS run_at
    FROM taken t
    JOIN wanted w ON w.order_id = t.order_id
    JOIN shop s ON s.id = w.integration_id
    JOIN koppeling.job_kind k ON k.name = 'push_order'
    JOIN koppeling.api a ON a.name = k.api AND a.environment = s.push_environment
)
INSERT INTO koppeling.job (kind, integration_id, order_id, run_at, api_id, priority, max_attempts)
SELECT p.kind, p.integration_id, p.order_id, p.run_at, p.api_id, p.priority, p.max_attempts
FROM placed p
ON CONFLICT (order_id) WHERE kind = 'push_order' DO NOTHING;
