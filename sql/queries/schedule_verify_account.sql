-- Credentials that nobody verifies (saving them enqueues it at once; this is the net, and what finds those of before an
-- upgrade), at the pace of the API.
-- $1 most of them in this tick
WITH unchecked AS MATERIALIZED (
    SELECT c.account_id, c.environment, a.id AS api_id, a.rate_per_second
    FROM koppeling.account_credentials c
    JOIN koppeling.api a ON a.name = 'boekuwzending' AND a.environment = c.environment
    WHERE c.state = 'unchecked'
      AND NOT EXISTS (SELECT FROM koppeling.job j
                      WHERE j.kind = 'verify_account' AND j.account_id = c.account_id AND j.api_id = a.id)
    ORDER BY c.account_id
    LIMIT $1::integer
)
INSERT INTO koppeling.job (kind, account_id, args, run_at, api_id, priority, max_attempts)
SELECT k.name, u.account_id, jsonb_build_object('account_id', u.account_id, 'environment', u.environment),
       now() + interval '1 second' / u.rate_per_second::float8
               * (row_number() OVER (PARTITION BY u.api_id ORDER BY u.account_id) - 1),
       u.api_id, k.priority, k.max_attempts
FROM unchecked u
JOIN koppeling.job_kind k ON k.name = 'verify_account'
ON CONFLICT (account_id, api_id) WHERE kind = 'verify_account' DO NOTHING;
