-- What is worth watching, as numbers.
BEGIN;
\ir common/world.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.gauge(metric text, label_value text DEFAULT NULL) RETURNS float8 LANGUAGE sql AS $$
    SELECT g.value FROM koppeling.gauge g
    WHERE g.metric = $1 AND g.label_value IS NOT DISTINCT FROM $2 $$;

DELETE FROM koppeling.job;
SELECT is_empty($$ SELECT g.metric, g.label_value FROM koppeling.gauge g GROUP BY 1, 2 HAVING count(*) > 1 $$,
    'each number is there once');
SELECT is_empty($$ SELECT g.metric FROM koppeling.gauge g WHERE g.help IS NULL OR g.value IS NULL
    OR length(g.help) > 199 $$,
    'each has words and a value');
SELECT is_empty($$ SELECT g.metric FROM koppeling.gauge g
    WHERE g.label_value !~ '^[a-z0-9_]+$' OR num_nulls(g.label, g.label_value) = 1 $$,
    'labels need no escaping');
SELECT set_eq($$ SELECT label_value FROM koppeling.gauge WHERE metric = 'koppeling_queue_jobs' $$,
    'SELECT name FROM koppeling.job_kind', 'a kind without jobs has a row, too');
SELECT is(pg_temp.gauge('koppeling_shops', 'needs_attention'), 0::float8, 'so has a state without shops');

INSERT INTO koppeling.job (kind, run_at) VALUES
    ('ping', now() - interval '90 seconds'), ('ping', now() - interval '30 seconds'),
    ('ping', now() + interval '1 hour'), ('ping', now() + interval '2 hours');
UPDATE koppeling.job SET state = 'failed', last_error_class = 'client_error', last_error = 'x'
WHERE run_at > now() + interval '90 minutes';
SELECT is(pg_temp.gauge('koppeling_queue_jobs', 'ping'), 3::float8, 'what waits is counted by kind');
SELECT is(pg_temp.gauge('koppeling_failed_jobs', 'ping'), 1::float8, 'what gave up, too');
SELECT is(pg_temp.gauge('koppeling_oldest_due_job_seconds', 'ping'), 90::float8, 'the oldest that could run is told');
SELECT is(pg_temp.gauge('koppeling_oldest_due_job_seconds', 'poll'), 0::float8, 'none is no time');
INSERT INTO koppeling.job (kind, run_at, priority) VALUES ('ping', 'infinity', 2), ('ping', 'infinity', 0);
SELECT is(pg_temp.gauge('koppeling_parked_jobs', 'ping'), 2::float8, 'what waits for its shop is told by itself');
SELECT is(pg_temp.gauge('koppeling_queue_jobs', 'ping'), 5::float8, 'and waits');
SELECT is(pg_temp.gauge('koppeling_parked_jobs', 'poll'), 0::float8, 'there is none of another kind');
SELECT is(pg_temp.gauge('koppeling_labels_last_hour', 'production'), 0::float8, 'no label has come');
INSERT INTO koppeling.label (order_id, environment, external_id, created_at)
SELECT (SELECT min(o.id) FROM koppeling.imported_order o), e.environment, 'gauge-' || e.number,
       now() - e.number * interval '40 minutes'
FROM (VALUES ('production'::koppeling.environment, 0), ('staging', 1), ('staging', 2)) AS e (environment, number);
SELECT is(pg_temp.gauge('koppeling_labels_last_hour', 'production'), 1::float8, 'a label of this hour counts');
SELECT is(pg_temp.gauge('koppeling_labels_last_hour', 'staging'), 1::float8, 'an older one does not');
UPDATE koppeling.integration SET state = 'needs_attention', reason_code = 'token_refused', reason = 'x' WHERE id = 1;
SELECT is(pg_temp.gauge('koppeling_shops', 'needs_attention'), 1::float8, 'a shop that wants a person is seen');
UPDATE koppeling.api SET blocked_until = now() + interval '1 minute' WHERE name = 'boekuwzending'
    AND environment = 'staging';
SELECT is(pg_temp.gauge('koppeling_blocked_apis', 'boekuwzending_staging'), 1::float8, 'a blocked API is seen');
SELECT is(pg_temp.gauge('koppeling_blocked_apis', 'boekuwzending_production'), 0::float8, 'the other is not');

-- A scheduler may not see the sessions of others unless it was granted that: no number is better than a wrong one.
SET LOCAL ROLE koppeling_scheduler;
SELECT is(pg_temp.gauge('koppeling_oldest_transaction_seconds'), NULL, 'what cannot be known is not told');
SELECT isnt(pg_temp.gauge('koppeling_live_workers'), NULL, 'all else is');
RESET ROLE;
SELECT isnt(pg_temp.gauge('koppeling_oldest_transaction_seconds'), NULL, 'a superuser knows');

-- It costs the same whatever the queue holds: heads of lanes and bounded counts, also where walking the table seems
-- cheap since most of it is of one kind.
SELECT koppeling.ping(100000);
UPDATE koppeling.job SET state = 'failed', last_error_class = 'client_error', last_error = 'x' WHERE id % 2 = 0;
ANALYZE koppeling.job;
CREATE TEMP TABLE large (line text);
DO $$ DECLARE found text; BEGIN
    FOR found IN EXPLAIN (COSTS OFF) SELECT * FROM koppeling.gauge LOOP INSERT INTO large VALUES (found); END LOOP;
END $$;
SELECT is_empty($$ SELECT line FROM large WHERE line ~ '(Seq|Bitmap Heap) Scan on job( |$)' $$, 'nor is a long queue');
SELECT is(pg_temp.gauge('koppeling_queue_jobs', 'ping'), 10000::float8, 'counting ends at 10,000');
SET LOCAL enable_seqscan = off;
CREATE TEMP TABLE explained (line text, place serial);
DO $$ DECLARE found text; BEGIN
    FOR found IN EXPLAIN (COSTS OFF) SELECT * FROM koppeling.gauge LOOP
        INSERT INTO explained (line) VALUES (found);
    END LOOP;
END $$;
SELECT matches(string_agg(line, E'\n' ORDER BY place),
    'Limit\n +->  Index Only Scan using job_claim on job j[^\n]*\n +Index Cond: \(\(kind = k[_0-9]*.name\) AND '
    '\(api_id = a[_0-9]*.id\) AND[^\n]+run_at <= now', 'the oldest of a lane is the head of its range') FROM explained;
SELECT matches(string_agg(line, E'\n' ORDER BY place), 'run_at = ''infinity''', 'parked jobs are a range of their own')
FROM explained;
SELECT is_empty($$ SELECT line FROM explained WHERE line ~ 'Seq Scan on (job|imported_order|label)( |$)' $$,
    'no large table is walked');

SELECT finish();
ROLLBACK;
