-- Shipments, for the back end. What is asked of each order of hundreds is in PL/pgSQL, which keeps its plans for the
-- session; an SQL function within another is planned anew at each call, and that took ten times as long as the work.

CREATE OR REPLACE FUNCTION koppeling.order_warnings(order_id bigint, language text DEFAULT 'nl')
RETURNS TABLE (code text, prevents_dispatch boolean, warning text, what_to_do text)
LANGUAGE plpgsql STABLE ROWS 5
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT w.code, w.prevents_dispatch,
           CASE WHEN lower(left(language, 2)) = 'en' THEN w.en ELSE w.nl END,
           CASE WHEN lower(left(language, 2)) = 'en' THEN w.what_to_do_en ELSE w.what_to_do_nl END
    FROM koppeling.imported_order o
    CROSS JOIN LATERAL unnest(o.warnings) WITH ORDINALITY AS given (code, place)
    JOIN koppeling.order_warning w ON w.code = given.code
    WHERE o.id = order_warnings.order_id
    ORDER BY w.prevents_dispatch DESC, given.place;
END
$$;
COMMENT ON FUNCTION koppeling.order_warnings IS
    'What a person should know of an order before it is dispatched and what to do about it, in Dutch or English, '
    'what prevents it first.';

CREATE OR REPLACE FUNCTION koppeling.dispatch_problem(
    order_id bigint,
    environment koppeling.environment DEFAULT 'production',
    language text DEFAULT 'en',
    from_address_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT format(CASE WHEN lower(left(language, 2)) = 'nl' THEN m.nl ELSE m.en END, p.subject, p.detail)
    FROM koppeling.imported_order o
    JOIN koppeling.integration i ON i.id = o.integration_id
    JOIN koppeling.account a ON a.id = i.account_id
    LEFT JOIN koppeling.from_address f ON f.id = coalesce(dispatch_problem.from_address_id, i.from_address_id)
    CROSS JOIN LATERAL (
        SELECT string_agg(w.warning, '; ') AS words
        FROM koppeling.order_warnings(o.id, language) AS w
        WHERE w.prevents_dispatch) AS warned
    CROSS JOIN LATERAL (SELECT koppeling.customs_gaps(o.id, language) AS words) AS customs
    -- The first that applies is told.
    CROSS JOIN LATERAL (
        VALUES
            (1, 'dispatch_withdrawn', o.state = 'withdrawn', o.id, o.withdrawn_reason),
            (2, 'dispatch_erased', o.erased_at IS NOT NULL, o.id, NULL),
            (3, 'dispatch_disconnected', i.state = 'disconnected', o.id, NULL),
            -- What was shipped since the backup is no longer open in the shop: so it is asked first.
            (3, 'dispatch_restored',
             i.restored_at IS NOT NULL
             AND (coalesce(i.last_polled_at < i.restored_at, true) OR o.missing_since IS NOT NULL), o.id, NULL),
            (4, 'dispatch_incomplete',
             warned.words IS NOT NULL OR num_nulls(o.ship_to_street, o.ship_to_city, o.ship_to_country) > 0,
             o.id, ': ' || warned.words),
            (5, 'dispatch_no_sender', f.id IS NULL, i.id, NULL),
            (6, 'dispatch_sender_incomplete',
             coalesce(btrim(f.name), btrim(f.company), '') = '' OR coalesce(btrim(f.street), '') = ''
             OR coalesce(btrim(f.number), '') = '' OR coalesce(btrim(f.postcode), '') = ''
             OR coalesce(btrim(f.city), '') = '' OR f.country IS NULL,
             f.id, NULL),
            (7, 'dispatch_no_credentials',
             CASE dispatch_problem.environment WHEN 'staging' THEN a.staging_client_id ELSE a.client_id END IS NULL,
             a.id, dispatch_problem.environment::text),
            (7, 'dispatch_credentials_refused',
             EXISTS (SELECT FROM koppeling.account_credentials c
                     WHERE c.account_id = a.id AND c.environment = dispatch_problem.environment
                       AND c.state = 'rejected'),
             a.id, dispatch_problem.environment::text),
            (8, 'dispatch_customs', customs.words IS NOT NULL, o.id, customs.words))
        AS p (place, code, applies, subject, detail)
    JOIN koppeling.message m ON m.code = p.code
    WHERE o.id = dispatch_problem.order_id AND p.applies
    ORDER BY p.place
    LIMIT 1);
