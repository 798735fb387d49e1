-- A poll walked all open orders of a shop to the end. Orders that are open here and were not in the list are noted as
-- missing: a confirm_order job looks why before anything is withdrawn. An order that was read again is not missing,
-- even when its bytes, and so its hash, were other ones.
-- $1 the rows of poll jobs, with job and fencing token
WITH polled AS MATERIALIZED (
    SELECT j.integration_id, w.*
    FROM json_to_recordset($1::json) AS w (
        job bigint, token bigint, seen integer, skipped integer, written integer, missing text, reread uuid[])
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
), missed AS (
    UPDATE koppeling.imported_order o
    SET missing_since = now()
    FROM polled p
    CROSS JOIN LATERAL generate_series(1, coalesce(length(p.missing), 0), 16) AS place
    WHERE o.integration_id = p.integration_id AND o.state = 'open' AND o.missing_since IS NULL
      AND o.payload_hash = ('x' || substr(p.missing, place, 16))::bit(64)::bigint
      AND o.order_uuid <> ALL (coalesce(p.reread, '{}'))
), closed_again AS (
    -- Set back to open after it was marked, and now out of the list again.
    UPDATE koppeling.imported_order o
    SET reopened_at = NULL
    FROM polled p
    CROSS JOIN LATERAL generate_series(1, coalesce(length(p.missing), 0), 16) AS place
    WHERE o.integration_id = p.integration_id AND o.state = 'marked_shipped' AND o.reopened_at IS NOT NULL
      AND o.payload_hash = ('x' || substr(p.missing, place, 16))::bit(64)::bigint
      AND o.order_uuid <> ALL (coalesce(p.reread, '{}'))
)
UPDATE koppeling.integration i
SET last_polled_at = now(), polls = i.polls + 1,
    unchanged_polls = i.unchanged_polls + CASE WHEN p.written = 0 AND p.skipped = 0 THEN 1 ELSE 0 END
FROM polled p
WHERE i.id = p.integration_id;
