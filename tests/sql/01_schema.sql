-- What holds for everything in the schema: comments, names, and functions that nobody can lead astray.
BEGIN;
SELECT plan(11);

SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'koppeling'::regnamespace
      AND c.relkind IN ('r', 'p', 'v') AND obj_description(c.oid, 'pg_class') IS NULL $$,
    'every table and view has a comment');

SELECT is_empty($$
    SELECT c.relname, a.attname
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND col_description(c.oid, a.attnum) IS NULL $$,
    'every column of a table has a comment');

SELECT is_empty($$
    SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = 'koppeling'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL $$,
    'every function has a comment');

SELECT is_empty($$
    SELECT t.typname FROM pg_type t
    WHERE t.typnamespace = 'koppeling'::regnamespace
      AND t.typtype = 'e' AND obj_description(t.oid, 'pg_type') IS NULL $$,
    'every enumerated type has a comment');

SELECT is_empty($$
    SELECT p.oid::regprocedure, p.proconfig FROM pg_proc p
    WHERE p.pronamespace = 'koppeling'::regnamespace
      AND coalesce((SELECT setting FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search\_path=%'), '')
          NOT IN ('search_path=pg_catalog, koppeling, pg_temp')
      -- An expression that stands in an index, whose names were looked up when it was made.
      AND NOT (p.prosqlbody IS NOT NULL AND p.provolatile = 'i' AND NOT p.prosecdef AND p.proname = 'order_words') $$,
    'every function pins its search path, with pg_temp last');

SELECT isnt_empty($$
    SELECT FROM pg_proc p WHERE p.pronamespace = 'koppeling'::regnamespace AND p.prosecdef $$,
    'there are functions with the rights of their owner, so the check above is about something');

SELECT is_empty($$
    SELECT p.oid::regprocedure
    FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS acl
    WHERE p.pronamespace = 'koppeling'::regnamespace AND acl.grantee = 0 AND acl.privilege_type = 'EXECUTE' $$,
    'no function may be run by PUBLIC');

SELECT is_empty($$
    SELECT c.relname, acl.privilege_type
    FROM pg_class c, aclexplode(c.relacl) AS acl
    WHERE c.relnamespace = 'koppeling'::regnamespace AND acl.grantee = 0 $$,
    'no table or view may be touched by PUBLIC');

SELECT is_empty($$
    SELECT acl.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) AS acl
    WHERE n.nspname = 'koppeling'
      AND (acl.grantee = 0 OR acl.privilege_type = 'CREATE') AND acl.grantee <> n.nspowner $$,
    'nobody but the owner may create anything in the schema, and PUBLIC cannot even look into it');

SELECT is_empty($$
    SELECT c.conrelid::regclass, c.conname FROM pg_constraint c
    WHERE c.connamespace = 'koppeling'::regnamespace AND c.contype = 'c' AND c.conrelid <> 0
      AND (c.conname ~ '_check[0-9]*$' OR c.conname NOT LIKE
           (SELECT coalesce(parent.relname, own.relname) FROM pg_class own
            LEFT JOIN pg_inherits i ON i.inhrelid = own.oid LEFT JOIN pg_class parent ON parent.oid = i.inhparent
            WHERE own.oid = c.conrelid) || '\_%') $$,
    'every check has a name that says what it demands and where');

SELECT results_eq(
    'SELECT count(*)::integer, max(version) FROM koppeling.schema_migration',
    $$ SELECT max(version), count(*)::integer FROM koppeling.schema_migration $$,
    'migrations are numbered without gaps');

SELECT finish();
ROLLBACK;
