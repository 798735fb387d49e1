-- The panel: what its pages have in common. In PL/pgSQL, which keeps its plans for the session: an SQL function that
-- another one calls is planned anew each time, and that was most of what a page took.

CREATE OR REPLACE FUNCTION koppeling.panel_text(code text, VARIADIC given text[] DEFAULT '{}')
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT format(CASE koppeling.panel_language() WHEN 'en' THEN m.en ELSE m.nl END, VARIADIC given)
        FROM koppeling.message m WHERE m.code = panel_text.code);
END
$$;
COMMENT ON FUNCTION koppeling.panel_text IS 'A sentence of table message in the language of the session.';

CREATE OR REPLACE FUNCTION koppeling.panel_time(moment timestamptz)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    -- No query: a list has many.
    here timestamp := moment AT TIME ZONE 'Europe/Amsterdam';
    days integer;
BEGIN
    IF moment IS NULL OR NOT isfinite(moment) THEN
        RETURN NULL;
    END IF;
    days := here::date - (now() AT TIME ZONE 'Europe/Amsterdam')::date;
    RETURN json_build_object(
        'iso', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'text', CASE
            WHEN days BETWEEN -1 AND 1
            THEN split_part(current_setting('koppeling.calendar', true), ' ', 2 + days) || to_char(here, ' HH24:MI')
            ELSE to_char(here, 'FMDD ')
                 || split_part(current_setting('koppeling.calendar', true), ' ', 3 + date_part('month', here)::integer)
                 || to_char(here, CASE WHEN days BETWEEN -300 AND 300 THEN ' HH24:MI' ELSE ' YYYY' END) END);
END
$$;
COMMENT ON FUNCTION koppeling.panel_time IS
    'A moment for a page: {iso: in UTC, text: short, as a clock in Amsterdam says it}; NULL for NULL and infinity.';

