-- The panel: labels for one order or many.

CREATE OR REPLACE FUNCTION koppeling.panel_parcel(request json, part text)
RETURNS TABLE (
    environment koppeling.environment, service text, label_count integer, label_format text, length_cm integer,
    width_cm integer, height_cm integer, weight_kg numeric, errors jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH given AS (
        SELECT coalesce(koppeling.panel_given(request, part, 'environment'), 'production') AS environment,
               koppeling.panel_given(request, part, 'service') AS service,
               coalesce(koppeling.panel_given(request, part, 'label_count'), '1') AS label_count,
               coalesce(koppeling.panel_given(request, part, 'label_format'), 'package') AS label_format,
               koppeling.panel_given(request, part, 'length_cm') AS length_cm,
               koppeling.panel_given(request, part, 'width_cm') AS width_cm,
               koppeling.panel_given(request, part, 'height_cm') AS height_cm,
               koppeling.panel_given(request, part, 'weight_kg') AS weight_kg
    ), size AS (
        SELECT g.*, num_nonnulls(g.length_cm, g.width_cm, g.height_cm) IN (1, 2) AS in_part FROM given g
    )
    SELECT CASE s.environment WHEN 'staging' THEN 'staging' ELSE 'production' END::koppeling.environment, s.service,
           koppeling.panel_number(s.label_count, 1, 100, true)::integer,
           s.label_format,
           koppeling.panel_number(s.length_cm, 1, 1000, true)::integer,
           koppeling.panel_number(s.width_cm, 1, 1000, true)::integer,
           koppeling.panel_number(s.height_cm, 1, 1000, true)::integer,
           koppeling.panel_number(s.weight_kg, 0.001, 99999.999, false),
           (SELECT jsonb_object_agg(e.field, e.words)
            FROM (
                SELECT 'label_count' AS field, koppeling.panel_text('panel_from_to', '1', '100') AS words
                WHERE koppeling.panel_number(s.label_count, 1, 100, true) IS NULL
                UNION ALL
                SELECT 'label_format', koppeling.panel_text('panel_choose')
                WHERE NOT EXISTS (SELECT FROM koppeling.parcel_format f WHERE f.name = s.label_format)
                UNION ALL
                SELECT 'service', koppeling.panel_text('panel_too_long', '100') WHERE length(s.service) > 100
                UNION ALL
                SELECT d.field, CASE WHEN d.given IS NULL THEN koppeling.panel_text('panel_whole_size')
                                     ELSE koppeling.panel_text('panel_from_to', '1', '1000') END
                FROM (VALUES ('length_cm', s.length_cm), ('width_cm', s.width_cm), ('height_cm', s.height_cm))
                     AS d (field, given)
                WHERE CASE WHEN d.given IS NULL THEN s.in_part
                           ELSE koppeling.panel_number(d.given, 1, 1000, true) IS NULL END
                UNION ALL
                SELECT 'weight_kg', koppeling.panel_text('panel_weight')
                WHERE s.weight_kg IS NOT NULL AND koppeling.panel_number(s.weight_kg, 0.001, 99999.999, false) IS NULL
                UNION ALL
                SELECT 'environment', koppeling.panel_text('panel_choose')
                WHERE s.environment NOT IN ('staging', 'production')) e)
    FROM size s;
END
$$;
COMMENT ON FUNCTION koppeling.panel_parcel IS
    'What a form says of the labels that are wanted, and what is wrong with it by field, in words (NULL: nothing).';

CREATE OR REPLACE FUNCTION koppeling.panel_parcels(items jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    -- What came back from the worker went through floating point there: 0.85 as 0.84999999999999998.
    SELECT jsonb_agg(e.item || jsonb_build_object('weight_kg', round((e.item ->> 'weight_kg')::numeric, 3),
                                                  'value', round((e.item ->> 'value')::numeric, 2)) ORDER BY e.place)
    FROM jsonb_array_elements(items) WITH ORDINALITY AS e (item, place));
END
$$;
COMMENT ON FUNCTION koppeling.panel_parcels IS
    'The parcels of parcel_items(), so that those of a quote can be held against those of a form.';

CREATE OR REPLACE FUNCTION koppeling.panel_label_facts(order_ids bigint[], request json, part text)
RETURNS TABLE (order_id bigint, problem text, is_asking boolean, asking_error text, services jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT o.id,
           koppeling.panel_order_words(koppeling.dispatch_problem(o.id, p.environment, koppeling.panel_language()),
                                       o.id, o.order_number),
           coalesce(j.is_asking, false), j.error,
           (SELECT jsonb_agg(jsonb_build_object('service', q.service, 'description', q.description,
                                                'carrier', q.carrier, 'price', q.price))
            FROM koppeling.quote q
            -- Prices of other parcels are none of these.
            WHERE q.order_id = o.id AND q.environment = p.environment
              AND koppeling.panel_parcels(q.asked) = koppeling.panel_parcels(items.asked))
    FROM koppeling.panel_parcel(request, part) AS p
    CROSS JOIN koppeling.imported_order o
    JOIN koppeling.integration i ON i.id = o.integration_id AND i.account_id = koppeling.panel_account()
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.errors IS NULL THEN koppeling.parcel_items(
                   o.id, p.label_format, p.label_count, p.length_cm, p.width_cm, p.height_cm, p.weight_kg, NULL) END
               AS asked) items
    LEFT JOIN LATERAL (
        SELECT bool_or(q.state <> 'failed') AS is_asking, max(q.last_error) AS error
        FROM koppeling.job q
        WHERE q.kind = 'quote' AND q.order_id = o.id) j ON true
    WHERE o.id = ANY (order_ids);
END
$$;
COMMENT ON FUNCTION koppeling.panel_label_facts IS
    'Of these orders, as far as they are of the account of this session: why no label can be made, whether prices are '
    'being asked, and the services with their prices for just the parcels that the form says.';

CREATE OR REPLACE FUNCTION koppeling.panel_label_form(request json, part text)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    WITH given AS (
        SELECT koppeling.panel_ids(request, part, 'order') AS ids
    ), fact AS MATERIALIZED (
        SELECT f.*, array_position(g.ids, f.order_id) AS place,
               koppeling.panel_labelled_by(f.order_id, p.environment) AS labelled_by
        FROM given g
        CROSS JOIN koppeling.panel_parcel(request, part) AS p
        CROSS JOIN LATERAL koppeling.panel_label_facts(g.ids[1:500], request, part) AS f
    ), service AS (
        SELECT v.service, max(v.description) AS description, max(v.carrier) AS carrier, count(*) AS orders,
               sum(v.price) AS price
        FROM fact f
        CROSS JOIN LATERAL jsonb_to_recordset(f.services) AS v (
            service text, description text, carrier text, price numeric)
        WHERE f.problem IS NULL
        GROUP BY v.service
    ), counted AS (
        SELECT count(*) AS n, count(*) FILTER (WHERE f.problem IS NULL) AS ready,
               count(f.services) FILTER (WHERE f.problem IS NULL) AS priced,
               coalesce(bool_or(f.is_asking), false) AS is_asking,
               count(f.labelled_by) FILTER (WHERE f.problem IS NULL) AS labelled, max(f.labelled_by) AS labelled_by
        FROM fact f
    )
    SELECT jsonb_build_object(
        'title', koppeling.panel_text('panel_make_labels'),
        'may_act', koppeling.panel_may_act(),
        'orders', (
            SELECT coalesce(jsonb_agg(r.entry || jsonb_build_object('problem', f.problem, 'is_ready', f.problem IS NULL,
                                                            'asking_error', f.asking_error,
                                                            'has_label', f.labelled_by IS NOT NULL)
                                    ORDER BY f.place), '[]')
            FROM fact f
            JOIN koppeling.panel_order_rows(ARRAY(SELECT x.order_id FROM fact x)) AS r ON r.id = f.order_id),
        'count', c.n, 'ready', c.ready, 'any_ready', c.ready > 0, 'is_one', c.n = 1,
        'too_many', cardinality(g.ids) > 500,
        'labelled', c.labelled, 'any_labelled', c.labelled > 0, 'all_labelled', c.labelled = c.ready,
        'again', c.labelled_by::text,
        'is_again', coalesce(koppeling.panel_again(request, part) >= c.labelled_by, false),
        'is_asking', c.is_asking, 'is_priced', c.priced > 0,
        'services', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'service', s.service, 'description', coalesce(s.description, s.service), 'carrier', s.carrier,
                       'orders', s.orders, 'is_for_all', s.orders = c.ready, 'price', s.price::text,
                       'amount', koppeling.panel_amount(s.price, 'EUR'),
                       'selected', coalesce(s.service = coalesce(p.service, d.service), false))
                   ORDER BY s.orders DESC, s.price, s.service), '[]')
            FROM service s),
        'default_service', d.service,
        'can_choose', c.priced > 0 OR d.service IS NOT NULL,
        'service', p.service,
        'formats', (
            SELECT jsonb_agg(jsonb_build_object('value', f.name, 'selected', f.name = p.label_format,
                       'text', coalesce(koppeling.panel_text('panel_format_' || replace(f.name, '-', '_')), f.name))
                   ORDER BY f.name <> 'package', f.name)
            FROM koppeling.parcel_format f),
        'environments', koppeling.panel_options(ARRAY['production', 'staging'], 'panel_environment_',
                                                p.environment::text),
        'is_staging', p.environment = 'staging',
        'label_count', coalesce(koppeling.panel_given(request, part, 'label_count'), '1'),
        'length_cm', koppeling.panel_given(request, part, 'length_cm'),
        'width_cm', koppeling.panel_given(request, part, 'width_cm'),
        'height_cm', koppeling.panel_given(request, part, 'height_cm'),
        'weight_kg', koppeling.panel_given(request, part, 'weight_kg'),
        'here', '/orders/label?' || koppeling.panel_query((request -> part)::jsonb - 'csrf' - 'once'),
        'back', '/orders?' || coalesce(koppeling.panel_given(request, part, 'back'), ''),
        'back_query', koppeling.panel_given(request, part, 'back'),
        'errors', p.errors,
        'once', koppeling.panel_new_key())
    FROM given g, counted c
    CROSS JOIN koppeling.panel_parcel(request, part) AS p
    CROSS JOIN LATERAL (
        -- What the shops of all of them have as their default.
        SELECT CASE WHEN count(DISTINCT i.default_service) = 1 AND count(*) = count(i.default_service)
                    THEN min(i.default_service) END AS service
        FROM fact f
        -- A look for each: to join with all orders of the account would be to read them all.
        CROSS JOIN LATERAL (SELECT o.integration_id FROM koppeling.own_order o WHERE o.id = f.order_id OFFSET 0) o
        JOIN koppeling.own_integration i ON i.id = o.integration_id) d);
