-- The panel: the state of all, for operations.

CREATE OR REPLACE FUNCTION koppeling.panel_ops_age(age interval)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN CASE WHEN age < '1 minute' THEN extract(epoch FROM age)::integer || ' s'
            WHEN age < '2 hours' THEN (extract(epoch FROM age) / 60)::integer || ' min'
            WHEN age < '2 days' THEN (extract(epoch FROM age) / 3600)::integer || ' h'
            ELSE (extract(epoch FROM age) / 86400)::integer || ' d' END;
COMMENT ON FUNCTION koppeling.panel_ops_age IS 'How long, in the largest unit that says something.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops(request json)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
-- What is counted to a thousand is read from an index, in its order: of a kind that has none, none is found soon in the
-- table, and to gather all places first is to read them all.
SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
DECLARE
    hours integer := coalesce(koppeling.panel_number(koppeling.panel_given(request, 'query', 'hours'), 1, 24, true), 3);
BEGIN
    RETURN (
        WITH lane AS MATERIALIZED (
            -- Of each lane the head alone is looked at, and counting ends.
            SELECT k.name AS kind, q.waiting, q.parked, h.oldest, r.running, f.failed
            FROM koppeling.job_kind k
            CROSS JOIN LATERAL (
                SELECT count(*) AS waiting, count(*) FILTER (WHERE c.run_at = 'infinity') AS parked
                FROM (SELECT j.run_at FROM koppeling.job j WHERE j.kind = k.name AND j.state = 'queued'
                      ORDER BY j.api_id, j.priority, j.run_at LIMIT 1001) c) q
            CROSS JOIN LATERAL (
                SELECT min(m.run_at) AS oldest
                FROM koppeling.api a
                CROSS JOIN generate_series(0, 2) AS p (priority)
                CROSS JOIN LATERAL (
                    SELECT j.run_at FROM koppeling.job j
                    WHERE j.kind = k.name AND j.state = 'queued' AND j.api_id = a.id AND j.priority = p.priority
                      AND j.run_at <= now()
                    ORDER BY j.run_at LIMIT 1) m
                WHERE a.name = k.api) h
            CROSS JOIN LATERAL (
                SELECT count(*) AS failed
                FROM (SELECT FROM koppeling.job j WHERE j.kind = k.name AND j.state = 'failed' LIMIT 1001) c) f
            LEFT JOIN (SELECT j.kind, count(*) AS running
                       FROM koppeling.job j WHERE j.state = 'running' GROUP BY j.kind) r
                ON r.kind = k.name
        )
        SELECT json_build_object(
            'title', koppeling.panel_text('panel_ops'),
            -- No kind is counted beyond a thousand, so neither are all of them.
            'failed', (SELECT CASE WHEN max(l.failed) > 1000 THEN '1000+' ELSE sum(l.failed)::text END FROM lane l),
            'any_failed', (SELECT bool_or(l.failed > 0) FROM lane l),
            'kinds', (SELECT jsonb_agg(jsonb_build_object(
                          'kind', l.kind, 'waiting', CASE WHEN l.waiting > 1000 THEN '1000+' ELSE l.waiting::text END,
                          'parked', l.parked, 'running', coalesce(l.running, 0),
                          'failed', CASE WHEN l.failed > 1000 THEN '1000+' ELSE l.failed::text END,
                          'any_failed', l.failed > 0, 'age', koppeling.panel_ops_age(now() - l.oldest),
                          'tone', CASE WHEN l.failed > 0 THEN 'bad'
                                       WHEN l.oldest < now() - interval '1 minute' THEN 'warn' ELSE 'good' END)
                          ORDER BY l.kind) FROM lane l),
            'health', (SELECT jsonb_build_object(
                           'live_workers', h.live_workers, 'live_schedulers', h.live_schedulers,
                           'last_tick', koppeling.panel_time(h.last_tick_at), 'overdue_polls', h.overdue_polls,
                           'failing_chores', h.failing_chores, 'blocked_apis', h.blocked_apis,
                           'refused_accounts', h.refused_accounts,
                           'oldest_transaction', koppeling.panel_ops_age(h.oldest_transaction_age),
                           'is_well', h.live_workers > 0 AND h.live_schedulers > 0 AND h.overdue_polls = 0
                                      AND h.failing_chores = 0 AND h.blocked_apis = 0)
                       FROM koppeling.queue_health h),
            'hours', hours,
            'here', '/ops?hours=' || hours, 'course', '/ops/course?hours=' || hours,
            'spans', koppeling.panel_ops_spans(hours)));
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops IS
    'Page of /ops?hours=: {title, failed, any_failed, kinds: [{kind, waiting, parked, running, failed (to "1000+"), '
    'any_failed, age (of the oldest that is due), tone}], health: {live_workers, live_schedulers, last_tick, '
    'overdue_polls, failing_chores, blocked_apis, refused_accounts, oldest_transaction, is_well}, hours, here, course, '
    'spans: see panel_ops_spans()}.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_sample(since timestamptz)
