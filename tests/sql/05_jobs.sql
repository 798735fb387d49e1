-- Jobs: enqueueing, what the triggers complete and mend, and the functions for ops.
BEGIN;
\ir common/world.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.job(job_id bigint) RETURNS koppeling.job LANGUAGE sql AS
    'SELECT j FROM koppeling.job j WHERE j.id = job_id';
-- A job in any state, as the engine leaves it.
CREATE FUNCTION pg_temp.make_job(job_id bigint, job_state koppeling.job_state, kind text DEFAULT 'ping',
    shop bigint DEFAULT NULL, subject bigint DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO koppeling.job (id, kind, integration_id, order_id, state, attempt, run_at, worker_id, lease_token,
        lease_until, started_at,
                               last_error_class, last_error, errors)
    VALUES (job_id, kind, shop, subject, job_state, 3, now() - interval '1 day',
            CASE job_state WHEN 'running' THEN 7 END,
            CASE job_state WHEN 'running' THEN 7 END,
            CASE job_state WHEN 'running' THEN now() END,
            now(),
            CASE job_state WHEN 'failed' THEN 'timeout'::koppeling.error_class END,
            CASE job_state WHEN 'failed' THEN 'kaput' END,
            CASE job_state WHEN 'failed' THEN
                jsonb_build_array(jsonb_build_object('at', now() - interval '2 hours', 'class', 'timeout')) END);
$$;

-- Enqueueing.
SELECT is(koppeling.ping(3), 3::bigint, 'ping makes jobs');
SELECT results_eq(
    $$ SELECT DISTINCT state::text, api_id, priority, max_attempts FROM koppeling.job WHERE kind = 'ping' $$,
    $$ VALUES ('queued', 0::smallint, 1::smallint, 10::smallint) $$, 'with the defaults of their kind, for no API');
SELECT is(pg_temp.complaint($$ SELECT koppeling.enqueue('tea') $$), 'unknown job kind "tea"',
    'an unknown kind is refused');
SELECT is(koppeling.enqueue('poll', 1), koppeling.enqueue('poll', integration_id => 1),
    'a second poll is the first one');
SELECT is(koppeling.enqueue('mark_shipped', order_id => 2), koppeling.enqueue('mark_shipped', order_id => 2),
    'so is a second mark_shipped');
SELECT is((pg_temp.job(koppeling.enqueue('mark_shipped', order_id => 2))).integration_id, 1::bigint,
    'its shop follows from the order');
SELECT is((pg_temp.job(koppeling.enqueue('poll', 1))).api_id, 1::smallint, 'a poll goes to Mijnwebwinkel');
SELECT is(
    (pg_temp.job(koppeling.enqueue(
        'ping', args => '{"a": 1}', run_at => 'infinity', priority => 2, max_attempts => 3))).max_attempts, 3::smallint,
    'what is given goes before the defaults');

SELECT is((pg_temp.job(koppeling.enqueue('ping', run_at => '-infinity'))).run_at, now(),
    'a time of minus infinity is now');

-- What cannot be enqueued is refused in words, and nothing is enqueued silently instead of it.
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id)
VALUES (40, 3, 'production', 'dhl', 1);
SELECT is(pg_temp.complaint(statement), words, words)
FROM (VALUES
    ($$ SELECT koppeling.enqueue('poll') $$, 'cannot enqueue poll: poll needs integration_id'),
    ($$ SELECT koppeling.enqueue('poll', 99) $$, 'cannot enqueue poll: there is no integration 99'),
    ($$ SELECT koppeling.enqueue('mark_shipped', 1) $$, 'cannot enqueue mark_shipped: mark_shipped needs order_id'),
    ($$ SELECT koppeling.enqueue('mark_shipped', 1, 99) $$, 'cannot enqueue mark_shipped: there is no order 99'),
    ($$ SELECT koppeling.enqueue('mark_shipped', 2, 1) $$,
        'cannot enqueue mark_shipped: order 1 is of integration 1, not of 2'),
    ($$ SELECT koppeling.enqueue('create_shipment', 2, 3, 40) $$,
        'cannot enqueue create_shipment: order 3 is of integration 1, not of 2'),
    ($$ SELECT koppeling.enqueue('create_shipment', 1, 2, 40) $$,
        'cannot enqueue create_shipment: shipment 40 is of order 3, not of 2'),
    ($$ SELECT koppeling.enqueue('create_shipment', 1, 3) $$,
        'cannot enqueue create_shipment: create_shipment needs shipment_id'),
    ($$ SELECT koppeling.enqueue('ping', priority => 7) $$, 'cannot enqueue ping: priority is 0, 1 or 2, not 7'),
    ($$ SELECT koppeling.enqueue('ping', max_attempts => 0) $$,
        'cannot enqueue ping: max_attempts is 1 to 32767, not 0')) AS refused (statement, words);
