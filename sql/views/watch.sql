-- What is worth watching, as numbers: the scheduler serves them as metrics, and a DBA may look at them, too.

DROP VIEW IF EXISTS koppeling.gauge;
CREATE VIEW koppeling.gauge AS
WITH health AS MATERIALIZED (
    SELECT * FROM koppeling.queue_health
), lane AS NOT MATERIALIZED (
    SELECT k.name AS kind, a.id AS api_id, p.priority::smallint AS priority
    FROM koppeling.job_kind k
    JOIN koppeling.api a ON a.name = k.api
    CROSS JOIN generate_series(0, 2) AS p (priority)
), running AS MATERIALIZED (
    SELECT j.kind, count(*) AS jobs FROM koppeling.job j WHERE j.state = 'running' GROUP BY j.kind
), made AS MATERIALIZED (
    -- Ids grow with time, so the newest are at the end of the key: there is no index of times.
    SELECT l.environment
    FROM (SELECT l.environment, l.created_at FROM koppeling.label l ORDER BY l.id DESC LIMIT 10000) l
    WHERE l.created_at > now() - interval '1 hour'
), concern AS MATERIALIZED (
    SELECT n.reason_code FROM koppeling.order_concern n LIMIT 50000
)
SELECT g.metric, g.label, g.label_value, g.value, m.help
FROM (
    SELECT 'koppeling_queue_jobs' AS metric, 'kind' AS label, k.name AS label_value, q.jobs::float8 AS value
    FROM koppeling.job_kind k
    CROSS JOIN LATERAL (
        -- In the order of the index job_claim, so that counting ends where it is said to end.
        SELECT count(*) AS jobs
        FROM (SELECT FROM koppeling.job j
              WHERE j.kind = k.name AND j.state = 'queued'
              ORDER BY j.api_id, j.priority, j.run_at
              LIMIT 10000) j) q
    UNION ALL
    SELECT 'koppeling_parked_jobs', 'kind', k.name, p.jobs
    FROM koppeling.job_kind k
    CROSS JOIN LATERAL (
        SELECT count(*) AS jobs
        FROM (SELECT FROM lane l
              JOIN koppeling.job j
                  ON j.kind = l.kind AND j.api_id = l.api_id AND j.priority = l.priority
                  AND j.state = 'queued' AND j.run_at = 'infinity'
              WHERE l.kind = k.name
              LIMIT 10000) j) p
    UNION ALL
    SELECT 'koppeling_running_jobs', 'kind', k.name, coalesce(r.jobs, 0)
    FROM koppeling.job_kind k LEFT JOIN running r ON r.kind = k.name
    UNION ALL
    SELECT 'koppeling_failed_jobs', 'kind', k.name, f.jobs
    FROM koppeling.job_kind k
    CROSS JOIN LATERAL (
        SELECT count(*) AS jobs
        FROM (SELECT FROM koppeling.job j
              WHERE j.kind = k.name AND j.state = 'failed'
              ORDER BY j.id
              LIMIT 10000) j) f
    UNION ALL
    -- Of each lane the head alone is looked at.
    SELECT 'koppeling_oldest_due_job_seconds', 'kind', l.kind,
           coalesce(extract(epoch FROM now() - min(head.run_at)), 0)
    FROM lane l
    LEFT JOIN LATERAL (
        SELECT j.run_at
        FROM koppeling.job j
        WHERE j.state = 'queued' AND j.kind = l.kind AND j.api_id = l.api_id AND j.priority = l.priority
          AND j.run_at <= now()
        ORDER BY j.run_at LIMIT 1) head ON true
    GROUP BY l.kind
    UNION ALL
    SELECT 'koppeling_shops', 'state', s.state::text, count(i.id)
    FROM unnest(enum_range(NULL::koppeling.integration_state)) AS s (state)
    LEFT JOIN koppeling.integration i ON i.state = s.state
    GROUP BY s.state
    UNION ALL
    SELECT 'koppeling_blocked_apis', 'api', a.name || '_' || a.environment,
           coalesce(a.blocked_until > now(), false)::integer
    FROM koppeling.api a WHERE a.name <> 'local'
    UNION ALL
    SELECT 'koppeling_orders_to_look_at', 'reason', k.code, count(c.reason_code)
    FROM (SELECT r.code FROM koppeling.order_reason r UNION ALL SELECT w.code FROM koppeling.order_warning w) k
    LEFT JOIN concern c ON c.reason_code = k.code
    GROUP BY k.code
    UNION ALL
    SELECT 'koppeling_labels_last_hour', 'environment', e.environment::text, count(l.environment)
    FROM unnest(enum_range(NULL::koppeling.environment)) AS e (environment)
    LEFT JOIN made l ON l.environment = e.environment
    GROUP BY e.environment
    UNION ALL
    SELECT h.metric, NULL, NULL, h.value
    FROM health
    CROSS JOIN LATERAL (VALUES
        ('koppeling_live_workers', health.live_workers::float8),
        ('koppeling_live_schedulers', health.live_schedulers),
        ('koppeling_overdue_polls', health.overdue_polls),
        ('koppeling_oldest_overdue_poll_seconds',
         coalesce(extract(epoch FROM health.oldest_overdue_poll), 0)),
        ('koppeling_failing_chores', health.failing_chores),
        ('koppeling_last_tick_age_seconds', extract(epoch FROM health.last_tick_age)),
        -- Whoever may not see the sessions of others knows of none: then there is no number, rather than a good one.
        ('koppeling_oldest_transaction_seconds',
         CASE WHEN pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
              THEN coalesce(extract(epoch FROM health.oldest_transaction_age), 0) END),
        ('koppeling_job_table_dead_rows', health.job_dead_rows),
        ('koppeling_job_table_bytes', health.job_bytes + health.job_index_bytes),
        ('koppeling_history_bytes', health.history_bytes),
        ('koppeling_history_rows_without_partition', health.rows_without_partition)) AS h (metric, value)
    WHERE h.value IS NOT NULL
    UNION ALL
    SELECT 'koppeling_history_partitions_ahead', NULL, NULL,
           count(*) FILTER (WHERE c.relname > 'job_history_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD'))
    FROM pg_catalog.pg_inherits p
    JOIN pg_catalog.pg_class c ON c.oid = p.inhrelid AND c.relname ~ '^job_history_[0-9]{8}$'
    WHERE p.inhparent = 'koppeling.job_history'::regclass) g