RETURNS numeric
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    -- 100 MB are counted, and 400 MB are passed over, within a second. The small index tells where in a day the hours
    -- are, but of what was not vacuumed yet it does not know.
    SELECT CASE WHEN b.bytes <= 400e6 AND b.bytes * b.part <= 100e6 THEN 100
                ELSE round(least(100, 100 * 100e6 / b.bytes), 4) END
    FROM (
        SELECT sum(pg_relation_size(p.partition)) AS bytes,
               extract(epoch FROM now() - since) / greatest(extract(epoch FROM now() - date_trunc('day', since)), 1)
                   AS part
        FROM (SELECT to_regclass('koppeling.job_history_' || to_char(d.day, 'YYYYMMDD')) AS partition
              FROM generate_series(date_trunc('day', since), now(), interval '1 day') AS d (day)
              UNION ALL SELECT 'koppeling.job_history_default') p
        WHERE p.partition IS NOT NULL) b);
COMMENT ON FUNCTION koppeling.panel_ops_sample IS
    'Which part of the history since then a page has the time to read, in percent of its blocks.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_counts(since timestamptz, step interval, percent numeric)
RETURNS TABLE (at timestamptz, done bigint, again bigint, cancelled bigint, latency numeric)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT date_bin($2, h.finished_at, '2000-01-01'),
               round(count(*) FILTER (WHERE h.outcome = 'done') * 100 / $3)::bigint,
               round(count(h.errors) * 100 / $3)::bigint,
               round(count(*) FILTER (WHERE h.outcome = 'cancelled') * 100 / $3)::bigint,
               round(greatest(percentile_disc(0.95) WITHIN GROUP (
                   ORDER BY date_part('epoch', h.started_at - h.created_at)), 0)::numeric, 1)
        FROM koppeling.job_history h %s
        WHERE h.finished_at >= $1
        GROUP BY 1$query$,
        CASE WHEN percent < 100 THEN 'TABLESAMPLE SYSTEM (' || percent || ')' END)
    USING since, step, percent;
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_counts IS
    'What became of jobs in each step since then, out of such a part of the blocks of the history.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_series(request json)
RETURNS json
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    hours integer := coalesce(koppeling.panel_number(koppeling.panel_given(request, 'query', 'hours'), 1, 24, true), 3);
    step interval := make_interval(mins => hours * 2);
    begins timestamptz := date_bin(step, now(), '2000-01-01') - 29 * step;
    percent numeric := koppeling.panel_ops_sample(begins);
