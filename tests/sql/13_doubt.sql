-- A shipment that was asked for and may exist or not: what is kept of the request, and how long it may be at work.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `cat sql/queries/write_sending.sql`
PREPARE write_sending AS :text
\set text `cat sql/queries/write_doubt.sql`
PREPARE write_doubt AS :text
\set text `cat sql/queries/write_not_made.sql`
PREPARE write_not_made AS :text
\set text `cat sql/queries/write_shipment.sql`
PREPARE write_shipment AS :text

INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id)
VALUES (1, 1, 'production', 'dhl', 1), (2, 2, 'production', 'dhl', 1), (3, 3, 'staging', 'dhl', 1);
INSERT INTO koppeling.job (
    id, kind, integration_id, order_id, shipment_id, state, worker_id, lease_token, lease_until, started_at)
SELECT n, 'create_shipment', 1, n, n, 'running', 1, 7, now(), now() FROM generate_series(1, 3) AS n;

CREATE TEMP VIEW doubt AS
SELECT s.id, s.state::text, now() - s.sent_at AS sent_ago, s.given_up_after, s.not_found_after,
       x.context ->> 'given_up_seconds_ago' AS given_up_s, x.context ->> 'settle_seconds' AS settle_s
FROM koppeling.shipment s
JOIN koppeling.job_context x ON x.kind = 'create_shipment' AND x.subject_id = s.id;
-- All that was sent was sent so much earlier.
CREATE FUNCTION pg_temp.pass(length interval) RETURNS void LANGUAGE sql AS $$
    UPDATE koppeling.shipment SET sent_at = sent_at - length
$$;

SELECT results_eq('SELECT state, given_up_s, settle_s FROM doubt WHERE id = 1',
    $$ VALUES ('requested', NULL, '120') $$, 'a shipment that was never asked for is in no doubt');

-- Asked for, and given up.
EXECUTE write_sending('[{"job": 1, "token": 7}]');
SELECT pg_temp.pass('30 seconds');
EXECUTE write_doubt('[{"job": 1, "token": 8, "not_found": true}]');
SELECT results_eq('SELECT state, given_up_after, not_found_after FROM doubt WHERE id = 1',
    $$ VALUES ('sending', NULL::interval, NULL::interval) $$, 'a worker that lost its job gives nothing up');
EXECUTE write_doubt('[{"job": 1, "token": 7, "not_found": false}]');
SELECT pg_temp.pass('10 seconds');
SELECT results_eq('SELECT given_up_after, not_found_after, given_up_s::numeric FROM doubt WHERE id = 1',
    $$ VALUES (interval '30 seconds', NULL::interval, 10.0) $$, 'the time counts from when the request was given up');
EXECUTE write_doubt('[{"job": 1, "token": 7, "not_found": true}]');
SELECT results_eq('SELECT given_up_after, not_found_after FROM doubt WHERE id = 1',
    $$ VALUES (interval '30 seconds', interval '40 seconds') $$, 'a search in vain does not give it up anew');

-- A worker that dies gives up nothing: whoever searches first notes it.
EXECUTE write_sending('[{"job": 2, "token": 7}]');
SELECT pg_temp.pass('1 hour');
SELECT is((SELECT given_up_s FROM doubt WHERE id = 2), NULL,
    'of a request that died with its worker nobody knows the end');
EXECUTE write_doubt('[{"job": 2, "token": 7, "not_found": true}]');
SELECT results_eq('SELECT given_up_after, not_found_after, given_up_s::numeric FROM doubt WHERE id = 2',
    $$ VALUES (interval '1 hour', interval '1 hour', 0.0) $$, 'so it is given up when it is first looked for');

-- It made nothing.
EXECUTE write_not_made('[{"job": 2, "token": 8}]');
SELECT is((SELECT state FROM doubt WHERE id = 2), 'sending', 'a worker that lost its job rules nothing out');
EXECUTE write_not_made('[{"job": 2, "token": 7}]');
SELECT results_eq('SELECT state, sent_ago FROM doubt WHERE id = 2', $$ VALUES ('requested', interval '1 hour') $$,
    'what was certainly not made is requested still, and was asked for once');
EXECUTE write_doubt('[{"job": 2, "token": 7, "not_found": true}]');
EXECUTE write_sending('[{"job": 2, "token": 7}]');
SELECT results_eq('SELECT state, given_up_after, not_found_after FROM doubt WHERE id = 2',
    $$ VALUES ('sending', NULL::interval, NULL::interval) $$, 'a new request is in a doubt of its own');

-- The clock of the server may go back.
UPDATE koppeling.shipment SET sent_at = now() + interval '5 seconds' WHERE id = 2;
EXECUTE write_doubt('[{"job": 2, "token": 7, "not_found": true}]');
SELECT results_eq('SELECT given_up_after, not_found_after FROM doubt WHERE id = 2',
    $$ VALUES (interval '0', interval '0') $$, 'nothing is given up before it was sent');

-- How long it takes.
CREATE TEMP VIEW longest AS
SELECT (SELECT longest_booking FROM koppeling.api WHERE name = 'boekuwzending' AND environment = e) AS longest
FROM unnest(ARRAY['production', 'staging']::koppeling.environment[]) AS e;
EXECUTE write_shipment('[{"job": 1, "token": 7, "external_id": "a1", "complete": true, "labels": []}]');
SELECT results_eq('TABLE longest', $$ VALUES (interval '40 seconds'), ('0') $$,
    'a shipment that is found took longer than the last search in vain');
UPDATE koppeling.shipment SET sent_at = now() WHERE id = 2;
EXECUTE write_shipment(
    '[{"job": 2, "token": 7, "external_id": "a2", "complete": false, "labels": [], "took_ms": 22500}]');
SELECT results_eq('TABLE longest', $$ VALUES (interval '40 seconds'), ('0') $$, 'a faster one changes nothing');
EXECUTE write_sending('[{"job": 3, "token": 7}]');
EXECUTE write_shipment(
    '[{"job": 3, "token": 7, "external_id": "a3", "complete": false, "labels": [], "took_ms": 75250}]');
SELECT results_eq('TABLE longest', $$ VALUES (interval '40 seconds'), ('75.25 seconds') $$,
    'each environment has its own, and the time of an answer counts');
SELECT pg_temp.pass('1 day');
EXECUTE write_shipment('[{"job": 3, "token": 7, "external_id": "a3", "complete": true, "labels": []}]');
SELECT results_eq('TABLE longest', $$ VALUES (interval '40 seconds'), ('75.25 seconds') $$,
    'waiting for labels is not booking');
SELECT results_eq('SELECT settle_s::numeric FROM doubt ORDER BY id', $$ VALUES (120.0), (120.0), (150.5) $$,
    'twice the longest is waited, and what the setting says at least');
UPDATE koppeling.shipment SET state = 'sending', external_id = NULL, not_found_after = '3 hours' WHERE id = 1;
EXECUTE write_shipment('[{"job": 1, "token": 7, "external_id": "a1", "complete": true, "labels": []}]');
SELECT is((SELECT longest FROM longest LIMIT 1), interval '15 minutes', 'patience has an end');
UPDATE koppeling.setting SET value = '12' WHERE name = 'booking_settle_seconds';
UPDATE koppeling.api SET longest_booking = '0';
SELECT results_eq('SELECT settle_s::numeric FROM doubt ORDER BY id', $$ VALUES (12.0), (12.0), (12.0) $$,
    'the setting counts at once');

SELECT * FROM finish();
ROLLBACK;
