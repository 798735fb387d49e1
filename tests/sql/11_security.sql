-- Who owns what, what PUBLIC has, which functions run with the rights of their owner, and where secrets can come out.
BEGIN;
\ir common/world.sql
SELECT no_plan();

CREATE TEMP VIEW role_names AS
    SELECT unnest(ARRAY[
        'koppeling_backend', 'koppeling_ops', 'koppeling_dba', 'koppeling_worker', 'koppeling_scheduler',
        'koppeling_panel', 'koppeling_reader', 'koppeling_merchant', 'koppeling_panel_ops',
        'koppeling_panel_watch']) AS role;
CREATE TEMP VIEW owned AS
    SELECT format('%s %s', c.relkind, c.relname) AS thing, c.relowner AS owner
    FROM pg_class c WHERE c.relnamespace = 'koppeling'::regnamespace
    UNION ALL
    SELECT p.oid::regprocedure::text, p.proowner FROM pg_proc p WHERE p.pronamespace = 'koppeling'::regnamespace
    UNION ALL
    SELECT t.typname, t.typowner FROM pg_type t WHERE t.typnamespace = 'koppeling'::regnamespace;
CREATE TEMP VIEW sealed_column AS
    SELECT c.oid AS relation, c.relkind, c.relname || '.' || a.attname AS name, a.attnum
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
      AND (a.attname LIKE '%sealed%' OR a.atttypid = 'bytea'::regtype AND a.attname ~ '(token|secret)');

-- Ownership.
SELECT isnt_empty('SELECT FROM owned', 'there is something to own');
SELECT is_empty(
    $$ SELECT o.thing FROM owned o, pg_namespace n WHERE n.nspname = 'koppeling' AND o.owner <> n.nspowner $$,
    'everything belongs to the owner of the schema');
SELECT is_empty(
    $$ SELECT o.thing FROM owned o JOIN pg_roles r ON r.oid = o.owner JOIN role_names n ON n.role = r.rolname $$,
    'no role of ours owns anything');
SELECT is_empty($$ SELECT rolname FROM pg_roles r JOIN role_names n ON n.role = r.rolname
                   WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication OR rolcanlogin $$,
    'no role of ours may do more than its grants say');
SELECT set_eq(
    $$ SELECT a.role, b.role AS becomes FROM role_names a, role_names b
        WHERE a.role <> b.role AND pg_has_role(a.role, b.role, 'MEMBER') $$,
    $$ VALUES ('koppeling_panel', 'koppeling_reader'), ('koppeling_panel', 'koppeling_merchant'),
              ('koppeling_panel', 'koppeling_panel_ops'), ('koppeling_panel', 'koppeling_ops'),
              ('koppeling_panel', 'koppeling_panel_watch'),
              ('koppeling_merchant', 'koppeling_reader'), ('koppeling_panel_ops', 'koppeling_ops') $$,
    'only the panel may become another, and a merchant may what a reader may');
SELECT is_empty(
    $$ SELECT b.role FROM role_names b
        WHERE b.role <> 'koppeling_panel' AND pg_has_role('koppeling_panel', b.role, 'USAGE') $$,
    'and while it has not, it has no right of theirs');

-- Whoever asks for the roles by name knows all of them.
\set migrate `cat sql/queries/migrate_roles.sql`
\set doctor `cat sql/queries/doctor_login.sql`
SELECT set_eq(format($$ SELECT m[1] FROM regexp_matches(%L, '''(koppeling_[a-z_]+)''', 'g') AS m $$, text),
    'SELECT role FROM role_names', 'the roles of ' || name)
FROM (VALUES ('migrate_roles.sql', :'migrate'), ('doctor_login.sql', :'doctor')) AS t (name, text);

-- PUBLIC, and the right to hand rights on.
SELECT is_empty($$
    SELECT a.attrelid::regclass, a.attname, acl.privilege_type
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) AS acl
    WHERE c.relnamespace = 'koppeling'::regnamespace AND acl.grantee = 0 $$,
    'no column may be touched by PUBLIC');
SELECT is_empty($$
    SELECT c.relname, acl.privilege_type FROM pg_class c, aclexplode(c.relacl) AS acl
    WHERE c.relnamespace = 'koppeling'::regnamespace
      AND (acl.grantee = 0 OR acl.is_grantable AND acl.grantee <> c.relowner)
    UNION ALL
    SELECT p.proname, acl.privilege_type
    FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS acl
    WHERE p.pronamespace = 'koppeling'::regnamespace
      AND (acl.grantee = 0 OR acl.is_grantable AND acl.grantee <> p.proowner) $$,
    'no table, sequence or function is open to PUBLIC, and nobody may hand a right on');
SELECT is_empty(
    $$ SELECT d.defaclobjtype, d.defaclacl FROM pg_default_acl d WHERE d.defaclnamespace = 'koppeling'::regnamespace $$,
    'nothing is granted before it is made');

-- Functions with the rights of their owner.
SELECT is_empty($$
    SELECT p.oid::regprocedure, p.proconfig FROM pg_proc p
    WHERE p.pronamespace = 'koppeling'::regnamespace AND p.prosecdef
      AND array_remove(array_remove(array_remove(p.proconfig, 'DateStyle=ISO, YMD'), 'TimeZone=UTC'),
                       'koppeling.resealing=on')
          IS DISTINCT FROM ARRAY['search_path=pg_catalog, koppeling, pg_temp'] $$,
    'each has its search path pinned, pg_temp last, and no other setting but how times are written, and our own');
