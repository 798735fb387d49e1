-- What happened that a person wants to hear of is noted once, whoever made it so, and told once.
BEGIN;
\ir common/world.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.told() RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(concat_ws(' ', t.what, t.api, t.shop, t.environment, t.kind || ' ' || t.job_id, t.order_id,
                                   t.reason), '; ' ORDER BY t.id)
       FROM koppeling.take_events(100) t $$;
SELECT is(pg_temp.told(), NULL, 'nothing has happened yet');

-- Breakers.
UPDATE koppeling.api SET breaker_failures = 3 WHERE id = 1;
UPDATE koppeling.api SET breaker_state = 'open', breaker_trips = 1, blocked_until = now(), block_reason = 'breaker: no'
WHERE id = 1;
SELECT is(pg_temp.told(), 'breaker_opened mijnwebwinkel_production breaker: no',
    'a breaker that opens, with the reason');
SELECT is(pg_temp.told(), NULL, 'is told once');
UPDATE koppeling.api SET breaker_state = 'half_open' WHERE id = 1;
UPDATE koppeling.api SET breaker_state = 'open', breaker_trips = 2 WHERE id = 1;
UPDATE koppeling.api SET breaker_state = 'half_open' WHERE id = 1;
SELECT is(pg_temp.told(), 'breaker_half_open mijnwebwinkel_production', 'that it is tried, too; but not each probe');
UPDATE koppeling.event SET at = at - interval '90 seconds' WHERE what = 'breaker_opened';
UPDATE koppeling.api SET breaker_state = 'closed', breaker_trips = 0, blocked_until = NULL WHERE id = 1;
SELECT is((SELECT (t.what, t.lasted_us)::text FROM koppeling.take_events(10) t), '(breaker_closed,90000000)',
    'and that it closed, and after how long');

-- Shops: by a worker, and by way of a verification.
UPDATE koppeling.integration SET state = 'needs_attention', reason_code = 'token_refused', reason = 'nee',
    reason_en = 'no' WHERE id IN (1, 2);
SELECT is(pg_temp.told(), 'shop_needs_attention shop1.myonline.store no; shop_needs_attention shop2.myonline.store no',
    'shops that come to need a person');
UPDATE koppeling.integration SET state = 'pending' WHERE id = 1;
UPDATE koppeling.integration SET state = 'active' WHERE id = 1;
SELECT is(pg_temp.told(), 'shop_is_well shop1.myonline.store', 'and one that is well again');
UPDATE koppeling.integration SET state = 'paused', reason = 'x', reason_en = 'x' WHERE id IN (1, 3);
UPDATE koppeling.integration SET state = 'active' WHERE id IN (1, 3);
SELECT is(pg_temp.told(), NULL, 'a pause is neither');

-- Accounts.
UPDATE koppeling.account_credentials SET state = 'active', checked_at = now() WHERE account_id = 1;
SELECT is(pg_temp.told(), NULL, 'credentials that are good at once are no news');
UPDATE koppeling.account_credentials SET state = 'rejected', reason_code = 'x', reason = 'nee', reason_en = 'no'
WHERE account_id = 1 AND environment = 'staging';
SELECT is(pg_temp.told(), 'account_refused staging no', 'credentials that are refused');
UPDATE koppeling.account_credentials SET state = 'active' WHERE account_id = 1;
SELECT is(pg_temp.told(), 'account_is_well staging', 'and accepted again');

-- Jobs: by a worker, by a rescue, by hand; and by nobody who puts off, retries or cancels one.
DELETE FROM koppeling.job;
INSERT INTO koppeling.job (id, kind, integration_id, order_id) VALUES
    (50, 'confirm_order', 1, 7), (51, 'ping', NULL, NULL);
UPDATE koppeling.job
SET state = 'failed', last_error_class = 'client_error', last_error = 'HTTP 422',
    errors = '[{"class": "client_error", "call": "koppeling-50-1-2"}]'
WHERE id = 50;
SELECT is((SELECT array_agg(t.call) FROM koppeling.take_events(0) t), NULL, 'no more are taken than asked for');
SELECT is(
    (SELECT (t.what, t.shop, t.kind, t.job_id, t.order_id, t.reason)::text FROM koppeling.take_events(10) t),
    '(job_gave_up,shop1.myonline.store,confirm_order,50,7,"client_error: HTTP 422")',
    'a job that gave up, with its shop, its order and the reason');
UPDATE koppeling.job SET last_error = 'again' WHERE id = 50;
UPDATE koppeling.job SET state = 'queued' WHERE id = 50;
SELECT is(pg_temp.told(), NULL, 'nothing else of a job is told');
UPDATE koppeling.job SET state = 'failed' WHERE id = 51;
SELECT is(pg_temp.told(), 'job_gave_up ping 51 client_error: set to failed by hand', 'one by hand is');
DELETE FROM koppeling.job;

-- In words, and for a time.
SELECT is((SELECT (v.event, v.reason, v.order_number)::text FROM koppeling.event_log v WHERE v.job_id = 50),
    '("confirm_order 50 gave up","client_error: HTTP 422",70007)', 'the view has the words');
SELECT is_empty('SELECT FROM koppeling.event_log WHERE event IS NULL', 'for each of them');
UPDATE koppeling.event SET at = now() - interval '31 days' WHERE what LIKE 'account%';
SELECT is(koppeling.forget_events(), 2::bigint, 'old ones are forgotten');

-- A scheduler looks each second, so it finds them by the small index.
INSERT INTO koppeling.event (what, integration_id, told_at)
SELECT 'shop_is_well', 1, now() FROM generate_series(1, 5000);
ANALYZE koppeling.event;
CREATE FUNCTION pg_temp.plan() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXPLAIN (COSTS OFF)
        SELECT e.id FROM koppeling.event e WHERE e.told_at IS NULL ORDER BY e.id LIMIT 100 FOR UPDATE SKIP LOCKED;
END
$$;
SELECT matches((SELECT string_agg(p, ' ') FROM pg_temp.plan() p), 'event_untold', 'told ones are not walked');

SELECT finish();
ROLLBACK;
