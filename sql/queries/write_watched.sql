-- What was seen of a pushed order in the panel: the labels of its shipments, or that somebody removed it. A label that
-- can be used makes the order label_created, and then the shop is told; one that is cancelled, or is no longer among
-- those of its shipment, is recorded as record_label_cancelled() does it. What we asked for ourselves (create_shipment)
-- or were told of (record_label) stays one row. An order that was pushed anew meanwhile is somebody else by now.
-- $1 the rows of watch_order jobs, with job and fencing token
WITH seen AS MATERIALIZED (
    SELECT o.id AS order_id, o.pushed_environment AS environment, o.state, w.removed, w.labels, w.shipments,
           w.is_unlabelled
    FROM json_to_recordset($1::json) AS w (
        job bigint, token bigint, pushed_id text, removed boolean, labels json, shipments json, is_unlabelled boolean)
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
    JOIN koppeling.imported_order o ON o.id = j.order_id AND o.pushed_id = w.pushed_id AND o.erased_at IS NULL
    -- The order before its labels, as whoever records one does it.
    ORDER BY o.id
    FOR NO KEY UPDATE OF o
), found AS MATERIALIZED (
    SELECT DISTINCT ON (s.environment, x.external_id)
           s.order_id, s.environment, x.external_id, x.shipment, x.waybill, x.track_and_trace_link,
           CASE WHEN x.is_cancelled THEN now() END AS cancelled_at
    FROM seen s
    CROSS JOIN LATERAL json_to_recordset(s.labels) AS x (
        shipment text, external_id text, waybill text, track_and_trace_link text, is_cancelled boolean)
    ORDER BY s.environment, x.external_id, s.order_id
), made AS (
    INSERT INTO koppeling.label AS l (
        shipment_id, order_id, environment, external_id, waybill, track_and_trace_link, panel_shipment_id,
        cancelled_at, told_at)
    SELECT ours.id, f.order_id, f.environment, f.external_id, f.waybill, f.track_and_trace_link, f.shipment,
           -- The shop is not told that something was shipped with a label that nobody can use.
           f.cancelled_at, f.cancelled_at
    FROM found f
    LEFT JOIN koppeling.shipment ours
        ON ours.environment = f.environment AND ours.external_id = f.shipment AND ours.order_id = f.order_id
    ON CONFLICT (environment, external_id) DO UPDATE
    SET waybill = coalesce(excluded.waybill, l.waybill),
        track_and_trace_link = coalesce(excluded.track_and_trace_link, l.track_and_trace_link),
        shipment_id = coalesce(l.shipment_id, excluded.shipment_id),
        panel_shipment_id = coalesce(l.panel_shipment_id, excluded.panel_shipment_id),
        cancelled_at = coalesce(l.cancelled_at, excluded.cancelled_at), told_at = coalesce(l.told_at, excluded.told_at)
    WHERE l.order_id = excluded.order_id
      -- Usually nothing is new.
      AND (l.waybill, l.track_and_trace_link, l.panel_shipment_id, l.cancelled_at IS NOT NULL, l.shipment_id)
          IS DISTINCT FROM (
              coalesce(excluded.waybill, l.waybill), coalesce(excluded.track_and_trace_link, l.track_and_trace_link),
              coalesce(l.panel_shipment_id, excluded.panel_shipment_id),
              l.cancelled_at IS NOT NULL OR excluded.cancelled_at IS NOT NULL,
              coalesce(l.shipment_id, excluded.shipment_id))
), gone AS (
    -- Of a shipment whose list of labels was read, or which is no longer there.
    UPDATE koppeling.label l
    SET cancelled_at = now(), told_at = coalesce(l.told_at, now())
    FROM seen s
    CROSS JOIN LATERAL json_array_elements_text(s.shipments) AS read (id)
    WHERE l.order_id = s.order_id AND l.environment = s.environment AND l.panel_shipment_id = read.id
      AND l.cancelled_at IS NULL
      AND NOT EXISTS (SELECT FROM found f WHERE f.environment = l.environment AND f.external_id = l.external_id)
), labelled AS MATERIALIZED (
    SELECT DISTINCT f.order_id
    FROM found f
    WHERE f.cancelled_at IS NULL
      -- One that we know to be cancelled, or to be of another order, makes nothing of this one.
      AND NOT EXISTS (SELECT FROM koppeling.label l
                      WHERE l.environment = f.environment AND l.external_id = f.external_id
                        AND (l.cancelled_at IS NOT NULL OR l.order_id <> f.order_id))
)
UPDATE koppeling.imported_order o
SET state = CASE WHEN n.makes_label THEN 'label_created' ELSE o.state END,
    withdrawn_at = CASE WHEN n.makes_label THEN NULL ELSE o.withdrawn_at END,
    withdrawn_reason = CASE WHEN n.makes_label THEN NULL ELSE o.withdrawn_reason END,
    missing_since = CASE WHEN n.makes_label THEN NULL ELSE o.missing_since END,
    watched_at = now(),
    pushed_removed_at = CASE WHEN n.removed THEN now() END,
    unlabelled_since = CASE WHEN n.is_unlabelled THEN coalesce(o.unlabelled_since, now()) END,
    watch_at = CASE
        WHEN n.removed OR o.watch_at IS NULL THEN NULL
        -- It counts by other rows of watch_rule from now on.
        WHEN n.makes_label THEN now() + koppeling.watch_every(true, '0')
        WHEN n.is_unlabelled AND o.unlabelled_since IS NULL
            THEN least(o.watch_at, now() + koppeling.watch_every(false, '0'))
        ELSE o.watch_at END
FROM (SELECT s.order_id, s.removed, s.is_unlabelled,
             s.state IN ('open', 'withdrawn') AND s.order_id IN (SELECT l.order_id FROM labelled l) AS makes_label
      FROM seen s) n
WHERE o.id = n.order_id;
