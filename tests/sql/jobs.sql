-- The functions for ops, hand-written UPDATEs, and the plan of the claim.
BEGIN;
SELECT plan(21);

INSERT INTO koppeling.account (id, name) VALUES (1, 'Test BV');
INSERT INTO koppeling.from_address (id, account_id, name) VALUES (1, 1, 'Magazijn');
INSERT INTO koppeling.integration (id, account_id, shop_url, shop_host, sealed_token, from_address_id, state)
VALUES (1, 1, 'test.myonline.store', 'test.myonline.store', '\x01', 1, 'active');

-- Enqueueing
SELECT is(koppeling.ping(3), 3::bigint, 'ping makes jobs');
SELECT is((SELECT count(*) FROM koppeling.job WHERE kind = 'ping' AND state = 'queued' AND api_id = 0), 3::bigint, 'queued, for no API');
SELECT throws_ok($$SELECT koppeling.enqueue('tea')$$, '22023', 'unknown job kind "tea"', 'an unknown kind is refused');
SELECT is(koppeling.enqueue('poll', integration_id => 1), koppeling.enqueue('poll', integration_id => 1), 'a second poll is the first one');
SELECT is((SELECT api_id FROM koppeling.job WHERE kind = 'poll'), 1::smallint, 'a poll goes to Mijnwebwinkel');

-- By hand
INSERT INTO koppeling.job (id, kind, state, attempt, last_error_class, run_at) VALUES (-1001, 'ping', 'failed', 10, 'timeout', now() - interval '1 day');
INSERT INTO koppeling.job (id, kind, state, attempt, worker_id, lease_token, lease_until, started_at)
VALUES (-1002, 'ping', 'running', 1, 7, 7, now(), now());
UPDATE koppeling.job SET state = 'queued' WHERE id IN (-1001, -1002);
SELECT results_eq($$SELECT id, state::text, attempt::integer, worker_id, lease_token, run_at = now() FROM koppeling.job WHERE id IN (-1001, -1002) ORDER BY 1 DESC$$,
    $$VALUES ((-1001)::bigint, 'queued', 0, NULL::bigint, NULL::bigint, true), (-1002, 'queued', 1, NULL, NULL, true)$$,
    'a plain UPDATE to queued leaves nothing torn');
UPDATE koppeling.job SET state = 'failed' WHERE id = -1001;
SELECT results_eq($$SELECT last_error_class::text, last_error FROM koppeling.job WHERE id = -1001$$,
    $$VALUES ('timeout', 'set to failed by hand')$$, 'a plain UPDATE to failed has an error');

-- Retrying and cancelling
SELECT is(koppeling.retry_job(-1001), true, 'a failed job is retried');
SELECT is((SELECT state::text FROM koppeling.job WHERE id = -1001), 'queued', 'it is queued');
SELECT throws_ok('SELECT koppeling.retry_job(424242)', 'P0002', 'there is no live job 424242', 'a job that is not there is told');
SELECT is((SELECT action FROM koppeling.audit ORDER BY id DESC LIMIT 1), 'retry_job', 'retrying is audited');
SELECT is(koppeling.cancel_job(-1001), true, 'a job is cancelled');
SELECT is((SELECT outcome::text FROM koppeling.job_history WHERE id = -1001), 'cancelled', 'and is in the history');
SELECT is((SELECT count(*) FROM koppeling.job_log WHERE id IN (-1001, -1002)), 2::bigint, 'job_log has live and finished jobs');
INSERT INTO koppeling.job (kind, state, last_error_class) SELECT 'ping', 'failed', 'timeout' FROM generate_series(1, 5);
SELECT is(koppeling.retry_failed(error_class => 'tls'), 0::bigint, 'no job failed like that');
SELECT is(koppeling.retry_failed(error_class => 'timeout'), 5::bigint, 'all that did are retried');

-- Holding a shop
SELECT lives_ok($$SELECT koppeling.pause_integration(1, 'stock-taking')$$, 'a shop is paused');
SELECT is((SELECT run_at FROM koppeling.job WHERE kind = 'poll'), 'infinity'::timestamptz, 'its jobs are parked');
SELECT throws_ok('SELECT koppeling.block_api(''tea'', now())', '22023', 'there is no API "tea"', 'an unknown API is refused');

-- The claim
INSERT INTO koppeling.worker (host, host_key, pid, pid_started, thread, version, lease_until)
VALUES ('test', 'test', 1, 1, 0, 'test', now() + interval '1 minute');
SELECT koppeling.ping(20000);
ANALYZE koppeling.job;
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || statement;
END
$$;
-- The part of queue_claim.sql that walks a lane.
SELECT is((SELECT count(*) FROM pg_temp.plan_of($$
    SELECT j.id FROM koppeling.job j
    WHERE j.state = 'queued' AND j.kind = 'ping' AND j.api_id = 0 AND j.priority = 1
      AND j.run_at <= now() AND (j.run_at, j.id) > ('-infinity'::timestamptz, 0)
    ORDER BY j.run_at, j.id LIMIT 100 FOR UPDATE SKIP LOCKED$$) AS p (line)
    WHERE line ~ 'Index.* Scan using job_claim'), 1::bigint, 'a lane is a range of the index job_claim');
SELECT is_empty($$SELECT * FROM pg_temp.plan_of('
    SELECT j.id FROM koppeling.job j
    WHERE j.state = ''queued'' AND j.kind = ''ping'' AND j.api_id = 0 AND j.priority = 1
      AND j.run_at <= now() AND (j.run_at, j.id) > (''-infinity''::timestamptz, 0)
    ORDER BY j.run_at, j.id LIMIT 100 FOR UPDATE SKIP LOCKED') AS p (line) WHERE line ~ 'Sort|Seq Scan'$$, 'and is walked without a sort');

SELECT * FROM finish();
ROLLBACK;