CREATE OR REPLACE FUNCTION koppeling.panel_amount(amount numeric, currency text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    -- No query: a list has many.
    RETURN CASE currency WHEN 'EUR' THEN '€ ' ELSE coalesce(currency || ' ', '') END
           || CASE koppeling.panel_language() WHEN 'en' THEN amount::text ELSE replace(amount::text, '.', ',') END;
END
$$;
COMMENT ON FUNCTION koppeling.panel_amount IS
    'A number as one writes it in the language of the session, of a currency when there is one: € 18,40.';

CREATE OR REPLACE FUNCTION koppeling.panel_order_words(words text, id bigint, number text)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN regexp_replace(words, '\m(bestelling|order) ' || id || '\M', '\1 ' || replace(number, '\', '\\'));
COMMENT ON FUNCTION koppeling.panel_order_words IS
    'Words about an order, with the number that a merchant knows in the place of its id.';

CREATE OR REPLACE FUNCTION koppeling.panel_service_name(order_id bigint, service text)
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
RETURN coalesce((
    SELECT q.description
    FROM koppeling.quote q
    JOIN koppeling.imported_order o ON o.id = q.order_id
    JOIN koppeling.integration i ON i.id = o.integration_id AND i.account_id = koppeling.panel_account()
    WHERE q.order_id = panel_service_name.order_id AND q.service = panel_service_name.service
    ORDER BY q.quoted_at DESC
    LIMIT 1), service);
COMMENT ON FUNCTION koppeling.panel_service_name IS
    'What Boekuwzending called a service when prices were asked for an order; its key when that is not known.';

CREATE OR REPLACE FUNCTION koppeling.panel_arguments(request json, part text, name text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN CASE json_typeof(request -> part -> name)
    WHEN 'array' THEN ARRAY(SELECT json_array_elements_text(request -> part -> name))
    WHEN 'string' THEN ARRAY[request -> part ->> name]
    ELSE '{}'::text[] END;
END
$$;
COMMENT ON FUNCTION koppeling.panel_arguments IS
    'The values of a field of a request (part path, query or form): one, several, or none.';

CREATE OR REPLACE FUNCTION koppeling.panel_id(request json, name text DEFAULT 'id')
RETURNS bigint
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN CASE WHEN request -> 'path' ->> name ~ '^[0-9]{1,18}$' THEN (request -> 'path' ->> name)::bigint END;
END
$$;
COMMENT ON FUNCTION koppeling.panel_id IS 'An id in the path of a request; NULL when it is none.';

CREATE OR REPLACE FUNCTION koppeling.panel_ids(request json, part text, name text)
RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN ARRAY(
    SELECT g.value::bigint
    FROM unnest(koppeling.panel_arguments(request, part, name)) WITH ORDINALITY AS g (value, place)
    WHERE g.value ~ '^[0-9]{1,18}$'
    -- By the number: 7 and 07 are one.
    GROUP BY g.value::bigint
    ORDER BY min(g.place)
    LIMIT 501);
END
$$;
COMMENT ON FUNCTION koppeling.panel_ids IS
    'The ids in a repeated field of a request, each once, in their order, at most 501 so that 500 can be checked.';

CREATE OR REPLACE FUNCTION koppeling.panel_given(request json, part text, name text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN nullif(btrim((koppeling.panel_arguments(request, part, name))[1], E' \t\r\n'), '');
END
$$;
COMMENT ON FUNCTION koppeling.panel_given IS
    'A field of a request without blanks around it; NULL when nothing was given.';

CREATE OR REPLACE FUNCTION koppeling.panel_number(given text, lowest numeric, highest numeric, is_whole boolean)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
-- The cases come in order, so that nothing is cast that is no number.
AS $$
#variable_conflict use_column
BEGIN
    RETURN CASE WHEN given !~ '^[0-9]{1,9}([.,][0-9]{1,6})?$' THEN NULL
            WHEN replace(given, ',', '.')::numeric NOT BETWEEN lowest AND highest THEN NULL
            WHEN is_whole AND replace(given, ',', '.')::numeric <> trunc(replace(given, ',', '.')::numeric) THEN NULL
            ELSE replace(given, ',', '.')::numeric END;
END
$$;
COMMENT ON FUNCTION koppeling.panel_number IS
    'A number as people type it, with comma or point, between two others; NULL when it is none, or was not given.';

CREATE OR REPLACE FUNCTION koppeling.panel_new_key()
RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN gen_random_uuid()::text;
COMMENT ON FUNCTION koppeling.panel_new_key IS 'A key for a form, which makes that it is carried out once.';

CREATE OR REPLACE FUNCTION koppeling.panel_options(codes text[], prefix text, chosen text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'value', c.code, 'text', koppeling.panel_text(prefix || c.code),
               'selected', c.code IS NOT DISTINCT FROM chosen) ORDER BY c.place), '[]')
    FROM unnest(codes) WITH ORDINALITY AS c (code, place));
END
$$;
COMMENT ON FUNCTION koppeling.panel_options IS 'What a field can be set to: [{value, text, selected}].';

CREATE OR REPLACE FUNCTION koppeling.panel_escape(given text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT coalesce(string_agg(
               CASE WHEN b.code BETWEEN 48 AND 57 OR b.code BETWEEN 65 AND 90 OR b.code BETWEEN 97 AND 122
                         OR b.code IN (45, 46, 95, 126)
                    THEN chr(b.code) ELSE '%' || upper(lpad(to_hex(b.code), 2, '0')) END, '' ORDER BY b.place), '')
    FROM (SELECT get_byte(g.bytes, p.place) AS code, p.place
          FROM (SELECT convert_to(given, 'UTF8') AS bytes) g
          CROSS JOIN LATERAL generate_series(0, length(g.bytes) - 1) AS p (place)) b);
END
$$;
COMMENT ON FUNCTION koppeling.panel_escape IS 'A value as it stands in the query of an address.';

CREATE OR REPLACE FUNCTION koppeling.panel_query(given jsonb)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT coalesce(string_agg(f.name || '=' || koppeling.panel_escape(v.value), '&' ORDER BY f.name, v.place), '')
    FROM jsonb_each(given) AS f (name, value)
    CROSS JOIN LATERAL (
        SELECT a.value, a.place
        FROM jsonb_array_elements_text(CASE jsonb_typeof(f.value) WHEN 'array' THEN f.value
                                                                  ELSE jsonb_build_array(f.value) END)
             WITH ORDINALITY AS a (value, place)) v
    WHERE v.value <> '');
END
$$;
COMMENT ON FUNCTION koppeling.panel_query IS 'Fields as the query of an address; empty ones are left out.';

CREATE OR REPLACE FUNCTION koppeling.panel_once_begin(action text, request json)
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    mine text := coalesce(koppeling.panel_account()::text, '') || '/' || koppeling.acting();
    given text := koppeling.panel_given(request, 'form', 'once');
    -- What is sealed is sealed otherwise each time.
    asked bytea := sha256(convert_to(
        ((request -> 'path')::jsonb || ((request -> 'form')::jsonb - 'csrf' - 'sealed_token'))::text, 'UTF8'));
    before koppeling.panel_once;
BEGIN
    IF NOT koppeling.panel_may_act() THEN
        RETURN json_build_object('status', 403);
    END IF;
    IF given IS NULL THEN
        RETURN NULL;
    END IF;
    IF given !~ '^[A-Za-z0-9._:-]{8,100}$' THEN
        RETURN json_build_object('status', 400, 'problem', koppeling.panel_text('panel_bad_key'));
    END IF;
    -- Whoever sends the same at the same moment waits here.
    INSERT INTO koppeling.panel_once (scope, key, action, request)
    VALUES (mine, given, panel_once_begin.action, asked)
    ON CONFLICT (scope, key) DO NOTHING;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    SELECT o.* INTO before FROM koppeling.panel_once o WHERE o.scope = mine AND o.key = given;
    IF (before.action, before.request) IS DISTINCT FROM (panel_once_begin.action, asked) THEN
        RETURN json_build_object('status', 409, 'problem', koppeling.panel_text('panel_used_key'));
    END IF;
    RETURN before.answer;
END
$$;
COMMENT ON FUNCTION koppeling.panel_once_begin IS
    'NULL: go on with this action. Else its answer: what it was answered before under the same key (field once), or '
    'that the session may not act, or that the key is none or was used for something else.';

CREATE OR REPLACE FUNCTION koppeling.panel_once_end(request json, answer json)
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    mine text := coalesce(koppeling.panel_account()::text, '') || '/' || koppeling.acting();
    given text := koppeling.panel_given(request, 'form', 'once');
BEGIN
    IF answer ->> 'status' IS NULL THEN
        UPDATE koppeling.panel_once o SET answer = panel_once_end.answer WHERE o.scope = mine AND o.key = given;
    ELSE
        -- Nothing was done: what was wrong is put right and sent again.
        DELETE FROM koppeling.panel_once o WHERE o.scope = mine AND o.key = given;
    END IF;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION koppeling.panel_once_end IS 'Remembers what an action was answered, and returns it.';
