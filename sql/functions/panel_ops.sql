-- The panel: what operations look at, and do. These run with the rights of koppeling_panel_ops, which are those of
-- koppeling_ops; what they do goes through the same functions as by hand.

CREATE OR REPLACE FUNCTION koppeling.panel_ops_filter(request json, part text)
RETURNS TABLE (
    state text, kind text, shop bigint, account bigint, error_class koppeling.error_class, is_known boolean,
    query jsonb, shown jsonb)
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    SELECT f.state, f.kind, f.shop, f.account, f.error_class,
           -- What is not known is no filter that was left out: it would be all.
           (g.kind IS NULL OR f.kind IS NOT NULL) AND (g.shop IS NULL OR f.shop IS NOT NULL)
           AND (g.account IS NULL OR f.account IS NOT NULL) AND (g.error_class IS NULL OR f.error_class IS NOT NULL),
           jsonb_strip_nulls(jsonb_build_object(
               'state', g.state, 'kind', g.kind, 'error_class', g.error_class, 'shop', g.shop, 'account', g.account)),
           jsonb_build_object('kind_given', g.kind, 'error_class_given', g.error_class, 'shop_given', g.shop,
                              'account_given', g.account)
    FROM (SELECT koppeling.panel_given(request, part, 'state') AS state,
                 koppeling.panel_given(request, part, 'kind') AS kind,
                 koppeling.panel_given(request, part, 'shop') AS shop,
                 koppeling.panel_given(request, part, 'account') AS account,
                 koppeling.panel_given(request, part, 'error_class') AS error_class) g
    CROSS JOIN LATERAL (
        SELECT CASE WHEN g.state IN ('queued', 'running', 'failed', 'all') THEN g.state ELSE 'failed' END AS state,
               (SELECT k.name FROM koppeling.job_kind k WHERE k.name = g.kind) AS kind,
               CASE WHEN g.shop ~ '^[0-9]{1,18}$' THEN g.shop::bigint
                    ELSE (SELECT i.id FROM koppeling.integration i WHERE i.shop_host = lower(g.shop)
                          ORDER BY i.state = 'disconnected', i.id DESC LIMIT 1) END AS shop,
               CASE WHEN g.account ~ '^[0-9]{1,18}$' THEN g.account::bigint END AS account,
               (SELECT c.class FROM unnest(enum_range(NULL::koppeling.error_class)) AS c (class)
                WHERE c.class::text = g.error_class) AS error_class) f;
END;
COMMENT ON FUNCTION koppeling.panel_ops_filter IS
    'What a list of jobs is filtered by: state (failed unless said otherwise; all), kind, shop (number, or host), '
    'account (number: of its shops), error class; is_known: false when one was given that is none, which matches '
    'nothing; query for addresses; shown: as it was given, for the fields.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_entry(j koppeling.job)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN jsonb_build_object(
    'id', (j).id::text, 'kind', (j).kind, 'state', (j).state,
    'state_text', koppeling.panel_text('panel_job_' || (j).state), 'priority', (j).priority,
    'tone', CASE (j).state WHEN 'failed' THEN 'bad' WHEN 'running' THEN 'busy'
                           ELSE CASE WHEN (j).last_error IS NOT NULL THEN 'warn' ELSE 'quiet' END END,
    'shop', (SELECT i.shop_host FROM koppeling.integration i WHERE i.id = (j).integration_id),
    'shop_id', (j).integration_id::text, 'order_id', (j).order_id::text, 'shipment_id', (j).shipment_id::text,
    'api', (SELECT a.name || ' ' || a.environment FROM koppeling.api a WHERE a.id = (j).api_id),
    'is_staging', (SELECT a.environment = 'staging' FROM koppeling.api a WHERE a.id = (j).api_id),
    'attempt', (j).attempt, 'max_attempts', (j).max_attempts,
    'error_class', (j).last_error_class, 'error', (j).last_error,
    'run_at', koppeling.panel_time((j).run_at), 'is_parked', (j).run_at = 'infinity',
    'created', koppeling.panel_time((j).created_at), 'started', koppeling.panel_time((j).started_at),
    'is_failed', (j).state = 'failed', 'is_running', (j).state = 'running', 'is_queued', (j).state = 'queued');
