-- Parcels that cross a customs border.

CREATE OR REPLACE FUNCTION koppeling.customs_area(country text, postcode text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    RETURN coalesce(
    (SELECT a.area
     FROM koppeling.customs_area a
     WHERE a.country = customs_area.country
       AND upper(regexp_replace(coalesce(customs_area.postcode, ''), '[^A-Za-z0-9]', '', 'g') COLLATE "C") ~ a.postcode
     ORDER BY a.postcode = ''
     LIMIT 1),
    customs_area.country);
END
$$;
COMMENT ON FUNCTION koppeling.customs_area IS
    'In which area an address is: between two places with the same one no customs declaration is needed. NULL: not '
    'known.';

CREATE OR REPLACE FUNCTION koppeling.customs_gaps(order_id bigint, language text DEFAULT 'en')
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT string_agg(CASE WHEN lower(left(language, 2)) = 'nl' THEN m.nl ELSE m.en END, ', ' ORDER BY g.place)
    FROM koppeling.imported_order o
    JOIN koppeling.integration i ON i.id = o.integration_id
    JOIN koppeling.from_address f ON f.id = i.from_address_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS lines,
               count(*) FILTER (WHERE coalesce(btrim(l.description), '') = '') AS without_description,
               count(*) FILTER (WHERE l.unit_price IS NULL OR l.unit_price < 0) AS without_price
        FROM koppeling.order_line l
        WHERE l.order_id = o.id) n
    CROSS JOIN LATERAL (
        SELECT coalesce(o.currency, i.currency, 'EUR') = 'EUR' AS is_in_euros) c
    CROSS JOIN LATERAL (
        VALUES
            (1, 'customs_no_lines', n.lines = 0),
            (2, 'customs_no_description', n.without_description > 0),
            (3, 'customs_no_value', n.without_price > 0 AND c.is_in_euros),
            (4, 'customs_not_in_euros', NOT c.is_in_euros),
            -- A number that the carrier would not get is as good as none.
            (5, 'customs_no_phone',
             coalesce(btrim(o.phone), '') = '' OR 'phone_not_understood' = ANY (o.warnings)),
            (6, 'customs_no_email', coalesce(btrim(o.email), '') = '')) AS g (place, code, is_missing)
    JOIN koppeling.message m ON m.code = g.code
    WHERE o.id = customs_gaps.order_id AND g.is_missing
      AND koppeling.customs_area(f.country, f.postcode)
          <> koppeling.customs_area(o.ship_to_country, o.ship_to_postcode));
END
$$;
COMMENT ON FUNCTION koppeling.customs_gaps IS
    'What an order that crosses a customs border lacks for the declaration, in words (English, or Dutch with language '
    'nl); NULL when it lacks nothing, or crosses none.';