BEGIN
    RETURN (
        SELECT json_build_object(
            'title', koppeling.panel_text('panel_ops_series'), 'hours', hours, 'minutes_a_point', hours * 2,
            'is_estimated', percent < 100,
            'points', jsonb_agg(jsonb_build_object(
                'at', koppeling.panel_time(g.at), 'done', coalesce(c.done, 0), 'again', coalesce(c.again, 0),
                'cancelled', coalesce(c.cancelled, 0), 'latency_s', coalesce(c.latency, 0)) ORDER BY g.at),
            'most', max(coalesce(c.done, 0)), 'longest', max(coalesce(c.latency, 0)))
        FROM generate_series(begins, now(), step) AS g (at)
        LEFT JOIN koppeling.panel_ops_counts(begins, step, percent) AS c ON c.at = g.at);
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_series IS
    'Page of /ops/series?hours= (1 to 24; 3), for plots: {title, hours, minutes_a_point, is_estimated (from a sample '
    'of the blocks: there is too much of it), points: [{at, done, again (after a failed attempt), cancelled, latency_s '
    '(95 % began within)}], most, longest}; 30 points.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_shops(request json)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    RETURN (
    WITH trouble AS MATERIALIZED (
        SELECT i.id, i.shop_host, i.account_id, i.state, i.reason_en, i.blocked_until, p.state AS poll, p.last_error,
               late.since, late.reason AS late
        FROM koppeling.integration i
        LEFT JOIN koppeling.job p ON p.kind = 'poll' AND p.integration_id = i.id
        LEFT JOIN koppeling.overdue_poll late ON late.integration_id = i.id
        WHERE i.id > coalesce((koppeling.panel_ids(request, 'query', 'after'))[1], 0)
          AND (i.state IN ('rejected', 'needs_attention', 'paused')
               OR (i.state = 'active' AND (p.state = 'failed' OR i.blocked_until > now() OR late.since IS NOT NULL
                                           OR p.last_error IS NOT NULL)))
        ORDER BY i.id
        LIMIT 51
    )
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_ops_shops'),
        'any', EXISTS (SELECT FROM trouble),
        'shops', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'id', t.id::text, 'shop', t.shop_host, 'account', a.name, 'account_id', t.account_id::text,
                       'state', t.state, 'state_text', koppeling.panel_text('panel_state_' || t.state),
                       'poll', t.poll,
                       'tone', CASE t.state WHEN 'paused' THEN 'quiet' WHEN 'active' THEN 'warn' ELSE 'bad' END,
                       'reason', coalesce(t.last_error, t.late, t.reason_en),
                       'can_poll', t.state = 'active', 'can_pause', t.state IN ('active', 'needs_attention'),
                       'can_resume', t.state IN ('paused', 'needs_attention'),
                       'blocked_until', koppeling.panel_time(t.blocked_until), 'since', koppeling.panel_time(t.since))
                   ORDER BY t.id), '[]')
            FROM (SELECT * FROM trouble ORDER BY id LIMIT 50) t
            LEFT JOIN koppeling.account a ON a.id = t.account_id),
        'next', (SELECT '/ops/shops?after=' || max(l.id)
                 FROM (SELECT t.id FROM trouble t ORDER BY t.id LIMIT 50) l
                 WHERE (SELECT count(*) FROM trouble) > 50)));
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_shops IS
    'Page of /ops/shops?after=: shops in trouble: {title, any, shops: [{id, shop, account, account_id, state, '
    'state_text, poll, tone, reason, can_poll, can_pause, can_resume, blocked_until, since}], next}.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_processes(request json)
RETURNS json
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN json_build_object(
    'title', koppeling.panel_text('panel_ops_processes'),
    'workers', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'id', w.id::text, 'host', w.host, 'pid', w.pid, 'thread', w.thread, 'version', w.version,
                   'state', w.state, 'in_flight', w.in_flight, 'started', koppeling.panel_time(w.started_at),
                   'seen', koppeling.panel_time(w.seen_at), 'lease_until', koppeling.panel_time(w.lease_until),
                   'lease_left', CASE WHEN w.lease_until > now()
                                      THEN koppeling.panel_ops_age(w.lease_until - now()) END,
                   'tone', CASE WHEN w.state = 'active' AND w.lease_until > now() THEN 'good'
                                WHEN w.state = 'stopped' THEN 'quiet'
                                WHEN w.state = 'stopping' THEN 'busy' ELSE 'bad' END)
               ORDER BY w.state, w.host, w.pid, w.thread), '[]')
        FROM (SELECT * FROM koppeling.worker v ORDER BY v.seen_at DESC LIMIT 500) w),
    'schedulers', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'id', s.id::text, 'host', s.host, 'pid', s.pid, 'version', s.version,
                   'started', koppeling.panel_time(s.started_at), 'seen', koppeling.panel_time(s.seen_at),
                   'stopped', koppeling.panel_time(s.stopped_at),
                   'tone', CASE WHEN s.stopped_at IS NOT NULL THEN 'quiet'
                                WHEN s.seen_at > now() - (s.tick * 3 + interval '30 seconds') THEN 'good'
                                ELSE 'bad' END) ORDER BY s.seen_at DESC), '[]')
        FROM (SELECT * FROM koppeling.scheduler c ORDER BY c.seen_at DESC LIMIT 100) s),
    'chores', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'name', c.name, 'meaning', c.meaning, 'done', koppeling.panel_time(c.done_at),
                   'failed_since', koppeling.panel_time(c.failed_since), 'error', c.error,
                   'tone', CASE WHEN c.failed_since IS NULL THEN 'good' ELSE 'bad' END) ORDER BY c.name), '[]')
        FROM koppeling.chore c));