COMMENT ON FUNCTION koppeling.panel_ops_entry IS
    'A live job in a list: {id, kind, state, state_text, tone, priority, shop, shop_id, order_id, shipment_id, api, '
    'is_staging, attempt, max_attempts, error_class, error, run_at, is_parked, created, started, is_failed, '
    'is_running, is_queued}.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_attempts(errors jsonb)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'attempt', e.entry -> 'attempt', 'at', koppeling.panel_time((e.entry ->> 'at')::timestamptz),
               'class', e.entry ->> 'class', 'http_status', e.entry -> 'http_status', 'error', e.entry ->> 'error',
               'worker', e.entry -> 'worker') ORDER BY e.place), '[]')
    FROM jsonb_array_elements(errors) WITH ORDINALITY AS e (entry, place));
COMMENT ON FUNCTION koppeling.panel_ops_attempts IS
    'The attempts of a job that failed: [{attempt, at, class, http_status, error, worker}].';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_find(request json)
RETURNS TABLE (id bigint, place bigint)
LANGUAGE plpgsql STABLE ROWS 51
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    g record;
    -- The planner sees what is asked for, so that each has the index that suits it.
    condition text;
BEGIN
    SELECT f.*, coalesce((koppeling.panel_ids(request, 'query', 'after'))[1], 9223372036854775807) AS below
    INTO g FROM koppeling.panel_ops_filter(request, 'query') AS f;
    IF NOT g.is_known THEN
        RETURN;
    END IF;
    condition := concat_ws(' AND ', format('j.id < %s', g.below),
        CASE WHEN g.state <> 'all' THEN format('j.state = %L', g.state) END,
        CASE WHEN g.shop IS NOT NULL THEN format('j.integration_id = %s', g.shop) END,
        CASE WHEN g.account IS NOT NULL THEN
            format('j.integration_id = ANY (ARRAY(SELECT i.id FROM koppeling.integration i WHERE i.account_id = %s))',
                   g.account) END,
        CASE WHEN g.error_class IS NOT NULL THEN format('j.last_error_class = %L', g.error_class) END);
    IF g.state = 'failed' AND num_nonnulls(g.shop, g.account) = 0 THEN
        -- BETWEEN where an equality would do: the order of kind and id is then that of the index of failed jobs alone,
        -- and none is passed over on the way to those of a kind that has few.
        RETURN QUERY EXECUTE format($query$
            SELECT l.id, row_number() OVER (ORDER BY l.id DESC)
            FROM (SELECT p.id
                  FROM koppeling.job_kind k
                  CROSS JOIN LATERAL (
                      SELECT j.id
                      FROM koppeling.job j
                      WHERE %s AND j.kind BETWEEN k.name AND k.name
                      ORDER BY j.kind DESC, j.id DESC
                      LIMIT 51) p
                  WHERE $1 IS NULL OR k.name = $1
                  ORDER BY p.id DESC
                  LIMIT 51) l$query$, condition) USING g.kind;
    ELSE
        RETURN QUERY EXECUTE format($query$
            SELECT l.id, row_number() OVER (ORDER BY l.id DESC)
            FROM (SELECT j.id
                  FROM koppeling.job j
                  WHERE %s AND ($1 IS NULL OR j.kind = $1)
                  ORDER BY j.id DESC
                  LIMIT 51) l$query$, condition) USING g.kind;
    END IF;
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_find IS
    'The jobs of a page of the list, newest first, and one more if there is another page.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_jobs(request json)
