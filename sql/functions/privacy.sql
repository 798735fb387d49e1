-- Notices for merchants, and the removal of personal data.

CREATE OR REPLACE FUNCTION koppeling.integration_notices(id bigint, language text DEFAULT 'nl')
RETURNS TABLE (code text, notice text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    SELECT m.code, CASE WHEN lower(left(language, 2) COLLATE "C") = 'en' THEN m.en ELSE m.nl END
    FROM koppeling.integration i
    JOIN koppeling.message m
        ON m.code IN ('notice_no_mail', 'notice_test_orders',
                      CASE WHEN i.mark_on_staging THEN 'notice_staging' ELSE 'notice_staging_off' END)
    WHERE i.id = integration_notices.id
    ORDER BY m.code;
END;
COMMENT ON FUNCTION koppeling.integration_notices IS
    'What the documentation promises a merchant about this connection (no e-mail, test orders, staging), '
    'in Dutch or English.';

CREATE OR REPLACE FUNCTION koppeling.erase_orders(ids bigint[])
RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    -- A statement by itself: the next one then sees what was asked for while this one waited for its orders.
    SELECT FROM koppeling.imported_order o WHERE o.id = ANY (ids) ORDER BY o.id FOR NO KEY UPDATE;
    WITH erased AS (
        UPDATE koppeling.imported_order o
        SET ship_to_name = NULL, ship_to_company = NULL,
            ship_to_street = NULL, ship_to_number = NULL, ship_to_number_addition = NULL,
            ship_to_address_line = NULL, ship_to_postcode = NULL, ship_to_city = NULL, ship_to_country_given = NULL,
            email = NULL, phone = NULL, reference = NULL, customer_comment = NULL, payload = NULL, erased_at = now()
        WHERE o.id = ANY (ids) AND o.erased_at IS NULL
        RETURNING o.id
    ), lines AS (
        -- A chosen option can be a name ("engraving: …").
        UPDATE koppeling.order_line l SET description = NULL FROM erased e WHERE l.order_id = e.id
    ), links AS (
        -- The words of a carrier can name a neighbour.
        UPDATE koppeling.label l
        SET track_and_trace_link = NULL, tracking_text = NULL, track_at = NULL
        FROM erased e
        WHERE l.order_id = e.id AND num_nonnulls(l.track_and_trace_link, l.tracking_text, l.track_at) > 0
    ), quotes AS (
        DELETE FROM koppeling.quote q USING erased e WHERE q.order_id = e.id
    ), documents AS (
        DELETE FROM koppeling.label_document d WHERE d.order_ids && ARRAY(SELECT e.id FROM erased e)
    )
    SELECT count(*) FROM erased;
END;
COMMENT ON FUNCTION koppeling.erase_orders IS
    'Removes the personal data of orders and keeps numbers, states and counts. Their hashes stay, '
    'so an order that the shop still lists is not imported again.';

CREATE OR REPLACE FUNCTION koppeling.erase_order(order_id bigint)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    erased bigint := koppeling.erase_orders(ARRAY[order_id]);
BEGIN
    PERFORM koppeling.record_audit('erase_order', 'order ' || order_id, jsonb_build_object('erased', erased));
    RETURN erased > 0;
END
$$;
COMMENT ON FUNCTION koppeling.erase_order IS 'Removes the personal data of one order; false when there was none left.';

CREATE OR REPLACE FUNCTION koppeling.erase_integration(id bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    shop koppeling.integration := koppeling.find_integration(id);
    erased bigint;
BEGIN
    IF shop.state <> 'disconnected' THEN
        PERFORM koppeling.disconnect_shop(id);
    END IF;
    erased := koppeling.erase_orders(ARRAY(
        SELECT o.id
        FROM koppeling.imported_order o
        WHERE o.integration_id = erase_integration.id AND o.erased_at IS NULL));
    PERFORM koppeling.record_audit('erase_integration', 'integration ' || id, jsonb_build_object('erased', erased));
    RETURN erased;
END
$$;
COMMENT ON FUNCTION koppeling.erase_integration IS
    'Disconnects a shop and removes the personal data of all its orders; returns how many.';

CREATE OR REPLACE FUNCTION koppeling.erase_by_age()
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    SELECT koppeling.erase_orders(ARRAY(
        SELECT o.id FROM koppeling.imported_order o
        WHERE o.erased_at IS NULL AND o.state IN ('marked_shipped', 'withdrawn')
          AND koppeling.setting_integer('personal_data_days') > 0
          AND o.changed_at < now() - make_interval(days => koppeling.setting_integer('personal_data_days'))
          -- Nor at once after an order that waited long was shipped: its labels may still be needed.
          AND greatest(o.marked_at, o.withdrawn_at)
              < now() - make_interval(days => koppeling.setting_integer('personal_data_days'))
        ORDER BY o.changed_at
        LIMIT 5000
        FOR NO KEY UPDATE SKIP LOCKED));
END;
COMMENT ON FUNCTION koppeling.erase_by_age IS
    'Removes the personal data of shipped and withdrawn orders older than setting personal_data_days; '
    'at most 5000 at a time.';
