-- The request to book a shipment never left, or was put off: it made nothing, so it may be sent again at any time. That
-- it was sent stays: an earlier one, which was taken for lost, is looked for first all the same.
-- $1 the rows of create_shipment jobs, with job and fencing token
UPDATE koppeling.shipment s
SET state = 'requested'
FROM json_to_recordset($1::json) AS w (job bigint, token bigint)
JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
WHERE s.id = j.shipment_id AND s.state = 'sending';
