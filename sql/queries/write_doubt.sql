-- A shipment that was asked for may exist at Boekuwzending or not: the request is given up now, unless that was noted
-- before (a worker that died could not); and perhaps a search did not find it.
-- $1 the rows of create_shipment jobs, with job and fencing token
UPDATE koppeling.shipment s
SET given_up_after = coalesce(s.given_up_after, greatest(now() - s.sent_at, '0')),
    not_found_after = CASE WHEN w.not_found THEN greatest(now() - s.sent_at, '0') ELSE s.not_found_after END
FROM json_to_recordset($1::json) AS w (job bigint, token bigint, not_found boolean)
JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
WHERE s.id = j.shipment_id AND s.state = 'sending';
