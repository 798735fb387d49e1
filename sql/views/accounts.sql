-- Accounts, for the back end and support.

DROP VIEW IF EXISTS koppeling.account_status;

CREATE VIEW koppeling.account_status AS
SELECT a.id,
       a.name,
       coalesce((
           SELECT string_agg(
                      c.environment || ': ' || CASE
                          WHEN c.state = 'active' THEN 'in order' || coalesce(', known as ' || c.name, '')
                          WHEN c.state = 'rejected' THEN c.reason_en
                          WHEN v.state = 'failed' THEN 'cannot be checked: ' || v.last_error
                          ELSE 'being checked' || coalesce(': ' || c.reason_en, '') END,
                      '; ' ORDER BY c.environment DESC)
           FROM koppeling.account_credentials c
           LEFT JOIN koppeling.api s ON s.name = 'boekuwzending' AND s.environment = c.environment
           LEFT JOIN koppeling.job v ON v.kind = 'verify_account' AND v.account_id = a.id AND v.api_id = s.id
           WHERE c.account_id = a.id), 'no credentials: nothing is booked for it') AS condition,
       p.state AS production,
       p.reason_code AS production_reason_code,
       p.reason AS production_reason,
       t.state AS staging,
       t.reason_code AS staging_reason_code,
       t.reason AS staging_reason,
       greatest(p.checked_at, t.checked_at) AS checked_at,
       (SELECT count(*)
        FROM koppeling.integration i
        JOIN koppeling.job j ON j.integration_id = i.id AND j.state = 'queued' AND j.run_at = 'infinity'
        JOIN koppeling.api s ON s.id = j.api_id AND NOT s.is_shop
        WHERE i.account_id = a.id) AS parked_jobs
FROM koppeling.account a
LEFT JOIN koppeling.account_credentials p ON p.account_id = a.id AND p.environment = 'production'
LEFT JOIN koppeling.account_credentials t ON t.account_id = a.id AND t.environment = 'staging'
ORDER BY a.id;
COMMENT ON VIEW koppeling.account_status IS
    'One line per account, in words: does Boekuwzending accept its credentials, and if not, why; parked_jobs: what '
    'waits for that, or for a paused shop.';