END
$$;
COMMENT ON FUNCTION koppeling.dispatch_problem IS
    'Why an order cannot be dispatched now, in words (English, or Dutch with language nl); NULL when it can. '
    'From the default from address of its shop, unless another one is named.';

CREATE OR REPLACE FUNCTION koppeling.requested_shipment(request koppeling.shipment)
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    earlier koppeling.shipment;
BEGIN
    SELECT s.* INTO earlier
    FROM koppeling.shipment s
    WHERE s.account_id = request.account_id AND s.request_key = request.request_key;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF earlier.order_id <> request.order_id THEN
        RAISE EXCEPTION 'request key "%" was used for order %, not for order %', request.request_key, earlier.order_id,
            request.order_id
            USING ERRCODE = 'unique_violation', HINT = 'Make a new key for each request.';
    END IF;
    IF (earlier.environment, earlier.service, earlier.label_count, earlier.label_format,
        earlier.length_cm, earlier.width_cm, earlier.height_cm, earlier.weight_kg, earlier.parcels)
       IS DISTINCT FROM (
        request.environment, coalesce(request.service, earlier.service), request.label_count, request.label_format,
        request.length_cm, request.width_cm, request.height_cm, request.weight_kg, request.parcels) THEN
        RAISE EXCEPTION 'request key "%" was used for another shipment of order %: % x % by % (%)', request.request_key,
            earlier.order_id, earlier.label_count, earlier.label_format, earlier.service, earlier.environment
            USING ERRCODE = 'unique_violation', HINT = 'Make a new key for each request.';
    END IF;
    RETURN earlier.id;
END
$$;
COMMENT ON FUNCTION koppeling.requested_shipment IS
    'The shipment that was asked for under the key of this request; NULL when none was. A key that was used for '
    'something else is an error that says for what.';

CREATE OR REPLACE FUNCTION koppeling.shipment_to_relate(
    order_id bigint, environment koppeling.environment, before_id bigint)
RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT f.id
    FROM koppeling.shipment f
    WHERE f.order_id = shipment_to_relate.order_id AND f.environment = shipment_to_relate.environment
      AND f.id < shipment_to_relate.before_id
      AND (f.external_id IS NOT NULL
           OR (f.state IN ('requested', 'sending')
               AND EXISTS (SELECT FROM koppeling.job j
                           WHERE j.kind = 'create_shipment' AND j.shipment_id = f.id AND j.state <> 'failed')))
    ORDER BY f.external_id IS NULL, f.id
    LIMIT 1);
COMMENT ON FUNCTION koppeling.shipment_to_relate IS
    'The shipment of an order that one with this id belongs to: the first that is booked, else the first that is being '
    'booked. Only an earlier one, so that none waits for another in a circle; and none that has failed.';

