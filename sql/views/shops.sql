-- What the back end and support look at.

DROP VIEW IF EXISTS koppeling.integration_status, koppeling.open_order, koppeling.staging_marked_order;

CREATE VIEW koppeling.integration_status AS
SELECT i.id,
       i.shop_host AS shop,
       i.store_name,
       a.name AS account,
       i.state,
       CASE
           WHEN i.state = 'active' AND i.blocked_until = 'infinity' THEN 'blocked by hand until that is lifted'
           WHEN i.state = 'active' AND i.blocked_until > now()
               THEN 'waiting until ' || to_char(i.blocked_until, 'HH24:MI:SS') || ': the shop asked for a pause'
           WHEN i.state = 'active' AND p.state = 'failed'
               THEN 'polling fails: ' || coalesce(p.last_error, p.last_error_class::text)
           WHEN i.state = 'active' AND late.since IS NOT NULL
               THEN format('not polled, due since %s: %s', to_char(late.since, 'YYYY-MM-DD HH24:MI'), late.reason)
           WHEN i.state = 'active' AND p.last_error IS NOT NULL THEN 'trying again: ' || p.last_error
           WHEN i.state = 'active' AND i.last_polled_at IS NULL THEN 'connected, first poll is coming'
           WHEN i.state = 'active' THEN coalesce(i.poll_warning_en, 'in order')
           WHEN i.state = 'pending' AND v.state = 'queued' AND v.run_at < now() - interval '1 minute'
               THEN format('to be verified since %s: no worker has taken it', to_char(v.run_at, 'YYYY-MM-DD HH24:MI'))
           WHEN i.state = 'pending' THEN 'being verified' || coalesce(': ' || i.reason_en, '')
           WHEN i.state = 'disconnected' THEN 'disconnected'
           ELSE i.reason_en
       END AS condition,
       i.reason_code,
       i.reason,
       i.warning,
       i.last_polled_at,
       i.next_poll_at,
       i.polls,
       i.unchanged_polls,
       coalesce(n.open_orders, 0) AS open_orders,
       coalesce(n.labelled_orders, 0) AS labelled_orders,
       (SELECT count(*) FROM koppeling.skipped_order s WHERE s.integration_id = i.id) AS skipped_orders
FROM koppeling.integration i
LEFT JOIN koppeling.account a ON a.id = i.account_id
LEFT JOIN koppeling.job p ON p.integration_id = i.id AND p.kind = 'poll'
LEFT JOIN koppeling.overdue_poll late ON late.integration_id = i.id
LEFT JOIN koppeling.job v ON v.integration_id = i.id AND v.kind = 'verify'
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE o.state = 'open') AS open_orders,
           count(*) FILTER (WHERE o.state = 'label_created') AS labelled_orders
    FROM koppeling.imported_order o
    WHERE o.integration_id = i.id AND o.state IN ('open', 'label_created')) n ON true
ORDER BY i.id;
COMMENT ON VIEW koppeling.integration_status IS 'One line per shop, in words: is it in order, and if not, why.';

CREATE VIEW koppeling.open_order AS
SELECT o.id, i.shop_host AS shop, o.integration_id, o.order_number, o.ordered_at, o.ship_to_name, o.ship_to_company,
       concat_ws(' ', o.ship_to_street, o.ship_to_number, o.ship_to_number_addition) AS ship_to_street,
       o.ship_to_postcode, o.ship_to_city, o.ship_to_country, o.weight_kg, o.total, o.currency, o.paid,
       cardinality(o.credit_order_numbers) > 0 AS partly_credited, o.imported_at, o.changed_at,
       o.warnings
FROM koppeling.imported_order o
JOIN koppeling.integration i ON i.id = o.integration_id
WHERE o.state = 'open'
ORDER BY o.ordered_at, o.id;
COMMENT ON VIEW koppeling.open_order IS
    'Orders that wait to be dispatched; warnings has the codes of order_warning, in words by order_warnings().';

CREATE VIEW koppeling.staging_marked_order AS
SELECT o.id, i.shop_host AS shop, o.integration_id, o.order_number, o.marked_at,
       o.marked_label_environment AS label_environment,
       'production'::koppeling.environment AS shop_environment,
       EXISTS (SELECT FROM koppeling.label l WHERE l.order_id = o.id AND l.usable_with_distributor) AS has_usable_label,
       'A staging label marked this order as shipped in the production shop. No carrier accepts that label'
       || CASE WHEN EXISTS (SELECT FROM koppeling.label l WHERE l.order_id = o.id AND l.usable_with_distributor)
               THEN '; a production label was made too.'
               ELSE ': make a production label if it must be sent.' END AS notice
FROM koppeling.imported_order o
JOIN koppeling.integration i ON i.id = o.integration_id
WHERE o.state = 'marked_shipped' AND o.marked_label_environment = 'staging'
ORDER BY o.marked_at, o.id;
COMMENT ON VIEW koppeling.staging_marked_order IS
    'Orders that a staging label marked as shipped in the production shop.';