END
$$;
COMMENT ON FUNCTION koppeling.panel_label_form IS 'The page of panel_label(), from its address or from its form.';

CREATE OR REPLACE FUNCTION koppeling.panel_label(request json)
RETURNS json
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT CASE WHEN f.page -> 'count' = '0' THEN json_build_object('status', 404) ELSE f.page::json END
        FROM (SELECT koppeling.panel_label_form(request, 'query') AS page) f);
END
$$;
COMMENT ON FUNCTION koppeling.panel_label IS
    'Page of /orders/label?order=1&order=2&…: {title, may_act, orders: [see panel_order_rows(), with problem, '
    'is_ready, asking_error, has_label], count, ready, any_ready, is_one, too_many (only the first 500), labelled (how '
    'many have a label already), any_labelled, all_labelled, again (what the field is to say for another label of '
    'these), is_again (it says so), is_asking (follow by itself), is_priced, services: [{service, description, '
    'carrier, orders, is_for_all, price (of all), amount, selected}], default_service, can_choose (of services, or '
    'there is a default), service, formats, environments, is_staging, label_count, length_cm, width_cm, height_cm, '
    'weight_kg, here (its own address), back, back_query, errors, once}. The form has order (repeated), environment, '
    'service, label_count, label_format, length_cm, width_cm, height_cm, weight_kg, again, back (the query of the '
    'list), once.';

