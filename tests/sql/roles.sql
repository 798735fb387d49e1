-- Each role can do its own part and no more.
BEGIN;
SELECT plan(27);

CREATE FUNCTION pg_temp.may(role_name text, relation text, privilege text) RETURNS boolean
LANGUAGE sql RETURN has_any_column_privilege(role_name, 'koppeling.' || relation, privilege);

-- Nobody but a worker sees sealed values at all, and there is no function that opens them.
SELECT is_empty($$
    SELECT r.rolname, c.relname, a.attname
    FROM pg_roles r
    CROSS JOIN pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname LIKE '%sealed%'
    WHERE r.rolname IN ('koppeling_backend', 'koppeling_ops', 'koppeling_dba', 'koppeling_scheduler')
      AND c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p', 'v')
      AND has_column_privilege(r.rolname, c.oid, a.attnum, 'SELECT')
$$, 'only a worker reads sealed columns');
SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND NOT has_any_column_privilege('koppeling_dba', c.oid, 'SELECT')
$$, 'a DBA reads all tables');
SELECT is_empty($$
    SELECT c.relname FROM pg_class c, unnest(ARRAY['koppeling_backend', 'koppeling_ops', 'koppeling_dba', 'koppeling_worker', 'koppeling_scheduler']) AS r
    WHERE c.relnamespace = 'koppeling'::regnamespace AND has_table_privilege(r, c.oid, 'TRUNCATE')
$$, 'nobody may truncate');

SELECT ok(NOT pg_temp.may('koppeling_worker', 'job', 'INSERT'), 'a worker cannot enqueue');
SELECT ok(NOT has_function_privilege('koppeling_worker', 'koppeling.ping(integer)', 'EXECUTE'), 'nor through a function');
SELECT ok(pg_temp.may('koppeling_worker', 'job', 'UPDATE'), 'a worker claims');
SELECT ok(pg_temp.may('koppeling_worker', 'job_history', 'INSERT'), 'a worker finishes');
SELECT ok(NOT pg_temp.may('koppeling_worker', 'job_history', 'UPDATE'), 'a worker cannot rewrite history');
SELECT ok(NOT pg_temp.may('koppeling_worker', 'retry_rule', 'UPDATE'), 'a worker does not change the rules');
SELECT ok(NOT pg_temp.may('koppeling_worker', 'account', 'UPDATE'), 'a worker does not change accounts');

SELECT ok(pg_temp.may('koppeling_scheduler', 'job', 'INSERT'), 'a scheduler enqueues');
SELECT ok(NOT has_column_privilege('koppeling_scheduler', 'koppeling.imported_order', 'payload', 'SELECT'), 'a scheduler reads no personal data');
SELECT ok(NOT pg_temp.may('koppeling_scheduler', 'imported_order', 'UPDATE'), 'a scheduler changes no order');

SELECT ok(NOT pg_temp.may('koppeling_ops', 'imported_order', 'UPDATE'), 'ops cannot change orders');
SELECT ok(NOT pg_temp.may('koppeling_ops', 'label', 'INSERT'), 'ops cannot make labels');
SELECT ok(pg_temp.may('koppeling_ops', 'job', 'UPDATE'), 'ops may change the state of a job by hand');
SELECT ok(NOT has_column_privilege('koppeling_ops', 'koppeling.job', 'lease_token', 'UPDATE'), 'but not its lease');
SELECT ok(has_function_privilege('koppeling_ops', 'koppeling.retry_job(bigint)', 'EXECUTE'), 'ops retry');
SELECT ok(NOT has_function_privilege('koppeling_ops', 'koppeling.record_label(bigint, koppeling.environment, text, text, text)', 'EXECUTE'),
    'ops record no labels');

SELECT ok(NOT pg_temp.may('koppeling_backend', 'job', 'UPDATE'), 'the back end does not change jobs');
SELECT ok(NOT pg_temp.may('koppeling_backend', 'imported_order', 'UPDATE'), 'the back end does not change orders');
SELECT ok(has_function_privilege('koppeling_backend', 'koppeling.connect_shop(text, bytea, bigint)', 'EXECUTE'), 'the back end connects shops');
SELECT ok(NOT has_function_privilege('koppeling_backend', 'koppeling.retry_job(bigint)', 'EXECUTE'), 'the back end does not retry jobs');

SELECT ok(pg_temp.may('koppeling_dba', 'retry_rule', 'UPDATE'), 'a DBA changes the retry rules');
SELECT ok(NOT pg_temp.may('koppeling_dba', 'job', 'UPDATE'), 'a DBA leaves jobs to ops');

SET LOCAL ROLE koppeling_backend;
SELECT throws_ok('SELECT sealed_token FROM koppeling.integration', '42501', NULL, 'a sealed token is refused to the back end');
RESET ROLE;
SET LOCAL ROLE koppeling_ops;
SELECT lives_ok('SELECT koppeling.retry_failed()', 'ops redrive without further rights');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