RETURNS json
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    WITH found AS MATERIALIZED (
        SELECT f.id, f.place FROM koppeling.panel_ops_find(request) AS f
    )
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_ops_jobs'),
        'state', g.state, 'any', EXISTS (SELECT FROM found),
        'jobs', (SELECT coalesce(jsonb_agg(koppeling.panel_ops_entry(j) ORDER BY f.place), '[]')
                 FROM found f JOIN koppeling.job j ON j.id = f.id WHERE f.place <= 50),
        'states', koppeling.panel_options(ARRAY['failed', 'running', 'queued', 'all'], 'panel_job_', g.state),
        'kinds', (SELECT jsonb_agg(jsonb_build_object('value', k.name, 'text', k.name,
                                                      'selected', coalesce(k.name = g.kind, false)) ORDER BY k.name)
                  FROM koppeling.job_kind k),
        'error_classes', (SELECT jsonb_agg(jsonb_build_object(
                              'value', c.class, 'text', c.class,
                              'selected', coalesce(c.class = g.error_class, false)) ORDER BY c.class)
                          FROM unnest(enum_range(NULL::koppeling.error_class)) AS c (class)),
        'shop', g.shop::text, 'account', g.account::text, 'is_failed', g.state = 'failed',
        'unknown_filter', NOT g.is_known,
        'kind_given', g.shown -> 'kind_given', 'error_class_given', g.shown -> 'error_class_given',
        'shop_given', g.shown -> 'shop_given', 'account_given', g.shown -> 'account_given',
        'query', koppeling.panel_query(g.query),
        'first', '/ops/jobs?' || koppeling.panel_query(g.query),
        'redrive', '/ops/jobs/redrive?' || koppeling.panel_query(g.query - 'state'),
        'once', koppeling.panel_new_key(),
        'next', (SELECT '/ops/jobs?' || koppeling.panel_query(g.query || jsonb_build_object('after', f.id::text))
                 FROM found f WHERE f.place = 50 AND EXISTS (SELECT FROM found m WHERE m.place = 51)))
    FROM koppeling.panel_ops_filter(request, 'query') AS g);
COMMENT ON FUNCTION koppeling.panel_ops_jobs IS
    'Page of /ops/jobs?state=&kind=&shop=&account=&error_class=&after=: {title, state, any, jobs: [see '
    'panel_ops_entry()], states, kinds, error_classes (each [{value, text, selected}]), shop, account, is_failed, '
    'unknown_filter, kind_given, error_class_given, shop_given, account_given, query, first, redrive, once, next}.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_chosen(request json, part text)
RETURNS TABLE (kind text, jobs bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    SELECT n.name, c.jobs
    FROM koppeling.panel_ops_filter(request, part) AS g
    JOIN koppeling.job_kind n ON g.is_known AND (g.kind IS NULL OR n.name = g.kind)
    CROSS JOIN LATERAL (
        SELECT count(*) AS jobs FROM (
            SELECT FROM koppeling.job j
            WHERE j.state = 'failed' AND j.kind = n.name AND (g.shop IS NULL OR j.integration_id = g.shop)
              AND (g.error_class IS NULL OR j.last_error_class = g.error_class)
              AND (g.account IS NULL
                   OR j.integration_id IN (SELECT i.id FROM koppeling.integration i WHERE i.account_id = g.account))
            LIMIT 2001) AS counted) c
    WHERE c.jobs > 0;
END;
COMMENT ON FUNCTION koppeling.panel_ops_chosen IS
    'How many failed jobs of each kind the filter of a request finds, counted to 2001.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_redrive_page(request json, part text)
RETURNS jsonb
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT jsonb_build_object(
        'title', koppeling.panel_text('panel_ops_redrive'),
        'count', CASE WHEN c.n > 2000 THEN '2000+' ELSE c.n::text END, 'any', c.n > 0, 'too_many', c.n > 2000,
        'kinds', c.kinds,
        'kind', g.kind, 'shop', g.shop::text, 'account', g.account::text, 'error_class', g.error_class,
        'query', koppeling.panel_query(g.query), 'back', '/ops/jobs?' || koppeling.panel_query(g.query),
        'once', koppeling.panel_new_key()) || g.shown
    FROM koppeling.panel_ops_filter(request, part) AS g
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(k.jobs), 0) AS n,
               coalesce(jsonb_agg(jsonb_build_object(
                   'kind', k.kind, 'count', CASE WHEN k.jobs > 2000 THEN '2000+' ELSE k.jobs::text END)
                   ORDER BY k.kind), '[]') AS kinds
        FROM koppeling.panel_ops_chosen(request, part) AS k) c);