CREATE OR REPLACE FUNCTION koppeling.panel_quote(request json)
RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    parcel record;
    page jsonb;
    chosen record;
    asked integer := 0;
BEGIN
    IF NOT koppeling.panel_may_act() THEN
        RETURN json_build_object('status', 403);
    END IF;
    SELECT * INTO parcel FROM koppeling.panel_parcel(request, 'form');
    IF parcel.errors IS NOT NULL THEN
        RETURN (koppeling.panel_label_form(request, 'form') || jsonb_build_object('status', 422))::json;
    END IF;
    FOR chosen IN
        SELECT f.order_id
        FROM koppeling.panel_label_facts((koppeling.panel_ids(request, 'form', 'order'))[1:500], request, 'form') AS f
        WHERE f.problem IS NULL AND f.services IS NULL
        ORDER BY f.order_id
    LOOP
        BEGIN
            PERFORM koppeling.request_quote(
                chosen.order_id, parcel.environment, parcel.label_count, parcel.label_format, parcel.length_cm,
                parcel.width_cm, parcel.height_cm, parcel.weight_kg);
            asked := asked + 1;
        EXCEPTION WHEN object_not_in_prerequisite_state OR check_violation THEN
            NULL; -- The page says why no label can be made.
        END;
    END LOOP;
    RETURN json_build_object(
        'go', '/orders/label?' || koppeling.panel_query((request -> 'form')::jsonb - 'csrf' - 'once'),
        'notice', 'prices_asked', 'count', asked);