CREATE OR REPLACE FUNCTION koppeling.book_shipment(request koppeling.shipment, integration_id bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    result bigint;
BEGIN
    INSERT INTO koppeling.shipment AS s (
        order_id, environment, service, label_count, label_format, from_address_id, account_id, request_key,
        length_cm, width_cm, height_cm, weight_kg, parcels, related_shipment_id)
    VALUES (request.order_id, request.environment, request.service, request.label_count, request.label_format,
            request.from_address_id, request.account_id, request.request_key, request.length_cm, request.width_cm,
            request.height_cm, request.weight_kg, request.parcels,
            -- More labels for the same order belong to its first shipment.
            koppeling.shipment_to_relate(request.order_id, request.environment, 9223372036854775807))
    -- For another order the key may come at the same moment: whoever is second hears what it was used for.
    ON CONFLICT (account_id, request_key) WHERE s.request_key IS NOT NULL DO NOTHING
    RETURNING s.id INTO result;
    IF result IS NULL THEN
        RETURN koppeling.requested_shipment(request);
    END IF;
    INSERT INTO koppeling.job (kind, integration_id, order_id, shipment_id, run_at)
    VALUES ('create_shipment', book_shipment.integration_id, request.order_id, result,
            koppeling.shop_gate(book_shipment.integration_id, 'create_shipment', now()));
    RETURN result;
END
$$;
COMMENT ON FUNCTION koppeling.book_shipment IS
    'Records a shipment that was checked, and has it booked; returns it, or the one that was asked for under its key.';

CREATE OR REPLACE FUNCTION koppeling.book_shipments(request koppeling.shipment, order_ids bigint[])
RETURNS TABLE (order_id bigint, shipment_id bigint)
LANGUAGE plpgsql ROWS 100
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    made bigint[];
BEGIN
    WITH booked AS (
        INSERT INTO koppeling.shipment AS s (
            order_id, environment, service, label_count, label_format, from_address_id, account_id, request_key,
            length_cm, width_cm, height_cm, weight_kg, parcels, related_shipment_id)
        SELECT o.id, request.environment, coalesce(request.service, i.default_service), request.label_count,
               request.label_format, i.from_address_id, i.account_id, request.request_key || '/' || o.id,
               request.length_cm, request.width_cm, request.height_cm, request.weight_kg, request.parcels,
               koppeling.shipment_to_relate(o.id, request.environment, 9223372036854775807)
        FROM koppeling.imported_order o
        JOIN koppeling.integration i ON i.id = o.integration_id
        WHERE o.id = ANY (order_ids)
        ORDER BY o.id
        RETURNING s.id
    )
    SELECT array_agg(b.id) INTO made FROM booked b;
    INSERT INTO koppeling.job (kind, integration_id, order_id, shipment_id, run_at)
    SELECT 'create_shipment', o.integration_id, s.order_id, s.id,
           koppeling.shop_gate(o.integration_id, 'create_shipment', now())
    FROM koppeling.shipment s
    JOIN koppeling.imported_order o ON o.id = s.order_id
    WHERE s.id = ANY (made)
    ORDER BY s.id;
    RETURN QUERY SELECT s.order_id, s.id FROM koppeling.shipment s WHERE s.id = ANY (made);
END
$$;
COMMENT ON FUNCTION koppeling.book_shipments IS
    'The same for many orders that were checked and locked, with a request key that is new: all of them or, when one '
    'cannot be recorded, none. The request has what they have in common, and the key what the ids are added to.';

CREATE OR REPLACE FUNCTION koppeling.dispatch_order(
    order_id bigint,
    service text DEFAULT NULL,
    label_count integer DEFAULT 1,
    label_format text DEFAULT 'package',
    environment koppeling.environment DEFAULT 'production',
    request_key text DEFAULT NULL,
    length_cm integer DEFAULT NULL,
    width_cm integer DEFAULT NULL,
    height_cm integer DEFAULT NULL,
    weight_kg numeric DEFAULT NULL,
    parcels jsonb DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    problem text;
    shop koppeling.integration;
    request koppeling.shipment;
    result bigint;
BEGIN
    -- Whoever asks for the same order waits here for the one before.
    SELECT i.* INTO shop
    FROM koppeling.imported_order o JOIN koppeling.integration i ON i.id = o.integration_id
    WHERE o.id = dispatch_order.order_id
    FOR NO KEY UPDATE OF o;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no imported order %', dispatch_order.order_id USING ERRCODE = 'no_data_found';
    END IF;
    request.order_id := dispatch_order.order_id;
    request.environment := dispatch_order.environment;
    request.service := dispatch_order.service;
    request.label_count := dispatch_order.label_count;
    request.label_format := dispatch_order.label_format;
    request.request_key := dispatch_order.request_key;
    request.from_address_id := shop.from_address_id;
    request.length_cm := dispatch_order.length_cm;
    request.width_cm := dispatch_order.width_cm;
    request.height_cm := dispatch_order.height_cm;
    request.weight_kg := dispatch_order.weight_kg;
    request.parcels := dispatch_order.parcels;
    PERFORM koppeling.check_parcels(request);
    IF request.parcels IS NOT NULL THEN
        request.label_count := koppeling.parcel_count(request.parcels);
    END IF;
    IF request.request_key IS NOT NULL THEN
        request.account_id := shop.account_id;
        result := koppeling.requested_shipment(request);
        IF result IS NOT NULL THEN
            RETURN result;
        END IF;
    END IF;
    problem := koppeling.dispatch_problem(request.order_id, request.environment);
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION '%', problem USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    request.service := coalesce(request.service, shop.default_service);
    IF request.service IS NULL THEN
        RAISE EXCEPTION 'no service was named for order %, and its shop has no default_service', request.order_id
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    problem := koppeling.service_problem(request.order_id, request.environment, request.service);
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION '%', problem
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'If that has changed, ask anew: SELECT koppeling.request_quote(' || request.order_id || ');';
    END IF;
    RETURN koppeling.book_shipment(request, shop.id);
END
$$;
COMMENT ON FUNCTION koppeling.dispatch_order(
    bigint, text, integer, text, koppeling.environment, text, integer, integer, integer, numeric, jsonb) IS
    'Has a shipment with its labels made for an order, from the default from address of its shop; '
    'returns the shipment. A staging label marks the order in the production shop too, as documented. '
    'Calling it again makes another shipment, extra labels, unless it is called with the same request_key: a name that '
    'the caller makes for each request, and keeps when it repeats it. Without a service the default of the shop is '
    'taken; one that the last quote (request_quote) did not offer is refused. The size in cm is that of each parcel, '
    'the weight in kg that of all of them; parcels that differ are listed: see parcels_problem().';

CREATE OR REPLACE FUNCTION koppeling.dispatch_order(
    order_ids bigint[],
    service text DEFAULT NULL,
    label_count integer DEFAULT 1,
    label_format text DEFAULT 'package',
    environment koppeling.environment DEFAULT 'production',
    request_key text DEFAULT NULL,
    length_cm integer DEFAULT NULL,
    width_cm integer DEFAULT NULL,
    height_cm integer DEFAULT NULL,
    weight_kg numeric DEFAULT NULL,
    parcels jsonb DEFAULT NULL)
RETURNS SETOF bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    SELECT koppeling.dispatch_order(o.id, service, label_count, label_format, environment,
                                    request_key || '/' || o.id, length_cm, width_cm, height_cm, weight_kg, parcels)
    FROM unnest(order_ids) WITH ORDINALITY AS o (id, place)
    ORDER BY o.place;
END;
COMMENT ON FUNCTION koppeling.dispatch_order(
    bigint[], text, integer, text, koppeling.environment, text, integer, integer, integer, numeric, jsonb) IS
    'The same for several orders; all of them or, when one cannot be dispatched, none. With a request_key each '
    'shipment gets that and the id of its order as its own key (key/17), so that the same list again returns the same '
    'shipments.';

CREATE OR REPLACE FUNCTION koppeling.label_pdf(shipment_id bigint)
RETURNS TABLE (environment koppeling.environment, account_id bigint, path text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    SELECT s.environment, i.account_id, '/shipments/' || s.external_id || '/labels/download'
    FROM koppeling.shipment s
    JOIN koppeling.imported_order o ON o.id = s.order_id
    JOIN koppeling.integration i ON i.id = o.integration_id
    WHERE s.id = label_pdf.shipment_id AND s.external_id IS NOT NULL;
END;
COMMENT ON FUNCTION koppeling.label_pdf IS
    'Where the labels of a shipment can be fetched as PDF: environment, account and path at the API of Boekuwzending. '
    'A reference, since the labels stay there and 50 kB each would outgrow everything else here. No row: not made yet.';
