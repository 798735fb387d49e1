-- Orders that a person must look at.

DROP VIEW IF EXISTS koppeling.gauge, koppeling.order_to_look_at, koppeling.order_concern;

CREATE VIEW koppeling.order_concern AS
SELECT c.order_id, c.integration_id, c.reason_code, c.since
FROM (
    -- What stands with the order itself. The condition on o is that of the index imported_order_to_look_at.
    SELECT o.id AS order_id, o.integration_id, r.reason_code, r.since
    FROM koppeling.imported_order o
    CROSS JOIN LATERAL (
        VALUES
            ('address_changed', o.changed_after_label_at,
             o.changed_after_label_at IS NOT NULL
             AND (o.labelled_address_hash IS NULL OR o.address_hash <> o.labelled_address_hash)),
            ('goods_changed', o.changed_after_label_at,
             o.changed_after_label_at IS NOT NULL AND o.goods_hash <> o.labelled_goods_hash),
            ('reopened', o.reopened_at, o.reopened_at IS NOT NULL),
            ('mark_refused', coalesce(o.mark_refused_at, o.changed_at),
             o.state = 'label_created' AND o.mark_outcome = 'not_marked'
             AND o.mark_reason_code IS DISTINCT FROM 'staging_label')
        UNION ALL
        SELECT w.code, coalesce(o.warned_at, o.changed_at), o.state = 'open'
        FROM unnest(o.warnings) AS w (code)) AS r (reason_code, since, applies)
    WHERE o.erased_at IS NULL
      AND (o.changed_after_label_at IS NOT NULL
           OR o.reopened_at IS NOT NULL
           OR (o.state = 'label_created' AND o.mark_outcome = 'not_marked')
           OR (o.state = 'open' AND o.warnings <> '{}'))
      AND r.applies
    UNION ALL
    -- Of its labels the first from production counts, else the first; it is shown when that is one from staging.
    SELECT l.order_id, o.integration_id, 'staging_label', l.created_at
    FROM koppeling.label l
    JOIN koppeling.imported_order o ON o.id = l.order_id AND o.erased_at IS NULL
    CROSS JOIN LATERAL (
        SELECT f.id
        FROM koppeling.label f
        WHERE f.order_id = l.order_id AND f.cancelled_at IS NULL
        ORDER BY f.environment = 'staging', f.id
        LIMIT 1) counts
    WHERE l.environment = 'staging' AND l.cancelled_at IS NULL AND counts.id = l.id
    UNION ALL
    -- The last that was cancelled, unless another was made since.
    SELECT l.order_id, o.integration_id, 'label_cancelled', l.cancelled_at
    FROM koppeling.label l
    JOIN koppeling.imported_order o ON o.id = l.order_id AND o.erased_at IS NULL
    WHERE l.cancelled_at IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM koppeling.label n
          WHERE n.order_id = l.order_id
            AND CASE WHEN n.cancelled_at IS NULL THEN n.created_at > l.cancelled_at
                     ELSE (n.cancelled_at, n.id) > (l.cancelled_at, l.id) END)
    UNION ALL
    -- Parcels in trouble, unless a label was made since: the order is one row, however many of them there are. The
    -- condition on l is that of the index label_tracking_reason.
    SELECT l.order_id, o.integration_id, l.tracking_reason, max(l.tracking_seen_at)
    FROM koppeling.label l
    JOIN koppeling.imported_order o ON o.id = l.order_id AND o.erased_at IS NULL
    WHERE l.tracking_reason IS NOT NULL AND l.cancelled_at IS NULL
      AND NOT EXISTS (
          SELECT FROM koppeling.label n
          WHERE n.order_id = l.order_id AND n.cancelled_at IS NULL AND n.created_at > l.tracking_seen_at)
    GROUP BY l.order_id, o.integration_id, l.tracking_reason
    UNION ALL
    -- The condition is that of the index imported_order_removed.
    SELECT o.id, o.integration_id, 'removed_from_panel', o.pushed_removed_at
    FROM koppeling.imported_order o
    WHERE o.state = 'open' AND o.pushed_removed_at IS NOT NULL AND o.erased_at IS NULL
    UNION ALL
    -- The shop was to be told, and that was given up.
    SELECT j.order_id, j.integration_id, 'mark_failed', koppeling.failed_at(j)
    FROM koppeling.job j
    WHERE j.kind = 'mark_shipped' AND j.state = 'failed') c
JOIN koppeling.integration i ON i.id = c.integration_id AND i.state <> 'disconnected'
WHERE NOT EXISTS (
    SELECT FROM koppeling.order_look k
    WHERE k.order_id = c.order_id AND k.reason_code = c.reason_code AND k.looked_at >= c.since);
COMMENT ON VIEW koppeling.order_concern IS
    'What order_to_look_at shows, without words and in no order: what is counted in the metrics.';

CREATE VIEW koppeling.order_to_look_at AS
SELECT c.order_id,
       o.order_number,
       i.shop_host AS shop,
       c.integration_id,
       i.account_id,
       o.state,
       c.reason_code,
       w.nl AS reason_nl,
       w.en AS reason_en,
       c.since,
       w.what_to_do_nl,
       w.what_to_do_en,
       CASE c.reason_code
           WHEN 'mark_refused' THEN o.mark_reason
           WHEN 'mark_failed' THEN (
               SELECT j.last_error FROM koppeling.job j WHERE j.kind = 'mark_shipped' AND j.order_id = c.order_id)
           WHEN 'country_not_understood' THEN o.ship_to_country_given
           ELSE (
               SELECT string_agg(coalesce(l.waybill, l.external_id) || coalesce(': ' || l.tracking_text, ''), ', '
                                 ORDER BY l.id)
               FROM koppeling.label l
               WHERE l.order_id = c.order_id AND l.tracking_reason = c.reason_code AND l.cancelled_at IS NULL)
       END AS detail
FROM koppeling.order_concern c
JOIN koppeling.imported_order o ON o.id = c.order_id
JOIN koppeling.integration i ON i.id = c.integration_id
LEFT JOIN (
    SELECT r.code, r.nl, r.en, r.what_to_do_nl, r.what_to_do_en FROM koppeling.order_reason r
    UNION ALL
    SELECT g.code, g.nl, g.en, g.what_to_do_nl, g.what_to_do_en FROM koppeling.order_warning g) w
    ON w.code = c.reason_code
ORDER BY c.since, c.order_id, c.reason_code;
COMMENT ON VIEW koppeling.order_to_look_at IS
    'Orders that a person must look at, the oldest first: a row for each reason, in words for merchants, since when, '
    'and what to do. detail says more where there is more to say. order_was_looked_at() takes a row out.';
