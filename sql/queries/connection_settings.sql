-- What our statements depend on, whatever was set for the database, the role or the server. The names are qualified, so
-- that no object of somebody else is found before the path is ours. A commit is durable: what was sent and what came of
-- it must not be forgotten. The server gives up before we do (30 s), so that nothing waits there for nobody. And
-- nothing is compiled: our statements touch few rows, whatever the planner expects, and compiling takes half a second.
-- $1 true: until the end of the transaction, since a pooler keeps nothing beyond it; false: for the session
-- $2 longest wait for a lock of somebody else (0: no limit)
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', $1::boolean),
       pg_catalog.set_config('synchronous_commit', CASE
           WHEN pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) 'remote_apply'
           THEN 'remote_apply' ELSE 'on' END, $1::boolean),
       pg_catalog.set_config('default_transaction_isolation', 'read committed', $1::boolean),
       pg_catalog.set_config('client_min_messages', 'warning', $1::boolean),
       pg_catalog.set_config('statement_timeout', '25s', $1::boolean),
       pg_catalog.set_config('lock_timeout', $2, $1::boolean),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '30s', $1::boolean),
       pg_catalog.set_config('idle_session_timeout', '0', $1::boolean),
       pg_catalog.set_config('client_connection_check_interval', '5s', $1::boolean),
       pg_catalog.set_config('DateStyle', 'ISO, YMD', $1::boolean),
       pg_catalog.set_config('IntervalStyle', 'postgres', $1::boolean),
       pg_catalog.set_config('TimeZone', 'UTC', $1::boolean),
       pg_catalog.set_config('bytea_output', 'hex', $1::boolean),
       pg_catalog.set_config('extra_float_digits', '1', $1::boolean),
       pg_catalog.set_config('array_nulls', 'on', $1::boolean),
       pg_catalog.set_config('transform_null_equals', 'off', $1::boolean),
       pg_catalog.set_config('standard_conforming_strings', 'on', $1::boolean),
       pg_catalog.set_config('jit', 'off', $1::boolean),
       pg_catalog.set_config('row_security', 'on', $1::boolean);
