-- The statements of the engine: every result carries the token of its attempt, and none is lost or counted twice.
BEGIN;
\ir common/world.sql
SELECT no_plan();

-- Every session of ours: with 39,000 shops compiling a statement of the scheduler took half a second, each tick.
\set text `cat sql/queries/connection_settings.sql`
PREPARE connection_settings (text, text) AS :text
SET LOCAL jit = on;
SAVEPOINT settings;
EXECUTE connection_settings('true', '1s');
SELECT current_setting('jit') AS jit \gset
ROLLBACK TO settings;
SELECT is(:'jit'::text, 'off', 'nothing of ours is compiled, whatever the default is');


\set text `cat sql/queries/queue_finish.sql`
PREPARE finish_jobs AS :text
\set text `cat sql/queries/queue_trip_api.sql`
PREPARE trip_api AS :text
\set text `cat sql/queries/queue_hold_shop.sql`
PREPARE hold_shop AS :text
\set text `cat sql/queries/queue_fail.sql`
PREPARE fail_jobs AS :text
\set text `cat sql/queries/queue_release.sql`
PREPARE release_jobs AS :text
\set text `cat sql/queries/queue_disown.sql`
PREPARE disown_jobs AS :text
\set text `cat sql/queries/queue_rescue.sql`
PREPARE rescue_jobs AS :text
\set text `cat sql/queries/queue_idle.sql`
PREPARE is_idle AS :text
\set text `cat sql/queries/worker_renew.sql`
PREPARE renew_lease AS :text
\set text `cat sql/queries/worker_goodbye.sql`
PREPARE say_goodbye AS :text
\set text `cat sql/queries/worker_take_over.sql`
PREPARE take_over AS :text

-- What a worker sends when attempts fail, in that order.
CREATE FUNCTION pg_temp.fail(ids text, tokens text, classes text, errors text, statuses text, waits text, give_up text)
RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('EXECUTE trip_api(%L, %L, %L, %L, %L)', ids, tokens, classes, errors, statuses);
    EXECUTE format('EXECUTE hold_shop(%L, %L, %L, %L)', ids, tokens, classes, waits);
    RETURN QUERY EXECUTE format('EXECUTE fail_jobs(%L, %L, %L, %L, %L, %L, %L, %L)',
        ids, tokens, classes, errors, statuses, waits, give_up,
        array_fill('koppeling-4-1-1'::text, ARRAY[cardinality(ids::bigint[])]));
END
$$;

SELECT id AS me FROM koppeling.worker \gset
CREATE FUNCTION pg_temp.job(job_id bigint) RETURNS koppeling.job LANGUAGE sql AS
    'SELECT j FROM koppeling.job j WHERE j.id = job_id';
-- Three polls and three pings, running under token 7.
CREATE FUNCTION pg_temp.start_over() RETURNS void LANGUAGE sql AS $$
    DELETE FROM koppeling.job;
    DELETE FROM koppeling.job_history;
    UPDATE koppeling.integration SET state = 'active', reason_code = NULL, reason = NULL, blocked_until = NULL;
    UPDATE koppeling.worker SET state = 'active', lease_until = clock_timestamp() + interval '1 minute';
    INSERT INTO koppeling.job (id, kind, integration_id, state, attempt, worker_id, lease_token, lease_until,
        started_at)
    SELECT n, CASE WHEN n <= 3 THEN 'poll' ELSE 'ping' END, CASE WHEN n <= 3 THEN n END, 'running', 1, w.id, 7,
        w.lease_until, now()
    FROM generate_series(1, 6) AS n, koppeling.worker w;
$$;
CREATE FUNCTION pg_temp.states() RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(id || ' ' || state, ', ' ORDER BY id) FROM koppeling.job $$;

-- Finishing.
SELECT pg_temp.start_over();
SELECT results_eq(
    $$ EXECUTE finish_jobs('{1,2,4}', '{7,8,7}', '{200,200,NULL}', '{NULL,NULL,NULL}', '{production,production,NULL}',
        '{"{\"seen\": 3}",NULL,NULL}', '{f,f,f}') $$,
    ARRAY[2::bigint], 'a result with another token is refused, and said to be');
