-- The shop was told that an order has a label, knew it already, or must not be told; whichever it was, it is recorded.
-- $1 the rows of mark_shipped jobs, with job and fencing token
WITH verdict AS MATERIALIZED (
    SELECT j.order_id, w.*
    FROM json_to_recordset($1::json) AS w (
        job bigint, token bigint, outcome text, reason_code text, reason text, shop_status integer, label_ids bigint[],
        label_environment koppeling.environment, address_hash text, goods_hash text)
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
), told AS (
    UPDATE koppeling.label l SET told_at = now()
    FROM verdict v
    WHERE l.order_id = v.order_id AND l.id = ANY (v.label_ids) AND l.told_at IS NULL
)
UPDATE koppeling.imported_order o
SET state = CASE WHEN v.outcome = 'not_marked' THEN o.state ELSE 'marked_shipped' END,
    -- The first marking counts: a later label does not change which one did it. But an order that was set back to
    -- open is marked anew, and what a poll saw before that says nothing any more.
    marked_at = CASE WHEN v.outcome = 'not_marked' THEN o.marked_at
                     WHEN o.reopened_at IS NOT NULL THEN now()
                     ELSE coalesce(o.marked_at, now()) END,
    reopened_at = NULL,
    marked_label_environment = CASE WHEN v.outcome = 'not_marked' THEN o.marked_label_environment
                                    ELSE coalesce(o.marked_label_environment, v.label_environment) END,
    mark_outcome = CASE WHEN o.state = 'marked_shipped' THEN o.mark_outcome ELSE v.outcome END,
    mark_refused_at = CASE WHEN o.state <> 'marked_shipped' AND v.outcome = 'not_marked' THEN now() END,
    mark_reason_code = CASE WHEN o.state = 'marked_shipped' THEN o.mark_reason_code ELSE v.reason_code END,
    mark_reason = CASE WHEN o.state = 'marked_shipped' THEN o.mark_reason ELSE v.reason END,
    shop_status = coalesce(v.shop_status, o.shop_status),
    address_hash = coalesce(decode(v.address_hash, 'hex'), o.address_hash),
    goods_hash = coalesce(decode(v.goods_hash, 'hex'), o.goods_hash)
FROM verdict v
WHERE o.id = v.order_id
-- What was marked, for the counters: the environment of its label.
RETURNING CASE WHEN v.outcome <> 'not_marked' THEN v.label_environment END;