END
$$;
COMMENT ON FUNCTION koppeling.panel_quote IS
    'Action of /orders/label/quote: asks for the prices of what the form of panel_label() says. {go: that page again, '
    'notice: prices_asked, count}; asking twice asks once. 422 with errors by field and the page as typed.';

CREATE OR REPLACE FUNCTION koppeling.panel_dispatch_one(
    order_id bigint, parcel koppeling.panel_batch, request_key text, again bigint)
RETURNS TABLE (shipment_id bigint, problem_nl text, problem_en text)
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    state text;
    words text;
BEGIN
    -- Whoever asks for the same order waits here for the one before, and then sees what that one made.
    PERFORM FROM koppeling.imported_order o WHERE o.id = panel_dispatch_one.order_id FOR NO KEY UPDATE;
    IF NOT koppeling.panel_may_label(order_id, parcel.environment, again) THEN
        SELECT m.nl, m.en INTO problem_nl, problem_en FROM koppeling.message m WHERE m.code = 'panel_has_label';
        RETURN NEXT;
        RETURN;
    END IF;
    shipment_id := koppeling.dispatch_order(
        order_id, parcel.service, parcel.label_count, parcel.label_format, parcel.environment, request_key,
        parcel.length_cm, parcel.width_cm, parcel.height_cm, parcel.weight_kg);
    RETURN NEXT;
EXCEPTION
    -- Whatever is the matter with this one, the others go on.
    WHEN query_canceled OR serialization_failure OR insufficient_resources THEN
        RAISE;
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, words = MESSAGE_TEXT;
        IF state = '55000' THEN
            SELECT koppeling.panel_order_words(koppeling.dispatch_problem(o.id, parcel.environment, 'nl'), o.id,
                                               o.order_number),
                   koppeling.panel_order_words(koppeling.dispatch_problem(o.id, parcel.environment, 'en'), o.id,
                                               o.order_number)
            INTO problem_nl, problem_en
            FROM koppeling.imported_order o
            WHERE o.id = panel_dispatch_one.order_id;
        END IF;
        IF problem_nl IS NULL THEN
            SELECT format(m.nl, parcel.service, words), format(m.en, parcel.service, words)
            INTO problem_nl, problem_en
            FROM koppeling.message m
            WHERE m.code = CASE state WHEN '22004' THEN 'panel_no_service'
                                      WHEN '22023' THEN 'panel_service_not_offered'
                                      WHEN '55P03' THEN 'panel_order_in_use'
                                      WHEN '40P01' THEN 'panel_order_in_use'
                                      ELSE 'panel_dispatch_refused' END;
        END IF;
        shipment_id := NULL;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION koppeling.panel_dispatch_one IS
    'Has the labels of one order made, or says in both languages why not. One that has a label already gets another '
    'one only when that is what was asked for: see panel_may_label().';

CREATE OR REPLACE FUNCTION koppeling.panel_dispatch(request json)
RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    answer json := koppeling.panel_once_begin('dispatch', request);
    ids bigint[] := koppeling.panel_ids(request, 'form', 'order');
    again bigint := koppeling.panel_again(request, 'form');
    errors jsonb;
    parcel koppeling.panel_batch;
    made bigint;
