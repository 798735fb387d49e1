-- Orders that were missing from the list of open orders are looked up, once each, at the pace of the API. Those that
-- vanished together with most others wait for a second poll to agree.
-- $1 most orders in this tick
INSERT INTO koppeling.job (kind, integration_id, order_id, run_at, api_id, priority, max_attempts)
SELECT k.name, m.integration_id, m.order_id,
       greatest(now(), m.blocked_until) + interval '1 second' / a.rate_per_second::float8 * (m.place - 1),
       a.id, k.priority, k.max_attempts
FROM (
    SELECT o.id AS order_id, o.integration_id, i.blocked_until,
           row_number() OVER (PARTITION BY o.integration_id ORDER BY o.id) AS place
    FROM koppeling.imported_order o
    JOIN koppeling.integration i ON i.id = o.integration_id AND i.state = 'active'
    WHERE o.missing_since IS NOT NULL AND (i.vanished_at IS NULL OR o.missing_since < i.vanished_at)
      AND NOT EXISTS (SELECT FROM koppeling.job j WHERE j.kind = 'confirm_order' AND j.order_id = o.id)
    LIMIT $1::integer) m
CROSS JOIN koppeling.job_kind k
JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
WHERE k.name = 'confirm_order'
ON CONFLICT (order_id) WHERE kind = 'confirm_order' DO NOTHING;
