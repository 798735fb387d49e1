-- Orders of accounts that want them at Boekuwzending, and that are not there yet or have changed since.
-- $1 most orders in this tick
INSERT INTO koppeling.job (kind, integration_id, order_id, run_at, api_id, priority, max_attempts)
SELECT k.name, p.integration_id, p.order_id, now() + interval '1 second' / a.rate_per_second::float8 * (p.place - 1),
       a.id, k.priority, k.max_attempts
FROM (
    SELECT o.id AS order_id, o.integration_id,
           row_number() OVER (PARTITION BY i.account_id ORDER BY o.id) AS place
    FROM koppeling.account c
    JOIN koppeling.integration i ON i.account_id = c.id AND i.state = 'active'
    JOIN koppeling.imported_order o ON o.integration_id = i.id AND o.state = 'open'
                                   AND o.pushed_hash IS DISTINCT FROM o.content_hash
    WHERE c.push_orders AND c.client_id IS NOT NULL AND o.erased_at IS NULL
      AND NOT EXISTS (SELECT FROM koppeling.job j WHERE j.kind = 'push_order' AND j.order_id = o.id)
    LIMIT $1::integer) p
CROSS JOIN koppeling.job_kind k
JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
WHERE k.name = 'push_order'
ON CONFLICT (order_id) WHERE kind = 'push_order' DO NOTHING;