SELECT results_eq(
    $$ SELECT j.integration_id, j.order_id
       FROM koppeling.job j WHERE j.id = koppeling.enqueue('create_shipment', shipment_id => 40) $$,
    $$ VALUES (1::bigint, 3::bigint) $$, 'order and shop follow from the shipment')
FROM (SELECT koppeling.enqueue('create_shipment', shipment_id => 40)) AS enqueued;
INSERT INTO koppeling.job (id, kind) SELECT currval(pg_get_serial_sequence('koppeling.job', 'id')) + 1, 'ping';
SELECT is(pg_temp.complaint($$ SELECT koppeling.enqueue('ping') $$),
    'cannot enqueue ping: it was refused as a duplicate, but there is no other', 'a number that is taken is said');
DELETE FROM koppeling.job WHERE shipment_id = 40 OR kind = 'ping';
DELETE FROM koppeling.shipment WHERE id = 40;

-- Waiting as long as the shop does.
UPDATE koppeling.integration SET blocked_until = now() + interval '1 hour' WHERE id = 2;
SELECT is((pg_temp.job(koppeling.enqueue('poll', 2))).run_at, now() + interval '1 hour',
    'a job of a blocked shop waits for the end of the block');
SELECT is(koppeling.shop_gate(2, 'verify', now()), now(), 'but for a verification');
SELECT is(koppeling.shop_gate(NULL, 'ping', now()), now(), 'a job without a shop does not wait');
SELECT is(koppeling.shop_gate(2, 'poll', now() + interval '2 hours'), now() + interval '2 hours',
    'who wants to wait longer may');
SELECT koppeling.pause_integration(3, 'verbouwing');
SELECT is((pg_temp.job(koppeling.enqueue('poll', 3))).run_at, 'infinity', 'a job of a paused shop is parked');

-- Jobs inserted by hand.
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id)
VALUES (50, 1, 'staging', 'dhl', 1), (51, 1, 'production', 'dhl', 1);
INSERT INTO koppeling.job (id, kind, integration_id, order_id, shipment_id)
VALUES (300, 'create_shipment', 1, 1, 50), (301, 'create_shipment', 1, 1, 51);
SELECT is((pg_temp.job(300)).api_id, 3::smallint, 'a staging shipment goes to staging');
SELECT is((pg_temp.job(301)).api_id, 2::smallint, 'one for production to production');
SELECT is((pg_temp.job(301)).priority, 0::smallint, 'a person waits for it');
INSERT INTO koppeling.job (id, kind) VALUES (302, 'unheard_of');
SELECT is((pg_temp.job(302)).api_id, 0::smallint, 'a kind that nobody knows waits in a lane of its own');

-- Plain UPDATEs.
DELETE FROM koppeling.job;
SELECT pg_temp.make_job(1, 'failed'), pg_temp.make_job(2, 'running'), pg_temp.make_job(3, 'queued');
UPDATE koppeling.job SET state = 'queued' WHERE id IN (1, 2);
SELECT results_eq(
    $$ SELECT id, state::text, attempt::integer, num_nulls(worker_id, lease_token, lease_until), run_at = now(),
        jsonb_array_length(errors)
                     FROM koppeling.job WHERE id < 3 ORDER BY id $$,
    $$ VALUES (1::bigint, 'queued', 0, 3, true, 1), (2, 'queued', 3, 3, true, NULL) $$,
    'to queued: due now, without a lease; one that had failed has all its attempts, and its errors stay on record');
UPDATE koppeling.job SET state = 'failed' WHERE id IN (1, 3);
SELECT results_eq($$ SELECT last_error_class::text, last_error FROM koppeling.job WHERE id IN (1, 3) ORDER BY id $$,
    $$ VALUES ('timeout', 'kaput'), ('client_error', 'set to failed by hand') $$,
    'to failed: with an error, the old one where there is one');
UPDATE koppeling.job SET state = 'queued', run_at = now() + interval '1 hour' WHERE id = 1;
SELECT is((pg_temp.job(1)).run_at, now() + interval '1 hour', 'a time that is given is kept');
SELECT pg_temp.make_job(4, 'running');
UPDATE koppeling.job SET state = 'failed' WHERE id = 4;
SELECT is(num_nulls((pg_temp.job(4)).worker_id, (pg_temp.job(4)).lease_token), 2,
    'from running to failed: its worker has lost it');

-- Retrying.
DELETE FROM koppeling.job;
SELECT pg_temp.make_job(1, 'failed'), pg_temp.make_job(2, 'running'), pg_temp.make_job(3, 'queued');
SELECT is(koppeling.retry_job(1), true, 'a failed job is retried');
SELECT results_eq($$ SELECT state::text, attempt::integer, run_at FROM koppeling.job WHERE id = 1 $$,
    $$ VALUES ('queued', 0, now()) $$, 'now, with all attempts');
