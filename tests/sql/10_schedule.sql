-- What the scheduler enqueues, and how it keeps the tables small.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `cat sql/queries/schedule_poll.sql`
PREPARE schedule_poll AS :text
\set text `cat sql/queries/schedule_verify.sql`
PREPARE schedule_verify AS :text
\set text `cat sql/queries/schedule_mark_shipped.sql`
PREPARE schedule_mark_shipped AS :text
\set text `cat sql/queries/schedule_confirm_order.sql`
PREPARE schedule_confirm_order AS :text
\set text `cat sql/queries/schedule_push_order.sql`
PREPARE schedule_push_order AS :text
\set text `cat sql/queries/schedule_pace.sql`
PREPARE schedule_pace AS :text

CREATE FUNCTION pg_temp.shops(job_kind text) RETURNS bigint[] LANGUAGE sql AS
    'SELECT coalesce(array_agg(integration_id ORDER BY integration_id), ''{}'')
     FROM koppeling.job WHERE kind = job_kind';
CREATE FUNCTION pg_temp.orders(job_kind text) RETURNS bigint[] LANGUAGE sql AS
    'SELECT coalesce(array_agg(order_id ORDER BY order_id), ''{}'') FROM koppeling.job WHERE kind = job_kind';

-- Polls.
UPDATE koppeling.integration
SET next_poll_at = CASE id WHEN 2 THEN now() + interval '1 minute' ELSE now() - interval '1 hour' END;
EXECUTE schedule_poll(100);
SELECT is(pg_temp.shops('poll'), ARRAY[1, 3]::bigint[], 'shops that are due are polled');
SELECT ok(bool_and(next_poll_at BETWEEN now() + interval '162 seconds' AND now() + interval '198 seconds'),
    'the next time is three minutes away, give or take a tenth: missed slots collapse into one')
FROM koppeling.integration WHERE id <> 2;
UPDATE koppeling.integration SET next_poll_at = now();
EXECUTE schedule_poll(100);
SELECT is(pg_temp.shops('poll'), ARRAY[1, 2, 3]::bigint[], 'a shop with a live poll gets no second one');
DELETE FROM koppeling.job;
UPDATE koppeling.integration
SET next_poll_at = now(), blocked_until = CASE id WHEN 1 THEN now() + interval '1 hour' END;
UPDATE koppeling.integration SET state = 'paused' WHERE id = 2;
EXECUTE schedule_poll(100);
SELECT is(pg_temp.shops('poll'), ARRAY[1, 3]::bigint[], 'a shop that is not active is not polled');
SELECT is((SELECT run_at FROM koppeling.job WHERE integration_id = 1), now() + interval '1 hour',
    'one that is blocked is polled when the block ends');
UPDATE koppeling.job SET state = 'failed', started_at = now() - interval '5 minutes';
UPDATE koppeling.integration SET next_poll_at = now();
EXECUTE schedule_poll(100);
SELECT is((SELECT count(*) FROM koppeling.job WHERE state = 'failed'), 2::bigint,
    'a poll that failed is not started over at once');
UPDATE koppeling.job SET started_at = now() - interval '16 minutes';
UPDATE koppeling.integration SET next_poll_at = now();
EXECUTE schedule_poll(100);
SELECT is((SELECT count(*) FROM koppeling.job WHERE state = 'queued'), 2::bigint, 'but after a quarter of an hour');
DELETE FROM koppeling.job;
UPDATE koppeling.integration SET next_poll_at = now(), state = 'active';
EXECUTE schedule_poll(1);
SELECT is((SELECT count(*) FROM koppeling.job), 1::bigint, 'no more shops than asked for');

-- Verifications.
DELETE FROM koppeling.job;
UPDATE koppeling.integration SET state = 'pending' WHERE id = 2;
EXECUTE schedule_verify;
EXECUTE schedule_verify;
SELECT is(pg_temp.shops('verify'), ARRAY[2]::bigint[], 'a pending shop has one verification');
DELETE FROM koppeling.job;
UPDATE koppeling.integration SET state = 'active';
UPDATE koppeling.integration
SET state = 'needs_attention', reason = 'x', reason_en = 'x',
    reason_code = CASE id WHEN 1 THEN 'token_refused' ELSE 'shipped_status_unknown' END;
SELECT is((SELECT array_agg(id) FROM koppeling.integration WHERE recheck_at > now() + interval '50 minutes'),
    ARRAY[1]::bigint[], 'a token that was refused is tried again after an hour; what else is wrong is not');
EXECUTE schedule_verify;
SELECT is(pg_temp.shops('verify'), '{}'::bigint[], 'not before');
UPDATE koppeling.integration SET recheck_at = now() WHERE recheck_at IS NOT NULL;
EXECUTE schedule_verify;
EXECUTE schedule_verify;
SELECT is(pg_temp.shops('verify'), ARRAY[1]::bigint[], 'then once');
SELECT is((SELECT state::text FROM koppeling.integration WHERE id = 1), 'needs_attention',
    'and until the answer is there nothing changes');
