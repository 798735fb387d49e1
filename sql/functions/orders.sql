-- Labels of orders, for the back end.

CREATE OR REPLACE FUNCTION koppeling.record_label(
    order_id bigint, environment koppeling.environment, external_id text, waybill text, track_and_trace_link text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    label koppeling.label;
BEGIN
    -- The order is locked before its label, as a worker does it that tells the shop, so that neither waits for the
    -- other.
    PERFORM FROM koppeling.imported_order o WHERE o.id = record_label.order_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no imported order %', record_label.order_id USING ERRCODE = 'no_data_found';
    END IF;
    INSERT INTO koppeling.label AS l (order_id, environment, external_id, waybill, track_and_trace_link)
    VALUES (record_label.order_id, record_label.environment, record_label.external_id, record_label.waybill,
            record_label.track_and_trace_link)
    ON CONFLICT (environment, external_id) DO UPDATE
    SET waybill = coalesce(excluded.waybill, l.waybill),
        track_and_trace_link = coalesce(excluded.track_and_trace_link, l.track_and_trace_link)
    RETURNING l.* INTO label;
    IF label.order_id <> record_label.order_id THEN
        RAISE EXCEPTION 'label % (%) belongs to order %, not to order %',
            record_label.external_id, record_label.environment,
            label.order_id, record_label.order_id
            USING ERRCODE = 'unique_violation';
    END IF;
    UPDATE koppeling.imported_order o
    SET state = 'label_created', withdrawn_at = NULL, withdrawn_reason = NULL, missing_since = NULL
    WHERE o.id = record_label.order_id AND o.state IN ('open', 'withdrawn');
    RETURN label.id;
END
$$;
COMMENT ON FUNCTION koppeling.record_label IS
    'For a back end that makes its own labels: records one, after which the shop is told. '
    'Recording the same external id again returns the same label. A staging label marks the order in the production '
    'shop too, as documented.';

CREATE OR REPLACE FUNCTION koppeling.record_label_cancelled(environment koppeling.environment, external_id text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    result bigint;
BEGIN
    UPDATE koppeling.label l
    SET cancelled_at = coalesce(l.cancelled_at, now()), told_at = coalesce(l.told_at, now())
    WHERE l.environment = record_label_cancelled.environment AND l.external_id = record_label_cancelled.external_id
    RETURNING l.id INTO result;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no label % (%)', record_label_cancelled.external_id,
            record_label_cancelled.environment USING ERRCODE = 'no_data_found';
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION koppeling.record_label_cancelled IS
    'For a back end that knows that a label was cancelled at Boekuwzending: shows its order in order_to_look_at. '
    'What the shop was told stays as it is; one that was not told yet is not told of this label. Returns the label.';

CREATE OR REPLACE FUNCTION koppeling.order_was_looked_at(order_id bigint, reason_code text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    settled text[];
BEGIN
    WITH looked AS (
        INSERT INTO koppeling.order_look AS k (order_id, reason_code, looked_at, who)
        SELECT c.order_id, c.reason_code, now(), koppeling.acting()
        FROM koppeling.order_concern c
        WHERE c.order_id = order_was_looked_at.order_id
          AND (order_was_looked_at.reason_code IS NULL OR c.reason_code = order_was_looked_at.reason_code)
        ON CONFLICT (order_id, reason_code) DO UPDATE SET looked_at = excluded.looked_at, who = excluded.who
        RETURNING k.reason_code)
    SELECT array_agg(l.reason_code ORDER BY l.reason_code) INTO settled FROM looked l;
    IF settled IS NOT NULL THEN
        PERFORM koppeling.record_audit('order_was_looked_at', 'order ' || order_was_looked_at.order_id,
            jsonb_build_object('reasons', settled));
    END IF;
    RETURN coalesce(cardinality(settled), 0);
END
$$;
COMMENT ON FUNCTION koppeling.order_was_looked_at IS
    'Takes an order out of order_to_look_at, for one reason or for all; it comes back when something new happens. '
    'Returns for how many reasons.';

CREATE OR REPLACE FUNCTION koppeling.push_problem(order_id bigint)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT CASE
        WHEN i.state = 'disconnected' THEN 'the shop is disconnected'
        WHEN o.erased_at IS NOT NULL THEN 'its personal data was erased'
        WHEN o.state = 'withdrawn' THEN 'it was withdrawn'
        WHEN o.state <> 'open' THEN 'it has a label'
        WHEN EXISTS (SELECT FROM koppeling.shipment s
                     WHERE s.order_id = o.id AND s.environment = 'production' AND s.external_id IS NOT NULL)
            THEN 'it was dispatched'
        WHEN o.ship_to_country IS NULL THEN 'its country is not known, and there it would be taken for the Netherlands'
        END
    FROM koppeling.imported_order o
    JOIN koppeling.integration i ON i.id = o.integration_id
    WHERE o.id = push_problem.order_id);
COMMENT ON FUNCTION koppeling.push_problem IS
    'Why an order is not to be put at Boekuwzending (any more), in words; NULL: it may be.';
