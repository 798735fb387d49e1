-- People who are signed in to the panel, and pages as they get them: included after world.sql.
INSERT INTO koppeling.panel_session (cookie_hash, kind, account_id, person, role, idle_limit, expires_at)
SELECT sha256(s.person::bytea), 'portal', s.account_id, s.person, s.role::koppeling.panel_role, '1 hour',
       now() + interval '1 hour'
FROM (VALUES ('fenna', 1, 'merchant'), ('kijker', 1, 'readonly'), ('ander', 2, 'merchant'),
             ('wacht', NULL, 'operations'), ('toezicht', NULL, 'operations_readonly'))
     AS s (person, account_id, role);

-- What a statement gives somebody, or SQLSTATE and words of its error.
CREATE FUNCTION pg_temp.got(person text, statement text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    PERFORM koppeling.panel_become(s.role::text, s.language, s.cookie_hash)
    FROM koppeling.panel_session s WHERE s.cookie_hash = sha256(got.person::bytea);
    BEGIN
        EXECUTE statement INTO answer;
    EXCEPTION WHEN OTHERS THEN
        answer := jsonb_build_object('error', SQLSTATE, 'words', SQLERRM);
    END;
    PERFORM set_config('role', 'none', true), set_config('koppeling.session', '', true),
            set_config('statement_timeout', '0', true);
    RETURN answer::jsonb;
END
$$;

-- A page or an action, as somebody gets it: panel_<name> with the path, the query and the form.
CREATE FUNCTION pg_temp.page(person text, name text, path jsonb DEFAULT '{}', query jsonb DEFAULT '{}',
                             form jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql
RETURN pg_temp.got(person, format('SELECT koppeling.panel_%s(%L)', name,
    jsonb_build_object('path', path, 'query', query, 'form', form)));

-- The members of an answer, for a glance.
CREATE FUNCTION pg_temp.picked(answer jsonb, VARIADIC names text[]) RETURNS text LANGUAGE sql
RETURN (SELECT string_agg(coalesce(answer #>> string_to_array(n.name, '.'), '-'), ' ' ORDER BY n.place)
        FROM unnest(names) WITH ORDINALITY AS n (name, place));

-- Sequences go on when a test is rolled back.
ALTER TABLE koppeling.panel_batch ALTER id RESTART 1;
ALTER TABLE koppeling.panel_print ALTER id RESTART 1;
