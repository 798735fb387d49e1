-- The claim: what it may take, in which order, and that its cost does not grow with the queue.
BEGIN;
\ir common/world.sql
\ir ../../sql/queries/connection_tune.sql
SET search_path = public, pg_catalog;
SELECT plan(31);

\set queue_claim `cat sql/queries/queue_claim.sql`
PREPARE claim AS :queue_claim

-- Ids that worker 1 gets from the lanes of all kinds; of those that call nobody at most as many as there is room for.
CREATE FUNCTION pg_temp.claimed(most integer, worker bigint DEFAULT NULL, room integer DEFAULT NULL)
RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[] := '{}';
    job record;
    lanes text;
BEGIN
    SELECT format('%L, %L, %L, %L, %L, %L', array_agg(k.name), array_agg(a.id), array_agg(p),
                  array_agg('-infinity'::timestamp), array_agg(0),
                  array_agg(CASE WHEN a.name = 'local' THEN least(most, room) ELSE most END))
    INTO lanes
    FROM koppeling.job_kind k JOIN koppeling.api a ON a.name = k.api CROSS JOIN generate_series(0, 2) AS p;
    FOR job IN EXECUTE format('EXECUTE claim(%s, 4711, %s, %s)',
        coalesce(worker, (SELECT min(id) FROM koppeling.worker)), most, lanes) LOOP
        ids := ids || job.id;
    END LOOP;
    RETURN ids;
END
$$;

CREATE FUNCTION pg_temp.start_over() RETURNS void LANGUAGE sql AS $$
    DELETE FROM koppeling.job;
    INSERT INTO koppeling.job (id, kind, run_at)
    SELECT n, 'ping', now() - make_interval(secs => 100 - n) FROM generate_series(1, 5) AS n;
    INSERT INTO koppeling.job (id, kind, integration_id, run_at) VALUES (6, 'poll', 1, now() - interval '1 hour');
    INSERT INTO koppeling.job (id, kind, integration_id, run_at) VALUES (7, 'verify', 2, now());
    INSERT INTO koppeling.job (id, kind, run_at)
    VALUES (8, 'ping', now() + interval '1 second'), (9, 'ping', 'infinity');
$$;

-- What is taken.
SELECT pg_temp.start_over();
SELECT is(pg_temp.claimed(100), ARRAY[7, 6, 1, 2, 3, 4, 5]::bigint[],
    'what is due is taken: first where a person waits, then the oldest lane');
SELECT results_eq($$ SELECT id FROM koppeling.job WHERE state = 'queued' ORDER BY id $$, ARRAY[8, 9]::bigint[],
    'what is not due stays');
SELECT is(pg_temp.claimed(100), '{}'::bigint[], 'nothing is taken twice');
SELECT results_eq(
    $$ SELECT DISTINCT j.attempt::integer, j.lease_token, j.worker_id = w.id, j.lease_until = w.lease_until,
        j.started_at = now()
       FROM koppeling.job j, koppeling.worker w WHERE j.state = 'running' $$,
    $$ VALUES (1, 4711::bigint, true, true, true) $$, 'a claimed job carries the lease, the token and the attempt');

SELECT pg_temp.start_over();
SELECT is(cardinality(pg_temp.claimed(3)), 3, 'no more is taken than asked for');

SELECT pg_temp.start_over();
SELECT is(pg_temp.claimed(100, room => 2), ARRAY[7, 6, 1, 2]::bigint[], 'of an API no more than there is room for');
INSERT INTO koppeling.job (id, kind, priority, run_at) VALUES (10, 'ping', 2, now()), (11, 'ping', 2, now());
SELECT is(cardinality(pg_temp.claimed(100, room => 3)), 3, 'in all its lanes together');
SELECT is(cardinality(pg_temp.claimed(100, room => 0)), 0, 'and nothing when there is none');

