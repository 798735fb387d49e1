-- A clock that was a day ahead for a moment: what it left behind keeps nobody waiting.
BEGIN;
\ir common/world.sql
SELECT no_plan();

SELECT is(koppeling.mend_times(), 0::bigint, 'usually there is nothing to mend');
SELECT ok(NOT koppeling.has_impossible_times(), 'since nothing is impossible');

-- Wishes and waits that the program itself makes are left alone.
UPDATE koppeling.integration SET poll_interval = '1 day' WHERE id = 1;
UPDATE koppeling.integration SET next_poll_at = now() + interval '25 hours' WHERE id = 1;
UPDATE koppeling.integration SET blocked_until = 'infinity' WHERE id = 2;
SELECT koppeling.enqueue('ping', run_at => now() + interval '7 days') AS wish \gset
SELECT is(koppeling.mend_times(), 0::bigint,
    'a long interval, an endless block and a wish for next week are no mistake');

-- A day ahead.
\set day 'interval ''1 day'''
UPDATE koppeling.worker SET seen_at = now() + :day, lease_until = now() + :day + interval '1 minute';
UPDATE koppeling.integration
SET last_polled_at = now() + :day, next_poll_at = now() + :day + poll_interval,
    blocked_until = now() + :day + interval '10 minutes', pace_at = now() + :day
WHERE id = 3;
UPDATE koppeling.integration SET next_poll_at = now() + :day WHERE id = 2;
INSERT INTO koppeling.job (id, kind, created_at, run_at)
VALUES (500, 'ping', now() + :day, now() + :day + interval '5 minutes');
INSERT INTO koppeling.job (id, kind, created_at, started_at, run_at, attempt)
VALUES (501, 'ping', now(), now() + :day, now() + :day + interval '10 seconds', 2);
UPDATE koppeling.api SET breaker_state = 'open', blocked_until = now() + :day WHERE name = 'mijnwebwinkel';
INSERT INTO koppeling.scheduler (id, host, pid, version, tick, seen_at)
VALUES (1, 'a', 1, '0', '1 second', now() + :day);
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id, state, sent_at)
VALUES (70, 1, 'production', 'x', 1, 'sending', now() + :day);
INSERT INTO koppeling.job (id, kind, integration_id, order_id, shipment_id) VALUES (499, 'create_shipment', 1, 1, 70);
SELECT ok(koppeling.has_impossible_times(), 'times of tomorrow are impossible');
SELECT results_eq($$ SELECT live_workers, live_schedulers, last_tick_at, overdue_polls FROM koppeling.queue_health $$,
    $$ VALUES (0::bigint, 0::bigint, NULL::timestamptz, 2::bigint) $$, 'who was seen tomorrow is not seen to be alive');
SELECT is(koppeling.mend_times(), 7::bigint, 'each row is mended');
SELECT is((SELECT sent_at FROM koppeling.shipment WHERE id = 70), now(), 'a booking settles from now on');
SELECT is((SELECT live_schedulers FROM koppeling.queue_health), 1::bigint, 'and who lives is seen');
SELECT results_eq($$ SELECT seen_at, lease_until FROM koppeling.worker $$,
    $$ SELECT now(), now() + interval '1 minute' $$, 'a lease keeps its length');
SELECT results_eq($$ SELECT run_at FROM koppeling.job WHERE id IN (500, 501) ORDER BY id $$,
    $$ VALUES (now() + interval '5 minutes'), (now() + interval '10 seconds') $$,
    'a job keeps its distance from when it was planned');
SELECT is((SELECT run_at FROM koppeling.job WHERE id = :wish), now() + interval '7 days', 'a wish stays a wish');
SELECT ok(next_poll_at BETWEEN now() AND now() + poll_interval, format('shop %s is polled within its interval', id))
FROM koppeling.integration WHERE id IN (2, 3);
SELECT is((SELECT next_poll_at FROM koppeling.integration WHERE id = 1), now() + interval '25 hours',
    'one whose interval is a day is not hurried');
SELECT results_eq($$ SELECT last_polled_at, blocked_until, pace_at FROM koppeling.integration WHERE id = 3 $$,
    $$ SELECT now(), now() + interval '10 minutes', now() $$, 'its pause is as long as it was');
SELECT is((SELECT blocked_until FROM koppeling.integration WHERE id = 2), 'infinity', 'a block by hand stays');
SELECT is((SELECT blocked_until FROM koppeling.api WHERE breaker_state = 'open'), now() + interval '1 minute',
    'a breaker is open for a minute at most');
SELECT is(koppeling.mend_times(), 0::bigint, 'then nothing is left to mend');

SELECT finish();
ROLLBACK;
