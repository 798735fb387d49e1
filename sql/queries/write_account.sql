-- What Boekuwzending said of the credentials of an account; a trigger parks or releases the jobs that need them. New
-- ones that were saved meanwhile have called the job back.
-- $1 the rows of verify_account jobs, with job and fencing token
UPDATE koppeling.account_credentials c
SET state = w.state::koppeling.credentials_state, reason_code = m.code, reason = m.nl, reason_en = m.en,
    name = coalesce(w.name, CASE WHEN w.state <> 'active' THEN c.name END),
    checked_at = CASE WHEN w.state = 'unchecked' THEN c.checked_at ELSE now() END
FROM json_to_recordset($1::json) AS w (job bigint, token bigint, state text, reason_code text, name text)
JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
JOIN koppeling.api a ON a.id = j.api_id
LEFT JOIN koppeling.message m ON m.code = w.reason_code
WHERE c.account_id = j.account_id AND c.environment = a.environment
  -- Not being reached is no verdict: what was refused stays so.
  AND (w.state <> 'unchecked' OR c.state = 'unchecked');
