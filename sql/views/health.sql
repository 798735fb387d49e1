-- Is everything alive, and is what should have been done done? Absence of errors is no answer.

-- Views of other files that depend on these go with them, and are made again with their file.
DROP VIEW IF EXISTS koppeling.gauge, koppeling.overdue_poll, koppeling.queue_health, koppeling.integration_status;

CREATE VIEW koppeling.overdue_poll AS
SELECT i.id AS integration_id, i.shop_host AS shop, l.since,
       CASE WHEN p.id IS NULL THEN 'no scheduler has looked at it'
            WHEN p.state = 'queued' THEN 'no worker has taken it'
            ELSE 'its worker is gone and no scheduler has returned it' END AS reason
FROM koppeling.integration i
LEFT JOIN koppeling.job p ON p.kind = 'poll' AND p.integration_id = i.id
LEFT JOIN koppeling.api a ON a.id = p.api_id
LEFT JOIN koppeling.worker w ON w.id = p.worker_id
CROSS JOIN LATERAL (
    SELECT CASE
        -- Planned by a clock that was ahead: no scheduler has put it right.
        WHEN p.id IS NULL AND i.next_poll_at > now() + i.poll_interval * 1.1 + interval '1 minute'
        THEN least(coalesce(i.last_polled_at, i.created_at), now() - interval '61 seconds')
        WHEN p.id IS NULL THEN greatest(i.next_poll_at, i.blocked_until)
        -- While its service is blocked it is not late.
        WHEN p.state = 'queued' AND coalesce(a.blocked_until <= now(), true) THEN greatest(p.run_at, a.blocked_until)
        WHEN p.state = 'running' THEN w.lease_until END AS since) l
WHERE i.state = 'active' AND l.since < now() - interval '1 minute';
COMMENT ON VIEW koppeling.overdue_poll IS
    'Polls that should have been made a minute ago and more: since when, and who is missing. No row is good.';

CREATE VIEW koppeling.queue_health AS
SELECT oldest.xact_age AS oldest_transaction_age,
       oldest.pid AS oldest_transaction_pid,
       oldest.application_name AS oldest_transaction_application,
       s.n_live_tup AS job_live_rows,
       s.n_dead_tup AS job_dead_rows,
       s.last_autovacuum AS job_last_autovacuum,
       pg_relation_size('koppeling.job') AS job_bytes,
       pg_indexes_size('koppeling.job') AS job_index_bytes,
       (SELECT coalesce(sum(pg_total_relation_size(h.inhrelid)), 0)::bigint
        FROM pg_catalog.pg_inherits h WHERE h.inhparent = 'koppeling.job_history'::regclass) AS history_bytes,
       (SELECT count(*) FROM koppeling.job_history_default) AS rows_without_partition,
       (SELECT count(*) FROM koppeling.worker w WHERE w.state = 'active' AND w.lease_until > now()
          AND w.seen_at < now() + interval '1 minute') AS live_workers,
       (SELECT count(*) FROM koppeling.api a WHERE a.blocked_until > now()) AS blocked_apis,
       (SELECT count(DISTINCT c.account_id) FROM koppeling.account_credentials c WHERE c.state = 'rejected')
           AS refused_accounts,
       (SELECT count(*) FROM koppeling.scheduler c
        WHERE c.stopped_at IS NULL
          AND c.seen_at BETWEEN now() - (c.tick * 3 + interval '30 seconds') AND now() + interval '1 minute')
           AS live_schedulers,
       tick.at AS last_tick_at,
       now() - tick.at AS last_tick_age,
       (SELECT count(*) FROM koppeling.chore c WHERE c.failed_since IS NOT NULL) AS failing_chores,
       late.polls AS overdue_polls,
       now() - late.since AS oldest_overdue_poll
FROM pg_catalog.pg_stat_user_tables s
LEFT JOIN LATERAL (
    SELECT now() - a.xact_start AS xact_age, a.pid, a.application_name
    FROM pg_catalog.pg_stat_activity a
    WHERE a.datname = current_database() AND a.xact_start IS NOT NULL AND a.pid <> pg_backend_pid()
    ORDER BY a.xact_start LIMIT 1) oldest ON true
-- What was seen in the future was seen by a clock that was ahead.
CROSS JOIN (SELECT max(c.seen_at) AS at FROM koppeling.scheduler c WHERE c.seen_at < now() + interval '1 minute') tick
CROSS JOIN (SELECT count(*) AS polls, min(o.since) AS since FROM koppeling.overdue_poll o) late
WHERE s.relid = 'koppeling.job'::regclass;
COMMENT ON VIEW koppeling.queue_health IS
    'One row on the health of the queue: the oldest open transaction (it keeps dead rows from being vacuumed) and its '
    'pid, dead rows, sizes, live workers and schedulers, the last tick, and polls that should have been made.';
