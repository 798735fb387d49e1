-- What is asked of the database before money is spent: whether it may still be sent, and whether it was asked before.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `cat sql/queries/write_sending.sql`
PREPARE write_sending AS :text
\set queue_claim `cat sql/queries/queue_claim.sql`
PREPARE claim AS :queue_claim

-- Bookings of orders 1 to 3 that run under token 7.
CREATE FUNCTION pg_temp.start_over() RETURNS void LANGUAGE sql AS $$
    DELETE FROM koppeling.job;
    DELETE FROM koppeling.shipment;
    UPDATE koppeling.imported_order
    SET state = 'open', withdrawn_at = NULL, withdrawn_reason = NULL, erased_at = NULL, ship_to_city = 'Utrecht';
    UPDATE koppeling.integration
    SET state = 'active', reason_code = NULL, reason = NULL, from_address_id = 1, sealed_token = '\x0102' WHERE id = 1;
    UPDATE koppeling.from_address SET street = 'Pakketpad' WHERE id = 1;
    UPDATE koppeling.account SET client_id = 'client', sealed_client_secret = '\x01' WHERE id = 1;
    INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id)
    SELECT n, n, 'production', 'postnl-pakket', 1 FROM generate_series(1, 3) AS n;
    INSERT INTO koppeling.job (
        id, kind, integration_id, order_id, shipment_id, state, attempt, worker_id, lease_token, lease_until,
        started_at)
    SELECT n, 'create_shipment', 1, n, n, 'running', 1, w.id, 7, w.lease_until, now()
    FROM generate_series(1, 3) AS n, koppeling.worker w;
$$;
\set rows '[{"job": 1, "token": 7}, {"job": 2, "token": 7}, {"job": 3, "token": 8}]'
-- After a change of the world: which object, and which are sent.
CREATE FUNCTION pg_temp.sent() RETURNS bigint[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(s.id ORDER BY s.id), '{}') FROM koppeling.shipment s
    WHERE s.state = 'sending' AND s.sent_at = now() $$;

SELECT pg_temp.start_over();
SELECT is_empty(format('EXECUTE write_sending(%L)', :'rows'), 'nothing is objected to what is as it was');
SELECT is(pg_temp.sent(), '{1,2}'::bigint[], 'the intents are noted, but for a job that is somebody else''s');
SELECT is_empty(format('EXECUTE write_sending(%L)', :'rows'), 'noting them twice does no harm');

SELECT pg_temp.start_over();
UPDATE koppeling.imported_order
SET state = 'withdrawn', withdrawn_at = now(), withdrawn_reason = 'archived' WHERE id = 1;
SELECT bag_eq(format('EXECUTE write_sending(%L)', :'rows'),
    $$ VALUES (1::bigint, 'order 1 was withdrawn (archived)') $$, 'an order that was withdrawn is objected to');
SELECT is(pg_temp.sent(), '{2}'::bigint[], 'and no other is kept from being sent');
SELECT is((SELECT (state, sent_at)::text FROM koppeling.shipment WHERE id = 1), '(requested,)', 'its own is not');

SELECT pg_temp.start_over();
UPDATE koppeling.imported_order SET erased_at = now() WHERE id = 1;
UPDATE koppeling.imported_order SET ship_to_city = NULL WHERE id = 2;
SELECT bag_eq(format('EXECUTE write_sending(%L)', :'rows'),
    $$ VALUES (1::bigint, 'the address of order 1 was erased'), (2, 'the address of order 2 is incomplete') $$,
    'so is an address that is gone or not whole');

SELECT pg_temp.start_over();
UPDATE koppeling.integration SET state = 'disconnected' WHERE id = 1;
SELECT bag_eq(format('EXECUTE write_sending(%L)', :'rows'),
    $$ VALUES (1::bigint, 'the shop of order 1 is disconnected'), (2, 'the shop of order 2 is disconnected') $$,
    'and a shop that was disconnected');

