-- The panel: labels on paper.

CREATE OR REPLACE FUNCTION koppeling.panel_print_chunks(shipment_ids bigint[])
RETURNS TABLE (place integer, ids bigint[])
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    SELECT c.place, shipment_ids[(c.place - 1) * 25 + 1 : c.place * 25]
    FROM generate_series(1, (cardinality(shipment_ids) + 24) / 25) AS c (place);
END;
COMMENT ON FUNCTION koppeling.panel_print_chunks IS
    'The documents that the labels of these shipments are fetched in, as many in one as request_label_pdf() takes.';

CREATE OR REPLACE FUNCTION koppeling.panel_printable(shipment_ids bigint[])
RETURNS TABLE (id bigint, order_id bigint, environment koppeling.environment, place bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- By a look for each: as a join, all orders and labels of the account would be read to find these.
    RETURN QUERY
    SELECT s.id, s.order_id, s.environment, g.place
    FROM unnest(shipment_ids) WITH ORDINALITY AS g (id, place)
    CROSS JOIN LATERAL (
        SELECT f.id, f.order_id, f.environment FROM koppeling.shipment f
        WHERE f.id = g.id AND f.external_id IS NOT NULL
        OFFSET 0) s
    CROSS JOIN LATERAL (
        SELECT o.integration_id FROM koppeling.own_order o
        WHERE o.id = s.order_id AND o.erased_at IS NULL
        OFFSET 0) o
    JOIN koppeling.own_integration i ON i.id = o.integration_id AND i.account_id = koppeling.panel_account()
    WHERE (SELECT l.id FROM koppeling.own_label l
           WHERE l.order_id = s.order_id AND l.shipment_id = s.id AND l.cancelled_at IS NULL
           LIMIT 1) IS NOT NULL;
END
$$;
COMMENT ON FUNCTION koppeling.panel_printable IS
    'Those of these shipments that have labels to print, as far as they are of the account of this session.';

CREATE OR REPLACE FUNCTION koppeling.panel_print_make(
    shipment_ids bigint[], layout text, first_position integer)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    result bigint;
BEGIN
    -- Nobody wants a label of the test environment among others: when there are real ones, only these.
    INSERT INTO koppeling.panel_print AS p (
        account_id, person, environment, layout, position, shipment_ids, order_ids)
    SELECT koppeling.panel_account(), koppeling.acting(), c.environment, panel_print_make.layout, first_position,
           array_agg(c.id ORDER BY c.place), array_agg(c.order_id ORDER BY c.place)
    FROM koppeling.panel_printable(panel_print_make.shipment_ids) AS c
    GROUP BY c.environment
    ORDER BY c.environment DESC
    LIMIT 1
    RETURNING p.id INTO result;
    PERFORM koppeling.request_label_pdf(c.ids)
    FROM koppeling.own_print p CROSS JOIN LATERAL koppeling.panel_print_chunks(p.shipment_ids) AS c
    WHERE p.id = result;
    RETURN result;
END
$$;
COMMENT ON FUNCTION koppeling.panel_print_make IS
    'Has the labels of these shipments fetched for printing, in their order; NULL: there is none.';

CREATE OR REPLACE FUNCTION koppeling.panel_print(request json)
RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    answer json := koppeling.panel_once_begin('print', request);
    ids bigint[] := koppeling.panel_ids(request, 'form', 'shipment');
    layout text := coalesce(koppeling.panel_given(request, 'form', 'layout'), 'a6');
    place numeric := koppeling.panel_number(
        coalesce(koppeling.panel_given(request, 'form', 'position'), '1'), 1, 4, true);
    result bigint;
BEGIN
    IF answer IS NOT NULL THEN
        RETURN answer;
    END IF;
    -- Chosen by order, or all of a batch: their labels that are still good, in the order of the list.
    ids := ids || ARRAY(
        SELECT s.id
        FROM unnest(koppeling.panel_ids(request, 'form', 'order')) WITH ORDINALITY AS g (id, place)
        JOIN koppeling.shipment s ON s.order_id = g.id
        ORDER BY g.place, s.id)
        || ARRAY(
        SELECT m.shipment_id
        FROM koppeling.panel_batch_order m
        JOIN koppeling.panel_batch b ON b.id = m.batch_id AND b.account_id = koppeling.panel_account()
        WHERE m.batch_id = (koppeling.panel_ids(request, 'form', 'batch'))[1] AND m.shipment_id IS NOT NULL
        ORDER BY m.place)
        || coalesce((
        SELECT p.shipment_ids FROM koppeling.panel_print p
        WHERE p.id = (koppeling.panel_ids(request, 'form', 'again'))[1]
          AND p.account_id = koppeling.panel_account()), '{}');
    ids := ARRAY(SELECT g.id FROM unnest(ids) WITH ORDINALITY AS g (id, place) GROUP BY g.id ORDER BY min(g.place));
    IF layout NOT IN ('a6', 'a4') OR place IS NULL OR cardinality(ids) > 500 THEN
        RETURN koppeling.panel_once_end(request, json_build_object(
            'status', 422, 'problem', koppeling.panel_text('panel_print_choose')));
    END IF;
    result := koppeling.panel_print_make(ids, layout, place::integer);
    IF result IS NULL THEN
        RETURN koppeling.panel_once_end(request, json_build_object(
            'status', 409, 'problem', koppeling.panel_text('panel_nothing_to_print')));
    END IF;
    RETURN koppeling.panel_once_end(request, json_build_object(
        'go', '/labels/print/' || result, 'notice', 'print_asked', 'id', result::text,
        'count', (SELECT cardinality(p.shipment_ids) FROM koppeling.panel_print p WHERE p.id = result)));
END
$$;
COMMENT ON FUNCTION koppeling.panel_print IS
    'Action of /labels/print: prints labels. Form: any of shipment, order (repeated), batch, again (an earlier print); '
    'layout (a6, a4), position (1 to 4: where the first stands on a sheet), once. What has no label is left out. {go, '
    'notice: print_asked, count, id}; 409 with a problem when there is none.';

CREATE OR REPLACE FUNCTION koppeling.panel_print_status(request json)
RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    RETURN coalesce((
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_printing'),
        'id', p.id::text, 'who', p.person, 'at', koppeling.panel_time(p.created_at), 'layout', p.layout,
        'position', p.position, 'is_a4', p.layout = 'a4', 'is_staging', p.environment = 'staging',
        'shipments', cardinality(p.shipment_ids),
        'orders', (
            SELECT jsonb_agg(jsonb_build_object('id', o.id::text, 'number', o.order_number) ORDER BY n.place)
            FROM unnest(p.order_ids[1:100]) WITH ORDINALITY AS n (id, place)
            JOIN koppeling.imported_order o ON o.id = n.id),
        'more', greatest(cardinality(p.order_ids) - 100, 0), 'has_more', cardinality(p.order_ids) > 100,
        'documents', d.total, 'fetched', d.ready,
        'is_ready', d.ready = d.total, 'is_waiting', d.ready < d.total AND d.failed = 0 AND d.gone = 0,
        'is_failed', d.failed > 0, 'is_gone', d.failed = 0 AND d.gone > 0, 'reason', d.reason,
        'pdf', '/labels/print/' || p.id || '/pdf',
        'once', gen_random_uuid()::text)
    FROM koppeling.panel_print p
    CROSS JOIN LATERAL (
        SELECT count(*) AS total, count(*) FILTER (WHERE s.state = 'ready') AS ready,
               count(*) FILTER (WHERE s.state = 'failed') AS failed,
               count(*) FILTER (WHERE s.id IS NULL OR s.state = 'cancelled') AS gone,
               max(s.reason) FILTER (WHERE s.state = 'failed') AS reason
        FROM koppeling.panel_print_chunks(p.shipment_ids) AS c
        LEFT JOIN koppeling.label_document_status s ON s.shipment_ids = c.ids) d
    WHERE p.id = koppeling.panel_id(request) AND p.account_id = koppeling.panel_account()),
    json_build_object('status', 404));
