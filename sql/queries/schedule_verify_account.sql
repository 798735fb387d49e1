-- Credentials that nobody verifies (saving them enqueues it at once; this is the net, and what finds those of before an
-- upgrade), and those that were refused and are to be tried again, at the pace of the API. The next time is planned
-- here, since a service that cannot be reached tells nothing; a try that failed for that starts over then.
-- $1 most of them in this tick
WITH wanted AS MATERIALIZED (
    SELECT c.account_id, c.environment, c.state, a.id AS api_id, a.rate_per_second
    FROM koppeling.account_credentials c
    JOIN koppeling.api a ON a.name = 'boekuwzending' AND a.environment = c.environment
    WHERE (c.state = 'unchecked' OR c.recheck_at <= now())
      AND NOT EXISTS (SELECT FROM koppeling.job j
                      WHERE j.kind = 'verify_account' AND j.account_id = c.account_id AND j.api_id = a.id
                        AND (j.state <> 'failed' OR c.state = 'unchecked'))
    ORDER BY c.account_id
    LIMIT $1::integer
    FOR NO KEY UPDATE OF c SKIP LOCKED
), placed AS MATERIALIZED (
    SELECT w.*, now() + interval '1 second' / w.rate_per_second::float8
                        * (row_number() OVER (PARTITION BY w.api_id ORDER BY w.account_id) - 1) AS run_at
    FROM wanted w
), planned AS (
    UPDATE koppeling.account_credentials c
    SET recheck_at = now() + koppeling.recheck_every(now() - c.refused_since) * (0.9 + random() * 0.2)
    FROM wanted w
    WHERE c.account_id = w.account_id AND c.environment = w.environment AND w.state <> 'unchecked'
), given_up AS MATERIALIZED (
    SELECT f.id, p.run_at
    FROM placed p
    JOIN koppeling.job f ON f.kind = 'verify_account' AND f.account_id = p.account_id AND f.api_id = p.api_id
                        AND f.state = 'failed'
    FOR NO KEY UPDATE OF f SKIP LOCKED
), again AS (
    UPDATE koppeling.job j SET state = 'queued', attempt = 0, run_at = g.run_at
    FROM given_up g
    WHERE j.id = g.id
    RETURNING j.id
), made AS (
    INSERT INTO koppeling.job (kind, account_id, args, run_at, api_id, priority, max_attempts)
    SELECT k.name, p.account_id, jsonb_build_object('account_id', p.account_id, 'environment', p.environment),
           p.run_at, p.api_id, k.priority, k.max_attempts
    FROM placed p
    JOIN koppeling.job_kind k ON k.name = 'verify_account'
    ON CONFLICT (account_id, api_id) WHERE kind = 'verify_account' DO NOTHING
    RETURNING id
)
SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM again) AS jobs;
