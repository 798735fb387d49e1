-- Promises about the schema as a whole, read from the catalog.
BEGIN;
SELECT plan(7);

SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND obj_description(c.oid, 'pg_class') IS NULL
$$, 'every table and view has a comment');

SELECT is_empty($$
    SELECT c.relname || '.' || a.attname
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND col_description(c.oid, a.attnum) IS NULL
$$, 'every column of a table has a comment');

SELECT is_empty($$
    SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = 'koppeling'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
$$, 'every function has a comment');

SELECT is_empty($$
    SELECT t.typname FROM pg_type t
    WHERE t.typnamespace = 'koppeling'::regnamespace AND t.typtype = 'e' AND obj_description(t.oid, 'pg_type') IS NULL
$$, 'every enumerated type has a comment');

SELECT is_empty($$
    SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = 'koppeling'::regnamespace
      AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, koppeling, pg_temp'], false)
$$, 'every function pins its search_path, with pg_temp last');

SELECT is_empty($$
    SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = 'koppeling'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE')
$$, 'nobody may call a function without a role for it');

SELECT is_empty($$
    SELECT c.conrelid::regclass || ': ' || c.conname FROM pg_constraint c
    WHERE c.connamespace = 'koppeling'::regnamespace AND c.contype = 'c' AND c.conname ~ '_check[0-9]*$'
$$, 'every CHECK has a name that says what it demands');

SELECT * FROM finish();
ROLLBACK;
