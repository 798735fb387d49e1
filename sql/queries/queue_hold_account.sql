-- Boekuwzending refused the credentials of accounts, in a flight before queue_fail: their state says so, by which a
-- trigger parks the jobs that need them. Credentials that were saved after the job was claimed are others.
--
-- $1 ids   $2 fencing tokens   $3 whom the failure blames: 'account', or another, or NULL
WITH report AS MATERIALIZED (
    SELECT i.account_id, a.environment, max(j.started_at) AS started_at
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS f (id, lease_token, blames)
    JOIN koppeling.job j ON j.id = f.id AND j.lease_token = f.lease_token
    JOIN koppeling.api a ON a.id = j.api_id
    JOIN koppeling.integration i ON i.id = j.integration_id
    WHERE f.blames = 'account'
    GROUP BY i.account_id, a.environment
)
UPDATE koppeling.account_credentials c
SET state = 'rejected', reason_code = m.code, reason = m.nl, reason_en = m.en, checked_at = now()
FROM report r, koppeling.message m
WHERE c.account_id = r.account_id AND c.environment = r.environment AND c.state <> 'rejected'
  AND r.started_at >= c.saved_at AND m.code = 'account_refused';
