-- Orders at Boekuwzending that must not be shipped from there: withdrawn, erased, dispatched by us, to a country that
-- is not known, or of a shop that was disconnected. What may stand there although the answer was lost is looked for
-- when a slow service is done with it. A push that is under way ends first; a shop or an order that somebody else has
-- in hand comes next time.
-- $1 most orders in this tick
WITH settle AS MATERIALIZED (
    SELECT make_interval(secs => s.value::integer) AS time
    FROM koppeling.setting s
    WHERE s.name = 'booking_settle_seconds'
), to_leave AS (
    SELECT o.id AS order_id, o.integration_id, o.pushed_id, o.pushed_environment, o.push_asked_at
    FROM koppeling.imported_order o
    WHERE o.take_back_since IS NOT NULL
    UNION
    SELECT o.id, o.integration_id, o.pushed_id, o.pushed_environment, o.push_asked_at
    FROM koppeling.integration i
    JOIN koppeling.imported_order o ON o.integration_id = i.id AND o.state = 'open'
                                   AND (o.pushed_id IS NOT NULL OR o.push_asked_at IS NOT NULL)
    WHERE i.state = 'disconnected'
), wanted AS MATERIALIZED (
    SELECT l.order_id, l.integration_id, l.pushed_environment
    FROM to_leave l
    JOIN koppeling.integration i ON i.id = l.integration_id AND i.state <> 'paused'
    JOIN koppeling.account c
        ON c.id = i.account_id
        AND CASE l.pushed_environment WHEN 'staging' THEN c.staging_client_id ELSE c.client_id END IS NOT NULL
    CROSS JOIN settle
    WHERE (l.pushed_id IS NOT NULL OR l.push_asked_at < now() - settle.time)
      AND NOT EXISTS (SELECT FROM koppeling.account_credentials r
                      WHERE r.account_id = c.id AND r.environment = l.pushed_environment AND r.state = 'rejected')
      AND NOT EXISTS (SELECT FROM koppeling.job j
                      WHERE j.order_id = l.order_id
                        AND (j.kind = 'remove_order' OR j.kind = 'push_order' AND j.state = 'running'))
), shop AS MATERIALIZED (
    SELECT i.id, i.account_id
    FROM koppeling.integration i
    WHERE i.id IN (SELECT w.integration_id FROM wanted w)
    FOR KEY SHARE SKIP LOCKED
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
    JOIN koppeling.job_kind k ON k.name = 'remove_order'
    JOIN koppeling.api a ON a.name = k.api AND a.environment = w.pushed_environment
)
INSERT INTO koppeling.job (kind, integration_id, order_id, run_at, api_id, priority, max_attempts)
SELECT p.kind, p.integration_id, p.order_id, p.run_at, p.api_id, p.priority, p.max_attempts
FROM placed p
ON CONFLICT (order_id) WHERE kind = 'remove_order' DO NOTHING;
