-- The intent to book a shipment, durable before the request leaves: from here on its outcome may be unknown. With it
-- goes what is labelled: a poll may bring another address or other goods before the label is there.
-- $1 the rows of create_shipment jobs, with job and fencing token
UPDATE koppeling.shipment s
SET state = 'sending', sent_at = now(), given_up_after = NULL, not_found_after = NULL, reason = NULL,
    address_hash = decode(w.address_hash, 'hex'), goods_hash = decode(w.goods_hash, 'hex')
FROM json_to_recordset($1::json) AS w (job bigint, token bigint, address_hash text, goods_hash text)
JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
WHERE s.id = j.shipment_id;
