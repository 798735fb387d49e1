-- Services and prices, for the back end.

CREATE OR REPLACE FUNCTION koppeling.request_quote(
    order_id bigint,
    environment koppeling.environment DEFAULT 'production',
    label_count integer DEFAULT 1,
    label_format text DEFAULT 'package',
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
    request koppeling.shipment;
    shop_id bigint;
    problem text;
    question jsonb;
    result bigint;
BEGIN
    SELECT o.integration_id INTO shop_id FROM koppeling.imported_order o WHERE o.id = request_quote.order_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no imported order %', request_quote.order_id USING ERRCODE = 'no_data_found';
    END IF;
    request.label_count := request_quote.label_count;
    request.label_format := request_quote.label_format;
    request.length_cm := request_quote.length_cm;
    request.width_cm := request_quote.width_cm;
    request.height_cm := request_quote.height_cm;
    request.weight_kg := request_quote.weight_kg;
    request.parcels := request_quote.parcels;
    PERFORM koppeling.check_parcels(request);
    problem := koppeling.dispatch_problem(request_quote.order_id, request_quote.environment);
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION '%', problem USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    question := jsonb_build_object(
        'environment', request_quote.environment,
        'items', koppeling.parcel_items(
            request_quote.order_id, request.label_format, request.label_count, request.length_cm, request.width_cm,
            request.height_cm, request.weight_kg, request.parcels));
    INSERT INTO koppeling.job AS j (kind, integration_id, order_id, args, run_at)
    VALUES ('quote', shop_id, request_quote.order_id, question, koppeling.shop_gate(shop_id, 'quote', now()))
    -- The same question is asked already, or was and got no answer.
    ON CONFLICT (order_id, api_id, md5(args::text)) WHERE kind = 'quote' DO UPDATE
    SET state = CASE WHEN j.state = 'failed' THEN 'queued' ELSE j.state END,
        run_at = CASE WHEN j.state = 'failed' THEN excluded.run_at ELSE j.run_at END
    RETURNING j.id INTO result;
    RETURN result;
END
$$;
COMMENT ON FUNCTION koppeling.request_quote IS
    'Asks Boekuwzending which services there are for an order, and at what price, with the parcels that it would be '
    'dispatched with; returns the job. services_for() has the answer when it is done. The same question while it is '
    'being asked gives the same job.';

CREATE OR REPLACE FUNCTION koppeling.services_for(
    order_id bigint, environment koppeling.environment DEFAULT 'production')
RETURNS TABLE (
    service text, description text, carrier text, price numeric, tax numeric,
    max_weight_kg numeric, max_length_cm numeric, max_width_cm numeric, max_height_cm numeric, pickup_point boolean,
    asked jsonb, quoted_at timestamptz, age interval)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    SELECT q.service, q.description, q.carrier, q.price, q.tax,
           q.max_weight_kg, q.max_length_cm, q.max_width_cm, q.max_height_cm, q.pickup_point,
           q.asked, q.quoted_at, now() - q.quoted_at
    FROM koppeling.quote q
    WHERE q.order_id = services_for.order_id AND q.environment = services_for.environment
    ORDER BY q.price NULLS LAST, q.service;
END;
COMMENT ON FUNCTION koppeling.services_for IS
    'The services that Boekuwzending last offered for an order, cheapest first; none: it was not asked with '
    'request_quote(), or offered none.';

CREATE OR REPLACE FUNCTION koppeling.service_problem(
    order_id bigint, environment koppeling.environment, service text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT format('Boekuwzending does not offer service "%s" for order %s (%s); it offers: %s',
                  service_problem.service, service_problem.order_id, service_problem.environment,
                  string_agg(q.service || coalesce(' (' || q.price || ')', ''), ', '
                             ORDER BY q.price NULLS LAST, q.service))
    FROM koppeling.quote q
    WHERE q.order_id = service_problem.order_id AND q.environment = service_problem.environment
      AND q.quoted_at > now() - make_interval(mins => koppeling.setting_integer('quote_minutes'))
    HAVING bool_and(q.service <> service_problem.service));
END
$$;
COMMENT ON FUNCTION koppeling.service_problem IS
    'That the last quote for an order did not offer this service, and which ones it did; NULL: it did, or there is '
    'none that is younger than setting quote_minutes.';

CREATE OR REPLACE FUNCTION koppeling.drop_old_quotes()
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    WITH long_ago AS (
        SELECT now() - make_interval(days => koppeling.setting_integer('quote_days')) AS at
    ), old AS MATERIALIZED (
        SELECT q.order_id, q.environment, q.service
        FROM koppeling.quote q, long_ago
        WHERE q.quoted_at < long_ago.at
        ORDER BY q.quoted_at
        LIMIT 50000
        FOR UPDATE OF q SKIP LOCKED
    ), dropped AS (
        DELETE FROM koppeling.quote q
        USING old
        WHERE q.order_id = old.order_id AND q.environment = old.environment AND q.service = old.service
        RETURNING q.service
    ), given_up AS MATERIALIZED (
        -- Nobody waits for these any more.
        SELECT j.id
        FROM koppeling.job j, long_ago
        WHERE j.kind = 'quote' AND j.state = 'failed' AND j.created_at < long_ago.at
        FOR UPDATE OF j SKIP LOCKED
    )
    SELECT (SELECT count(*) FROM dropped)
           + koppeling.cancel_jobs(ARRAY(SELECT g.id FROM given_up g), 'nobody waits for this quote any more');
END;
COMMENT ON FUNCTION koppeling.drop_old_quotes IS
    'Deletes quotes older than setting quote_days, at most 50000 at a time, and cancels those that failed so long ago. '
    'Returns how many.';
