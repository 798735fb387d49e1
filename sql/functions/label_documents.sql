-- Labels as PDF, for the back end.

CREATE OR REPLACE FUNCTION koppeling.label_pdf_problem(shipment_ids bigint[])
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN CASE
    WHEN coalesce(cardinality(shipment_ids), 0) = 0 THEN 'no shipment was named'
    WHEN array_ndims(shipment_ids) <> 1 THEN 'the shipments are not a plain list'
    WHEN cardinality(shipment_ids) > 25 THEN
        format('%s shipments are too many for one PDF: 25 at most', cardinality(shipment_ids))
    ELSE (
        WITH given AS (
            SELECT g.id AS given_id, g.place, s.id, s.order_id, s.environment, s.external_id, o.erased_at, i.account_id,
                   first_value(s.environment) OVER (ORDER BY g.place) AS first_environment,
                   first_value(i.account_id) OVER (ORDER BY g.place) AS first_account,
                   count(*) OVER (PARTITION BY g.id) AS times
            FROM unnest(shipment_ids) WITH ORDINALITY AS g (id, place)
            LEFT JOIN koppeling.shipment s ON s.id = g.id
            LEFT JOIN koppeling.imported_order o ON o.id = s.order_id
            LEFT JOIN koppeling.integration i ON i.id = o.integration_id
        )
        SELECT format(p.words, coalesce(g.given_id::text, 'NULL'), p.detail)
        FROM given g
        CROSS JOIN LATERAL (
            VALUES
                (1, 'there is no shipment %s', g.id IS NULL, NULL),
                (2, 'shipment %s is named more than once', g.times > 1, NULL),
                (3, 'shipment %s is of another account than the first', g.account_id <> g.first_account, NULL),
                (4, 'shipment %s was made in %s, not where the first was', g.environment <> g.first_environment,
                 g.environment::text),
                (5, 'the personal data of shipment %s was erased', g.erased_at IS NOT NULL, NULL),
                (6, 'shipment %s has no label yet, or no longer',
                 g.external_id IS NULL
                 OR NOT EXISTS (
                     SELECT FROM koppeling.label l
                     WHERE l.order_id = g.order_id AND l.shipment_id = g.id AND l.cancelled_at IS NULL),
                 NULL))
            AS p (rank, words, applies, detail)
        WHERE p.applies
        ORDER BY p.rank, g.place
        LIMIT 1)
END;
COMMENT ON FUNCTION koppeling.label_pdf_problem IS
    'Why the labels of these shipments cannot be had as one PDF, in words; NULL when they can.';

CREATE OR REPLACE FUNCTION koppeling.request_label_pdf(shipment_ids bigint[])
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    problem text;
    first_shipment koppeling.shipment;
    shop_id bigint;
    document_id bigint;
    is_fetched boolean;
    lasts interval := make_interval(hours => koppeling.setting_integer('label_document_hours'));
BEGIN
    -- Nobody erases an order between this look and the request.
    PERFORM FROM koppeling.imported_order o
    WHERE o.id IN (SELECT s.order_id FROM koppeling.shipment s WHERE s.id = ANY (request_label_pdf.shipment_ids))
    ORDER BY o.id
    FOR SHARE OF o;
    problem := koppeling.label_pdf_problem(request_label_pdf.shipment_ids);
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'cannot fetch labels: %', problem USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT s.* INTO first_shipment FROM koppeling.shipment s WHERE s.id = request_label_pdf.shipment_ids[1];
    SELECT o.integration_id INTO shop_id FROM koppeling.imported_order o WHERE o.id = first_shipment.order_id;
    -- One that came before a label was made or cancelled is not what there is now.
    DELETE FROM koppeling.label_document d
    WHERE d.shipment_ids = request_label_pdf.shipment_ids AND EXISTS (
        SELECT FROM koppeling.label l
        WHERE l.order_id = ANY (d.order_ids) AND l.shipment_id = ANY (d.shipment_ids)
          AND greatest(l.created_at, l.cancelled_at) > d.fetched_at);
    -- Who asks for the same at the same moment waits here, and finds the document of the one before.
    INSERT INTO koppeling.label_document AS d (environment, shipment_ids, order_ids, expires_at)
    SELECT first_shipment.environment, request_label_pdf.shipment_ids, array_agg(s.order_id ORDER BY g.place),
           now() + lasts
    FROM unnest(request_label_pdf.shipment_ids) WITH ORDINALITY AS g (id, place)
    JOIN koppeling.shipment s ON s.id = g.id
    ON CONFLICT (shipment_ids) DO UPDATE SET expires_at = excluded.expires_at
    RETURNING d.id, d.content IS NOT NULL INTO document_id, is_fetched;
    IF is_fetched THEN
        RETURN document_id;
    END IF;
    INSERT INTO koppeling.job (kind, integration_id, order_id, shipment_id, args, run_at)
    VALUES ('fetch_label', shop_id, first_shipment.order_id, first_shipment.id,
            jsonb_build_object('document', document_id), koppeling.shop_gate(shop_id, 'fetch_label', now()))
    ON CONFLICT (((args ->> 'document')::bigint)) WHERE kind = 'fetch_label' DO NOTHING;
    -- One that gave up is asked again by whoever asks again.
    UPDATE koppeling.job j SET state = 'queued'
    WHERE j.kind = 'fetch_label' AND (j.args ->> 'document')::bigint = document_id AND j.state = 'failed';
    RETURN document_id;
END
$$;
COMMENT ON FUNCTION koppeling.request_label_pdf IS
    'Has the labels of shipments fetched as one PDF, in the order given (at most 25 shipments of one account and '
    'environment); returns the id in label_document, which the view label_document_status tells more of. Channel '
    'koppeling_label_document tells the id when it has come. Asking for the same again gives the same document, unless '
    'a label was made or cancelled since.';

CREATE OR REPLACE FUNCTION koppeling.delete_label_documents()
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    WITH expired AS MATERIALIZED (
        SELECT d.id FROM koppeling.label_document d
        WHERE d.expires_at < now()
        ORDER BY d.expires_at
        LIMIT 5000
        FOR UPDATE SKIP LOCKED
    ), deleted AS (
        DELETE FROM koppeling.label_document d USING expired e WHERE d.id = e.id RETURNING d.id
    )
    SELECT count(*) FROM deleted;
END;
COMMENT ON FUNCTION koppeling.delete_label_documents IS
    'Deletes labels as PDF that have expired, at most 5000 at a time. Returns how many.';
