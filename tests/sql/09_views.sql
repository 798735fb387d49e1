-- The views say what is in the tables, in words where people read them.
BEGIN;
\ir common/world.sql
SELECT no_plan();

-- Jobs.
INSERT INTO koppeling.job (id, kind, integration_id, run_at)
VALUES (1, 'poll', 1, now() - interval '5 minutes'), (2, 'poll', 2, 'infinity');
INSERT INTO koppeling.job (id, kind, run_at) VALUES (3, 'ping', now() + interval '1 hour');
INSERT INTO koppeling.job (id, kind, integration_id, order_id, state, attempt, last_error_class, last_error, errors)
VALUES (4, 'mark_shipped', 1, 1, 'failed', 3, 'server_error', 'HTTP 500',
    '[{"at": "2026-01-01T00:00:00Z", "http_status": 500, "class": "server_error", "error": "HTTP 500"}]');
INSERT INTO koppeling.job (id, kind, integration_id, order_id, state, attempt, worker_id, lease_token, lease_until,
    started_at)
SELECT 5, 'mark_shipped', 1, 2, 'running', 2, w.id, 7, w.lease_until, now() - interval '1 minute'
FROM koppeling.worker w;
INSERT INTO koppeling.job_history (id, created_at, outcome, attempts, kind, order_id, label_environment,
    shop_environment, result, errors)
VALUES (6, now(), 'done', 2, 'mark_shipped', 1, 'staging', 'production', '{"outcome": "marked"}',
    '[{"class": "timeout", "error": "late"}]');

SELECT results_eq(
    $$ SELECT kind COLLATE "default", state::text, count, due, parked, oldest_due_age, next_run_at
        FROM koppeling.queue_overview $$, $$ VALUES
    ('mark_shipped', 'running', 1::bigint, 0::bigint, 0::bigint, NULL::interval, NULL::timestamptz),
    ('mark_shipped', 'failed', 1, 0, 0, NULL, NULL),
    ('ping', 'queued', 1, 0, 0, NULL, now() + interval '1 hour'),
    ('poll', 'queued', 2, 1, 1, interval '5 minutes', NULL),
    -- Of the credentials of the world's account, in both environments.
    ('verify_account', 'queued', 2, 2, 0, interval '0', NULL) $$,
        'queue_overview counts what is due, parked and how long it has been due');
SELECT results_eq(
    $$ SELECT id, shop, order_number, error_class::text, last_error, http_status, attempts::integer, failed_at
        FROM koppeling.failed_job $$,
    $$ VALUES (4::bigint, 'shop1.myonline.store', '70001', 'server_error', 'HTTP 500', 500, 3,
        '2026-01-01T00:00:00Z'::timestamptz) $$, 'failed_job says what failed, for whom and why');
SELECT matches(what_to_do, 'SELECT koppeling\.retry_job\(4\); Drop it: SELECT koppeling\.cancel_job\(4\)',
    'and what to do, ready to be copied') FROM koppeling.failed_job;
SELECT results_eq(
    $$ SELECT id, shop, attempt::integer, running_for, host, pid, worker_state::text, lease_is_live
        FROM koppeling.running_job $$,
    $$ VALUES (5::bigint, 'shop1.myonline.store', 2, interval '1 minute', 'hier', 1, 'active', true) $$,
    'running_job says where a job runs and whether its lease is live');
UPDATE koppeling.worker SET lease_until = now() - interval '1 second';
SELECT is((SELECT lease_is_live FROM koppeling.running_job), false, 'or no longer is');
SELECT results_eq(
    $$ SELECT id, state, error_class::text, label_environment::text
        FROM koppeling.job_log WHERE order_id = 1 ORDER BY id $$,
    $$ VALUES (4::bigint, 'failed', 'server_error', NULL), (6, 'done', 'timeout', 'staging') $$,
    'job_log tells the whole story of an order, live and finished');
SELECT results_eq(
    $$ SELECT live_workers, blocked_apis, rows_without_partition > 0, job_bytes > 0 FROM koppeling.queue_health $$,
    $$ VALUES (0::bigint, 0::bigint, true, true) $$, 'queue_health sums up');

