-- What stands at Boekuwzending and must leave it again.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `cat sql/queries/schedule_remove_order.sql`
PREPARE schedule_remove_order AS :text
\set text `cat sql/queries/schedule_push_order.sql`
PREPARE schedule_push_order AS :text
\set text `cat sql/queries/write_removed.sql`
PREPARE write_removed AS :text
\set text `cat sql/queries/write_pushing.sql`
PREPARE write_pushing AS :text

CREATE FUNCTION pg_temp.to_leave() RETURNS bigint[] LANGUAGE sql AS
    'SELECT coalesce(array_agg(id ORDER BY id), ''{}'')
     FROM koppeling.imported_order WHERE take_back_since IS NOT NULL';
CREATE FUNCTION pg_temp.orders(job_kind text) RETURNS bigint[] LANGUAGE sql AS
    'SELECT coalesce(array_agg(order_id ORDER BY order_id), ''{}'') FROM koppeling.job WHERE kind = job_kind';
CREATE PROCEDURE pg_temp.start_over() LANGUAGE sql AS $$
    DELETE FROM koppeling.job;
    DELETE FROM koppeling.shipment;
    UPDATE koppeling.integration SET state = 'active', sealed_token = '\x01';
    UPDATE koppeling.imported_order
    SET state = 'open', erased_at = NULL, push_asked_at = NULL, pushed_hash = content_hash,
        pushed_id = CASE WHEN id < 9 THEN 'there-' || id END
$$;

-- What makes an order leave.
CALL pg_temp.start_over();
SELECT is(pg_temp.to_leave(), '{}', 'an open order stays');
UPDATE koppeling.imported_order
SET state = 'withdrawn', withdrawn_at = now(), withdrawn_reason = 'cancelled'
WHERE id IN (1, 9);
SELECT is(pg_temp.to_leave(), '{1}', 'one that was withdrawn leaves, and one that is not there need not');
UPDATE koppeling.imported_order SET pushed_id = 'late' WHERE id = 9;
SELECT is(pg_temp.to_leave(), '{1,9}', 'a push that lands when the order was withdrawn is seen');
UPDATE koppeling.imported_order SET state = 'open' WHERE id IN (1, 9);
SELECT is(pg_temp.to_leave(), '{}', 'one that is open again stays');
UPDATE koppeling.imported_order SET ship_to_country = NULL WHERE id IN (1, 20);
SELECT is(pg_temp.to_leave(), '{1}', 'one whose country is not known any more leaves');
UPDATE koppeling.imported_order SET ship_to_country = 'NL' WHERE id = 1;
SELECT is(pg_temp.to_leave(), '{}', 'and stays when it is known again');
SELECT koppeling.erase_order(2);
SELECT is(pg_temp.to_leave(), '{2}', 'one that was erased leaves');
SELECT is((SELECT pushed_id FROM koppeling.imported_order WHERE id = 2), 'there-2', 'its id survives that long');
UPDATE koppeling.imported_order SET state = 'label_created' WHERE id = 3;
SELECT is(pg_temp.to_leave(), '{2}', 'a label alone may be of the panel, where the merchant sees it');
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id, state, sent_at, external_id)
VALUES (1, 4, 'production', 'dhl', 1, 'sending', now(), NULL), (2, 5, 'production', 'dhl', 1, 'created', now(), 's2'),
       (3, 6, 'staging', 'dhl', 1, 'created', now(), 's3');
SELECT is(pg_temp.to_leave(), '{2,5}', 'one for which we had a shipment booked leaves; a staging one ships nothing');
UPDATE koppeling.shipment SET state = 'created', external_id = 's1' WHERE id = 1;
SELECT is(pg_temp.to_leave(), '{2,4,5}', 'also when the answer came later');

-- Who enqueues it.
EXECUTE schedule_remove_order(2);
SELECT is(pg_temp.orders('remove_order'), '{2,4}', 'as many as a tick may');
EXECUTE schedule_remove_order(100);
EXECUTE schedule_remove_order(100);
SELECT is(pg_temp.orders('remove_order'), '{2,4,5}', 'and the others next time, each once');
UPDATE koppeling.account SET push_orders = true;
UPDATE koppeling.imported_order SET pushed_hash = NULL WHERE id IN (4, 7);
EXECUTE schedule_push_order(100);
SELECT is(pg_temp.orders('push_order'), '{7}', 'what is being taken back, or was booked, is not pushed');
CALL pg_temp.start_over();
UPDATE koppeling.imported_order SET state = 'withdrawn', withdrawn_at = now(), withdrawn_reason = 'x' WHERE id < 4;
INSERT INTO koppeling.job (kind, integration_id, order_id) VALUES ('push_order', 1, 1), ('push_order', 1, 2);
UPDATE koppeling.job SET state = 'failed' WHERE order_id = 2;
UPDATE koppeling.job
SET state = 'running', worker_id = 1, lease_token = 1, lease_until = now(), started_at = now()
WHERE order_id = 1;
EXECUTE schedule_remove_order(100);
SELECT is(pg_temp.orders('remove_order'), '{2,3}', 'a push that is under way ends first; one that failed ends never');

