-- Why an order was not in the list of open orders. It is withdrawn only while it has no label.
-- $1 the rows of confirm_order jobs, with job and fencing token
UPDATE koppeling.imported_order o
SET missing_since = NULL,
    state = CASE WHEN w.outcome = 'withdrawn' AND o.state = 'open' THEN 'withdrawn' ELSE o.state END,
    withdrawn_at = CASE WHEN w.outcome = 'withdrawn' AND o.state = 'open' THEN now() ELSE o.withdrawn_at END,
    withdrawn_reason = CASE
        WHEN w.outcome = 'withdrawn' AND o.state = 'open' THEN w.reason_code
        ELSE o.withdrawn_reason END,
    shop_status = coalesce(w.shop_status, o.shop_status)
FROM json_to_recordset($1::json) AS w (job bigint, token bigint, outcome text, reason_code text, shop_status integer)
JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
WHERE o.id = j.order_id;