BEGIN
    IF answer IS NOT NULL THEN
        RETURN answer;
    END IF;
    SELECT p.environment, p.service, p.label_count, p.label_format, p.length_cm, p.width_cm, p.height_cm, p.weight_kg,
           p.errors
    INTO parcel.environment, parcel.service, parcel.label_count, parcel.label_format, parcel.length_cm,
         parcel.width_cm, parcel.height_cm, parcel.weight_kg, errors
    FROM koppeling.panel_parcel(request, 'form') AS p;
    -- Those of others are as if they were not there.
    ids := ARRAY(
        SELECT g.id
        FROM unnest(ids) WITH ORDINALITY AS g (id, place)
        JOIN koppeling.imported_order o ON o.id = g.id
        JOIN koppeling.integration i ON i.id = o.integration_id AND i.account_id = koppeling.panel_account()
        ORDER BY g.place);
    -- A batch in which nothing is asked for helps nobody.
    IF parcel.service IS NULL AND NOT EXISTS (
        SELECT FROM koppeling.imported_order o
        JOIN koppeling.integration i ON i.id = o.integration_id
        WHERE o.id = ANY (ids) AND i.default_service IS NOT NULL) THEN
        errors := coalesce(errors, '{}') || jsonb_build_object('service', koppeling.panel_text('panel_no_service'));
    END IF;
    IF cardinality(ids) = 0 THEN
        RETURN koppeling.panel_once_end(request, json_build_object('status', 404));
    ELSIF errors IS NOT NULL OR cardinality(ids) > 500 THEN
        RETURN koppeling.panel_once_end(request,
            (koppeling.panel_label_form(request, 'form')
             || jsonb_build_object('status', 422, 'errors', errors))::json);
    ELSIF NOT EXISTS (SELECT FROM unnest(ids) AS g (id)
                      WHERE koppeling.panel_may_label(g.id, parcel.environment, again)) THEN
        RETURN koppeling.panel_once_end(request, (koppeling.panel_label_form(request, 'form') || jsonb_build_object(
            'status', 409, 'problem', koppeling.panel_text('panel_all_have_labels')))::json);
    END IF;
    INSERT INTO koppeling.panel_batch (
        account_id, person, environment, service, label_count, label_format, length_cm, width_cm, height_cm, weight_kg)
    VALUES (koppeling.panel_account(), koppeling.acting(), parcel.environment, parcel.service, parcel.label_count,
            parcel.label_format, parcel.length_cm, parcel.width_cm, parcel.height_cm, parcel.weight_kg)
    RETURNING id INTO parcel.id;
    INSERT INTO koppeling.panel_batch_order (batch_id, place, order_id, shipment_id, problem_nl, problem_en)
    SELECT parcel.id, array_position(ids, d.order_id), d.order_id, d.shipment_id, d.problem_nl, d.problem_en
    FROM koppeling.panel_dispatch_many(ids, parcel, again) AS d;
    SELECT count(o.shipment_id) INTO made FROM koppeling.panel_batch_order o WHERE o.batch_id = parcel.id;
    PERFORM koppeling.record_audit('dispatch', 'batch ' || parcel.id, jsonb_build_object(
        'orders', cardinality(ids), 'asked', made, 'environment', parcel.environment, 'service', parcel.service));
    RETURN koppeling.panel_once_end(request, json_build_object(
        'go', '/batches/' || parcel.id, 'notice', 'labels_asked', 'count', made, 'id', parcel.id::text));
END
$$;
COMMENT ON FUNCTION koppeling.panel_dispatch IS
    'Action of /orders/label: has the labels made that the form of panel_label() says, up to 500 orders. Each is asked '
    'for by itself: one that cannot be dispatched has its reason in the batch, and the others go on. {go: the batch, '
    'notice: labels_asked, count (of orders that were not refused), id}; 422 with errors by field and the page as '
    'typed; 409 with a problem and the page when all of them have labels already and again does not say that others '
    'are wanted. When some have, only these are refused, each in the batch.';