UPDATE koppeling.integration SET state = 'active', blocked_until = NULL;

-- Labels.
DELETE FROM koppeling.job;
INSERT INTO koppeling.label (order_id, environment, external_id, told_at)
VALUES (1, 'staging', 'a', NULL), (1, 'production', 'b', NULL), (2, 'production', 'c', now()),
    (3, 'production', 'd', NULL), (9, 'production', 'e', NULL);
UPDATE koppeling.integration SET state = 'paused' WHERE id = 3;
EXECUTE schedule_mark_shipped(100);
EXECUTE schedule_mark_shipped(100);
SELECT is(pg_temp.orders('mark_shipped'), ARRAY[1, 3]::bigint[],
    'an order with a label of which its shop was not told gets one job; that of a paused shop waits');
DELETE FROM koppeling.job;
UPDATE koppeling.integration SET pace_at = now() - interval '1 hour';
UPDATE koppeling.api SET rate_per_second = 2, burst = 3;
INSERT INTO koppeling.label (order_id, environment, external_id)
SELECT n, 'production', 'f' || n FROM generate_series(1, 8) AS n;
EXECUTE schedule_mark_shipped(100);
SELECT results_eq($$ SELECT run_at - now() FROM koppeling.job ORDER BY run_at $$,
    $$ SELECT greatest(n - 3, 0) * interval '0.5 seconds' FROM generate_series(1, 8) AS n $$,
    'a burst goes at once, the rest at the pace of the API');
SELECT is((SELECT pace_at - now() FROM koppeling.integration WHERE id = 1), interval '2.5 seconds',
    'the next labels of that shop come after them');

-- Work that came due in large numbers.
SET LOCAL enable_seqscan = off;
CREATE TEMP TABLE explained (line text, place serial);
DO $$ DECLARE found text; BEGIN
    FOR found IN EXPLAIN (COSTS OFF) EXECUTE schedule_pace LOOP INSERT INTO explained (line) VALUES (found); END LOOP;
END $$;
SELECT matches(string_agg(line, E'\n' ORDER BY place),
    'Limit\n +->  Index Scan using job_claim on job [^\n]+\n +Index Cond: .*run_at <',
    'what is late is looked for at the head of each lane') FROM explained;
TRUNCATE explained;
DISCARD PLANS;
DO $$ DECLARE found text; BEGIN
    FOR found IN EXPLAIN (COSTS OFF) EXECUTE schedule_verify LOOP INSERT INTO explained (line) VALUES (found); END LOOP;
END $$;
SELECT matches(string_agg(line, E'\n' ORDER BY place),
    E'BitmapOr\n[^\n]*integration_pending\n[^\n]*integration_recheck',
    'shops that are to be asked come from two small indexes') FROM explained;
RESET enable_seqscan;
SELECT lives_ok('EXECUTE schedule_pace', 'what is not late keeps its place');
SELECT is((SELECT count(*) FROM koppeling.job WHERE run_at > now()), 5::bigint, 'all of it');
UPDATE koppeling.job SET run_at = now() - interval '1 hour' + order_id * interval '1 second';
INSERT INTO koppeling.job (kind, integration_id, order_id, run_at)
VALUES ('mark_shipped', 3, 9, now() - interval '1 minute');
UPDATE koppeling.api SET blocked_until = now() + interval '1 minute' WHERE id = 1;
EXECUTE schedule_pace;
SELECT is((SELECT count(*) FROM koppeling.job WHERE run_at < now()), 9::bigint,
    'nothing moves while its API is blocked');
UPDATE koppeling.api SET blocked_until = NULL WHERE id = 1;
EXECUTE schedule_pace;
SELECT results_eq(
    $$ SELECT order_id, greatest(run_at - now(), '0') FROM koppeling.job WHERE integration_id = 1 ORDER BY order_id $$,
    $$ SELECT n, greatest(n - 3, 0) * interval '0.5 seconds' FROM generate_series(1::bigint, 8) AS n $$,
    'of a shop that has more than a burst waiting, the rest is spread at the pace of the API, in its order');
SELECT is((SELECT run_at FROM koppeling.job WHERE integration_id = 3), now() - interval '1 minute',
    'that of another shop keeps its place, so it comes before');
DELETE FROM koppeling.job WHERE integration_id = 3;
UPDATE koppeling.job SET run_at = now();
INSERT INTO koppeling.job (kind, api_id, integration_id, order_id, run_at)
SELECT 'push_order', 2, 1, n, now() - interval '1 hour' FROM generate_series(1, 8) AS n;
EXECUTE schedule_pace;
SELECT is((SELECT count(*) FROM koppeling.job WHERE run_at < now()), 8::bigint,
    'work at Boekuwzending keeps its place when nobody waits behind it');
