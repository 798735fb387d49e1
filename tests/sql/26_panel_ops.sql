-- What operations see and do in the panel.
BEGIN;
\ir common/world.sql
\ir common/panel.sql
SELECT no_plan();
INSERT INTO koppeling.job (id, kind, integration_id, order_id)
SELECT 100 + n, 'mark_shipped', 1, n FROM generate_series(1, 8) AS n;
INSERT INTO koppeling.job (id, kind, integration_id) VALUES (200, 'poll', 1), (201, 'poll', 2);
UPDATE koppeling.job SET state = 'failed', last_error_class = 'timeout', last_error = 'no answer' WHERE id <= 106;
UPDATE koppeling.job SET state = 'failed', last_error_class = 'tls', last_error = 'expired' WHERE id = 107;

SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops'), 'title', 'health.is_well', 'hours'), 'Wachtrij false 3',
    'the queue');
SELECT results_eq($$ SELECT k ->> 'waiting', k ->> 'failed', k ->> 'tone'
    FROM jsonb_array_elements(pg_temp.page('wacht', 'ops') -> 'kinds') AS k WHERE k ->> 'kind' = 'mark_shipped' $$,
    $$ VALUES ('1', '7', 'bad') $$, 'by kind');
CREATE FUNCTION pg_temp.jobs(query jsonb) RETURNS text LANGUAGE sql RETURN (
    SELECT string_agg(j.entry ->> 'id', ' ' ORDER BY j.place)
    FROM jsonb_array_elements(pg_temp.page('wacht', 'ops_jobs', query => query) -> 'jobs') WITH ORDINALITY
         AS j (entry, place));
SELECT is(pg_temp.jobs(query), ids, query::text)
FROM (VALUES
    ('{}'::jsonb, '107 106 105 104 103 102 101'), ('{"error_class": "tls"}', '107'), ('{"kind": "poll"}', NULL),
    -- Two of them look at the credentials of the account.
    ('{"state": "queued"}', '901 900 201 200 108'), ('{"state": "queued", "shop": "2"}', '201'),
    ('{"shop": "2"}', NULL),
    ('{"state": "all", "kind": "poll"}', '201 200'), ('{"state": "x"}', '107 106 105 104 103 102 101'),
    ('{"after": "103"}', '102 101')) AS t (query, ids);
INSERT INTO koppeling.job (id, kind, integration_id, state, last_error_class)
SELECT 300 + n, 'ping', NULL, 'failed', 'ok' FROM generate_series(1, 60) AS n;
SELECT is(pg_temp.page('wacht', 'ops_jobs') ->> 'next', '/ops/jobs?after=311', 'and another page');
DELETE FROM koppeling.job WHERE kind = 'ping';

-- One job, live and finished.
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_job', '{"id": "101"}'), 'job.error', 'is_live', 'can_retry',
    'advice',
    'attempts.0.error'), 'no answer true true The service did not answer in time: see whether it is up again, then '
    'retry_job(). set to failed by hand', 'a job with its attempts and what to do');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_job', '{"id": "99"}'), 'status'), '404', 'there is none');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_job_retry', '{"id": "101"}'), 'go', 'count'), '/ops/jobs/101 1',
    'again');
SELECT is((SELECT state::text FROM koppeling.job WHERE id = 101), 'queued', 'it waits');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_job_cancel', '{"id": "101"}'), 'count'), '1', 'cancelled');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_job', '{"id": "101"}'), 'job.state', 'is_live', 'result'),
    'cancelled false {"reason": "cancelled by wacht"}', 'it is in the history, with who did it');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_job_retry', form => '{"job": ["102", "101", "9999"],
    "error_class": "timeout"}'), 'go', 'count'), '/ops/jobs?error_class=timeout 1', 'many: what is there');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_preview', query => '{"error_class": "timeout"}'), 'count',
    'kinds.0.kind', 'kinds.0.count', 'query'), '4 mark_shipped 4 error_class=timeout', 'how many it would be');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_redrive',
    form => '{"error_class": "timeout", "once": "redrive-1"}'),
    'go', 'count'), '/ops/jobs?error_class=timeout 4', 'so many it is');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_redrive',
    form => '{"error_class": "timeout", "once": "redrive-1"}'),
    'count'), '4', 'a double click is told the same');
SELECT is((SELECT count(*) FROM koppeling.audit WHERE action = 'retry_failed'), 1::bigint, 'and does nothing');
SELECT is_empty($$ SELECT * FROM koppeling.audit WHERE who <> 'wacht' AND action <> 'connect_shop' $$,
    'all of it in the name of the person');

-- Shops, processes, services, plots.
UPDATE koppeling.integration SET state = 'needs_attention', reason_code = 'token_refused', reason = 'x', reason_en = 'y'
WHERE id = 3;
UPDATE koppeling.job SET state = 'failed', last_error_class = 'timeout', last_error = 'slow' WHERE id = 200;
SELECT is((SELECT string_agg((s ->> 'id') || ' ' || (s ->> 'reason'), ', ' ORDER BY s ->> 'id')
    FROM jsonb_array_elements(pg_temp.page('wacht', 'ops_shops') -> 'shops') AS s WHERE s ->> 'id' <> '2'),
    '1 slow, 3 y',
    'shops in trouble');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_processes'), 'workers.0.host', 'workers.0.tone', 'chores.0.name'),
    'hier good confirm_order', 'workers, schedulers, chores');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_apis'), 'apis.0.name', 'apis.0.tone', 'apis.2.is_staging'),
    'mijnwebwinkel good true', 'services');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_block', '{"id": "2"}', form => form), 'notice', 'status',
    'errors.minutes'), answer, form::text)
FROM (VALUES (1, '{"minutes": "x"}'::jsonb, '- 422 Vul een geheel getal in van 0 tot en met 100000.'),
             (2, '{"minutes": "5", "reason": "onderhoud"}', 'api_blocked - -')) AS t (n, form, answer) ORDER BY n;
SELECT results_eq('SELECT id::integer, blocked_until, block_reason FROM koppeling.api WHERE blocked_until IS NOT NULL',
    $$ VALUES (2, now() + interval '5 minutes', 'onderhoud') $$, 'that one is blocked');
SELECT pg_temp.page('wacht', 'ops_block', '{"id": "2"}', form => '{"minutes": "0"}') IS NOT NULL AS lifted \gset
SELECT is((SELECT count(*) FROM koppeling.api WHERE blocked_until > now()), 0::bigint, 'and no longer');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_block', '{"id": "0"}'), 'status'), '404', 'there is no service 0');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_series', query => '{"hours": "1"}'), 'minutes_a_point', 'hours'),
    '2 1', 'plots');
SELECT is(jsonb_array_length(pg_temp.page('wacht', 'ops_series') -> 'points'), 30, 'of thirty points');
SELECT is((SELECT sum((p ->> 'cancelled')::integer) FROM jsonb_array_elements(
    pg_temp.page('wacht', 'ops_series') -> 'points') AS p), 1::bigint, 'with what happened');

-- Nobody else.
SELECT is(pg_temp.page(who, name) ->> 'error', '42501', format('%s does not see %s', who, name))
FROM unnest(ARRAY['ops', 'ops_series', 'ops_jobs', 'ops_job', 'ops_preview', 'ops_redrive', 'ops_job_retry',
    'ops_job_cancel', 'ops_shops', 'ops_processes', 'ops_apis', 'ops_block']) AS name,
    unnest(ARRAY['fenna', 'kijker']) AS who;

SELECT * FROM finish();
ROLLBACK;
