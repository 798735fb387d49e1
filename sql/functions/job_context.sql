-- What a job kind needs to know of its subject, read in the statement that claims the job.

CREATE OR REPLACE FUNCTION koppeling.verify_context(integration_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT jsonb_build_object(
        'shop_host', i.shop_host, 'open_statuses', i.open_statuses, 'shipped_status', i.shipped_status,
        'attempts_before_giving_up', 3,
        'from_address', CASE WHEN f.id IS NOT NULL THEN jsonb_build_object(
            'name', f.name, 'company', f.company, 'email', f.email, 'phone', f.phone, 'street', f.street, 'number', f.number,
            'number_addition', f.number_addition, 'postcode', f.postcode, 'city', f.city, 'country', f.country) END)
    FROM koppeling.integration i LEFT JOIN koppeling.from_address f ON f.id = i.from_address_id
    WHERE i.id = verify_context.integration_id);
COMMENT ON FUNCTION koppeling.verify_context IS 'Context of a verify job: what the shop and the sender should be like.';

CREATE OR REPLACE FUNCTION koppeling.poll_context(integration_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT jsonb_build_object(
        'open_statuses', i.open_statuses, 'paid_only', i.paid_only, 'imported_since', i.import_since, 'region_code', i.region_code,
        'default_weight_kg', i.default_weight_kg,
        'known', coalesce((
            SELECT string_agg(encode(int8send(k.payload_hash), 'hex'), '')
            FROM (SELECT o.payload_hash FROM koppeling.imported_order o
                  WHERE o.integration_id = i.id AND o.state IN ('open', 'label_created')
                  UNION ALL
                  SELECT s.payload_hash FROM koppeling.skipped_order s
                  WHERE s.integration_id = i.id AND s.payload_hash IS NOT NULL) k), ''))
    FROM koppeling.integration i
    WHERE i.id = poll_context.integration_id);
COMMENT ON FUNCTION koppeling.poll_context IS
    'Context of a poll job: what counts as open, and the hashes of all orders that are here already, so that unchanged ones cost nothing.';

CREATE OR REPLACE FUNCTION koppeling.mark_context(order_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT jsonb_build_object(
        'order_uuid', o.order_uuid, 'order_number', o.order_number, 'credit_order_numbers', o.credit_order_numbers,
        'open_statuses', i.open_statuses, 'shipped_status', i.shipped_status, 'mark_on_staging', i.mark_on_staging,
        -- The first label that the shop was not told of yet decides; without one (retried by hand) the last label.
        'label_environment', coalesce(
            (SELECT l.environment FROM koppeling.label l WHERE l.order_id = o.id AND l.told_at IS NULL ORDER BY l.id LIMIT 1),
            (SELECT l.environment FROM koppeling.label l WHERE l.order_id = o.id ORDER BY l.id DESC LIMIT 1)),
        'label_ids', coalesce(
            (SELECT jsonb_agg(l.id ORDER BY l.id) FROM koppeling.label l WHERE l.order_id = o.id AND l.told_at IS NULL), '[]'),
        'comment_line', CASE WHEN i.tracking_in_comment THEN (
            SELECT string_agg('Boekuwzending: ' || l.waybill, E'\n' ORDER BY l.id)
            FROM koppeling.label l WHERE l.order_id = o.id AND l.waybill <> '') END)
    FROM koppeling.imported_order o JOIN koppeling.integration i ON i.id = o.integration_id
    WHERE o.id = mark_context.order_id);
COMMENT ON FUNCTION koppeling.mark_context IS 'Context of a mark_shipped job: the order as it should be in the shop, and the labels that it is told of.';

CREATE OR REPLACE FUNCTION koppeling.job_context(kind text, integration_id bigint, order_id bigint, shipment_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN CASE kind
    WHEN 'poll' THEN koppeling.poll_context(integration_id)
    WHEN 'mark_shipped' THEN koppeling.mark_context(order_id)
    WHEN 'verify' THEN koppeling.verify_context(integration_id)
END;
COMMENT ON FUNCTION koppeling.job_context IS 'Context of a job of any kind; NULL for a kind that needs none.';