SELECT pg_temp.start_over();
SELECT koppeling.block_api('mijnwebwinkel', now() + interval '1 hour');
SELECT is(pg_temp.claimed(100), ARRAY[1, 2, 3, 4, 5]::bigint[], 'jobs of a blocked API are not taken');
SELECT koppeling.block_api('mijnwebwinkel', now() - interval '1 second');
SELECT is(pg_temp.claimed(100), ARRAY[7, 6]::bigint[], 'when the time has come they are');

SELECT pg_temp.start_over();
UPDATE koppeling.api SET breaker_state = 'open', blocked_until = now() - interval '1 second'
WHERE name = 'mijnwebwinkel';
SELECT is(cardinality(pg_temp.claimed(100)), 6,
    'after an outage one job of the API probes it, beside those of other APIs');
SELECT is(cardinality(pg_temp.claimed(100)), 0, 'and no second one before the pause has passed');
SELECT is((SELECT blocked_until - now() FROM koppeling.api WHERE name = 'mijnwebwinkel'), interval '2 seconds',
    'which is short');
UPDATE koppeling.api SET blocked_until = now() WHERE name = 'mijnwebwinkel';
SELECT is(cardinality(pg_temp.claimed(100)), 1, 'then the next one goes, though the first has not been answered');

SELECT pg_temp.start_over();
UPDATE koppeling.job_kind SET may_leave_doubt = true WHERE name = 'verify';
UPDATE koppeling.api SET breaker_state = 'open', blocked_until = now() WHERE name = 'mijnwebwinkel';
DELETE FROM koppeling.job WHERE kind = 'ping';
SELECT is(pg_temp.claimed(100), ARRAY[6]::bigint[], 'what may leave something in doubt is no probe if another is due');
UPDATE koppeling.api SET blocked_until = now() WHERE name = 'mijnwebwinkel';
SELECT is(pg_temp.claimed(100), ARRAY[7]::bigint[], 'if there is none, it is');
SELECT is((SELECT breaker_doubt_at FROM koppeling.api WHERE name = 'mijnwebwinkel'), now(), 'and that is noted');
INSERT INTO koppeling.job (id, kind, integration_id, run_at) VALUES (10, 'verify', 3, now());
UPDATE koppeling.api SET blocked_until = now() WHERE name = 'mijnwebwinkel';
SELECT is(pg_temp.claimed(100), '{}'::bigint[], 'for not the next one, too');
UPDATE koppeling.api SET breaker_doubt_at = now() + interval '1 hour';
SELECT is(pg_temp.claimed(100), ARRAY[10]::bigint[], 'a clock that was ahead when it was noted holds up nothing');
UPDATE koppeling.job_kind SET may_leave_doubt = false WHERE name = 'verify';

SELECT pg_temp.start_over();
UPDATE koppeling.api
SET breaker_state = 'closed', blocked_until = NULL, breaker_closed_at = now() - interval '1 second';
DELETE FROM koppeling.job;
INSERT INTO koppeling.job (id, kind, run_at) SELECT n, 'ping', now() FROM generate_series(1, 100) AS n;
SELECT is(cardinality(pg_temp.claimed(100)), 16, 'after an outage claims grow from a few jobs');
UPDATE koppeling.api SET breaker_closed_at = now() - interval '9 seconds';

SELECT pg_temp.start_over();
UPDATE koppeling.worker SET lease_until = now() - interval '1 second';
SELECT is(pg_temp.claimed(100), '{}'::bigint[], 'a worker whose lease has lapsed gets nothing');
UPDATE koppeling.worker SET lease_until = now() + interval '1 minute', state = 'stopping';
SELECT is(pg_temp.claimed(100), '{}'::bigint[], 'nor does one that is stopping');
UPDATE koppeling.worker SET state = 'active';
SELECT is(pg_temp.claimed(100, 12345), '{}'::bigint[], 'nor does one that nobody knows');

SELECT pg_temp.start_over();
UPDATE koppeling.job SET state = 'failed';
SELECT is(pg_temp.claimed(100), '{}'::bigint[], 'a failed job waits for a person');