SELECT pg_temp.start_over();
UPDATE koppeling.account SET client_id = NULL, sealed_client_secret = NULL WHERE id = 1;
SELECT bag_eq(format('EXECUTE write_sending(%L)', '[{"job": 1, "token": 7}]'),
    $$ VALUES (1::bigint, 'account 1 has no credentials for production') $$, 'and an account without credentials');

SELECT pg_temp.start_over();
UPDATE koppeling.integration SET from_address_id = 2 WHERE id = 1;
SELECT is_empty(format('EXECUTE write_sending(%L)', :'rows'),
    'the sender of the shipment counts, not the shop''s of today');
SELECT is(koppeling.dispatch_problem(1), 'from address 2 is incomplete', 'which would not do for another shipment');
SELECT pg_temp.start_over();
UPDATE koppeling.from_address SET street = ' ' WHERE id = 1;
SELECT bag_eq(format('EXECUTE write_sending(%L)', '[{"job": 1, "token": 7}]'),
    $$ VALUES (1::bigint, 'from address 1 is incomplete') $$, 'so that one must be whole');

SELECT pg_temp.start_over();
UPDATE koppeling.integration SET state = 'paused', reason_code = 'paused', reason = 'x' WHERE id = 1;
UPDATE koppeling.imported_order SET erased_at = now() WHERE id = 2;
SELECT bag_eq(format('EXECUTE write_sending(%L)', :'rows'),
    $$ VALUES (1::bigint, ''), (2, 'the address of order 2 was erased') $$,
    'a shop that is paused sends later, if there is then anything to send');
SELECT is(pg_temp.sent(), '{}'::bigint[], 'until then nothing is sent');
SELECT pg_temp.start_over();
UPDATE koppeling.integration SET state = 'needs_attention', reason_code = 'x', reason = 'x' WHERE id = 1;
SELECT is_empty(format('EXECUTE write_sending(%L)', :'rows'),
    'one that refuses its token does not keep its labels from being made');
SELECT is(pg_temp.attempt('koppeling_worker', format('EXECUTE write_sending(%L)', :'rows')), 'ok', 'a worker may ask');

