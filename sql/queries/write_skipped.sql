-- Records why orders were not imported, once per order; the same reason again is no write. One that was imported is not
-- recorded: a broken answer must not leave a word beside it that stays when the shop no longer lists the order. But
-- when it has a label and its goods or its address are gone by now, they were changed: to nothing.
-- $1 the rows of poll jobs, with job and fencing token
WITH skipped AS MATERIALIZED (
    SELECT DISTINCT ON (j.integration_id, w.order_number)
           j.integration_id, w.order_number, w.order_uuid, w.reason_code, w.reason, w.payload_hash
    FROM json_to_recordset($1::json) AS w (
        job bigint, token bigint, order_number text, order_uuid text, reason_code text, reason text,
        payload_hash bigint)
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
    ORDER BY j.integration_id, w.order_number
), emptied AS (
    UPDATE koppeling.imported_order o
    SET goods_hash = CASE WHEN s.reason_code = 'nothing_to_ship' THEN '\x' ELSE o.goods_hash END,
        address_hash = CASE WHEN s.reason_code = 'no_address' THEN '\x' ELSE o.address_hash END
    FROM skipped s
    WHERE o.integration_id = s.integration_id AND o.order_uuid = s.order_uuid::uuid
      AND o.state IN ('label_created', 'marked_shipped')
      AND CASE s.reason_code WHEN 'nothing_to_ship' THEN o.goods_hash WHEN 'no_address' THEN o.address_hash END <> '\x'
)
INSERT INTO koppeling.skipped_order AS k (integration_id, order_number, order_uuid, reason_code, reason, payload_hash)
SELECT s.integration_id, s.order_number, s.order_uuid, s.reason_code, s.reason, s.payload_hash
FROM skipped s
WHERE NOT EXISTS (
    SELECT FROM koppeling.imported_order o
    WHERE o.integration_id = s.integration_id AND o.order_uuid = s.order_uuid::uuid AND o.state <> 'withdrawn')
ON CONFLICT (integration_id, order_number) DO UPDATE
SET order_uuid = excluded.order_uuid, reason_code = excluded.reason_code, reason = excluded.reason,
    payload_hash = excluded.payload_hash, seen_at = now()
WHERE (k.reason_code, k.payload_hash) IS DISTINCT FROM (excluded.reason_code, excluded.payload_hash)
RETURNING k.reason_code;