SELECT is(pg_temp.states(), '2 running, 3 running, 5 running, 6 running', 'its job is left alone');
SELECT results_eq(
    $$ SELECT id, outcome::text, kind COLLATE "default", api, attempts::integer, http_status::integer,
        shop_environment::text, result FROM koppeling.job_history ORDER BY id $$,
    $$ VALUES (1::bigint, 'done', 'poll', 'mijnwebwinkel', 1, 200, 'production', '{"seen": 3}'::jsonb),
        (4, 'done', 'ping', NULL, 1, NULL, NULL, NULL) $$,
    'what is finished is in the history and no longer live');
SELECT results_eq($$ EXECUTE finish_jobs('{1}', '{7}', '{200}', '{NULL}', '{NULL}', '{NULL}', '{f}') $$,
    ARRAY[1::bigint], 'finishing twice changes nothing: the second time is refused');
SELECT results_eq($$ EXECUTE finish_jobs('{3}', '{7}', '{200}', '{NULL}', '{NULL}', '{NULL}', '{t}') $$,
    ARRAY[]::bigint[], 'a poll that changed nothing is finished');
SELECT is((SELECT count(*) FROM koppeling.job_history WHERE id = 3), 0::bigint, 'and leaves no row');
UPDATE koppeling.job SET errors = '[{"class": "timeout"}]' WHERE id = 2;
SELECT results_eq($$ EXECUTE finish_jobs('{2}', '{7}', '{200}', '{NULL}', '{NULL}', '{NULL}', '{t}') $$,
    ARRAY[]::bigint[], 'one with failed attempts is finished');
SELECT is((SELECT count(*) FROM koppeling.job_history WHERE id = 2), 1::bigint, 'and does leave one');

-- Failing.
SELECT pg_temp.start_over();
UPDATE koppeling.retry_rule SET backoff_base = '10 seconds', backoff_cap = '1 minute', max_attempts = 3
WHERE error_class = 'timeout';
SELECT is((SELECT count(*) FROM koppeling.job WHERE id = 4 AND state = 'running'), 1::bigint, 'it runs');
SELECT results_eq(
    $$ SELECT pg_temp.fail('{4,3}', '{8,7}', '{timeout,timeout}', '{late,late}', '{NULL,NULL}', '{NULL,NULL}',
                           '{f,f}') $$,
    ARRAY[4::bigint], 'a failure with another token is refused, and said to be');
SELECT is((pg_temp.job(4)).state, 'running', 'its job is left alone');
SELECT pg_temp.fail('{4}', '{7}', '{timeout}', '{late}', '{NULL}', '{NULL}', '{f}');
SELECT results_eq(
    $$ SELECT state::text, attempt::integer, last_error_class::text, last_error,
              num_nulls(worker_id, lease_token, lease_until),
              run_at BETWEEN now() + interval '5 seconds' AND now() + interval '10 seconds'
        FROM koppeling.job WHERE id = 4 $$,
    $$ VALUES ('queued', 1, 'timeout', 'late', 3, true) $$,
    'a failed attempt waits for the backoff, give or take a half');
SELECT results_eq(
    $$ SELECT e ->> 'attempt', e ->> 'class', e ->> 'error', e ->> 'worker'
        FROM koppeling.job, jsonb_array_elements(errors) AS e WHERE id = 4 $$,
    format($$ VALUES ('1', 'timeout', 'late', '%s') $$, :me), 'and is on record');
UPDATE koppeling.job SET state = 'running', attempt = 2, worker_id = :me, lease_token = 7, lease_until = now()
WHERE id = 4;
SELECT pg_temp.fail('{4}', '{7}', '{timeout}', '{late}', '{NULL}', '{NULL}', '{f}');
SELECT ok((pg_temp.job(4)).run_at BETWEEN now() + interval '10 seconds' AND now() + interval '20 seconds',
    'the second wait is twice as long');