-- A job that is claimed although its shop is out of order.
CREATE FUNCTION pg_temp.held(shop_state text, job_kind text, api integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    held text;
BEGIN
    DELETE FROM koppeling.job;
    UPDATE koppeling.integration i
    SET state = shop_state::koppeling.integration_state, reason_code = 'x', reason = 'x' WHERE i.id = 1;
    INSERT INTO koppeling.job (kind, api_id, integration_id, order_id, shipment_id, run_at)
    VALUES (job_kind, api, 1, CASE WHEN job_kind NOT IN ('verify', 'poll') THEN 1 END,
            CASE WHEN job_kind = 'create_shipment' THEN 1 END, now());
    EXECUTE format(
        'CREATE TEMP TABLE answer AS EXECUTE claim(%s, 3, 10, %L, %L, ''{0,1,2}'', %L, ''{0,0,0}'', ''{10,10,10}'')',
        (SELECT min(w.id) FROM koppeling.worker w), array_fill(job_kind, '{3}'), array_fill(api, '{3}'),
        array_fill('-infinity'::text, '{3}'));
    SELECT a.is_held::text INTO STRICT held FROM answer a;
    DROP TABLE answer;
    RETURN held;
END
$$;
SELECT pg_temp.start_over();
SELECT is(pg_temp.held(shop, kind, api), held, format('%s of a shop that is %s: %s', kind, shop, held))
FROM (VALUES
    ('active', 'poll', 1, 'false'), ('paused', 'poll', 1, 'true'), ('needs_attention', 'mark_shipped', 1, 'true'),
    ('disconnected', 'confirm_order', 1, 'true'), ('pending', 'mark_shipped', 1, 'true'),
    ('pending', 'verify', 1, 'false'), ('paused', 'verify', 1, 'false'),
    ('needs_attention', 'create_shipment', 2, 'false'), ('paused', 'create_shipment', 2, 'true'),
    ('disconnected', 'create_shipment', 2, 'false'), ('paused', 'push_order', 2, 'true')) AS t (shop, kind, api, held);

-- A shop that goes leaves nothing behind but what may have been paid.
SELECT pg_temp.start_over();
UPDATE koppeling.shipment SET state = 'sending', sent_at = now() WHERE id = 1;
UPDATE koppeling.shipment SET state = 'created', external_id = 'x', sent_at = now() WHERE id = 2;
UPDATE koppeling.job SET state = 'queued', worker_id = NULL, lease_token = NULL, lease_until = NULL;
SELECT koppeling.disconnect_shop(1);
SELECT is((SELECT array_agg(shipment_id ORDER BY id) FROM koppeling.job), '{1,2}'::bigint[],
    'what Boekuwzending was asked for is still looked up when the shop goes');
SELECT is((SELECT state || ': ' || reason FROM koppeling.shipment WHERE id = 3), 'failed: the shop was disconnected',
    'what it was not asked for is not asked for any more');
SELECT cmp_ok((SELECT max(run_at) FROM koppeling.job), '<=', now(), 'and nobody holds it back');

-- What a job at Boekuwzending's list of orders is told.
SELECT pg_temp.start_over();
CREATE FUNCTION pg_temp.unwanted() RETURNS text LANGUAGE sql AS $$
    SELECT context ->> 'unwanted' FROM koppeling.job_context WHERE kind = 'push_order' AND subject_id = 1 $$;
SELECT is(pg_temp.unwanted(), NULL, 'an open order is wanted there');
UPDATE koppeling.imported_order SET state = 'label_created' WHERE id = 1;
SELECT is(pg_temp.unwanted(), 'it has a label', 'not one with a label');
UPDATE koppeling.imported_order SET state = 'withdrawn', withdrawn_at = now(), withdrawn_reason = 'x' WHERE id = 1;
SELECT is(pg_temp.unwanted(), 'it was withdrawn', 'nor one that was withdrawn');
UPDATE koppeling.imported_order SET erased_at = now() WHERE id = 1;
SELECT is(pg_temp.unwanted(), 'its personal data was erased', 'nor one without an address');
UPDATE koppeling.integration SET state = 'disconnected' WHERE id = 1;
SELECT is(pg_temp.unwanted(), 'the shop is disconnected', 'nor any of a shop that went');

-- A request that comes twice.
SELECT pg_temp.start_over();
DELETE FROM koppeling.job;
DELETE FROM koppeling.shipment;
ALTER TABLE koppeling.shipment ALTER id RESTART 100;
SELECT koppeling.dispatch_order(1, 'dhl', request_key => 'click-1')::bigint AS first \gset
SELECT is(koppeling.dispatch_order(1, 'dhl', request_key => 'click-1'), :first::bigint,
    'the same key gives the same shipment');
SELECT is(koppeling.dispatch_order(1, 'dhl', 1, 'package', 'production', 'click-1'), :first::bigint,
    'with the defaults written out too');
SELECT is((SELECT count(*) FROM koppeling.job), 1::bigint, 'and it is booked once');
SELECT is((SELECT (account_id, request_key)::text FROM koppeling.shipment), '(1,click-1)',
    'the key stands with the shipment, under the account whose program made it');
SELECT isnt(koppeling.dispatch_order(1, 'dhl', request_key => 'click-2'), :first::bigint,
    'another key gives another shipment');
SELECT cmp_ok(koppeling.dispatch_order(1, 'dhl'), '<>', koppeling.dispatch_order(1, 'dhl'),
    'without a key each call gives one, as ever');
SELECT is((SELECT count(account_id) FROM koppeling.shipment), 2::bigint, 'which belongs to no request');
SELECT is(pg_temp.complaint(statement), complaint, complaint)
FROM (VALUES
    ('SELECT koppeling.dispatch_order(2, ''dhl'', request_key => ''click-1'')',
     'request key "click-1" was used for order 1, not for order 2'),
    ('SELECT koppeling.dispatch_order(1, ''dpd'', request_key => ''click-1'')',
     'request key "click-1" was used for another shipment of order 1: 1 x package by dhl (production)'),
    ('SELECT koppeling.dispatch_order(1, ''dhl'', 2, request_key => ''click-1'')',
     'request key "click-1" was used for another shipment of order 1: 1 x package by dhl (production)'),
    ('SELECT koppeling.dispatch_order(1, ''dhl'', 1, ''envelop'', request_key => ''click-1'')',
     'request key "click-1" was used for another shipment of order 1: 1 x package by dhl (production)'),
    ('SELECT koppeling.dispatch_order(1, ''dhl'', 1, ''package'', ''staging'', ''click-1'')',
     'request key "click-1" was used for another shipment of order 1: 1 x package by dhl (production)'))
    AS refused (statement, complaint);
SELECT is(pg_temp.refused_by(format('SELECT koppeling.dispatch_order(1, ''dhl'', request_key => %L)', key)),
    'shipment_request_key_is_sane', format('a key of %s characters is refused', length(key)))
FROM (VALUES (''), ('  '), (repeat('x', 201))) AS k (key);

-- What has become of the shipment or its order meanwhile changes nothing.
UPDATE koppeling.shipment SET state = 'failed', reason = 'x' WHERE id = :first;
UPDATE koppeling.imported_order SET state = 'withdrawn', withdrawn_at = now(), withdrawn_reason = 'x' WHERE id = 1;
SELECT is(koppeling.dispatch_order(1, 'dhl', request_key => 'click-1'), :first::bigint,
    'a request that is repeated late is still the same request');
SELECT is(pg_temp.complaint('SELECT koppeling.dispatch_order(1, ''dhl'', request_key => ''click-3'')'),
    'order 1 was withdrawn (x)', 'and a new one is a new one');

-- Two accounts may use the same key.
UPDATE koppeling.account SET client_id = 'client', sealed_client_secret = '\x01' WHERE id = 2;
UPDATE koppeling.integration SET from_address_id = 1 WHERE id = 3;
SELECT isnt(koppeling.dispatch_order(9, 'dhl', request_key => 'click-1'), :first::bigint,
    'a key of another account is another key, and tells nothing of this one');

-- Lists of orders.
SELECT array_agg(d) AS list FROM koppeling.dispatch_order('{2,3}'::bigint[], 'dhl', request_key => 'list') AS d \gset
SELECT is((SELECT array_agg(d) FROM koppeling.dispatch_order('{2,3}'::bigint[], 'dhl', request_key => 'list') AS d),
    :'list'::bigint[],
    'a list of orders that comes twice gives the same shipments');
SELECT is((SELECT array_agg(request_key ORDER BY id) FROM koppeling.shipment WHERE id = ANY (:'list')),
    '{list/2,list/3}'::text[], 'each has a key of its own');
SELECT array_agg(d) AS longer
FROM koppeling.dispatch_order('{3,4,2}'::bigint[], 'dhl', request_key => 'list') AS d \gset
SELECT is(:'longer'::bigint[],
    ARRAY[(:'list'::bigint[])[2], (SELECT max(id) FROM koppeling.shipment), (:'list'::bigint[])[1]],
    'one that was left out before is added, in its place');
SELECT is(pg_temp.attempt('koppeling_backend', 'SELECT koppeling.dispatch_order(5, ''dhl'', request_key => ''k'')'),
    'ok', 'the back end may name its requests');
SELECT is(pg_temp.attempt('koppeling_backend', 'SELECT koppeling.requested_shipment(NULL)'), '42501',
    'but not ask for others');

SELECT finish();
ROLLBACK;
