-- Who holds locks on our tables, functions and views, or on the migration, for longer than a moment: whom to ask when
-- something could not be had. Since when is shown to members of pg_monitor only.
SELECT string_agg(format('pid %s (login %s%s%s)', h.pid, h.usename, ', ' || nullif(h.application_name, ''),
                         to_char(h.xact_start AT TIME ZONE 'UTC', '", since" YYYY-MM-DD HH24:MI:SS" UTC"')), ', '
                  ORDER BY h.xact_start, h.pid) AS holders
FROM (
    SELECT DISTINCT a.pid, a.usename, a.application_name, a.xact_start
    FROM pg_locks l
    JOIN pg_stat_activity a ON a.pid = l.pid
    LEFT JOIN pg_class c ON l.locktype = 'relation' AND c.oid = l.relation
    WHERE l.granted AND a.pid <> pg_backend_pid() AND a.datname = current_database()
      AND coalesce(a.backend_type = 'client backend', true)
      AND (c.relnamespace = to_regnamespace('koppeling')
           OR (l.locktype = 'advisory' AND l.objsubid = 1
               AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('koppeling migrate', 0)))
      AND coalesce(a.xact_start < now() - interval '900 milliseconds', true)
    ORDER BY a.xact_start, a.pid
    LIMIT 5) h;