UPDATE koppeling.job SET state = 'running', attempt = 3, worker_id = :me, lease_token = 7, lease_until = now()
WHERE id = 4;
SELECT pg_temp.fail('{4}', '{7}', '{timeout}', '{late}', '{NULL}', '{NULL}', '{f}');
SELECT results_eq(
    $$ SELECT state::text, attempt::integer, jsonb_array_length(errors) FROM koppeling.job WHERE id = 4 $$,
    $$ VALUES ('failed', 3, 3) $$,
    'after the last attempt it waits for a person, with all errors');
SELECT pg_temp.fail('{5}', '{7}', '{client_error}', '{no}', '{NULL}', '{NULL}', '{t}');
SELECT is((pg_temp.job(5)).state, 'failed', 'what no retry can help fails at once');
UPDATE koppeling.job SET errors = (SELECT jsonb_agg(n) FROM generate_series(1, 20) AS n) WHERE id = 6;
SELECT pg_temp.fail('{6}', '{7}', '{timeout}', '{late}', '{NULL}', '{NULL}', '{f}');
SELECT is(jsonb_array_length((pg_temp.job(6)).errors), 20, 'of endless failures the newest twenty are kept');

-- A shop that asks for a pause.
SELECT pg_temp.start_over();
INSERT INTO koppeling.job (id, kind, integration_id, order_id)
VALUES (10, 'mark_shipped', 1, 1), (11, 'mark_shipped', 3, 9);
SELECT pg_temp.fail('{1}', '{7}', '{rate_limited}', '{slow down}', '{429}', '{600000}', '{f}');
SELECT is((SELECT blocked_until FROM koppeling.integration WHERE id = 1), now() + interval '10 minutes',
    'the shop is blocked for as long as it says');
SELECT results_eq($$ SELECT state::text, attempt::integer, run_at FROM koppeling.job WHERE id = 1 $$,
    $$ VALUES ('queued', 0, now() + interval '10 minutes') $$,
    'its job waits as long, and no attempt is counted');
SELECT is((pg_temp.job(10)).run_at, now() + interval '10 minutes', 'so do its other jobs');
SELECT is((pg_temp.job(11)).run_at, now(), 'those of other shops do not');

-- A shop that refuses its token.
SELECT pg_temp.start_over();
INSERT INTO koppeling.job (id, kind, integration_id, order_id)
VALUES (10, 'mark_shipped', 1, 1), (11, 'mark_shipped', 3, 9);
INSERT INTO koppeling.job (id, kind, integration_id) VALUES (12, 'verify', 1);
SELECT pg_temp.fail('{1}', '{7}', '{auth}', '{who are you}', '{401}', '{NULL}', '{f}');
SELECT results_eq(
    $$ SELECT state::text, reason_code, reason IS NOT NULL AND reason_en IS NOT NULL
        FROM koppeling.integration WHERE id = 1 $$,
    $$ VALUES ('needs_attention', 'token_refused', true) $$, 'the shop needs attention, and says why');
SELECT results_eq($$ SELECT id, run_at = 'infinity' FROM koppeling.job WHERE id IN (1, 10, 11, 12) ORDER BY id $$,
    $$ VALUES (1::bigint, true), (10, true), (11, false), (12, false) $$,
    'its jobs are parked, but not its verification, nor those of other shops');
SELECT is((pg_temp.job(1)).attempt, 0::smallint, 'no attempt is counted');

-- Failures while the shop waits.
SELECT pg_temp.start_over();
INSERT INTO koppeling.job (id, kind, integration_id, order_id, state, attempt, worker_id, lease_token, lease_until,
    started_at)
VALUES (10, 'mark_shipped', 1, 1, 'running', 1, :me, 7, now(), now());
SELECT pg_temp.fail('{1,10}', '{7,7}', '{rate_limited,timeout}', '{slow down,late}', '{429,NULL}', '{600000,NULL}',
                    '{f,f}');
