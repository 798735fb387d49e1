-- The panel: what merchants may read, walled by account. Not row security on the tables themselves: where that is on,
-- even a policy that lets everybody pass hides from the planner what it knows of columns of enumerated types, and the
-- daemons' statements are planned blindly. These views are all that merchants may read, and the planner runs no
-- function that could tell of a row before the row was found to be theirs.

CREATE OR REPLACE VIEW koppeling.own_account WITH (security_barrier) AS
SELECT a.id, a.name, a.push_orders, a.push_environment, a.created_at
FROM koppeling.account a
WHERE a.id = (SELECT koppeling.panel_account());
COMMENT ON VIEW koppeling.own_account IS 'The account of the session of the panel.';

CREATE OR REPLACE VIEW koppeling.own_from_address WITH (security_barrier) AS
SELECT f.id, f.account_id, f.name, f.company, f.email, f.phone, f.street, f.number, f.number_addition, f.postcode,
       f.city, f.country
FROM koppeling.from_address f
WHERE f.account_id = (SELECT koppeling.panel_account());
COMMENT ON VIEW koppeling.own_from_address IS 'Its sender addresses.';

CREATE OR REPLACE VIEW koppeling.own_integration WITH (security_barrier) AS
SELECT i.id, i.account_id, i.shop_url, i.shop_host, i.from_address_id, i.state, i.reason_code, i.reason, i.reason_en,
       i.warning, i.warning_en, i.mark_on_staging, i.default_service, i.next_poll_at, i.last_polled_at,
       i.blocked_until, i.store_name, i.created_at, i.connected_at
FROM koppeling.integration i
WHERE i.account_id = (SELECT koppeling.panel_account());
COMMENT ON VIEW koppeling.own_integration IS 'Its shops, without their tokens.';

CREATE OR REPLACE VIEW koppeling.own_order WITH (security_barrier) AS
SELECT o.id, o.integration_id, o.order_number, o.state, o.ordered_at, o.imported_at, o.ship_to_name,
       o.ship_to_company, o.ship_to_street, o.ship_to_number, o.ship_to_number_addition, o.ship_to_address_line,
       o.ship_to_postcode, o.ship_to_city, o.ship_to_country, o.email, o.phone, o.weight_kg, o.total, o.currency,
       o.reference, o.customer_comment, o.warnings, o.mark_outcome, o.mark_reason, o.mark_refused_at, o.marked_at,
       o.marked_label_environment, o.erased_at, o.address_corrected_at
FROM koppeling.imported_order o
WHERE o.integration_id IN (
    SELECT i.id FROM koppeling.integration i WHERE i.account_id = (SELECT koppeling.panel_account()));
COMMENT ON VIEW koppeling.own_order IS 'Its orders.';

-- By the order: a look in its index for each row, whatever the planner thinks of how many there are.
CREATE OR REPLACE VIEW koppeling.own_order_line WITH (security_barrier) AS
SELECT l.order_id, l.position, l.quantity, l.description, l.sku, l.weight_kg, l.unit_price
FROM koppeling.order_line l
WHERE (SELECT o.id FROM koppeling.own_order o WHERE o.id = l.order_id) IS NOT NULL;
COMMENT ON VIEW koppeling.own_order_line IS 'The goods of its orders.';

CREATE OR REPLACE VIEW koppeling.own_label WITH (security_barrier) AS
SELECT l.id, l.shipment_id, l.order_id, l.environment, l.waybill, l.track_and_trace_link, l.created_at, l.told_at,
       l.cancelled_at, l.panel_shipment_id
FROM koppeling.label l
WHERE (SELECT o.id FROM koppeling.own_order o WHERE o.id = l.order_id) IS NOT NULL;
COMMENT ON VIEW koppeling.own_label IS 'The labels of its orders.';

CREATE OR REPLACE VIEW koppeling.own_batch WITH (security_barrier) AS
SELECT b.id, b.account_id, b.person, b.created_at, b.environment, b.service, b.label_count
FROM koppeling.panel_batch b
WHERE b.account_id = (SELECT koppeling.panel_account());
COMMENT ON VIEW koppeling.own_batch IS 'What it asked for together.';

CREATE OR REPLACE VIEW koppeling.own_batch_order WITH (security_barrier) AS
SELECT m.batch_id, m.place, m.order_id, m.shipment_id, m.problem_nl, m.problem_en
FROM koppeling.panel_batch_order m
WHERE (SELECT b.id FROM koppeling.own_batch b WHERE b.id = m.batch_id) IS NOT NULL;
COMMENT ON VIEW koppeling.own_batch_order IS 'The orders of these.';

CREATE OR REPLACE VIEW koppeling.own_print WITH (security_barrier) AS
SELECT p.id, p.account_id, p.person, p.created_at, p.environment, p.layout, p.position, p.shipment_ids, p.order_ids,
       p.downloaded_at
FROM koppeling.panel_print p
WHERE p.account_id = (SELECT koppeling.panel_account());
COMMENT ON VIEW koppeling.own_print IS 'What it printed.';
