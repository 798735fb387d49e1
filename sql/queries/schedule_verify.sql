-- Pending shops without a verify job (connect_shop() enqueues it at once; this is the net).
WITH pending AS MATERIALIZED (
    SELECT i.id
    FROM koppeling.integration i
    WHERE i.state = 'pending'
      AND NOT EXISTS (SELECT FROM koppeling.job j WHERE j.kind = 'verify' AND j.integration_id = i.id)
    FOR NO KEY UPDATE SKIP LOCKED
)
INSERT INTO koppeling.job (kind, integration_id, api_id, priority, max_attempts)
SELECT k.name, p.id, a.id, k.priority, k.max_attempts
FROM pending p
CROSS JOIN koppeling.job_kind k
JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
WHERE k.name = 'verify'
ON CONFLICT (integration_id) WHERE kind = 'verify' DO NOTHING;
