-- The intent to create an order at Boekuwzending, durable before the request leaves: from here on it may stand there,
-- whatever becomes of the answer, so that it can be taken back. What made the scheduler want it is checked once more.
-- $1 the rows of push_order jobs, with job and fencing token
-- Comes back: the ids of jobs that must not send, and why not.
WITH asked AS MATERIALIZED (
    SELECT j.id AS job, j.order_id, c.push_environment, koppeling.push_problem(j.order_id) AS objection
    FROM json_to_recordset($1::json) AS w (job bigint, token bigint)
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
    JOIN koppeling.integration i ON i.id = j.integration_id
    JOIN koppeling.account c ON c.id = i.account_id
), pushing AS (
    UPDATE koppeling.imported_order o
    SET push_asked_at = now(),
        pushed_environment = CASE WHEN o.pushed_id IS NULL THEN a.push_environment ELSE o.pushed_environment END
    FROM asked a
    WHERE a.objection IS NULL AND o.id = a.order_id
)
SELECT a.job AS id, a.objection
FROM asked a
WHERE a.objection IS NOT NULL;
