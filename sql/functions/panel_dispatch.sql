-- The panel: labels for hundreds of orders at once. One by one each costs what starting a dozen functions costs, in a
-- transaction of its own within the other; together the database does for all of them what it does for one.

CREATE OR REPLACE FUNCTION koppeling.panel_dispatch_refused(
    order_ids bigint[], parcel koppeling.panel_batch, again bigint)
RETURNS TABLE (order_id bigint, problem_nl text, problem_en text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.id,
           CASE WHEN c.problem IS NOT NULL THEN koppeling.panel_order_words(c.problem, c.id, c.order_number)
                ELSE format(m.nl, c.service) END,
           CASE WHEN c.problem IS NOT NULL
                THEN koppeling.panel_order_words(koppeling.dispatch_problem(c.id, parcel.environment, 'en'), c.id,
                                                 c.order_number)
                ELSE format(m.en, c.service) END
    FROM (SELECT o.id, o.order_number, l.may_label, coalesce(parcel.service, i.default_service) AS service,
                 CASE WHEN l.may_label THEN koppeling.dispatch_problem(o.id, parcel.environment, 'nl') END AS problem
          FROM koppeling.imported_order o
          JOIN koppeling.integration i ON i.id = o.integration_id
          CROSS JOIN LATERAL (SELECT koppeling.panel_may_label(o.id, parcel.environment, again) AS may_label
                              OFFSET 0) l
          WHERE o.id = ANY (order_ids)
          OFFSET 0) c
    LEFT JOIN koppeling.message m
        ON m.code = CASE WHEN NOT c.may_label THEN 'panel_has_label'
                         WHEN c.problem IS NOT NULL THEN NULL
                         WHEN c.service IS NULL THEN 'panel_no_service'
                         WHEN koppeling.service_problem(c.id, parcel.environment, c.service) IS NOT NULL
                         THEN 'panel_service_not_offered' END
    WHERE c.problem IS NOT NULL OR m.code IS NOT NULL;
END
$$;
COMMENT ON FUNCTION koppeling.panel_dispatch_refused IS
    'Of these orders those whose labels cannot be made so, with the reason in both languages.';

CREATE OR REPLACE FUNCTION koppeling.panel_dispatch_many(
    order_ids bigint[], parcel koppeling.panel_batch, again bigint)
RETURNS TABLE (order_id bigint, shipment_id bigint, problem_nl text, problem_en text)
LANGUAGE plpgsql ROWS 500
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    request koppeling.shipment;
    free bigint[];
    refused bigint[];
    in_dutch text[];
    in_english text[];
    booked bigint[];
    shipments bigint[];
    began timestamptz;
    one bigint;
BEGIN
    request.environment := parcel.environment;
    request.service := parcel.service;
    request.label_count := parcel.label_count;
    request.label_format := parcel.label_format;
    request.length_cm := parcel.length_cm;
    request.width_cm := parcel.width_cm;
    request.height_cm := parcel.height_cm;
    request.weight_kg := parcel.weight_kg;
    request.request_key := 'panel-' || parcel.id;
    BEGIN
        -- All that nobody holds, together: one by one they take ten times as long.
        free := ARRAY(SELECT o.id FROM koppeling.imported_order o WHERE o.id = ANY (order_ids)
                      ORDER BY o.id FOR NO KEY UPDATE SKIP LOCKED);
        PERFORM koppeling.check_parcels(request);
        SELECT coalesce(array_agg(r.order_id), '{}'), array_agg(r.problem_nl), array_agg(r.problem_en)
        INTO refused, in_dutch, in_english
        FROM koppeling.panel_dispatch_refused(free, parcel, again) AS r;
        SELECT array_agg(b.order_id), array_agg(b.shipment_id) INTO booked, shipments
        FROM koppeling.book_shipments(
            request, ARRAY(SELECT f.id FROM unnest(free) AS f (id) WHERE f.id <> ALL (refused))) AS b;
    EXCEPTION
        WHEN query_canceled OR serialization_failure OR insufficient_resources THEN
            RAISE;
        WHEN OTHERS THEN
            -- One of them is not as it should be: each by itself, so that it stops no other.
            free := '{}';
            refused := '{}';
            booked := '{}';
    END;
    RETURN QUERY
    SELECT r.order_id, NULL::bigint, r.problem_nl, r.problem_en
    FROM unnest(refused, in_dutch, in_english) AS r (order_id, problem_nl, problem_en)
    WHERE r.order_id IS NOT NULL
    UNION ALL
    SELECT b.order_id, b.shipment_id, NULL, NULL
    FROM unnest(booked, shipments) AS b (order_id, shipment_id)
    WHERE b.order_id IS NOT NULL;
    began := clock_timestamp();
    FOR one IN SELECT g.id FROM unnest(order_ids) AS g (id) WHERE g.id <> ALL (free) ORDER BY g.id LOOP
        -- Whoever has one for long may have many; together they are waited for no longer than a person would.
        IF clock_timestamp() > began + interval '5 seconds' THEN
            PERFORM set_config('lock_timeout', '10ms', true);
        END IF;
        RETURN QUERY
        SELECT one, d.shipment_id, d.problem_nl, d.problem_en
        FROM koppeling.panel_dispatch_one(one, parcel, request.request_key || '/' || one, again) AS d;
    END LOOP;
END
$$;
COMMENT ON FUNCTION koppeling.panel_dispatch_many IS
    'Has the labels of many orders made; of each the shipment, or in both languages why not.';
