-- Boekuwzending refused a shipment: nothing was made, so after mending the cause the job can simply be retried.
-- $1 the rows of create_shipment jobs, with job and fencing token
UPDATE koppeling.shipment s
SET state = 'failed', reason = w.reason, sent_at = NULL
FROM json_to_recordset($1::json) AS w (job bigint, token bigint, reason text)
JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
WHERE s.id = j.shipment_id AND s.external_id IS NULL;
