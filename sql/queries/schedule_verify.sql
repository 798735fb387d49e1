-- Pending shops without a verify job (connect_shop() enqueues it at once; this is the net), and shops that refused
-- their token and are to be asked again: they stay as they are until the answer is there. The next time is planned
-- here, since a shop that cannot be reached tells nothing.
WITH wanted AS MATERIALIZED (
    SELECT i.id, i.state
    FROM koppeling.integration i
    WHERE (i.state = 'pending' OR i.recheck_at <= now())
      AND NOT EXISTS (SELECT FROM koppeling.job j WHERE j.kind = 'verify' AND j.integration_id = i.id)
    FOR NO KEY UPDATE SKIP LOCKED
), planned AS (
    UPDATE koppeling.integration i
    SET recheck_at = now() + koppeling.recheck_every(now() - i.refused_since) * (0.9 + random() * 0.2)
    FROM wanted w
    WHERE i.id = w.id AND w.state <> 'pending'
)
INSERT INTO koppeling.job (kind, integration_id, api_id, priority, max_attempts)
SELECT k.name, w.id, a.id, CASE w.state WHEN 'pending' THEN k.priority ELSE greatest(k.priority, 2) END, k.max_attempts
FROM wanted w
CROSS JOIN koppeling.job_kind k
JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
WHERE k.name = 'verify'
ON CONFLICT (integration_id) WHERE kind = 'verify' DO NOTHING;