-- A lost answer.
CALL pg_temp.start_over();
UPDATE koppeling.imported_order
SET state = 'withdrawn', pushed_id = NULL,
    push_asked_at = now() - make_interval(secs => CASE id WHEN 1 THEN 60 ELSE 3600 END)
WHERE id < 3;
SELECT is(pg_temp.to_leave(), '{1,2}', 'what may stand there leaves too');
EXECUTE schedule_remove_order(100);
SELECT is(pg_temp.orders('remove_order'), '{2}', 'when the service can no longer be at work on it');

-- Shops that are not active.
CALL pg_temp.start_over();
UPDATE koppeling.imported_order SET state = 'withdrawn' WHERE id = 1;
UPDATE koppeling.imported_order SET state = 'label_created' WHERE id = 2;
UPDATE koppeling.integration SET state = 'paused' WHERE id = 1;
EXECUTE schedule_remove_order(100);
SELECT is(pg_temp.orders('remove_order'), '{}', 'a paused shop waits');
UPDATE koppeling.integration SET state = 'disconnected' WHERE id = 1;
EXECUTE schedule_remove_order(100);
SELECT is(pg_temp.orders('remove_order'), '{1,3,4,5,6,7,8}', 'with a shop that is disconnected go its open orders');
SELECT is(context -> 'has_to_leave', 'true', 'the job knows it')
FROM koppeling.job_context WHERE kind = 'remove_order' AND subject_id = 3;
UPDATE koppeling.integration SET state = 'active' WHERE id = 1;
SELECT is(context -> 'has_to_leave', 'false', 'and that it is wanted again')
FROM koppeling.job_context WHERE kind = 'remove_order' AND subject_id = 3;
SELECT lives_ok('SELECT koppeling.disconnect_shop(1)', 'disconnecting');
SELECT is(cardinality(pg_temp.orders('remove_order')), 7, 'does not cancel what takes orders back');

-- What came of it.
UPDATE koppeling.job
SET state = 'running', worker_id = 1, lease_token = 7, lease_until = now(), started_at = now()
WHERE order_id IN (1, 3, 4);
SELECT set_config('test.rows', json_agg(json_build_object(
    'job', j.id, 'token', CASE j.order_id WHEN 3 THEN 8 ELSE 7 END,
    'pushed_id', CASE j.order_id WHEN 4 THEN 'older' ELSE 'there-' || j.order_id END))::text, true)
FROM koppeling.job j WHERE j.order_id IN (1, 3, 4);
EXECUTE write_removed(current_setting('test.rows')::json);
SELECT results_eq(
    'SELECT id, pushed_id, pushed_hash IS NULL, take_back_since IS NULL FROM koppeling.imported_order
     WHERE id IN (1, 3, 4) ORDER BY id',
    $$ VALUES (1::bigint, NULL, true, true), (3, 'there-3', false, true), (4, 'there-4', false, true) $$,
    'it is forgotten, but not by a late result, nor what was pushed anew');

-- A person who leaves it there.
CALL pg_temp.start_over();
UPDATE koppeling.imported_order SET state = 'withdrawn' WHERE id = 1;
EXECUTE schedule_remove_order(100);
SELECT koppeling.cancel_job(id) FROM koppeling.job;
EXECUTE schedule_remove_order(100);
SELECT is(pg_temp.orders('remove_order'), '{}', 'a cancelled one does not come back');

-- The intent to push.
CALL pg_temp.start_over();
UPDATE koppeling.imported_order SET pushed_id = NULL WHERE id < 3;
INSERT INTO koppeling.job (kind, integration_id, order_id) VALUES ('push_order', 1, 1), ('push_order', 1, 2);
UPDATE koppeling.imported_order SET state = 'withdrawn' WHERE id = 2;
UPDATE koppeling.job
SET state = 'running', worker_id = 1, lease_token = 7, lease_until = now(), started_at = now();
SELECT set_config('test.rows', json_agg(json_build_object('job', j.id, 'token', 7))::text, true) FROM koppeling.job j;
CREATE TABLE pg_temp.objection AS EXECUTE write_pushing(current_setting('test.rows')::json);
SELECT results_eq('SELECT o.objection FROM pg_temp.objection o', $$ VALUES ('it was withdrawn') $$,
    'an order that was withdrawn meanwhile is not created');
SELECT results_eq('SELECT id FROM koppeling.imported_order WHERE push_asked_at IS NOT NULL', 'VALUES (1::bigint)',
    'that one may stand there is noted before it is asked for');

SELECT * FROM finish();
ROLLBACK;