SELECT is((pg_temp.job(10)).run_at, now() + interval '10 minutes',
    'a job that failed otherwise in the same batch waits for the end of the pause');
SELECT pg_temp.start_over();
INSERT INTO koppeling.job (id, kind, integration_id, order_id, state, attempt, worker_id, lease_token, lease_until,
    started_at)
VALUES (10, 'mark_shipped', 1, 1, 'running', 1, :me, 7, now(), now());
SELECT pg_temp.fail('{1,10}', '{7,7}', '{auth,timeout}', '{who,late}', '{401,NULL}', '{NULL,NULL}', '{f,f}');
SELECT is((pg_temp.job(10)).run_at, 'infinity', 'one of a shop whose token was refused in the same batch is parked');
SELECT pg_temp.start_over();
SELECT koppeling.pause_integration(n, 'pauze') FROM generate_series(1, 3) AS n;
SELECT pg_temp.fail('{1}', '{7}', '{timeout}', '{late}', '{NULL}', '{NULL}', '{f}');
EXECUTE release_jobs('{2}', '{7}');
UPDATE koppeling.worker SET lease_until = now() - interval '1 second';
EXECUTE rescue_jobs;
SELECT results_eq($$ SELECT run_at FROM koppeling.job WHERE id <= 3 $$,
    ARRAY['infinity', 'infinity', 'infinity']::timestamptz[],
    'jobs of a paused shop that fail, are handed back or are rescued stay with it');
UPDATE koppeling.integration SET state = 'active', reason_code = NULL, reason = NULL WHERE id = 1;
SELECT is(koppeling.release_forgotten_jobs(), 1::bigint, 'one that was parked while its shop came back is found');
SELECT is((pg_temp.job(1)).run_at, now(), 'and runs');

-- The breaker.
CREATE FUNCTION pg_temp.breaker() RETURNS text LANGUAGE sql AS $$
    SELECT format('%s, %s failures of %s shops, %s trips, blocked for %s: %s', breaker_state, breaker_failures,
                  cardinality(breaker_shops), breaker_trips, coalesce(blocked_until - now(), '0'), block_reason)
    FROM koppeling.api WHERE name = 'mijnwebwinkel' $$;
CREATE FUNCTION pg_temp.fail_polls(classes text) RETURNS SETOF bigint LANGUAGE sql AS $$
    SELECT pg_temp.fail('{1,2,3}', '{7,7,7}', classes, '{a,b,c}', '{500,501,502}', '{NULL,NULL,NULL}', '{f,f,f}') $$;
UPDATE koppeling.api SET breaker_limit = 3, breaker_failures = 0, breaker_shops = '{}';
SELECT pg_temp.start_over();
SELECT pg_temp.fail('{1,2}', '{7,7}', '{timeout,timeout}', '{late,late}', '{NULL,NULL}', '{NULL,NULL}', '{f,f}');
SELECT is(pg_temp.breaker(), 'closed, 2 failures of 2 shops, 0 trips, blocked for 00:00:00: ', 'failures are counted');
SELECT is((pg_temp.job(1)).attempt, 1::smallint, 'as attempts, too');
SELECT pg_temp.start_over();
SELECT pg_temp.fail_polls('{timeout,unknown_outcome,unreadable}');
SELECT is(pg_temp.breaker(), 'closed, 3 failures of 2 shops, 0 trips, blocked for 00:00:00: ',
    'those that say nothing about the API are not, nor are their shops');
SELECT pg_temp.start_over();
SELECT pg_temp.fail_polls('{server_error,server_error,client_error}');
SELECT is(pg_temp.breaker(), 'closed, 0 failures of 0 shops, 0 trips, blocked for 00:00:00: ',
    'an answer in the same batch shows that it works');
SELECT pg_temp.start_over();
SELECT pg_temp.fail_polls('{server_error,network,tls}');
SELECT is(pg_temp.breaker(), 'open, 3 failures of 3 shops, 1 trips, blocked for 00:00:02: breaker: c',
    'in a row and from several shops they open the breaker');
