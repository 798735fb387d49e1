-- The panel: another label for an order that has one. A form that the browser shows again has a new key, so that its
-- key alone does not tell that it was sent before.

CREATE OR REPLACE FUNCTION koppeling.panel_labelled_by(order_id bigint, environment koppeling.environment)
RETURNS bigint
-- It is asked of each of hundreds, and an SQL function that another one calls is planned anew each time.
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT CASE WHEN s.last IS NOT NULL THEN s.last WHEN l.any THEN 0 END
    FROM (
        SELECT max(f.id) AS last
        FROM koppeling.shipment f
        WHERE f.order_id = panel_labelled_by.order_id AND f.environment = panel_labelled_by.environment
          AND CASE WHEN f.state = 'labelled'
                   THEN (SELECT coalesce(bool_or(c.cancelled_at IS NULL), true) FROM koppeling.label c
                         WHERE c.order_id = f.order_id AND c.shipment_id = f.id)
                   WHEN f.state = 'failed' THEN false
                   -- What was not booked, and will not be, is none.
                   ELSE f.external_id IS NOT NULL
                        OR EXISTS (SELECT FROM koppeling.job j
                                   WHERE j.kind = 'create_shipment' AND j.shipment_id = f.id AND j.state <> 'failed')
              END) s
    CROSS JOIN (
        SELECT EXISTS (SELECT FROM koppeling.label e
                       WHERE e.order_id = panel_labelled_by.order_id AND e.environment = panel_labelled_by.environment
                         AND e.shipment_id IS NULL AND e.cancelled_at IS NULL) AS any) l
    -- Only of the account of the session.
    WHERE EXISTS (SELECT FROM koppeling.imported_order o
                  JOIN koppeling.integration i ON i.id = o.integration_id AND i.account_id = koppeling.panel_account()
                  WHERE o.id = panel_labelled_by.order_id));
END
$$;
COMMENT ON FUNCTION koppeling.panel_labelled_by IS
    'The last shipment of an order of the account of this session that has labels of an environment, or will have: '
    'not one that failed, was stopped before it was booked, or whose labels are all cancelled. 0: it has a label that '
    'was made elsewhere; NULL: it has none, and another one is nothing to ask about.';

CREATE OR REPLACE FUNCTION koppeling.panel_may_label(
    order_id bigint, environment koppeling.environment, again bigint)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN coalesce(koppeling.panel_labelled_by(order_id, environment) <= coalesce(again, -1), true);
COMMENT ON FUNCTION koppeling.panel_may_label IS
    'Whether a label may be asked for: the order has none, or whoever asks knows of the last one and says that it is '
    'to be another one (again: that shipment, or a later one).';

CREATE OR REPLACE FUNCTION koppeling.panel_again(request json, part text)
RETURNS bigint
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (koppeling.panel_ids(request, part, 'again'))[1];
COMMENT ON FUNCTION koppeling.panel_again IS
    'The last shipment that a form says it is to come after: field again. NULL: it is for the first label.';