JOIN (VALUES
    ('koppeling_queue_jobs', 'Jobs that wait, by kind; counting ends at 10,000 of each.'),
    ('koppeling_parked_jobs',
     'Jobs of them that wait until their shop, or their account, is in order, by kind; counting ends at 10,000.'),
    ('koppeling_running_jobs', 'Jobs that a worker holds, by kind.'),
    ('koppeling_failed_jobs', 'Jobs that gave up and want a person (failed_job), by kind; counting ends at 10,000.'),
    ('koppeling_oldest_due_job_seconds', 'How long the oldest job that could run has been waiting, by kind.'),
    ('koppeling_shops', 'Shops by state; needs_attention and rejected want a person.'),
    ('koppeling_blocked_apis', 'Whether an API is left alone: its breaker is open, or somebody called block_api().'),
    ('koppeling_orders_to_look_at',
     'Orders that a person must look at (order_to_look_at); counting ends at 50,000.'),
    ('koppeling_labels_last_hour',
     'Labels that came in the last hour, whoever made them, by environment; counting ends at 10,000.'),
    ('koppeling_live_workers', 'Worker threads with a lease.'),
    ('koppeling_live_schedulers', 'Schedulers that were seen lately; one is enough.'),
    ('koppeling_overdue_polls', 'Polls that should have been made a minute ago and more (overdue_poll).'),
    ('koppeling_oldest_overdue_poll_seconds', 'How long the oldest of them has been due.'),
    ('koppeling_failing_chores', 'Chores of the scheduler that were not done the last time (chore).'),
    ('koppeling_last_tick_age_seconds', 'Since the last tick of any scheduler.'),
    ('koppeling_oldest_transaction_seconds', 'Age of the oldest open transaction: it keeps dead rows (queue_health).'),
    ('koppeling_job_table_dead_rows', 'Dead rows of the table of jobs.'),
    ('koppeling_job_table_bytes', 'Size of the table of jobs and its indexes.'),
    ('koppeling_history_bytes', 'Size of the history of jobs.'),
    ('koppeling_history_rows_without_partition', 'Rows of the history that found no partition; 0 is right.'),
    ('koppeling_history_partitions_ahead', 'Partitions of the history for days to come; 0 is too few.')) AS m (
    metric, help)
    ON m.metric = g.metric;
COMMENT ON VIEW koppeling.gauge IS
    'What is worth watching, as numbers: the metrics of the scheduler, a row each. label_value is a kind, a state or a '
    'reason, never a shop or an order. With 39,000 shops it takes some 35 ms, however many jobs there are.';
