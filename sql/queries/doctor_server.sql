-- What the server and this database are set to, as far as work depends on it: findings, each with what to do. What our
-- own sessions set for themselves (connection_settings) is judged for those of the back ends.
WITH setting AS (
    SELECT s.name, s.setting, s.reset_val FROM pg_catalog.pg_settings s
), v AS (
    SELECT current_setting('server_version_num')::integer AS server,
           (SELECT pg_encoding_to_char(d.encoding) FROM pg_catalog.pg_database d WHERE d.datname = current_database())
               AS encoding,
           (SELECT max(pg_catalog.age(d.datfrozenxid)) FROM pg_catalog.pg_database d) AS xid_age,
           current_setting('max_connections')::integer AS connections,
           (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.backend_type = 'client backend') AS connected
)
SELECT f.level, f.topic, f.finding, f.advice
FROM v
CROSS JOIN LATERAL (VALUES
    (1, CASE WHEN v.server >= 150000 THEN 'ok' ELSE 'problem' END, 'server',
     format('PostgreSQL %s', current_setting('server_version')),
     'PostgreSQL 15 is the oldest that is tested: upgrade the server.'),
    (2, CASE WHEN pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean THEN 'problem' ELSE 'ok' END,
     'server', CASE WHEN pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean
                    THEN 'the database takes no writes: it is a standby, or default_transaction_read_only is on'
                    ELSE 'the database takes writes' END,
     'Name all hosts in KOPPELING_DATABASE_URL with target_session_attrs=read-write.'),
    (3, CASE WHEN v.encoding = 'UTF8' THEN 'ok' ELSE 'problem' END, 'encoding',
     format('texts are kept as %s', v.encoding),
     'Make the database anew with ENCODING ''UTF8'' TEMPLATE template0: this one cannot hold every name.'),
    (4, CASE WHEN (SELECT s.setting FROM setting s WHERE s.name = 'fsync') = 'on' THEN 'ok' ELSE 'problem' END,
     'durability', format('fsync is %s', (SELECT s.setting FROM setting s WHERE s.name = 'fsync')),
     'After a crash of the machine the database may be lost: ALTER SYSTEM SET fsync = on, and reload.'),
    (5, CASE WHEN (SELECT s.setting FROM setting s WHERE s.name = 'full_page_writes') = 'on' THEN 'ok'
             ELSE 'problem' END,
     'durability',
     format('full_page_writes is %s', (SELECT s.setting FROM setting s WHERE s.name = 'full_page_writes')),
     'A crash may leave torn pages: ALTER SYSTEM SET full_page_writes = on, and reload.'),
    (6, CASE WHEN (SELECT s.reset_val FROM setting s WHERE s.name = 'synchronous_commit') = 'off' THEN 'warning'
             ELSE 'ok' END,
     'durability',
     format('synchronous_commit is %s', (SELECT s.reset_val FROM setting s WHERE s.name = 'synchronous_commit')),
     'The daemons set it for themselves, back ends do not: what they were told is stored may be lost in a crash.'),
    (7, CASE WHEN (SELECT bool_and(s.setting = 'on') FROM setting s WHERE s.name IN ('autovacuum', 'track_counts'))
             THEN 'ok' ELSE 'problem' END,
     'vacuum', CASE WHEN (SELECT bool_and(s.setting = 'on') FROM setting s
                          WHERE s.name IN ('autovacuum', 'track_counts'))
                    THEN 'autovacuum is on' ELSE 'autovacuum or track_counts is off' END,
     'The table of jobs is rewritten all day and needs it: ALTER SYSTEM SET both to on, and reload.'),
    (8, CASE WHEN v.xid_age > 1500000000 THEN 'problem' WHEN v.xid_age > 500000000 THEN 'warning' ELSE 'ok' END,
     'vacuum', format('the oldest transaction number that is not frozen is %s million behind', v.xid_age / 1000000),
     'At 2,000 million the server stops taking writes: find what holds vacuum back, then VACUUM FREEZE.'),
    (9, CASE WHEN v.connected > v.connections * 0.9 THEN 'problem' WHEN v.connected > v.connections * 0.7 THEN 'warning'
             ELSE 'ok' END,
     'connections', format('%s of %s connections are taken', v.connected, v.connections),
     'A worker takes one a thread and one more: raise max_connections, or put PgBouncer between.'),
    (10, 'ok', 'settings',
     format('search_path of this login is %s; the daemons and functions pin their own',
            (SELECT s.reset_val FROM setting s WHERE s.name = 'search_path')), NULL),
    (11, 'ok', 'extensions',
     format('none is needed; here are %s',
            (SELECT string_agg(e.extname, ', ' ORDER BY e.extname) FROM pg_catalog.pg_extension e)), NULL))
    AS f (place, level, topic, finding, advice)
ORDER BY f.place;