COMMENT ON FUNCTION koppeling.panel_ops_redrive_page IS
    'Which jobs a redrive would take: what panel_ops_preview() shows, and panel_ops_redrive() when it cannot be done.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_preview(request json)
RETURNS json
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_ops_redrive_page(request, 'query')::json;
COMMENT ON FUNCTION koppeling.panel_ops_preview IS
    'Page of /ops/jobs/redrive?kind=&shop=&account=&error_class=: how many failed jobs would be tried again: {title, '
    'count, any, too_many (more than 2000), kinds: [{kind, count}], kind, shop, account, error_class, kind_given, '
    'error_class_given, shop_given, account_given, query, back, once}.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_redrive(request json)
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    answer json := koppeling.panel_ops_once('redrive', request);
    wanted record;
    retried bigint := 0;
BEGIN
    IF answer IS NOT NULL THEN
        RETURN answer;
    END IF;
    SELECT f.* INTO wanted FROM koppeling.panel_ops_filter(request, 'form') AS f;
    IF (SELECT sum(c.jobs) FROM koppeling.panel_ops_chosen(request, 'form') AS c) > 2000 THEN
        -- 2000 take a third of the time that a page has.
        RETURN koppeling.panel_ops_done(request, (koppeling.panel_ops_redrive_page(request, 'form')
                                                  || jsonb_build_object('status', 422))::json);
    ELSIF wanted.account IS NOT NULL THEN
        SELECT coalesce(sum(koppeling.retry_failed(wanted.kind, i.id, wanted.error_class)), 0) INTO retried
        FROM koppeling.integration i
        WHERE i.account_id = wanted.account AND (wanted.shop IS NULL OR i.id = wanted.shop) AND wanted.is_known;
    ELSIF wanted.is_known THEN
        retried := koppeling.retry_failed(wanted.kind, wanted.shop, wanted.error_class);
    END IF;
    RETURN koppeling.panel_ops_done(request, json_build_object(
        'go', '/ops/jobs?' || koppeling.panel_query(wanted.query), 'notice', 'jobs_retried', 'count', retried));
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_redrive IS
    'Action of /ops/jobs/redrive: tries failed jobs again. Form: kind, shop, account, error_class, once. {go, notice: '
    'jobs_retried, count}; 422 as panel_ops_preview() when there are more than 2000.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_once(action text, request json)
RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    RETURN koppeling.panel_once_begin(action, request);
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_once IS 'panel_once_begin() for what operations do in their own name.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_done(request json, answer json)
RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    RETURN koppeling.panel_once_end(request, answer);
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_done IS 'panel_once_end() for what operations do in their own name.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_job(request json)
RETURNS json
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN coalesce((
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_ops_job', j.kind, j.id::text),
        'job', koppeling.panel_ops_entry(j), 'is_live', true,
        'order_number', (SELECT o.order_number FROM koppeling.imported_order o WHERE o.id = j.order_id),
        'args', j.args::text,
        'worker', (SELECT w.host || ' ' || w.pid || '/' || w.thread FROM koppeling.worker w WHERE w.id = j.worker_id),
        'advice', (SELECT r.advice FROM koppeling.retry_rule r WHERE r.error_class = j.last_error_class),
        'attempts', koppeling.panel_ops_attempts(j.errors),
        'can_retry', j.state <> 'running', 'can_cancel', true,
        'once', koppeling.panel_new_key())
    FROM koppeling.job j
    WHERE j.id = koppeling.panel_id(request)), (
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_ops_job', h.kind, h.id::text),
        'job', jsonb_build_object(
            'id', h.id::text, 'kind', h.kind, 'state', h.outcome, 'shop_id', h.integration_id::text,
            'order_id', h.order_id::text, 'shipment_id', h.shipment_id::text, 'api', h.api, 'attempt', h.attempts,
            'tone', CASE h.outcome WHEN 'done' THEN 'good' ELSE 'quiet' END,
            'is_staging', coalesce(h.label_environment = 'staging', false),
            'created', koppeling.panel_time(h.created_at), 'started', koppeling.panel_time(h.started_at),
            'finished', koppeling.panel_time(h.finished_at)),
        'order_number', (SELECT o.order_number FROM koppeling.imported_order o WHERE o.id = h.order_id),
        'is_live', false, 'args', h.args::text, 'result', h.result::text, 'http_status', h.http_status,
        'attempts', koppeling.panel_ops_attempts(h.errors), 'can_retry', false, 'can_cancel', false)
    FROM koppeling.job_history h
    WHERE h.id = koppeling.panel_id(request)
    ORDER BY h.finished_at DESC
    LIMIT 1), json_build_object('status', 404));
COMMENT ON FUNCTION koppeling.panel_ops_job IS
    'Page of /ops/jobs/{id}, live or finished: {title, job: see panel_ops_entry() (finished: with finished), is_live, '
    'order_number, args, result, http_status, worker, advice, attempts: [{attempt, at, class, http_status, error, '
    'worker}], can_retry, can_cancel, once}.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_act(request json, action text)
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    answer json := koppeling.panel_ops_once(action, request);
    ids bigint[] := koppeling.panel_ids(request, 'form', 'job') || koppeling.panel_id(request);
    changed integer := 0;
    one bigint;
BEGIN
    IF answer IS NOT NULL THEN
        RETURN answer;
    END IF;
    FOREACH one IN ARRAY array_remove(ids, NULL) LOOP
        BEGIN
            IF action = 'job_retry' THEN
                changed := changed + koppeling.retry_job(one)::integer;
            ELSE
                changed := changed + koppeling.cancel_job(one)::integer;
            END IF;
        EXCEPTION WHEN no_data_found OR lock_not_available THEN
            NULL; -- It has ended meanwhile, or is just ending.
        END;
    END LOOP;
    RETURN koppeling.panel_ops_done(request, json_build_object(
        'go', CASE WHEN koppeling.panel_id(request) IS NOT NULL THEN '/ops/jobs/' || koppeling.panel_id(request)
                   ELSE '/ops/jobs?' || koppeling.panel_query((SELECT f.query
                        FROM koppeling.panel_ops_filter(request, 'form') AS f)) END,
        'notice', action, 'count', changed));
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_act IS
    'Tries again or cancels the jobs of a form: what panel_ops_job_retry() and panel_ops_job_cancel() do.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_job_retry(request json)
RETURNS json
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_ops_act(request, 'job_retry');
COMMENT ON FUNCTION koppeling.panel_ops_job_retry IS
    'Action of /ops/jobs/retry and /ops/jobs/{id}/retry: tries jobs again now. Form: job (repeated), the filter of the '
    'list, once. {go, notice: job_retry, count}: what has ended meanwhile, or runs, is not counted.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_job_cancel(request json)
RETURNS json
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_ops_act(request, 'job_cancel');
COMMENT ON FUNCTION koppeling.panel_ops_job_cancel IS
    'Action of /ops/jobs/cancel and /ops/jobs/{id}/cancel: takes jobs out. As panel_ops_job_retry(); notice: '
    'job_cancel.';