-- What it reads along.
SELECT pg_temp.start_over();
DELETE FROM koppeling.job;
INSERT INTO koppeling.label (order_id, environment, external_id, waybill) VALUES (1, 'staging', 'L-1', '3S');
INSERT INTO koppeling.job (kind, integration_id, order_id) VALUES ('mark_shipped', 1, 1);
SELECT results_eq(
    format('EXECUTE claim(%s, 1, 10, ''{mark_shipped}'', ''{1}'', ''{1}'', ''{-infinity}'', ''{0}'', ''{10}'')',
        (SELECT min(id) FROM koppeling.worker)),
    $$ SELECT j.id, 'mark_shipped'::text COLLATE "C", 1::smallint, 1::smallint, j.run_at AT TIME ZONE 'UTC',
              1::smallint, NULL::jsonb,
              jsonb_build_object(
                  'order_uuid', o.order_uuid, 'order_number', '70001', 'credit_order_numbers', '{}'::text[],
                  'open_statuses', '{1,3}'::integer[],
                  'shipped_status', 2, 'mark_on_staging', true, 'label_environment', 'staging',
                  'label_ids', (SELECT jsonb_agg(l.id) FROM koppeling.label l), 'comment_line', NULL,
                  'region_code', NULL),
              'shop1.myonline.store', '\x0102'::bytea, NULL::text, false, 0::bigint
       FROM koppeling.job j, koppeling.imported_order o WHERE o.id = 1 $$,
    'a mark_shipped job comes with its order, its labels, and the shop''s sealed token');

-- What it costs. The plan is the same whatever is in the table, since the worker's session forbids sequential scans.
INSERT INTO koppeling.job (kind, run_at)
SELECT 'ping', now() + make_interval(secs => n) FROM generate_series(1, 5000) AS n;
ANALYZE koppeling.job;
CREATE TEMP TABLE explained (line text, place serial);
CREATE FUNCTION pg_temp.explain_claim(mode text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'EXPLAIN (COSTS OFF%s) EXECUTE claim(%s, 1, 1000, ''{ping,poll}'', ''{0,1}'', ''{1,1}'', '
        '''{-infinity,-infinity}'', ''{0,0}'', ''{1000,1000}'')',
        mode, (SELECT min(id) FROM koppeling.worker));
END
$$;
INSERT INTO explained (line) SELECT * FROM pg_temp.explain_claim('');
CREATE TEMP VIEW plan AS SELECT string_agg(line, E'\n' ORDER BY place) AS text FROM explained;

SELECT alike(text, '%Index Scan using job_claim on job%', 'the claim walks the index job_claim') FROM plan;
SELECT matches(text, 'Limit\n +->  LockRows\n +->  Index Scan using job_claim on job',
    'jobs come in the order of the index: limit, lock, scan') FROM plan;
SELECT unalike(substring(text FROM 'CTE found.*?CTE picked'), '%Sort%', 'and are not sorted') FROM plan;
SELECT is_empty($$
    SELECT line FROM explained
    WHERE line ~ ' on job( |$)' AND line !~ '(using job_claim on|using job_pkey on|Update on)' $$,
    'jobs are found by nothing but that index and their key');
SELECT is_empty(
    $$ SELECT line FROM explained WHERE line ~ '(Seq Scan|Hash Join|Merge Join)' AND line !~ 'Seq Scan on api' $$,
    'no table but that of the four APIs is read from end to end');

-- Of five thousand jobs that are not due, none is touched.
DELETE FROM explained;
INSERT INTO explained (line) SELECT * FROM pg_temp.explain_claim(', ANALYZE, TIMING OFF, SUMMARY OFF');
SELECT is(
    (SELECT max(coalesce(substring(line FROM 'rows=([0-9]+)')::integer, 0))
     FROM explained
     WHERE line LIKE '%job_claim%'), 0,
    'a claim does not walk over jobs that are not due');

SELECT finish();
ROLLBACK;
