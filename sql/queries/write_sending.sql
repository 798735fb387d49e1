-- The intent to book a shipment, durable before the request leaves: from here on its outcome may be unknown. With it
-- goes what is labelled: a poll may bring another address or other goods before the label is there. What was checked
-- when the shipment was asked for is checked once more: the order may have been withdrawn meanwhile, its address
-- erased, its shop disconnected. Then nothing is sent.
-- $1 the rows of create_shipment jobs, with job and fencing token
-- Comes back: the ids of jobs that must not send, and why not; '' for those whose shop is paused or account refused,
-- which send later.
WITH asked AS MATERIALIZED (
    SELECT j.id AS job, s.id AS shipment, w.address_hash, w.goods_hash, w.related_id,
           -- Credentials that were refused meanwhile are no fault of the order, so they come first.
           CASE WHEN k.state = 'rejected' THEN ''
                ELSE coalesce(koppeling.dispatch_problem(s.order_id, s.environment, 'en', s.from_address_id),
                              CASE WHEN i.state = 'paused' THEN '' END) END AS objection
    FROM json_to_recordset($1::json) AS w (
        job bigint, token bigint, address_hash text, goods_hash text, related_id bigint)
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
    JOIN koppeling.shipment s ON s.id = j.shipment_id
    JOIN koppeling.integration i ON i.id = j.integration_id
    LEFT JOIN koppeling.account_credentials k ON k.account_id = i.account_id AND k.environment = s.environment
), sending AS (
    UPDATE koppeling.shipment s
    SET state = 'sending', sent_at = now(), given_up_after = NULL, not_found_after = NULL, reason = NULL,
        related_shipment_id = a.related_id,
        address_hash = decode(a.address_hash, 'hex'), goods_hash = decode(a.goods_hash, 'hex')
    FROM asked a
    WHERE a.objection IS NULL AND s.id = a.shipment
)
SELECT a.job AS id, a.objection
FROM asked a
WHERE a.objection IS NOT NULL;
