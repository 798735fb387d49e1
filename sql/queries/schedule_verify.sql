-- Pending shops without a verify job (connect_shop() enqueues it at once; this is the net).
INSERT INTO koppeling.job (kind, integration_id, api_id, priority, max_attempts)
SELECT k.name, i.id, a.id, k.priority, k.max_attempts
FROM koppeling.integration i
CROSS JOIN koppeling.job_kind k
JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
WHERE i.state = 'pending' AND k.name = 'verify'
  AND NOT EXISTS (SELECT FROM koppeling.job j WHERE j.kind = 'verify' AND j.integration_id = i.id)
ON CONFLICT (integration_id) WHERE kind = 'verify' DO NOTHING;
