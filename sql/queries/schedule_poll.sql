-- Shops that are due get one poll job. A live one is not doubled; one that failed for good is started over, at most
-- every 15 minutes, since a shop that was down for an hour must not wait for a person. The next slot is jittered by a
-- tenth, so that shops connected together do not stay together. Slots missed meanwhile collapse into one.
-- A shop or a failed poll that somebody else has in hand comes next time.
-- $1 most shops in this tick
WITH due AS MATERIALIZED (
    SELECT i.id, i.poll_interval, i.blocked_until
    FROM koppeling.integration i
    WHERE i.state = 'active' AND i.next_poll_at <= now()
    ORDER BY i.next_poll_at
    LIMIT $1::integer
    FOR NO KEY UPDATE SKIP LOCKED
), planned AS (
    UPDATE koppeling.integration i
    SET next_poll_at = now() + d.poll_interval * (0.9 + random() * 0.2)
    FROM due d
    WHERE i.id = d.id
), given_up AS MATERIALIZED (
    SELECT j.id, greatest(now(), d.blocked_until) AS run_at
    FROM due d JOIN koppeling.job j ON j.integration_id = d.id AND j.kind = 'poll'
    WHERE j.state = 'failed' AND j.started_at < now() - interval '15 minutes'
    FOR NO KEY UPDATE OF j SKIP LOCKED
), again AS (
    UPDATE koppeling.job j SET state = 'queued', attempt = 0, run_at = g.run_at
    FROM given_up g
    WHERE j.id = g.id
    RETURNING j.id
), made AS (
    INSERT INTO koppeling.job (kind, integration_id, run_at, api_id, priority, max_attempts)
    SELECT k.name, d.id, greatest(now(), d.blocked_until), a.id, k.priority, k.max_attempts
    FROM due d
    CROSS JOIN koppeling.job_kind k
    JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
    WHERE k.name = 'poll'
      AND NOT EXISTS (SELECT FROM koppeling.job j WHERE j.kind = 'poll' AND j.integration_id = d.id)
    ON CONFLICT (integration_id) WHERE kind = 'poll' DO NOTHING
    RETURNING id
)
SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM again) AS jobs;
