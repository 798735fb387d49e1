-- What operations filter, count, draw and do with shops and accounts in the panel.
BEGIN;
\ir common/world.sql
\ir common/panel.sql
SELECT no_plan();
INSERT INTO koppeling.job (id, kind, integration_id, order_id)
SELECT 100 + n, 'mark_shipped', 1, n FROM generate_series(1, 8) AS n;
UPDATE koppeling.job SET state = 'failed', last_error_class = 'timeout', last_error = 'no answer'
WHERE id BETWEEN 101 AND 106;
CREATE FUNCTION pg_temp.jobs(query jsonb) RETURNS text LANGUAGE sql RETURN (
    SELECT string_agg(j.entry ->> 'id', ' ' ORDER BY j.place)
    FROM jsonb_array_elements(pg_temp.page('wacht', 'ops_jobs', query => query) -> 'jobs') WITH ORDINALITY
         AS j (entry, place));

-- A filter that is not known matches nothing: it is never left out, least of all when jobs are tried again.
SELECT is(pg_temp.jobs(query), NULL, 'nothing for ' || query::text)
FROM (VALUES ('{"kind": "mark_shiped"}'::jsonb), ('{"error_class": "time"}'), ('{"shop": "nowhere.myonline.store"}'),
             ('{"account": "x"}'), ('{"account": "999"}'), ('{"state": "all", "kind": "x"}')) AS t (query);
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_jobs', query => '{"shop": "x"}'), 'unknown_filter', 'shop_given'),
    'true x', 'and the page says so');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_redrive', form => form), 'count', 'go'), answer, form::text)
FROM (VALUES ('{"kind": "mark_shiped"}'::jsonb, '0 /ops/jobs?kind=mark_shiped'),
             ('{"error_class": "time"}', '0 /ops/jobs?error_class=time'), ('{"shop": "x"}', '0 /ops/jobs?shop=x'),
             ('{"account": "x"}', '0 /ops/jobs?account=x')) AS t (form, answer);
SELECT is((SELECT count(*) FROM koppeling.job WHERE state = 'failed'), 6::bigint, 'none of them was tried again');
SELECT is(pg_temp.jobs(jsonb_build_object('shop', i.shop_host)), '106 105 104 103 102 101', 'a shop by its host')
FROM koppeling.integration i WHERE i.id = 1;
SELECT is(pg_temp.jobs(jsonb_build_object('account', i.account_id::text)), '106 105 104 103 102 101', 'an account')
FROM koppeling.integration i WHERE i.id = 1;
SELECT is(pg_temp.jobs(jsonb_build_object('account', a.id::text)), NULL, 'another account')
FROM koppeling.account a WHERE a.id <> (SELECT i.account_id FROM koppeling.integration i WHERE i.id = 1) LIMIT 1;
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_preview', query => '{"account": "1"}'), 'count', 'too_many'),
    '6 false', 'how many it would be');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_redrive', form => '{"account": "1"}'), 'count', 'go'),
    '6 /ops/jobs?account=1', 'so many it is');

-- Counting ends, and more than fits in a page is not tried at once.
INSERT INTO koppeling.job (id, kind, state, last_error_class)
SELECT 10000 + n, 'ping', 'failed', 'ok' FROM generate_series(1, 2005) AS n;
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_preview'), 'count', 'too_many', 'kinds.0.count'),
    '2000+ true 2000+', 'counted to 2000');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_redrive', form => '{"kind": "ping"}'), 'status', 'count',
    'kind_given'),
    '422 2000+ ping', 'that is too many at once');
SELECT is((SELECT count(*) FROM koppeling.job WHERE kind = 'ping' AND state = 'failed'), 2005::bigint, 'none was');
DELETE FROM koppeling.job WHERE kind = 'ping';

-- Plots.
SELECT is(pg_temp.picked(koppeling.panel_ops_plot('done', ' x', '[{"at": 1, "done": 0}, {"at": 2, "done": 50},
    {"at": 3, "done": 200}]'), 'most', 'last', 'bars.0.at', 'bars.0.x', 'bars.0.width', 'bars.0.y', 'bars.0.height',
    'bars.1.x', 'bars.1.y', 'bars.1.height', 'bars.2.x'), '200 200 2 201.0 198.0 85.0 25.0 401.0 10.0 100.0 -',
    'each bar in its place, the highest from top to bottom, and none for nothing');
SELECT is(pg_temp.picked(koppeling.panel_ops_plot('done', '', '[{"at": 1, "done": 0}]'), 'most', 'bars'), '0 []',
    'nothing at all');
