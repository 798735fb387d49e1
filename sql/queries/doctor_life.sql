-- Whether the work is done: by the gauges that are metrics, too.
WITH g AS MATERIALIZED (
    SELECT * FROM koppeling.gauge
), n AS (
    SELECT max(g.value) FILTER (WHERE g.metric = 'koppeling_live_workers') AS workers,
           max(g.value) FILTER (WHERE g.metric = 'koppeling_live_schedulers') AS schedulers,
           max(g.value) FILTER (WHERE g.metric = 'koppeling_last_tick_age_seconds') AS tick_age,
           max(g.value) FILTER (WHERE g.metric = 'koppeling_overdue_polls') AS overdue,
           max(g.value) FILTER (WHERE g.metric = 'koppeling_oldest_overdue_poll_seconds') AS overdue_age,
           max(g.value) FILTER (WHERE g.metric = 'koppeling_history_partitions_ahead') AS partitions,
           max(g.value) FILTER (WHERE g.metric = 'koppeling_history_rows_without_partition') AS strays,
           sum(g.value) FILTER (WHERE g.metric = 'koppeling_failed_jobs') AS failed,
           max(g.value) FILTER (WHERE g.metric = 'koppeling_oldest_due_job_seconds') AS due_age,
           sum(g.value) FILTER (WHERE g.metric = 'koppeling_shops' AND g.label_value = 'active') AS active,
           sum(g.value) FILTER (WHERE g.metric = 'koppeling_shops' AND g.label_value = 'needs_attention') AS troubled
    FROM g
)
SELECT f.level, f.topic, f.finding, f.advice
FROM n
CROSS JOIN LATERAL (
    SELECT * FROM (VALUES
        (1, CASE WHEN n.workers > 0 THEN 'ok' ELSE 'problem' END, 'workers',
         format('%s worker threads are alive', n.workers),
         'No job is done: start koppeling-worker; its log says why it ended.'),
        (2, CASE WHEN n.schedulers > 0 THEN 'ok' ELSE 'problem' END, 'schedulers',
         format('%s schedulers are alive%s', n.schedulers,
                ', the last tick was ' || round(n.tick_age::numeric) || ' seconds ago'),
         'Nothing is polled, told or rescued: start koppeling-scheduler; its log says why it ended.'),
        (3, CASE WHEN n.overdue > 0 THEN 'warning' ELSE 'ok' END, 'polls',
         CASE WHEN n.overdue > 0
              THEN format('%s polls are late, the oldest by %s seconds', n.overdue, round(n.overdue_age::numeric))
              ELSE 'no poll is late' END,
         'SELECT * FROM koppeling.overdue_poll says whose and who is missing.'),
        (4, CASE WHEN n.due_age > 300 THEN 'warning' ELSE 'ok' END, 'queue',
         format('the oldest job that could run waits for %s seconds', round(n.due_age::numeric)),
         'More workers, or a service is slow: SELECT * FROM koppeling.queue_overview.'),
        (5, CASE WHEN n.failed > 0 THEN 'warning' ELSE 'ok' END, 'queue', format('%s jobs gave up', n.failed),
         'They wait for a person: SELECT * FROM koppeling.failed_job says what to do.'),
        (6, CASE WHEN n.troubled > 0.1 * (n.active + n.troubled) AND n.troubled > 10 THEN 'problem'
                 WHEN n.troubled > 0 THEN 'warning' ELSE 'ok' END, 'shops',
         format('%s shops are active, %s need attention', n.active, n.troubled),
         'Their tokens are refused: SELECT * FROM koppeling.integration_status. So many at once: the key, or the '
         'partner token.'),
        (7, CASE WHEN n.partitions < 1 THEN 'problem' WHEN n.partitions < 2 THEN 'warning' ELSE 'ok' END, 'partitions',
         format('the history has partitions for %s days ahead', n.partitions),
         'A scheduler makes them: SELECT * FROM koppeling.chore WHERE name = ''partitions''.'),
        (8, CASE WHEN n.strays > 0 THEN 'warning' ELSE 'ok' END, 'partitions',
         format('%s rows of the history found no partition', n.strays),
         'SELECT koppeling.maintain_history() as koppeling_dba.')) AS x (place, level, topic, finding, advice)
    UNION ALL
    SELECT 9, 'problem', 'chores',
           format('%s fails since %s: %s', c.name, to_char(c.failed_since, 'YYYY-MM-DD HH24:MI'), c.error),
           'A scheduler tries it again by itself; mend what the error says.'
    FROM koppeling.chore c
    WHERE c.failed_since IS NOT NULL
    UNION ALL
    SELECT 10, CASE WHEN a.blocked_until > now() OR a.breaker_state <> 'closed' THEN 'warning' ELSE 'ok' END,
           'services',
           CASE WHEN a.blocked_until > now() OR a.breaker_state <> 'closed'
                THEN format('%s %s is left alone: %s', a.name, a.environment, coalesce(a.block_reason, 'blocked'))
                ELSE format('%s %s is asked', a.name, a.environment) END,
           'By its breaker, which tries it by itself, or block_api(): koppeling-worker doctor asks whether it answers.'
    FROM koppeling.api a
    WHERE a.name <> 'local') f
ORDER BY f.place, f.finding;
