-- What is not done shows: absence of errors is no sign of health.
BEGIN;
\ir common/world.sql
SELECT no_plan();

UPDATE koppeling.integration SET next_poll_at = now() + interval '1 minute', last_polled_at = now();

CREATE FUNCTION pg_temp.condition(of_shop bigint) RETURNS text LANGUAGE sql AS
    'SELECT condition FROM koppeling.integration_status WHERE id = of_shop';
CREATE FUNCTION pg_temp.overdue() RETURNS text LANGUAGE sql AS
    'SELECT string_agg(format(''%s %s'', integration_id, reason), ''; '' ORDER BY integration_id)
     FROM koppeling.overdue_poll';

SELECT is(pg_temp.condition(1), 'in order', 'a shop that is polled in time is in order');
SELECT is(pg_temp.overdue(), NULL, 'and no poll is overdue');
SELECT is(
    (SELECT (overdue_polls, oldest_overdue_poll, live_schedulers, last_tick_at)::text FROM koppeling.queue_health),
    '(0,,0,)', 'a scheduler that never was is not alive');

-- Nobody has enqueued it.
UPDATE koppeling.integration SET next_poll_at = now() - interval '2 days' WHERE id = 1;
SELECT matches(pg_temp.condition(1), '^not polled, due since 20..-..-.. ..:..: no scheduler has looked at it$',
    'two days without a scheduler show at each shop');
SELECT is((SELECT (overdue_polls, oldest_overdue_poll)::text FROM koppeling.queue_health), '(1,"2 days")',
    'and in the health of the queue');
UPDATE koppeling.integration SET blocked_until = now() + interval '1 hour' WHERE id = 1;
SELECT is(pg_temp.overdue(), NULL, 'a shop that asked for a pause is not overdue');
UPDATE koppeling.integration SET blocked_until = NULL, state = 'paused', reason = 'x', reason_en = 'x' WHERE id = 1;
SELECT is(pg_temp.overdue(), NULL, 'nor is one that is paused');
UPDATE koppeling.integration SET state = 'active' WHERE id = 1;

-- Nobody has taken it.
INSERT INTO koppeling.job (id, kind, integration_id, run_at) VALUES (50, 'poll', 1, now() - interval '1 hour');
SELECT matches(pg_temp.condition(1), 'no worker has taken it$', 'a poll that waits for a worker shows');
UPDATE koppeling.api SET blocked_until = now() + interval '1 minute' WHERE id = 1;
SELECT is(pg_temp.overdue(), NULL, 'unless its service is blocked');
UPDATE koppeling.api SET blocked_until = NULL WHERE id = 1;
UPDATE koppeling.job SET run_at = now() + interval '1 hour' WHERE id = 50;
SELECT is(pg_temp.overdue(), NULL, 'or its next attempt is later');

-- Whoever took it is gone.
UPDATE koppeling.job SET state = 'running', worker_id = (SELECT min(id) FROM koppeling.worker), lease_token = 1,
    lease_until = now(), started_at = now() WHERE id = 50;
SELECT is(pg_temp.overdue(), NULL, 'a poll under way is not overdue');
UPDATE koppeling.worker SET lease_until = now() - interval '2 minutes';
SELECT is(pg_temp.overdue(), '1 its worker is gone and no scheduler has returned it', 'until its worker is gone');

-- A verification.
UPDATE koppeling.integration SET state = 'pending' WHERE id = 2;
SELECT is(pg_temp.condition(2), 'being verified', 'a verification was asked for');
INSERT INTO koppeling.job (kind, integration_id, run_at) VALUES ('verify', 2, now() - interval '1 hour');
SELECT matches(pg_temp.condition(2), '^to be verified since .*: no worker has taken it$', 'and nobody does it');

-- Schedulers.
INSERT INTO koppeling.scheduler (id, host, pid, version, tick, seen_at, stopped_at) VALUES
    (1, 'a', 1, '0', '1 second', now(), NULL), (2, 'a', 2, '0', '1 second', now() - interval '1 minute', NULL),
    (3, 'a', 3, '0', '1 minute', now() - interval '2 minutes', NULL), (4, 'a', 4, '0', '1 second', now(), now());
SELECT is((SELECT (live_schedulers, last_tick_age)::text FROM koppeling.queue_health), '(2,00:00:00)',
    'those are alive that ticked as lately as they should have');
UPDATE koppeling.chore SET failed_since = now(), error = 'no' WHERE name = 'poll';
SELECT is((SELECT failing_chores FROM koppeling.queue_health), 1::bigint, 'chores that fail are counted');

SELECT finish();
ROLLBACK;