UPDATE koppeling.job SET state = 'failed', last_error_class = 'timeout', last_error = 'no answer' WHERE id = 101;
SELECT is((SELECT sum((p ->> 'gave_up')::integer) FROM jsonb_array_elements(
    pg_temp.page('wacht', 'ops_course', query => '{"hours": "6"}') -> 'points') AS p), 1::bigint,
    'a job that gave up is among the failures');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_course', query => '{"hours": "6"}'), 'plots.0.name', 'plots.2.last',
    'spans.2.is_this', 'minutes_a_point', 'is_estimated'), 'throughput 1 true 12 false', 'three plots');

-- Shops and accounts.
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_shop_' || action, jsonb_build_object('id', id)), 'go', 'notice',
    'status', 'problem'), answer, action || ' ' || id)
FROM (VALUES (1, 'pause', '1', '/ops/shops shop_pause - -'),
             (2, 'poll', '1', '- - 409 Dat kan in de huidige toestand van de koppeling niet.'),
             (3, 'resume', '1', '/ops/shops shop_resume - -'),
             (4, 'resume', '1', '- - 409 Dat kan in de huidige toestand van de koppeling niet.'),
             (5, 'poll', '1', '/ops/shops shop_poll - -'), (6, 'poll', '999', '- - 404 -')) AS t (n, action, id, answer)
ORDER BY n;
SELECT is((SELECT string_agg(a.action, ' ' ORDER BY a.id) FROM koppeling.audit a
    WHERE a.who = 'wacht' AND a.subject LIKE '%integration 1'), 'pause_integration resume_integration poll_now',
    'in the name of the person');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_accounts'), 'any'), 'false', 'no account is refused');
UPDATE koppeling.account_credentials SET state = 'rejected', reason_code = 'credentials_refused', reason = 'geweigerd',
    reason_en = 'refused', checked_at = now() WHERE account_id = 1 AND environment = 'production';
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_accounts'), 'accounts.0.id', 'accounts.0.refused.0.environment',
    'accounts.0.refused.0.reason', 'accounts.1.id'), '1 production geweigerd -', 'one is');
SELECT unalike(pg_temp.page('wacht', 'ops_accounts')::text, '%sealed%', 'and no secret is shown');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_account_check', '{"id": "1"}'), 'go'), '/ops/accounts',
    'it is checked again');
SELECT is(pg_temp.picked(pg_temp.page('wacht', 'ops_account_check', '{"id": "999"}'), 'status'), '404',
    'there is none');

-- However many there are, a page reads few: of the failed ones those of its kinds, of the history a part.
INSERT INTO koppeling.job (kind, state, last_error_class)
SELECT 'ping', CASE WHEN n % 2 = 0 THEN 'failed' ELSE 'queued' END::koppeling.job_state, 'ok'
FROM generate_series(1, 20000) AS n;
ANALYZE koppeling.job;
CREATE FUNCTION pg_temp.read(name text, query jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint := pg_stat_get_xact_tuples_returned('koppeling.job'::regclass) + (
        SELECT sum(pg_stat_get_xact_tuples_returned(x.indexrelid)) FROM pg_index x
        WHERE x.indrelid = 'koppeling.job'::regclass);
BEGIN
    PERFORM pg_temp.page('wacht', name, query => query);
    RETURN pg_stat_get_xact_tuples_returned('koppeling.job'::regclass) + (
        SELECT sum(pg_stat_get_xact_tuples_returned(x.indexrelid)) FROM pg_index x
        WHERE x.indrelid = 'koppeling.job'::regclass) - before;
END
$$;
SELECT ok(r.rows_read < most, format('%s of %s reads %s rows', name, query, r.rows_read))
FROM (VALUES ('ops_jobs', '{}'::jsonb, 500), ('ops_jobs', '{"kind": "poll"}', 500),
             ('ops_jobs', '{"kind": "ping"}', 500), ('ops_jobs', '{"after": "12000"}', 500),
             ('ops_jobs', '{"state": "all"}', 500), ('ops', '{}', 5000)) AS t (name, query, most)
CROSS JOIN LATERAL (SELECT pg_temp.read(name, query) AS rows_read) r;
SELECT is(koppeling.panel_ops_sample(now() - interval '3 hours'), 100::numeric, 'a small history is read whole');

-- Nobody else.
SELECT is(pg_temp.page(who, name) ->> 'error', '42501', format('%s does not see %s', who, name))
FROM unnest(ARRAY['ops_course', 'ops_accounts', 'ops_account_check', 'ops_shop_pause', 'ops_shop_resume',
    'ops_shop_poll']) AS name, unnest(ARRAY['fenna', 'kijker']) AS who;

SELECT * FROM finish();
ROLLBACK;