END
$$;
COMMENT ON FUNCTION koppeling.panel_print_status IS
    'Page of /labels/print/{id}: {title, id, who, at, layout, is_a4, position, is_staging, shipments, orders: '
    '[{id, number}] (the first 100), more, has_more, documents, fetched, is_ready, is_waiting (follow by '
    'itself), is_failed, is_gone (print them again), reason, pdf (where it is), once}.';

CREATE OR REPLACE FUNCTION koppeling.panel_print_pdf(print_id bigint)
RETURNS TABLE (place integer, content bytea, layout text, first_position integer)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    UPDATE koppeling.panel_print p
    SET downloaded_at = now()
    WHERE p.id = print_id AND p.account_id = koppeling.panel_account() AND p.downloaded_at IS NULL;
    RETURN QUERY
    SELECT c.place, d.content, p.layout, p.position
    FROM koppeling.panel_print p
    CROSS JOIN LATERAL koppeling.panel_print_chunks(p.shipment_ids) AS c
    LEFT JOIN koppeling.label_document d ON d.shipment_ids = c.ids
    WHERE p.id = print_id AND p.account_id = koppeling.panel_account()
    ORDER BY c.place;
END
$$;
COMMENT ON FUNCTION koppeling.panel_print_pdf IS
    'The PDFs of a print, in their order; one that is not there (yet, or any more) has no content. No row: there is no '
    'such print of the account of this session.';