SELECT is(koppeling.retry_job(2), false, 'one that runs is left alone');
SELECT is((pg_temp.job(2)).lease_token, 7::bigint, 'and keeps its lease');
SELECT is(koppeling.retry_job(3), true, 'one that waits need not wait any longer');
SELECT is(pg_temp.complaint('SELECT koppeling.retry_job(424242)'), 'there is no live job 424242',
    'one that is not there is told');
SELECT results_eq($$ SELECT action, subject, details ->> 'was' FROM koppeling.audit ORDER BY id DESC LIMIT 2 $$,
    $$ VALUES ('retry_job', 'job 3', 'queued'), ('retry_job', 'job 1', 'failed') $$, 'retrying is audited');
SELECT pg_temp.make_job(10, 'failed', 'poll', 3);
SELECT koppeling.retry_job(10);
SELECT is((pg_temp.job(10)).run_at, 'infinity', 'a job of a paused shop stays parked');

DELETE FROM koppeling.job;
SELECT pg_temp.make_job(n, 'failed', 'mark_shipped', 1, n) FROM generate_series(1, 5) AS n;
SELECT pg_temp.make_job(9, 'failed'), pg_temp.make_job(8, 'queued');
SELECT is(koppeling.retry_failed(error_class => 'tls'), 0::bigint, 'no job failed like that');
SELECT is(koppeling.retry_failed(kind => 'poll'), 0::bigint, 'nor of that kind');
SELECT is(koppeling.retry_failed(integration_id => 2), 0::bigint, 'nor of that shop');
SELECT is(koppeling.retry_failed(failed_since => now() - interval '1 hour'), 0::bigint, 'nor since then');
SELECT is(koppeling.retry_failed('mark_shipped', 1, 'timeout', now() - interval '1 day', 2), 5::bigint,
    'those that fit are retried');
SELECT results_eq($$ SELECT run_at - now() FROM koppeling.job WHERE kind = 'mark_shipped' ORDER BY 1 $$,
    $$ SELECT n * interval '0.5 seconds' FROM generate_series(0, 4) AS n $$, 'two per second, as asked for');
SELECT is(koppeling.retry_failed(), 1::bigint, 'without conditions all are');
SELECT pg_temp.make_job(7, 'queued');
UPDATE koppeling.job SET state = 'failed' WHERE id = 7;
SELECT is((SELECT failed_at FROM koppeling.failed_job WHERE id = 7), now(),
    'one that was set to failed by hand failed then');
SELECT is(koppeling.retry_failed(failed_since => now()), 1::bigint, 'and is retried as one that failed since then');

-- Cancelling.
DELETE FROM koppeling.job;
INSERT INTO koppeling.label (order_id, environment, external_id) VALUES (1, 'staging', 'L-1');
UPDATE koppeling.imported_order SET state = 'label_created' WHERE id = 1;
SELECT pg_temp.make_job(1, 'failed', 'mark_shipped', 1, 1), pg_temp.make_job(2, 'running');
SELECT is(koppeling.cancel_job(1), true, 'a job is cancelled');
SELECT results_eq(
    $$ SELECT outcome::text, kind COLLATE "default", attempts::integer, integration_id, order_id, api,
        jsonb_array_length(errors) FROM koppeling.job_history WHERE id = 1 $$,
    $$ VALUES ('cancelled', 'mark_shipped', 3, 1::bigint, 1::bigint, 'mijnwebwinkel', 1) $$,
    'and kept in the history, with what went wrong');
SELECT results_eq(
    $$ SELECT o.mark_outcome, o.mark_reason_code, l.told_at IS NOT NULL
        FROM koppeling.imported_order o JOIN koppeling.label l ON l.order_id = o.id $$,
    $$ VALUES ('not_marked', 'cancelled_job', true) $$, 'and the order says that its shop was not told');
SELECT is(koppeling.cancel_job(2), true, 'one that runs can be cancelled too');
SELECT is((SELECT count(*) FROM koppeling.job), 0::bigint, 'no live job is left');
SELECT is(pg_temp.complaint('SELECT koppeling.cancel_job(1)'), 'there is no live job 1', 'nothing is cancelled twice');
SELECT is((SELECT count(*) FROM koppeling.audit WHERE action = 'cancel_job'), 2::bigint, 'cancelling is audited');

-- Blocking.
SELECT is(koppeling.block_api('boekuwzending', 'tomorrow'), 2::bigint, 'an API is blocked in both environments');
SELECT is(koppeling.block_api('boekuwzending', NULL, 'staging'), 1::bigint, 'or in one');
SELECT results_eq(
    $$ SELECT environment::text, blocked_until > now(), block_reason
        FROM koppeling.api WHERE name = 'boekuwzending' ORDER BY 1 $$,
    $$ VALUES ('production', true, ('blocked by ' || session_user) COLLATE "default"), ('staging', NULL, NULL) $$,
    'and says why');
SELECT is(pg_temp.complaint($$ SELECT koppeling.block_api('tea', now()) $$), 'there is no API "tea"',
    'an unknown API is refused');

SELECT finish();
ROLLBACK;