INSERT INTO koppeling.job (kind, api_id, integration_id, order_id, run_at)
VALUES ('push_order', 2, 3, 9, now() - interval '1 minute');
EXECUTE schedule_pace;
SELECT is((SELECT count(*) FROM koppeling.job WHERE run_at < now()), 4::bigint, 'and is spread when somebody does');
DELETE FROM koppeling.job WHERE kind = 'push_order';

-- Orders that left the list.
UPDATE koppeling.imported_order SET missing_since = now() WHERE id IN (4, 5, 9);
EXECUTE schedule_confirm_order(100);
EXECUTE schedule_confirm_order(100);
SELECT is(pg_temp.orders('confirm_order'), ARRAY[4, 5]::bigint[], 'orders that are missing are looked up, once each');

-- Orders for accounts that want them.
UPDATE koppeling.account SET push_orders = false;
EXECUTE schedule_push_order(100);
SELECT is(pg_temp.orders('push_order'), '{}'::bigint[], 'nothing is pushed for an account that does not want it');
UPDATE koppeling.account SET push_orders = true;
UPDATE koppeling.imported_order SET pushed_hash = content_hash WHERE id = 6;
EXECUTE schedule_push_order(100);
SELECT is(pg_temp.orders('push_order'), ARRAY[1, 2, 3, 4, 5, 7, 8]::bigint[],
    'what is open and not there yet is pushed, for an account with credentials');

-- Partitions.
SELECT is(koppeling.ensure_history_partition(current_date + 20), true, 'a partition is made');
SELECT is(koppeling.ensure_history_partition(current_date + 20), false, 'once');
INSERT INTO koppeling.job_history (id, created_at, finished_at, outcome, attempts, kind)
VALUES (1, now(), now() + interval '30 days', 'done', 1, 'verify');
SELECT is((SELECT tableoid::regclass::text FROM koppeling.job_history WHERE id = 1), 'koppeling.job_history_default',
    'what has no partition falls into the net');
SELECT koppeling.ensure_history_partition(((now() + interval '30 days') AT TIME ZONE 'UTC')::date);
SELECT isnt((SELECT tableoid::regclass::text FROM koppeling.job_history WHERE id = 1), 'koppeling.job_history_default',
    'and moves into it when it is made');
SELECT koppeling.ensure_history_partition(current_date - 40), koppeling.ensure_history_partition(current_date - 20);
SELECT cmp_ok(koppeling.maintain_history(), '>', 0, 'maintenance makes partitions ahead and drops old ones');
SELECT is(koppeling.maintain_history(), 0, 'and has nothing left to do');
SELECT set_eq($$
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD') - (now() AT TIME ZONE 'UTC')::date FROM pg_class c
    WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relname ~ '^job_history_[0-9]{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date + 10 $$,
    ARRAY[-20, 0, 1, 2, 3], 'those of the next days are there, those past the setting are not');
INSERT INTO koppeling.job_history (id, created_at, finished_at, outcome, attempts, kind)
SELECT n, now(), now() - interval '2 days', 'done', 1, k
FROM (VALUES (10, 'ping'), (11, 'verify')) AS old (n, k);
SELECT koppeling.maintain_history();
SELECT results_eq($$ SELECT id FROM koppeling.job_history WHERE id >= 10 $$, ARRAY[11::bigint],
    'kinds with a shorter memory are forgotten sooner');
INSERT INTO koppeling.worker (host, host_key, pid, pid_started, thread, version, lease_until, state, seen_at)
SELECT 'oud', 'x', 1, 1, 0, '0', now(), s, now() - interval '3 days'
FROM unnest(ARRAY['stopped', 'active']::koppeling.worker_state[]) AS s;
SELECT koppeling.maintain_history();
SELECT results_eq($$ SELECT state::text FROM koppeling.worker WHERE host = 'oud' $$, ARRAY['active'],
    'workers long gone are forgotten');

-- Personal data past its time.
UPDATE koppeling.imported_order
SET state = 'marked_shipped', marked_at = changed, changed_at = changed, marked_label_environment = 'production'
FROM (VALUES (1, now() - interval '91 days'), (2, now() - interval '89 days')) AS old (old_id, changed)
WHERE id = old_id;
SELECT is(koppeling.erase_by_age(), 1::bigint, 'the personal data of what was shipped long ago is erased');
SELECT results_eq($$ SELECT id FROM koppeling.imported_order WHERE erased_at IS NOT NULL $$, ARRAY[1::bigint],
    'and of nothing else');
UPDATE koppeling.setting SET value = '0' WHERE name = 'personal_data_days';
UPDATE koppeling.imported_order
SET changed_at = now() - interval '9 years', marked_at = now() - interval '9 years' WHERE id = 2;
SELECT is(koppeling.erase_by_age(), 0::bigint, 'unless that is switched off');

SELECT finish();
ROLLBACK;
