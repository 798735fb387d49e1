-- The panel: which shop a typed token is for.

CREATE OR REPLACE FUNCTION koppeling.panel_seal_host(request json)
RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    RETURN json_build_object('host', CASE
        WHEN request -> 'path' ->> 'id' ~ '^[0-9]{1,18}$'
        THEN (SELECT i.shop_host FROM koppeling.integration i
              WHERE i.id = (request -> 'path' ->> 'id')::bigint AND i.account_id = koppeling.panel_account())
        ELSE koppeling.shop_host(request -> 'form' ->> 'shop_url') END);
END
$$;
COMMENT ON FUNCTION koppeling.panel_seal_host IS
    'The shop that the token in a form is for, so that it is sealed for that shop and of no use on the row of another: '
    '{host}; NULL when the address is none.';