CREATE OR REPLACE FUNCTION koppeling.panel_prints(request json)
RETURNS json
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    WITH listed AS MATERIALIZED (
        SELECT p.*, row_number() OVER (ORDER BY p.id DESC) AS rank
        FROM koppeling.own_print p
        WHERE p.account_id = koppeling.panel_account()
          AND p.id < coalesce((koppeling.panel_ids(request, 'query', 'after'))[1], 9223372036854775807)
        ORDER BY p.id DESC
        LIMIT 51
    )
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_prints'),
        'may_act', koppeling.panel_may_act(),
        'any', EXISTS (SELECT FROM listed),
        'prints', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'id', l.id::text, 'who', l.person, 'at', koppeling.panel_time(l.created_at), 'layout', l.layout,
                       'is_a4', l.layout = 'a4', 'is_staging', l.environment = 'staging',
                       'labels', cardinality(l.shipment_ids), 'downloaded', koppeling.panel_time(l.downloaded_at),
                       'orders', (
                           SELECT jsonb_agg(jsonb_build_object('id', o.id::text, 'number', o.order_number)
                                            ORDER BY n.place)
                           FROM unnest(l.order_ids[1:10]) WITH ORDINALITY AS n (id, place)
                           CROSS JOIN LATERAL (
                               SELECT f.id, f.order_number FROM koppeling.own_order f WHERE f.id = n.id OFFSET 0) o),
                       'more', greatest(cardinality(l.order_ids) - 10, 0), 'has_more', cardinality(l.order_ids) > 10,
                       'once', gen_random_uuid()::text) ORDER BY l.id DESC), '[]')
            FROM listed l WHERE l.rank <= 50),
        'next', (SELECT '/labels/history?after=' || l.id FROM listed l
                 WHERE l.rank = 50 AND EXISTS (SELECT FROM listed m WHERE m.rank = 51))));
COMMENT ON FUNCTION koppeling.panel_prints IS
    'Page of /labels/history?after=: {title, may_act, any, prints: [{id, who, at, layout, is_a4, is_staging, labels, '
    'downloaded, orders: [{id, number}], more, has_more, once}], next}. Printing again: panel_print() with again.';
