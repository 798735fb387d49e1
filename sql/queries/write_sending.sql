-- The intent to book a shipment, durable before the request leaves: from here on its outcome may be unknown.
-- $1 the rows of create_shipment jobs, with job and fencing token
UPDATE koppeling.shipment s
SET state = 'sending', sent_at = now(), reason = NULL
FROM json_to_recordset($1::json) AS w (job bigint, token bigint)
JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
WHERE s.id = j.shipment_id;