SELECT is((SELECT sum(attempt) FROM koppeling.job WHERE id <= 3), 0::bigint, 'and the jobs are not to blame');
SELECT pg_temp.start_over();
SELECT pg_temp.fail_polls('{server_error,network,unreadable}');
SELECT is(pg_temp.breaker(), 'open, 5 failures of 3 shops, 1 trips, blocked for 00:00:02: breaker: c',
    'what was under way meanwhile does not open it again');
SELECT results_eq($$ SELECT attempt::integer FROM koppeling.job WHERE id <= 3 ORDER BY id $$, ARRAY[0, 0, 1],
    'nor is it to blame, but what failed for another reason is');
SELECT pg_temp.start_over();
UPDATE koppeling.api SET breaker_state = 'half_open' WHERE name = 'mijnwebwinkel';
UPDATE koppeling.job SET started_at = now() - interval '1 second';
SELECT pg_temp.fail_polls('{server_error,network,tls}');
SELECT is(pg_temp.breaker(), 'half_open, 8 failures of 3 shops, 1 trips, blocked for 00:00:02: breaker: c',
    'half open, the failure of what was claimed before the probe says nothing new');
SELECT pg_temp.start_over();
SELECT pg_temp.fail('{1}', '{7}', '{timeout}', '{late}', '{NULL}', '{NULL}', '{f}');
SELECT is(pg_temp.breaker(), 'open, 9 failures of 3 shops, 2 trips, blocked for 00:00:02: breaker: late',
    'that of the probe opens it again; the next one follows the pause');
SELECT pg_temp.start_over();
SELECT pg_temp.fail('{1}', '{7}', '{auth}', '{who are you}', '{401}', '{NULL}', '{f}');
SELECT is(pg_temp.breaker(), 'closed, 0 failures of 0 shops, 0 trips, blocked for 00:00:00: ',
    'a refusal is an answer, and closes it');

-- What a class means is up to its rule.
SELECT pg_temp.start_over();
UPDATE koppeling.retry_rule SET blames_api = error_class = 'unreadable', clears_api = false;
SELECT pg_temp.fail_polls('{timeout,timeout,timeout}');
SELECT is(pg_temp.breaker(), 'closed, 0 failures of 0 shops, 0 trips, blocked for 00:00:00: ',
    'a class that is no longer blamed on the API is not counted');
SELECT pg_temp.start_over();
SELECT pg_temp.fail_polls('{unreadable,unreadable,unreadable}');
SELECT is(pg_temp.breaker(), 'open, 3 failures of 3 shops, 1 trips, blocked for 00:00:02: breaker: c',
    'one that is opens the breaker');
UPDATE koppeling.api SET breaker_state = 'closed', breaker_failures = 0, breaker_shops = '{}', blocked_until = NULL;
SELECT pg_temp.start_over();
UPDATE koppeling.retry_rule SET blocks_shop = error_class = 'unreadable',
    shop_reason_code = CASE error_class WHEN 'tls' THEN 'token_refused' END;
SELECT pg_temp.fail('{1,2,3}', '{7,7,7}', '{unreadable,tls,auth}', '{a,b,c}', '{200,NULL,401}', '{NULL,NULL,NULL}',
                    '{f,f,f}');
SELECT results_eq(
    $$ SELECT state::text, reason_code, blocked_until > now() FROM koppeling.integration WHERE id <= 3 ORDER BY id $$,
    $$ VALUES ('active', NULL, true), ('needs_attention', 'token_refused', NULL), ('active', NULL, NULL) $$,
    'a shop is blocked or needs attention as the rule says');

-- Handing back, disowning, rescuing.
SELECT pg_temp.start_over();
EXECUTE release_jobs('{1,4}', '{7,8}');
SELECT is(pg_temp.states(), '1 queued, 2 running, 3 running, 4 running, 5 running, 6 running',
    'only jobs of one''s own are handed back');
