-- What happens to orders and labels that a person should know of is noted, with its time.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `sed -f tests/sql/common/write_orders.sed sql/queries/write_orders.sql`
PREPARE write_orders AS :text
\set text `cat sql/queries/write_polled.sql`
PREPARE write_polled AS :text
\set text `cat sql/queries/write_marked.sql`
PREPARE write_marked AS :text
\set text `cat sql/queries/write_shipment.sql`
PREPARE write_shipment AS :text

INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id)
VALUES (1, 4, 'production', 'dhl', 1);
INSERT INTO koppeling.job (id, kind, integration_id, order_id, shipment_id, state, worker_id, lease_token, lease_until,
    started_at)
VALUES (1, 'poll', 1, NULL, NULL, 'running', 1, 7, now(), now()),
       (2, 'mark_shipped', 1, 2, NULL, 'running', 1, 7, now(), now()),
       (3, 'create_shipment', 1, 4, 1, 'running', 1, 7, now(), now()),
       (4, 'mark_shipped', 1, 3, NULL, 'running', 1, 7, now(), now());
CREATE FUNCTION pg_temp.polled(order_id bigint, changes jsonb) RETURNS json LANGUAGE sql AS $$
    SELECT json_build_array(jsonb_build_object(
        'job', 1, 'token', 7, 'order_uuid', o.order_uuid, 'order_number', o.order_number, 'shop_status', 3,
        'private_address', true, 'weight_kg', 1, 'line_count', 0, 'lines', '[]'::json, 'content_hash', 'aa',
        'payload_hash', o.payload_hash, 'payload', '{}'::json) || changes)
    FROM koppeling.imported_order o WHERE o.id = polled.order_id;
$$;
CREATE FUNCTION pg_temp.hex(hash bigint) RETURNS text LANGUAGE sql AS $$ SELECT encode(int8send(hash), 'hex') $$;

-- Warnings: since when.
EXECUTE write_orders(pg_temp.polled(1, '{"warnings": ["phone_not_understood"]}'));
SELECT is((SELECT warned_at FROM koppeling.imported_order WHERE id = 1), now(), 'an order is warned of from now on');
UPDATE koppeling.imported_order SET warned_at = now() - interval '1 hour' WHERE id = 1;
EXECUTE write_orders(pg_temp.polled(1, '{"warnings": ["phone_not_understood"], "content_hash": "ab"}'));
SELECT is((SELECT warned_at FROM koppeling.imported_order WHERE id = 1), now() - interval '1 hour',
    'another change does not make the warning a new one');
EXECUTE write_orders(pg_temp.polled(1, '{"content_hash": "ac", "warnings": ["country_not_given"]}'));
SELECT is((SELECT warned_at FROM koppeling.imported_order WHERE id = 1), now(), 'another warning does');
EXECUTE write_orders(pg_temp.polled(1, '{"content_hash": "ad"}'));
SELECT is((SELECT warned_at FROM koppeling.imported_order WHERE id = 1), NULL, 'without one it is not warned of');

-- A mark that was refused.
SELECT koppeling.record_label(2, 'production', 'P-2', NULL, NULL);
EXECUTE write_marked('[{"job": 2, "token": 7, "outcome": "not_marked", "reason_code": "credited", "reason": "r",
                        "label_environment": "production", "label_ids": []}]');
SELECT is((SELECT mark_refused_at FROM koppeling.imported_order WHERE id = 2), now(), 'a refused mark has its time');
EXECUTE write_marked('[{"job": 2, "token": 7, "outcome": "marked", "label_environment": "production",
                        "label_ids": []}]');
SELECT is((SELECT mark_refused_at FROM koppeling.imported_order WHERE id = 2), NULL, 'until it succeeds');

-- Set back to open.
UPDATE koppeling.imported_order SET marked_at = now() - interval '1 hour' WHERE id = 2;
UPDATE koppeling.job SET started_at = now() - interval '2 hours' WHERE id = 1;
EXECUTE write_orders(pg_temp.polled(2, '{}'));
SELECT is((SELECT reopened_at FROM koppeling.imported_order WHERE id = 2), NULL,
    'a list that was asked for before the mark does not say that it was set back');
UPDATE koppeling.job SET started_at = now() WHERE id = 1;
EXECUTE write_orders(pg_temp.polled(2, '{}'));
SELECT is((SELECT reopened_at FROM koppeling.imported_order WHERE id = 2), now(),
    'an order that is open in the shop after the mark was set back');
SELECT payload_hash AS hash FROM koppeling.imported_order WHERE id = 2 \gset
SELECT ok(position(pg_temp.hex(:hash) IN context ->> 'known') > 0, 'from then on polls know it')
FROM koppeling.job_context WHERE kind = 'poll' AND subject_id = 1;
EXECUTE write_polled(json_build_array(json_build_object('job', 1, 'token', 7, 'seen', 0, 'skipped', 0, 'written', 0,
    'missing', pg_temp.hex(:hash))));
SELECT results_eq('SELECT reopened_at, state::text, missing_since FROM koppeling.imported_order WHERE id = 2',
    $$ VALUES (NULL::timestamptz, 'marked_shipped', NULL::timestamptz) $$, 'and note when it has left the list again');
SELECT ok(position(pg_temp.hex(:hash) IN context ->> 'known') = 0, 'then they do not know it any more')
FROM koppeling.job_context WHERE kind = 'poll' AND subject_id = 1;
EXECUTE write_orders(pg_temp.polled(2, '{}'));
EXECUTE write_marked('[{"job": 2, "token": 7, "outcome": "marked", "label_environment": "staging", "label_ids": []}]');
SELECT results_eq(
    'SELECT reopened_at, marked_at, marked_label_environment::text FROM koppeling.imported_order WHERE id = 2',
    $$ VALUES (NULL::timestamptz, now(), 'production') $$, 'one that is marked again is shipped anew');

-- A label that was cancelled.
EXECUTE write_shipment('[{"job": 3, "token": 7, "external_id": "x", "complete": true, "labels": [
    {"external_id": "C1", "is_cancelled": true}, {"external_id": "C2", "is_cancelled": false}]}]');
SELECT results_eq('SELECT external_id, cancelled_at, told_at FROM koppeling.label WHERE order_id = 4 ORDER BY id',
    $$ VALUES ('C1', now(), now()), ('C2', NULL, NULL) $$, 'a label that comes cancelled is not told');
SELECT is(koppeling.record_label_cancelled('production', 'C2'), id, 'the back end may say that one was cancelled')
FROM koppeling.label WHERE external_id = 'C2';
EXECUTE write_shipment('[{"job": 3, "token": 7, "external_id": "x", "complete": true, "labels": [
    {"external_id": "C2", "is_cancelled": false}]}]');
SELECT is((SELECT cancelled_at FROM koppeling.label WHERE external_id = 'C2'), now(), 'which is kept');
SELECT matches(pg_temp.complaint('SELECT koppeling.record_label_cancelled(''staging'', ''C2'')'),
    'there is no label C2 \(staging\)', 'a label that does not exist cannot be cancelled');
SELECT koppeling.record_label(3, 'production', 'P-3', NULL, NULL);
UPDATE koppeling.job SET state = 'failed', last_error_class = 'client_error' WHERE id = 4;
SELECT koppeling.cancel_job(4);
SELECT is((SELECT mark_refused_at FROM koppeling.imported_order WHERE id = 3), now(),
    'a mark that a person called off has its time too');

SELECT finish();
ROLLBACK;
