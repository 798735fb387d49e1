-- A shipment exists at Boekuwzending, with the labels it has so far. The first label makes the order label_created.
-- $1 the rows of create_shipment jobs, with job and fencing token
WITH answer AS MATERIALIZED (
    SELECT j.shipment_id, s.order_id, s.environment, s.address_hash, s.goods_hash,
           w.external_id, w.sequence, w.complete, w.labels,
           -- How long the service took to make it: for the answer, or for the last search in vain at least.
           CASE WHEN s.state = 'sending'
                THEN coalesce(make_interval(secs => w.took_ms / 1000.0), s.not_found_after) END AS took
    FROM json_to_recordset($1::json) AS w (
        job bigint, token bigint, external_id text, sequence text, complete boolean, labels json, took_ms bigint)
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
    JOIN koppeling.shipment s ON s.id = j.shipment_id
), booked AS (
    UPDATE koppeling.shipment s
    SET state = CASE WHEN a.complete THEN 'labelled' ELSE 'created' END::koppeling.shipment_state,
        external_id = a.external_id, sequence = coalesce(a.sequence, s.sequence),
        created_at = coalesce(s.created_at, now()), reason = NULL
    FROM answer a
    WHERE s.id = a.shipment_id
), made AS (
    INSERT INTO koppeling.label AS l (
        shipment_id, order_id, environment, external_id, waybill, track_and_trace_link, cancelled_at, told_at)
    SELECT DISTINCT ON (a.environment, x.external_id)
           a.shipment_id, a.order_id, a.environment, x.external_id, x.waybill, x.track_and_trace_link,
           -- The shop is not told that something was shipped with a label that nobody can use.
           CASE WHEN x.is_cancelled THEN now() END, CASE WHEN x.is_cancelled THEN now() END
    FROM answer a
    CROSS JOIN LATERAL json_to_recordset(a.labels) AS x (
        external_id text, waybill text, track_and_trace_link text, is_cancelled boolean)
    ORDER BY a.environment, x.external_id
    ON CONFLICT (environment, external_id) DO UPDATE
    SET waybill = coalesce(excluded.waybill, l.waybill),
        track_and_trace_link = coalesce(excluded.track_and_trace_link, l.track_and_trace_link),
        shipment_id = coalesce(l.shipment_id, excluded.shipment_id),
        cancelled_at = coalesce(l.cancelled_at, excluded.cancelled_at), told_at = coalesce(l.told_at, excluded.told_at)
    RETURNING l.order_id
), seen AS (
    -- A person waits for the label, so there is an end to patience.
    UPDATE koppeling.api a
    SET longest_booking = m.longest
    FROM (SELECT w.environment, least(max(w.took), interval '15 minutes') AS longest
          FROM answer w
          WHERE w.took IS NOT NULL
          GROUP BY w.environment) m
    WHERE a.name = 'boekuwzending' AND a.environment = m.environment AND a.longest_booking < m.longest
)
UPDATE koppeling.imported_order o
SET state = 'label_created', withdrawn_at = NULL, withdrawn_reason = NULL, missing_since = NULL,
    labelled_address_hash = a.address_hash, labelled_goods_hash = a.goods_hash
FROM (SELECT DISTINCT ON (n.order_id) n.* FROM answer n ORDER BY n.order_id, n.shipment_id) a
WHERE o.id = a.order_id AND o.id IN (SELECT m.order_id FROM made m) AND o.state IN ('open', 'withdrawn');
