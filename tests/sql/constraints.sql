-- States that must be impossible, whoever writes.
BEGIN;
SELECT plan(25);

INSERT INTO koppeling.account (id, name) VALUES (1, 'Test BV');
INSERT INTO koppeling.from_address (id, account_id, name) VALUES (1, 1, 'Magazijn');
INSERT INTO koppeling.integration (id, account_id, shop_url, shop_host, sealed_token, from_address_id, state)
VALUES (1, 1, 'test.myonline.store', 'test.myonline.store', '\x01', 1, 'active');
INSERT INTO koppeling.imported_order (id, integration_id, order_uuid, order_number, shop_status, weight_kg, content_hash, payload_hash)
VALUES (1, 1, '11111111-1111-4111-8111-111111111111', '1001', 1, 1, '\x00', 1);
INSERT INTO koppeling.job (id, kind) VALUES (1, 'ping');

-- Jobs
SELECT throws_ok($$UPDATE koppeling.job SET state = 'running' WHERE id = 1$$, '23514', NULL, 'a job does not run without a lease');
SELECT throws_ok($$UPDATE koppeling.job SET worker_id = 1, lease_token = 1, lease_until = now(), started_at = now() WHERE id = 1$$,
    '23514', NULL, 'a queued job has no lease');
SELECT throws_ok($$INSERT INTO koppeling.job (kind, state) VALUES ('ping', 'failed')$$, '23514', NULL, 'a failed job has an error');
SELECT throws_ok($$INSERT INTO koppeling.job (kind) VALUES ('poll')$$, '23514', NULL, 'a poll has a shop');
SELECT throws_ok($$INSERT INTO koppeling.job (kind, integration_id) VALUES ('mark_shipped', 1)$$, '23514', NULL, 'mark_shipped has an order');
SELECT throws_ok($$INSERT INTO koppeling.job (kind) VALUES ('Drop table')$$, '23514', NULL, 'a kind is a plain word');
SELECT throws_ok($$INSERT INTO koppeling.job (kind, priority) VALUES ('ping', 9)$$, '23514', NULL, 'a priority is one of three');
SELECT throws_ok($$INSERT INTO koppeling.job (kind, state) VALUES ('ping', 'done')$$, '22P02', NULL, 'a finished job is not live');
SELECT lives_ok($$INSERT INTO koppeling.job (kind, integration_id) VALUES ('poll', 1)$$, 'a shop has a poll');
SELECT throws_ok($$INSERT INTO koppeling.job (kind, integration_id) VALUES ('poll', 1)$$, '23505', NULL, 'a shop has one live poll');
SELECT lives_ok($$INSERT INTO koppeling.job (kind, integration_id, order_id) VALUES ('mark_shipped', 1, 1)$$, 'an order is marked');
SELECT throws_ok($$INSERT INTO koppeling.job (kind, integration_id, order_id) VALUES ('mark_shipped', 1, 1)$$, '23505', NULL,
    'an order has one live mark_shipped');
SELECT throws_ok($$INSERT INTO koppeling.job_history (id, created_at, outcome, attempts, kind) VALUES (9, now(), 'done', 1, 'mark_shipped')$$,
    '23514', NULL, 'a mark_shipped that is done says both environments');

-- Orders and labels
SELECT throws_ok($$INSERT INTO koppeling.imported_order (integration_id, order_uuid, order_number, shop_status, weight_kg, content_hash, payload_hash)
    VALUES (1, gen_random_uuid(), 'T-57', 1, 1, '\x00', 1)$$, '23514', NULL, 'a test order is not imported');
SELECT throws_ok($$INSERT INTO koppeling.imported_order (integration_id, order_uuid, order_number, shop_status, weight_kg, content_hash, payload_hash)
    VALUES (1, '11111111-1111-4111-8111-111111111111', '1001', 1, 1, '\x00', 1)$$, '23505', NULL, 'an order is imported once');
SELECT throws_ok($$UPDATE koppeling.imported_order SET state = 'marked_shipped'$$, '23514', NULL, 'a marked order says by which environment');
SELECT throws_ok($$UPDATE koppeling.imported_order SET state = 'withdrawn'$$, '23514', NULL, 'a withdrawn order says why');
SELECT throws_ok($$INSERT INTO koppeling.label (order_id, external_id) VALUES (1, 'L1')$$, '23502', NULL, 'a label has an environment');
SELECT throws_ok($$INSERT INTO koppeling.label (order_id, environment, external_id, usable_with_distributor) VALUES (1, 'staging', 'L1', true)$$,
    '428C9', NULL, 'nobody can say that a staging label is usable');
SELECT lives_ok($$INSERT INTO koppeling.label (order_id, environment, external_id) VALUES (1, 'staging', 'L1'), (1, 'production', 'L1')$$,
    'labels of both environments');
SELECT results_eq($$SELECT environment::text, usable_with_distributor FROM koppeling.label ORDER BY 1$$,
    $$VALUES ('production', true), ('staging', false)$$, 'only a production label is usable with a distributor');

-- Shops
SELECT throws_ok($$UPDATE koppeling.integration SET state = 'rejected'$$, '23514', NULL, 'a refusal has a reason');
SELECT throws_ok($$UPDATE koppeling.integration SET sealed_token = NULL$$, '23514', NULL, 'an active shop has a token');
SELECT throws_ok($$UPDATE koppeling.integration SET shop_host = 'evil.example'$$, '23514', NULL, 'a shop is a Mijnwebwinkel shop');
SELECT throws_ok($$UPDATE koppeling.integration SET open_statuses = '{1,2}'$$, '23514', NULL, 'shipped is not open');

SELECT * FROM finish();
ROLLBACK;