COMMENT ON FUNCTION koppeling.panel_ops_processes IS
    'Page of /ops/processes: {title, workers: [{id, host, pid, thread, version, state, in_flight, started, seen, '
    'lease_until, lease_left, tone}], schedulers: [{id, host, pid, version, started, seen, stopped, tone}], chores: '
    '[{name, meaning, done, failed_since, error, tone}]}.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_apis(request json)
RETURNS json
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_ops_apis'),
        'apis', jsonb_agg(jsonb_build_object(
            'id', a.id::text, 'name', a.name, 'environment', a.environment, 'is_staging', a.environment = 'staging',
            'breaker', a.breaker_state, 'failures', a.breaker_failures, 'limit', a.breaker_limit,
            'is_blocked', coalesce(a.blocked_until > now(), false), 'until', koppeling.panel_time(a.blocked_until),
            'is_for_good', coalesce(a.blocked_until = 'infinity', false), 'reason', a.block_reason,
            'rate', a.rate_per_second::text,
            'tone', CASE WHEN a.blocked_until > now() THEN 'bad' WHEN a.breaker_state <> 'closed' THEN 'warn'
                         ELSE 'good' END) ORDER BY a.id),
        'once', koppeling.panel_new_key())
    FROM koppeling.api a
    WHERE a.name <> 'local');
COMMENT ON FUNCTION koppeling.panel_ops_apis IS
    'Page of /ops/apis: {title, apis: [{id, name, environment, is_staging, breaker, failures, limit, is_blocked, '
    'until, is_for_good, reason, rate, tone}], once}.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_block(request json)
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    answer json := koppeling.panel_ops_once('block_api', request);
    api koppeling.api;
    minutes numeric := koppeling.panel_number(koppeling.panel_given(request, 'form', 'minutes'), 0, 100000, true);
BEGIN
    IF answer IS NOT NULL THEN
        RETURN answer;
    END IF;
    SELECT a.* INTO api FROM koppeling.api a WHERE a.id::text = request -> 'path' ->> 'id' AND a.name <> 'local';
    IF NOT FOUND THEN
        RETURN koppeling.panel_ops_done(request, json_build_object('status', 404));
    ELSIF minutes IS NULL AND koppeling.panel_given(request, 'form', 'minutes') IS NOT NULL THEN
        RETURN koppeling.panel_ops_done(request, (koppeling.panel_ops_apis(request)::jsonb || jsonb_build_object(
            'status', 422, 'errors', jsonb_build_object(
                'minutes', koppeling.panel_text('panel_from_to', '0', '100000'))))::json);
    END IF;
    PERFORM koppeling.block_api(
        api.name,
        CASE WHEN minutes = 0 THEN NULL ELSE coalesce(now() + make_interval(mins => minutes::integer), 'infinity') END,
        api.environment, left(koppeling.panel_given(request, 'form', 'reason'), 200));
    RETURN koppeling.panel_ops_done(request, json_build_object(
        'go', '/ops/apis', 'notice', CASE WHEN minutes = 0 THEN 'api_unblocked' ELSE 'api_blocked' END));
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_block IS
    'Action of /ops/apis/{id}/block: no job of this API is claimed for so long. Form: minutes (0: lifts it; none: '
    'until it is lifted), reason, once. {go, notice: api_blocked or api_unblocked}.';
