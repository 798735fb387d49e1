-- Parcels: what may be asked for, and what is told to Boekuwzending of it.

CREATE OR REPLACE FUNCTION koppeling.parcel_count(parcels jsonb)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (SELECT sum(coalesce((e.parcel ->> 'quantity')::numeric, 1))::integer
        FROM jsonb_array_elements(parcels) AS e (parcel));
COMMENT ON FUNCTION koppeling.parcel_count IS 'How many parcels a list stands for that parcels_problem() has passed.';

CREATE OR REPLACE FUNCTION koppeling.parcels_problem(parcels jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN CASE
    WHEN jsonb_typeof(parcels) <> 'array'
        THEN format('parcels is a list of objects, not: %s', left(parcels::text, 40))
    WHEN jsonb_array_length(parcels) NOT BETWEEN 1 AND 100
        THEN format('parcels has 1 to 100 elements, not %s', jsonb_array_length(parcels))
    ELSE coalesce(
        (SELECT format('parcel %s %s', e.place, p.problem)
         FROM jsonb_array_elements(parcels) WITH ORDINALITY AS e (parcel, place)
         CROSS JOIN LATERAL (
             SELECT CASE WHEN jsonb_typeof(e.parcel) = 'object' THEN jsonb_strip_nulls(e.parcel) ELSE '{}' END)
             AS given (m)
         CROSS JOIN LATERAL (
             SELECT 1 AS place, format('is no object: %s', left(e.parcel::text, 40)) AS problem
             WHERE jsonb_typeof(e.parcel) <> 'object'
             UNION ALL
             SELECT 2, CASE WHEN r.name IS NULL
                            THEN format('has "%s", which is none of quantity, weight, length, width, height, value',
                                        left(m.key, 40))
                            ELSE format('has the %s %s, and not %s', r.name, left(m.value::text, 40), r.words) END
             FROM jsonb_each(given.m) AS m (key, value)
             LEFT JOIN (VALUES
                 ('quantity', 1, 100, true, 'a whole number from 1 to 100'),
                 ('weight', 0.001, 99999.999, false, 'a number of kilograms from 0.001 to 99999.999'),
                 ('length', 1, 1000, true, 'a whole number of centimetres from 1 to 1000'),
                 ('width', 1, 1000, true, 'a whole number of centimetres from 1 to 1000'),
                 ('height', 1, 1000, true, 'a whole number of centimetres from 1 to 1000'),
                 ('value', 0, 99999999.99, false, 'a number of euros from 0 to 99999999.99'))
                 AS r (name, least, most, is_whole, words) ON r.name = m.key
             -- The cases come in order, so that nothing is cast that is no number.
             WHERE CASE WHEN r.name IS NULL OR jsonb_typeof(m.value) <> 'number' THEN true
                        WHEN m.value::numeric NOT BETWEEN r.least AND r.most THEN true
                        ELSE r.is_whole AND m.value::numeric <> trunc(m.value::numeric) END
             UNION ALL
             SELECT 3, 'has a part of its size: length, width and height belong together'
             WHERE num_nonnulls(given.m -> 'length', given.m -> 'width', given.m -> 'height') IN (1, 2)) AS p
         ORDER BY e.place, p.place, p.problem
         LIMIT 1),
        -- What has passed so far can be counted.
        (SELECT format('parcels are %s together, and not 1 to 100', koppeling.parcel_count(parcels))
         WHERE koppeling.parcel_count(parcels) > 100))
END;
COMMENT ON FUNCTION koppeling.parcels_problem IS
    'What is wrong with a list of parcels [{"quantity": 2, "weight": 1.5, "length": 40, "width": 30, "height": 20, '
    '"value": 25}, …] (kg, cm, euros; of one parcel; each may be left out), in words; NULL: nothing.';

CREATE OR REPLACE FUNCTION koppeling.check_parcels(request koppeling.shipment)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    problem text;
    rule text;
BEGIN
    -- The first that applies is told, with the name of the constraint that holds it in the table.
    SELECT p.words, p.rule INTO problem, rule
    FROM (VALUES
        (1, 'shipment_label_format_is_known',
         CASE WHEN NOT EXISTS (SELECT FROM koppeling.parcel_format f WHERE f.name = request.label_format)
              THEN format('there is no label format "%s"; there are %s', request.label_format,
                          (SELECT string_agg(f.name, ', ' ORDER BY f.name) FROM koppeling.parcel_format f)) END),
        (2, 'shipment_label_count_is_sane',
         CASE WHEN coalesce(request.label_count, 0) NOT BETWEEN 1 AND 100
              THEN format('label_count is 1 to 100, not %s', coalesce(request.label_count::text, 'NULL')) END),
        (3, 'shipment_weight_is_positive',
         CASE WHEN request.weight_kg <= 0 THEN format('weight_kg is more than 0, not %s', request.weight_kg) END),
        (4, 'shipment_size_is_whole',
         CASE WHEN num_nonnulls(request.length_cm, request.width_cm, request.height_cm) IN (1, 2)
              THEN 'length_cm, width_cm and height_cm belong together: give all of them or none' END),
        (5, 'shipment_size_is_sane',
         CASE WHEN least(request.length_cm, request.width_cm, request.height_cm) < 1
                   OR greatest(request.length_cm, request.width_cm, request.height_cm) > 1000
              THEN format('a side is 1 to 1000 cm: %s x %s x %s', request.length_cm, request.width_cm,
                          request.height_cm) END),
        (6, 'shipment_parcels_are_a_list', koppeling.parcels_problem(request.parcels)))
        AS p (place, rule, words)
    WHERE p.words IS NOT NULL
    ORDER BY p.place
    LIMIT 1;
    -- One is what is meant when nothing is said.
    IF problem IS NULL AND request.label_count NOT IN (1, koppeling.parcel_count(request.parcels)) THEN
        problem := format('label_count is %s, but the parcels are %s', request.label_count,
                          koppeling.parcel_count(request.parcels));
        rule := 'shipment_parcels_are_a_list';
    END IF;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION '% (%)', problem, rule
            USING ERRCODE = 'check_violation', SCHEMA = 'koppeling', TABLE = 'shipment', CONSTRAINT = rule;
    END IF;
END
$$;
COMMENT ON FUNCTION koppeling.check_parcels IS
    'An error that says what is wrong with format, number, size, weight or parcels of a shipment that is asked for.';

CREATE OR REPLACE FUNCTION koppeling.parcel_items(
    order_id bigint, label_format text, label_count integer, length_cm integer, width_cm integer, height_cm integer,
    weight_kg numeric, parcels jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT jsonb_agg(
               jsonb_build_object(
                   'quantity', t.quantity, 'type', t.type, 'description', t.description,
                   'length', t.length, 'width', t.width, 'height', t.height,
                   -- The least that they take [BKZ-510].
                   'weight_kg', greatest(round(t.weight * t.pieces, 3), 0.1), 'value', round(t.value * t.pieces, 2))
               ORDER BY t.place)
    FROM (
        SELECT g.place, g.quantity, f.name AS type, f.description,
               coalesce(g.length, parcel_items.length_cm, usual.length, f.length_cm) AS length,
               coalesce(g.width, parcel_items.width_cm, usual.width, f.width_cm) AS width,
               coalesce(g.height, parcel_items.height_cm, usual.height, f.height_cm) AS height,
               -- What is not said of a parcel is its share of what the others leave.
               coalesce(g.weight, greatest(whole.weight - coalesce(sum(g.weight * g.quantity) OVER (), 0), 0)
                                  / sum(CASE WHEN g.weight IS NULL THEN g.quantity END) OVER ()) AS weight,
               -- Unlike its weight, the value of the whole may not be known: then neither is a share of it.
               coalesce(g.value, CASE WHEN whole.value IS NOT NULL THEN
                   greatest(whole.value - coalesce(sum(g.value * g.quantity) OVER (), 0), 0)
                   / sum(CASE WHEN g.value IS NULL THEN g.quantity END) OVER () END) AS value,
               CASE WHEN a.weight_per_piece THEN 1 ELSE g.quantity END AS pieces
        FROM koppeling.imported_order o
        JOIN koppeling.integration i ON i.id = o.integration_id
        JOIN koppeling.account a ON a.id = i.account_id
        JOIN koppeling.parcel_format f ON f.name = parcel_items.label_format
        CROSS JOIN LATERAL (
            SELECT CASE WHEN NOT f.has_own_size THEN i.default_length_cm END AS length,
                   CASE WHEN NOT f.has_own_size THEN i.default_width_cm END AS width,
                   CASE WHEN NOT f.has_own_size THEN i.default_height_cm END AS height) usual
        CROSS JOIN LATERAL (
            SELECT coalesce(parcel_items.weight_kg, o.weight_kg) AS weight,
                   -- In euros or not at all: there is no field for another currency [BKZ-512].
                   CASE WHEN coalesce(o.currency, i.currency, 'EUR') = 'EUR' AND o.total >= 0 THEN o.total END
                   AS value) whole
        CROSS JOIN LATERAL (
            SELECT e.place,
                   coalesce((e.parcel ->> 'quantity')::numeric, 1)::integer AS quantity,
                   (e.parcel ->> 'weight')::numeric AS weight, (e.parcel ->> 'value')::numeric AS value,
                   (e.parcel ->> 'length')::numeric::integer AS length,
                   (e.parcel ->> 'width')::numeric::integer AS width,
                   (e.parcel ->> 'height')::numeric::integer AS height
            FROM jsonb_array_elements(
                     coalesce(parcel_items.parcels,
                              jsonb_build_array(jsonb_build_object('quantity', parcel_items.label_count))))
                 WITH ORDINALITY AS e (parcel, place)) g
        WHERE o.id = parcel_items.order_id) t);
END
$$;
COMMENT ON FUNCTION koppeling.parcel_items IS
    'What is told to Boekuwzending of the parcels of an order: a list of {quantity, type, description, length, width, '
    'height, weight_kg, value}. Weight and value are those of all pieces of an item, or of one if '
    'account.weight_per_piece says so.';
