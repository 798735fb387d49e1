-- What a claim tells of a job: each kind that has a context gets it, in bulk or one by one.
BEGIN;
\ir common/world.sql
SELECT no_plan();
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id)
VALUES (1, 1, 'production', 'dhl', 1);

SELECT set_eq(
    $$ SELECT DISTINCT 'job_context_' || kind FROM koppeling.job_context $$,
    $$ SELECT c.relname::text FROM pg_catalog.pg_class c
       WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relname LIKE 'job\_context\_%'
         AND c.relname <> 'job_context_in_bulk' $$,
    'the view of each kind is a branch of job_context');
SELECT is_empty($$
    SELECT j.kind, j.subject_id
    FROM koppeling.job_context j
    WHERE j.context IS DISTINCT FROM coalesce(
        (SELECT b.context FROM koppeling.job_context_in_bulk b
         WHERE b.kind = j.kind AND b.subject_id = j.subject_id),
        koppeling.job_context_of(j.kind, j.subject_id)) $$,
    'a claim gets the context of every kind');
SELECT is_empty($$
    SELECT j.kind FROM koppeling.job_context_in_bulk j
    WHERE koppeling.job_context_of(j.kind, j.subject_id) IS NOT NULL $$,
    'what comes in bulk is not read one by one');
SELECT is(koppeling.job_context_of('ping', 1), NULL, 'a kind that needs to know nothing has none');
SELECT is(koppeling.job_context_of('quote', 404), NULL, 'nor has a subject that is not there');

SELECT finish();
ROLLBACK;
