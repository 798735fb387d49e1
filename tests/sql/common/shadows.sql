-- Look-alikes in the schema public of what our statements mean: each notes in public.caught that it was called, then
-- does what the real one does. For a login that may make objects there, and nothing else.
SET search_path = pg_catalog;

CREATE FUNCTION public.shadow_body(what text, statement text) RETURNS text LANGUAGE sql RETURN
    format('BEGIN INSERT INTO public.caught VALUES (session_user, %L); %s; END', what, statement);

DO $do$
DECLARE
    o record;
    types regtype[] := ARRAY[
        'bigint', 'integer', 'smallint', 'text', 'boolean', 'timestamptz', 'interval', 'double precision', 'numeric',
        'jsonb', 'json', 'uuid', 'oid', 'date', 'name', 'bytea'];
BEGIN
    FOR o IN
        SELECT p.oprname AS name, 'shadow_' || p.oid AS shadow, format_type(p.oprresult, NULL) AS result,
               format_type(p.oprleft, NULL) AS l, format_type(p.oprright, NULL) AS r
        FROM pg_operator p
        WHERE p.oprnamespace = 'pg_catalog'::regnamespace AND p.oprleft = ANY (types) AND p.oprright = ANY (types)
    LOOP
        EXECUTE format('CREATE FUNCTION public.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L',
            o.shadow, o.l, o.r, o.result, public.shadow_body(
                concat_ws(' ', o.name, o.l, o.r), format('RETURN $1 OPERATOR(pg_catalog.%s) $2', o.name)));
        EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%I)',
            o.name, o.l, o.r, o.shadow);
    END LOOP;
END
$do$;

DO $do$
DECLARE
    o record;
BEGIN
    FOR o IN
        SELECT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments,
               pg_get_function_result(p.oid) AS result,
               (SELECT coalesce(string_agg('$' || n, ', '), '') FROM generate_series(1, p.pronargs) AS n) AS passed
        FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset AND p.provariadic = 0
          AND p.proname IN (
              'now', 'clock_timestamp', 'pg_notify', 'power', 'random', 'make_interval', 'set_config',
              'current_setting', 'pg_backend_pid', 'hashtextextended', 'to_regclass', 'has_table_privilege',
              'pg_logical_emit_message', 'lower', 'length', 'encode', 'decode', 'round', 'substr', 'jsonb_array_length',
              'current_database', 'pg_encoding_to_char', 'pg_advisory_xact_lock', 'to_char', 'timezone', 'octet_length')
          AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) t JOIN pg_type y ON y.oid = t WHERE y.typtype = 'p')
    LOOP
        EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', o.name, o.arguments, o.result,
            public.shadow_body(format('%s(%s)', o.name, o.arguments), format('%s pg_catalog.%I(%s)',
                CASE o.result WHEN 'void' THEN 'PERFORM' ELSE 'RETURN' END, o.name, o.passed)));
    END LOOP;
END
$do$;

-- The system has no exact match for these, so they are found even behind it.
DO $do$
BEGIN
    EXECUTE format('CREATE FUNCTION public.power(integer, integer) RETURNS float8 LANGUAGE plpgsql AS %L',
        public.shadow_body('power', 'RETURN pg_catalog.power($1::float8, $2::float8)'));
    EXECUTE format('CREATE FUNCTION public.times(interval, bigint) RETURNS interval LANGUAGE plpgsql AS %L',
        public.shadow_body('times', 'RETURN $1 OPERATOR(pg_catalog.*) $2::float8'));
    EXECUTE format('CREATE FUNCTION public.catch(text) RETURNS boolean LANGUAGE plpgsql AS %L',
        'BEGIN INSERT INTO public.caught VALUES (session_user, $1); RETURN true; END');
    CREATE OPERATOR public.* (LEFTARG = interval, RIGHTARG = bigint, FUNCTION = public.times);
END
$do$;

-- Types that are named as the system's.
DO $do$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['text', 'json', 'jsonb', 'timestamptz', 'bytea', 'uuid', 'regclass', 'date', 'int8']
    LOOP
        EXECUTE format('CREATE DOMAIN public.%1$I AS pg_catalog.%1$I CHECK (public.catch(%2$L))',
            name, 'type ' || name);
    END LOOP;
END
$do$;