SELECT is((pg_temp.job(1)).attempt, 0::smallint, 'unattempted');
EXECUTE disown_jobs(:me, '{7,9}');
SELECT is(pg_temp.states(), '1 queued, 2 running, 3 running, 4 running, 5 running, 6 running',
    'what a worker holds stays with it');
EXECUTE disown_jobs(:me + 1, '{}');
SELECT is(pg_temp.states(), '1 queued, 2 running, 3 running, 4 running, 5 running, 6 running',
    'and so does what is another''s');
EXECUTE disown_jobs(:me, '{9}');
SELECT is(pg_temp.states(), '1 queued, 2 queued, 3 queued, 4 queued, 5 queued, 6 queued',
    'what it does not know of goes back');
SELECT results_eq($$ SELECT DISTINCT attempt::integer FROM koppeling.job $$, ARRAY[0], 'unattempted, too');

SELECT pg_temp.start_over();
EXECUTE rescue_jobs;
SELECT is((SELECT count(*) FROM koppeling.job WHERE state = 'running'), 6::bigint,
    'nothing is rescued from a worker that lives');
UPDATE koppeling.worker SET lease_until = now() - interval '1 second';
UPDATE koppeling.job SET attempt = 10 WHERE id = 6;
EXECUTE rescue_jobs;
SELECT is(pg_temp.states(), '1 queued, 2 queued, 3 queued, 4 queued, 5 queued, 6 failed',
    'when its lease has lapsed all is, and what used up its attempts has failed');
SELECT results_eq($$ SELECT DISTINCT last_error_class::text, last_error FROM koppeling.job $$,
    $$ VALUES ('unknown_outcome', 'worker ' || (SELECT id FROM koppeling.worker) || ' (pid 1 on hier) was lost') $$,
    'and says who lost it');
SELECT is((SELECT state::text FROM koppeling.worker), 'lost', 'the worker is marked as lost');
SELECT is_empty(format('EXECUTE renew_lease(%s, 60000, 0, false)', :me), 'and cannot renew its lease');

SELECT pg_temp.start_over();
SELECT results_eq(format('EXECUTE renew_lease(%s, 60000, 5, true)', :me), ARRAY[:me::bigint],
    'a worker that lives can');
SELECT results_eq(
    $$ SELECT state::text, in_flight, lease_until > clock_timestamp() + interval '59 seconds' FROM koppeling.worker $$,
    $$ VALUES ('stopping', 5, true) $$,
    'and tells how it is');
EXECUTE say_goodbye(:me);
EXECUTE rescue_jobs;
SELECT is((SELECT state::text FROM koppeling.worker), 'stopped', 'one that says goodbye is stopped, not lost');
SELECT is((SELECT count(*) FROM koppeling.job WHERE state = 'queued'), 6::bigint,
    'and what it held runs elsewhere at once');
SELECT pg_temp.start_over();
EXECUTE take_over(ARRAY[:me]);
EXECUTE rescue_jobs;
SELECT is((SELECT count(*) FROM koppeling.job WHERE state = 'queued'), 6::bigint,
    'a successor on the same host has it at once, too');

-- Idle.
SELECT pg_temp.start_over();
SELECT results_eq($$ EXECUTE is_idle('{ping}', '{0}', '{1}') $$, ARRAY[false], 'somebody is at work');
UPDATE koppeling.worker SET lease_until = now() - interval '1 second';
SELECT results_eq($$ EXECUTE is_idle('{ping}', '{0}', '{1}') $$, ARRAY[true], 'the dead are not');
EXECUTE rescue_jobs;
SELECT results_eq($$ EXECUTE is_idle('{ping}', '{0}', '{1}') $$, ARRAY[false], 'something is due');
UPDATE koppeling.job SET run_at = now() + interval '2 seconds';
SELECT results_eq($$ EXECUTE is_idle('{ping}', '{0}', '{1}') $$, ARRAY[true], 'nothing is due within a second');

SELECT finish();
ROLLBACK;