SELECT set_eq($$
    SELECT p.proname::text FROM pg_proc p
    WHERE p.pronamespace = 'koppeling'::regnamespace AND p.prosecdef
      AND NOT EXISTS (SELECT FROM role_names r WHERE has_function_privilege(r.role, p.oid, 'EXECUTE')) $$, $$ VALUES
    ('ensure_history_partition'), ('forget_skipped_orders'), ('release_bookings'), ('credentials_hold_jobs'),
    ('account_credentials_saved'), ('order_take_back'), ('shipment_takes_order_back'),
    ('push_environment_changed'), ('pushed_environment_changed'), ('plan_recheck'),
    ('breaker_changed'), ('shop_condition_changed'), ('account_condition_changed'), ('job_gave_up'),
    ('label_track'), ('track_labels_changed'), ('acting') $$,
    'those that no role may call are triggers and inner parts');
SELECT is_empty($$
    SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = 'koppeling'::regnamespace AND p.prosrc ~* '\mexecute\M\s+(?!format\()' $$,
    'SQL that is put together is put together by format()');
SELECT is_empty($$
    SELECT p.oid::regprocedure, l.lanname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = 'koppeling'::regnamespace AND l.lanname NOT IN ('sql', 'plpgsql') $$,
    'no function is in a language that could leave the database');

-- Where secrets could come out.
SELECT set_eq('SELECT name FROM sealed_column', $$ VALUES
    ('integration.sealed_token'), ('account.sealed_client_secret'), ('account.staging_sealed_client_secret') $$,
    'sealed values are in these columns, which koppeling-worker rekey and koppeling.reseal() know');
SELECT is_empty($$
    SELECT DISTINCT r.ev_class::regclass, s.name FROM sealed_column s
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
         AND d.refobjid = s.relation AND d.refobjsubid = s.attnum
    JOIN pg_rewrite r ON r.oid = d.objid $$,
    'no view shows one');
SELECT is_empty($$
    SELECT n.role, p.oid::regprocedure FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype, role_names n
    WHERE p.pronamespace = 'koppeling'::regnamespace AND has_function_privilege(n.role, p.oid, 'EXECUTE')
      AND (t.typrelid IN (SELECT s.relation FROM sealed_column s)
          OR p.proargnames::text ~ 'sealed' AND p.proargmodes::text ~ '[ot]') $$,
    'no function that may be called returns one');
SELECT is_empty($$
    SELECT n.role, s.name FROM sealed_column s, role_names n
    WHERE n.role <> 'koppeling_worker' AND has_column_privilege(n.role, s.relation, s.attnum, 'SELECT') $$,
    'only a worker may read one');
SELECT set_eq($$
    SELECT n.role, s.name FROM sealed_column s, role_names n
    WHERE has_column_privilege(n.role, s.relation, s.attnum, 'UPDATE') $$, $$ VALUES
    ('koppeling_backend', 'account.sealed_client_secret'),
    ('koppeling_backend', 'account.staging_sealed_client_secret'),
    ('koppeling_worker', 'integration.sealed_token') $$,
    'a worker may forget a token, a back end may store a client secret; nobody else writes one');

-- Sealing anew.
CREATE TEMP TABLE before AS SELECT to_jsonb(i) - 'sealed_token' AS row FROM koppeling.integration i;
SELECT is(koppeling.reseal('integration.sealed_token', '{1,2,3}', ARRAY['\x0102', '\x0102', '\xffff']::bytea[],
                           ARRAY['\x0304', '\x030405', '\x0304']::bytea[]), 1::bigint,
    'only a value that is still what it was, by one as long, is replaced');
SELECT results_eq('SELECT id, sealed_token FROM koppeling.integration ORDER BY id',
    $$ VALUES (1::bigint, '\x0304'::bytea), (2, '\x0102'), (3, '\x0102') $$, 'that one, and no other');
SELECT set_eq($$ SELECT to_jsonb(i) - 'sealed_token' FROM koppeling.integration i $$, 'SELECT row FROM before',
    'nothing else changes');
SELECT results_eq($$ SELECT subject, details FROM koppeling.audit WHERE action = 'reseal' $$,
    $$ VALUES ('integration.sealed_token', '{"ids": [1]}'::jsonb) $$, 'the audit has its id');
SELECT is(koppeling.reseal('account.sealed_client_secret', '{1}', ARRAY['\x01']::bytea[], ARRAY['\x07']::bytea[]),
    1::bigint, 'a client secret');
SELECT is(
    koppeling.reseal('account.staging_sealed_client_secret', '{1}', ARRAY['\x02']::bytea[], ARRAY['\x08']::bytea[]),
    1::bigint, 'one for staging');
SELECT results_eq('SELECT sealed_client_secret, staging_sealed_client_secret FROM koppeling.account WHERE id = 1',
    $$ VALUES ('\x07'::bytea, '\x08'::bytea) $$, 'each in its place');
SELECT is(koppeling.reseal('account.name', '{1}', ARRAY['\x07']::bytea[], ARRAY['\x09']::bytea[]), 0::bigint,
    'no other place');
SELECT is(koppeling.reseal('integration.sealed_token', '{}', '{}', '{}'), 0::bigint, 'nothing is no trouble');
SELECT is((SELECT count(*) FROM koppeling.audit WHERE action = 'reseal'), 3::bigint, 'and leaves no audit');
SELECT is(pg_temp.attempt(role, $$ SELECT koppeling.reseal('integration.sealed_token', '{}', '{}', '{}') $$),
          CASE role WHEN 'koppeling_worker' THEN 'ok' ELSE '42501' END, 'reseal by ' || role) FROM role_names;
SELECT is(
    pg_temp.attempt('koppeling_worker', $$ UPDATE koppeling.account SET sealed_client_secret = 'x' WHERE id = 1 $$),
    '42501',
    'a worker changes a client secret in no other way');

SELECT finish();
ROLLBACK;
