-- How the tables are: dead rows, what keeps them, broken indexes and triggers, and what waits for a vacuum.
WITH job AS (
    SELECT s.n_live_tup AS live, s.n_dead_tup AS dead, s.last_autovacuum,
           pg_relation_size(s.relid) AS bytes, pg_indexes_size(s.relid) AS index_bytes
    FROM pg_catalog.pg_stat_user_tables s
    WHERE s.relid = 'koppeling.job'::regclass
), oldest AS (
    SELECT a.pid, coalesce(a.usename, 'somebody') AS usename, coalesce(a.application_name, '') AS application,
           now() - a.xact_start AS age
    FROM pg_catalog.pg_stat_activity a
    WHERE a.datname = current_database() AND a.xact_start IS NOT NULL AND a.pid <> pg_backend_pid()
    ORDER BY a.xact_start LIMIT 1
), sees AS (
    SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS all_sessions
), ours AS (
    SELECT c.oid, c.relname FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p')
)
SELECT f.level, f.topic, f.finding, f.advice
FROM job j
CROSS JOIN sees s
LEFT JOIN oldest o ON true
CROSS JOIN LATERAL (VALUES
    (1, CASE WHEN j.dead > 100000 AND j.dead > j.live * 4 THEN 'warning' ELSE 'ok' END, 'vacuum',
     format('the table of jobs has %s live and %s dead rows, last vacuumed by itself %s', j.live, j.dead,
            coalesce('at ' || to_char(j.last_autovacuum, 'YYYY-MM-DD HH24:MI'), 'never')),
     'See what holds vacuum back (an old transaction, a slot), then VACUUM koppeling.job.'),
    (2, CASE WHEN j.bytes + j.index_bytes > 256 * 1024 * 1024 AND (j.bytes + j.index_bytes) / (j.live + 1) > 20000
             THEN 'warning' ELSE 'ok' END, 'bloat',
     format('the table of jobs takes %s and its indexes %s', pg_size_pretty(j.bytes), pg_size_pretty(j.index_bytes)),
     'Far more than its rows need, as after a long outage: REINDEX TABLE CONCURRENTLY koppeling.job, and in a quiet '
     'hour VACUUM FULL.'),
    (3, CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_class c
                          WHERE c.oid IN (SELECT t.oid FROM ours t) AND 'autovacuum_enabled=false' = ANY (c.reloptions))
             THEN 'problem' ELSE 'ok' END, 'vacuum',
     coalesce('autovacuum is switched off for '
              || (SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_catalog.pg_class c
                  WHERE c.oid IN (SELECT t.oid FROM ours t) AND 'autovacuum_enabled=false' = ANY (c.reloptions)),
              'autovacuum is on for each table'),
     'ALTER TABLE ... RESET (autovacuum_enabled);'),
    (4, CASE WHEN o.age > interval '1 hour' THEN 'problem' WHEN o.age > interval '15 minutes' THEN 'warning'
             ELSE 'ok' END, 'transactions',
     CASE WHEN o.pid IS NULL AND NOT s.all_sessions THEN 'this login does not see the sessions of others'
          WHEN o.pid IS NULL THEN 'no transaction of others is open'
          ELSE format('the oldest transaction is open for %s: pid %s, %s, %s', date_trunc('second', o.age), o.pid,
                      o.usename, o.application) END,
     format('Dead rows are kept for it, and claims get slower: end it, or SELECT pg_terminate_backend(%s);', o.pid)),
    (5, CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts p WHERE p.prepared < now() - interval '15 minutes')
             THEN 'problem' ELSE 'ok' END, 'transactions',
     format('%s prepared transactions are open', (SELECT count(*) FROM pg_catalog.pg_prepared_xacts)),
     'A forgotten one holds its locks and vacuum for ever: SELECT * FROM pg_prepared_xacts; then ROLLBACK PREPARED.'),
    (6, CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_replication_slots r WHERE NOT r.active) THEN 'warning'
             ELSE 'ok' END, 'transactions',
     coalesce('nobody reads these replication slots: '
              || (SELECT string_agg(r.slot_name, ', ' ORDER BY r.slot_name) FROM pg_catalog.pg_replication_slots r
                  WHERE NOT r.active), 'no replication slot is left behind'),
     'They keep WAL, until the disk is full: SELECT pg_drop_replication_slot(...), if nobody comes back for it.'),
    (7, CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_index i
                          WHERE i.indrelid IN (SELECT t.oid FROM ours t) AND NOT (i.indisvalid AND i.indisready))
             THEN 'problem' ELSE 'ok' END, 'indexes',
     coalesce('these indexes are not valid: '
              || (SELECT string_agg(i.indexrelid::regclass::text, ', ' ORDER BY 1) FROM pg_catalog.pg_index i
                  WHERE i.indrelid IN (SELECT t.oid FROM ours t) AND NOT (i.indisvalid AND i.indisready)),
              'each index is valid'),
     'REINDEX INDEX CONCURRENTLY each of them.'),
    (8, CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger g
                          WHERE g.tgrelid IN (SELECT t.oid FROM ours t) AND g.tgenabled = 'D')
             THEN 'problem' ELSE 'ok' END, 'triggers',
     coalesce('these triggers are disabled: '
              || (SELECT string_agg(g.tgname, ', ' ORDER BY g.tgname) FROM pg_catalog.pg_trigger g
                  WHERE g.tgrelid IN (SELECT t.oid FROM ours t) AND g.tgenabled = 'D' AND NOT g.tgisinternal),
              'each trigger is enabled'),
     'ALTER TABLE ... ENABLE TRIGGER ALL; rows that changed meanwhile may have to be looked at.'))
    AS f (place, level, topic, finding, advice)
ORDER BY f.place;