CREATE OR REPLACE FUNCTION koppeling.panel_batch(request json)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
    WITH row AS MATERIALIZED (
        SELECT m.place, m.order_id, m.shipment_id, coalesce(f.progress, 'refused') AS progress, f.labels,
               coalesce(nullif(f.reason, ''),
                        CASE koppeling.panel_language() WHEN 'en' THEN m.problem_en ELSE m.problem_nl END) AS reason
        FROM koppeling.own_batch_order m
        LEFT JOIN koppeling.panel_shipment_facts(ARRAY(
            SELECT x.order_id FROM koppeling.own_batch_order x
            WHERE x.batch_id = koppeling.panel_id(request))) AS f ON f.id = m.shipment_id
        WHERE m.batch_id = koppeling.panel_id(request)
    ), counted AS (
        SELECT count(*) AS total,
               count(*) FILTER (WHERE r.progress = 'done') AS done,
               count(*) FILTER (WHERE r.progress IN ('waiting', 'busy', 'trying', 'held')) AS busy,
               count(*) FILTER (WHERE r.progress IN ('failed', 'refused', 'stopped', 'cancelled')) AS failed,
               count(*) FILTER (WHERE r.labels > 0) AS printable
        FROM row r
    )
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_batch', b.id::text),
        'may_act', koppeling.panel_may_act(),
        'id', b.id::text, 'who', b.person, 'at', koppeling.panel_time(b.created_at),
        'is_staging', b.environment = 'staging', 'service', b.service, 'label_count', b.label_count,
        'total', c.total, 'done', c.done, 'busy', c.busy, 'failed', c.failed,
        'percent', CASE WHEN c.total > 0 THEN (c.total - c.busy) * 100 / c.total ELSE 100 END,
        'is_running', c.busy > 0, 'can_print', c.printable > 0,
        'orders', (
            SELECT coalesce(jsonb_agg(e.entry || jsonb_build_object(
                       'shipment_id', r.shipment_id::text, 'progress', r.progress,
                       'progress_text', koppeling.panel_text('panel_progress_' || r.progress), 'reason', r.reason,
                       'progress_tone', CASE WHEN r.progress = 'done' THEN 'good'
                                             WHEN r.progress IN ('failed', 'refused', 'stopped') THEN 'bad'
                                             WHEN r.progress IN ('trying', 'held', 'cancelled') THEN 'warn'
                                             ELSE 'busy' END,
                       'can_print', coalesce(r.labels, 0) > 0) ORDER BY r.place), '[]')
            FROM row r
            JOIN koppeling.panel_order_rows(ARRAY(SELECT x.order_id FROM row x)) AS e ON e.id = r.order_id),
        'once', gen_random_uuid()::text)
    FROM koppeling.own_batch b, counted c
    WHERE b.id = koppeling.panel_id(request) AND b.account_id = koppeling.panel_account()),
    json_build_object('status', 404));
END
$$;
COMMENT ON FUNCTION koppeling.panel_batch IS
    'Page of /batches/{id}: {title, may_act, id, who, at, is_staging, service, label_count, total, done, busy, failed, '
    'percent, is_running (follow by itself), can_print, orders: [see panel_order_rows(), with shipment_id, progress, '
    'progress_text, progress_tone, reason, can_print], once}. It goes on whether anybody looks or not.';

CREATE OR REPLACE FUNCTION koppeling.panel_batches(request json)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    WITH listed AS MATERIALIZED (
        SELECT b.*, row_number() OVER (ORDER BY b.id DESC) AS position
        FROM koppeling.own_batch b
        WHERE b.account_id = koppeling.panel_account()
          AND b.id < coalesce((koppeling.panel_ids(request, 'query', 'after'))[1], 9223372036854775807)
        ORDER BY b.id DESC
        LIMIT 51
    )
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_batches'),
        'any', EXISTS (SELECT FROM listed),
        'batches', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'id', l.id::text, 'who', l.person, 'at', koppeling.panel_time(l.created_at),
                       'is_staging', l.environment = 'staging', 'service', l.service,
                       'service_name', (
                           SELECT koppeling.panel_service_name(m.order_id, l.service)
                           FROM koppeling.own_batch_order m
                           WHERE m.batch_id = l.id AND m.shipment_id IS NOT NULL
                           ORDER BY m.place
                           LIMIT 1),
                       'orders', (SELECT count(*) FROM koppeling.own_batch_order m WHERE m.batch_id = l.id))
                   ORDER BY l.id DESC), '[]')
            FROM listed l WHERE l.position <= 50),
        'next', (SELECT '/batches?after=' || l.id FROM listed l
                 WHERE l.position = 50 AND EXISTS (SELECT FROM listed m WHERE m.position = 51))));
END
$$;
COMMENT ON FUNCTION koppeling.panel_batches IS
    'Page of /batches?after=: {title, any, batches: [{id, who, at, is_staging, service, service_name, '
    'orders}], next}.';
