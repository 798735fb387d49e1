-- How the work goes, one row for koppeling-scheduler top; its last columns come back with the next question.
-- $1 jobs put into the queue   $2 and out of it, when it last asked   $3 and when that was; '' each: it did not yet
SELECT g.workers, g.schedulers, coalesce(round(g.tick_age::numeric, 1)::text, '-') AS last_tick_s,
       coalesce(round((s.enqueued - nullif($1, '')::bigint) / nullif(s.seconds, 0), 1)::text, '-') AS enqueued_per_s,
       coalesce(round((s.ended - nullif($2, '')::bigint) / nullif(s.seconds, 0), 1)::text, '-') AS ended_per_s,
       g.late AS late_polls, g.active AS shops, g.troubled AS need_attention, g.look_at AS orders_to_look_at,
       s.enqueued AS _enqueued, s.ended AS _ended, s.at AS _at
FROM (
    SELECT max(v.value) FILTER (WHERE v.metric = 'koppeling_live_workers') AS workers,
           max(v.value) FILTER (WHERE v.metric = 'koppeling_live_schedulers') AS schedulers,
           max(v.value) FILTER (WHERE v.metric = 'koppeling_last_tick_age_seconds') AS tick_age,
           max(v.value) FILTER (WHERE v.metric = 'koppeling_overdue_polls') AS late,
           sum(v.value) FILTER (WHERE v.metric = 'koppeling_shops' AND v.label_value = 'active') AS active,
           sum(v.value) FILTER (WHERE v.metric = 'koppeling_shops' AND v.label_value = 'needs_attention') AS troubled,
           sum(v.value) FILTER (WHERE v.metric = 'koppeling_orders_to_look_at') AS look_at
    FROM koppeling.gauge v) g
CROSS JOIN (
    SELECT t.n_tup_ins AS enqueued, t.n_tup_del AS ended, now() AS at,
           extract(epoch FROM now() - nullif($3, '')::timestamptz) AS seconds
    FROM pg_catalog.pg_stat_user_tables t
    WHERE t.relid = 'koppeling.job'::regclass) s;