-- Shops, in words.
CREATE FUNCTION pg_temp.condition(shop bigint) RETURNS text LANGUAGE sql AS
    'SELECT condition FROM koppeling.integration_status WHERE id = $1';
DELETE FROM koppeling.job;
SELECT is(pg_temp.condition(1), 'connected, first poll is coming', 'a shop that was just connected');
UPDATE koppeling.integration SET last_polled_at = now() WHERE id = 1;
SELECT is(pg_temp.condition(1), 'in order', 'one that is in order');
UPDATE koppeling.integration SET blocked_until = now() + interval '1 minute' WHERE id = 1;
SELECT matches(pg_temp.condition(1), '^waiting until ..:..:..: the shop asked for a pause$',
    'one that asked for a pause');
UPDATE koppeling.integration SET blocked_until = now() - interval '1 minute' WHERE id = 1;
INSERT INTO koppeling.job (id, kind, integration_id, last_error_class, last_error)
VALUES (1, 'poll', 1, 'timeout', 'too late');
SELECT is(pg_temp.condition(1), 'trying again: too late', 'one that is tried again');
UPDATE koppeling.job SET state = 'failed' WHERE id = 1;
SELECT is(pg_temp.condition(1), 'polling fails: too late', 'one that cannot be polled');
UPDATE koppeling.integration SET state = 'needs_attention', reason_code = 'x', reason = 'Nee', reason_en = 'No'
WHERE id = 1;
SELECT is(pg_temp.condition(1), 'No', 'one that needs attention');
UPDATE koppeling.integration SET state = 'pending', reason_en = NULL WHERE id = 1;
SELECT is(pg_temp.condition(1), 'being verified', 'one that is being verified');
UPDATE koppeling.imported_order SET state = 'label_created' WHERE id = 1;
INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason)
VALUES (1, 'T-1', 'test_order', 'x');
SELECT results_eq(
    $$ SELECT open_orders, labelled_orders, skipped_orders FROM koppeling.integration_status WHERE id = 1 $$,
    $$ VALUES (7::bigint, 1::bigint, 1::bigint) $$, 'with its counts');
SELECT is((SELECT count(*) FROM koppeling.integration_status), 3::bigint, 'one line per shop');

-- Orders.
SELECT results_eq(
    $$ SELECT order_number, shop, ship_to_street, partly_credited FROM koppeling.open_order WHERE id = 9 $$,
    $$ VALUES ('70009', 'shop3.myonline.store', 'Voorbeeldlaan 14', false) $$,
    'open_order shows what waits to be dispatched');
SELECT is((SELECT count(*) FROM koppeling.open_order), 8::bigint, 'and only that');
UPDATE koppeling.imported_order SET state = 'marked_shipped', marked_at = now(),
    marked_label_environment = CASE id WHEN 3 THEN 'production' ELSE 'staging' END::koppeling.environment
    WHERE id IN (2, 3, 4);
INSERT INTO koppeling.label (order_id, environment, external_id)
VALUES (2, 'staging', 'a'), (4, 'staging', 'b'), (4, 'production', 'c');
SELECT results_eq(
    $$ SELECT order_number, label_environment::text, shop_environment::text, has_usable_label
        FROM koppeling.staging_marked_order ORDER BY 1 $$,
    $$ VALUES ('70002', 'staging', 'production', false), ('70004', 'staging', 'production', true) $$,
    'staging_marked_order shows what a staging label marked in a production shop');
SELECT results_eq(
    $$ SELECT notice ~ 'make a production label', notice ~ 'a production label was made too'
        FROM koppeling.staging_marked_order ORDER BY order_number $$,
    $$ VALUES (true, false), (false, true) $$, 'and whether something must still be done');
SELECT results_eq($$ SELECT array_agg(code ORDER BY code) FROM koppeling.integration_notices(1) $$,
    $$ VALUES (ARRAY['notice_no_mail', 'notice_staging', 'notice_test_orders']) $$,
    'a merchant is told of e-mail, test orders and staging');

SELECT finish();
ROLLBACK;
