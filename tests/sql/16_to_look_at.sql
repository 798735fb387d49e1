-- The view of what a person must look at: shown with words, and gone when it is settled.
BEGIN;
\ir common/world.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.reasons() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(order_id || ' ' || reason_code, ', ' ORDER BY order_id, reason_code COLLATE "C")
    FROM koppeling.order_to_look_at;
$$;
SELECT is(pg_temp.reasons(), NULL, 'an order that is in order is not shown');
UPDATE koppeling.imported_order SET address_hash = '\xa1', goods_hash = '\xb1';
UPDATE koppeling.imported_order
SET warnings = '{weight_not_understood,country_not_given}', warned_at = now() - interval '9 hours' WHERE id = 1;
SELECT koppeling.record_label(n, 'production', 'P-' || n, NULL, NULL) FROM generate_series(2, 6) AS n;
UPDATE koppeling.imported_order SET address_hash = '\xa2' WHERE id = 2;
UPDATE koppeling.imported_order
SET goods_hash = '\xb2', mark_outcome = 'not_marked', mark_reason_code = 'status_changed',
    mark_reason = 'the status is 5', mark_refused_at = now() - interval '1 hour'
WHERE id = 3;
UPDATE koppeling.imported_order
SET state = 'marked_shipped', marked_at = now(), marked_label_environment = 'production', reopened_at = now()
WHERE id = 4;
SELECT koppeling.record_label_cancelled('production', 'P-5');
INSERT INTO koppeling.job (id, kind, integration_id, order_id, state, last_error_class, last_error, errors)
VALUES (6, 'mark_shipped', 1, 6, 'failed', 'client_error', 'HTTP 422', '[{"at": "2026-01-01T00:00:00Z"}]');
SELECT koppeling.record_label(7, 'staging', name, NULL, NULL) FROM unnest(ARRAY['S-7', 'S-7b']) AS name;
SELECT koppeling.record_label(8, 'staging', 'S-8', NULL, NULL), koppeling.record_label(8, 'production', 'P-8', '', '');
SELECT is(pg_temp.reasons(),
    '1 country_not_given, 1 weight_not_understood, 2 address_changed, 3 goods_changed, 3 mark_refused, 4 reopened, '
    '5 label_cancelled, 6 mark_failed, 7 staging_label', 'one order may have several reasons: a row each');
SELECT results_eq(
    $$ SELECT reason_code, order_number, shop, account_id, state::text, since, detail FROM koppeling.order_to_look_at
       WHERE reason_code IN ('mark_failed', 'weight_not_understood', 'mark_refused') $$, $$ VALUES
    ('mark_failed', '70006', 'shop1.myonline.store', 1::bigint, 'label_created',
     '2026-01-01T00:00:00Z'::timestamptz, 'HTTP 422'),
    ('weight_not_understood', '70001', 'shop1.myonline.store', 1, 'open', now() - interval '9 hours', NULL),
    ('mark_refused', '70003', 'shop1.myonline.store', 1, 'label_created', now() - interval '1 hour',
     'the status is 5') $$,
    'the oldest first, with what is known of it');
SELECT results_eq($$ SELECT reason_nl, reason_en, what_to_do_nl ~ 'echt label', what_to_do_en ~ 'production label'
                     FROM koppeling.order_to_look_at WHERE order_id = 7 $$,
    $$ VALUES ('de bestelling heeft alleen een label uit de testomgeving, en dat accepteert geen vervoerder',
               'the order has no label but one from the test environment, which no carrier accepts', true, true) $$,
    'in words and with advice, in both languages');
SELECT is_empty(
    $$ SELECT reason_code FROM koppeling.order_to_look_at
       WHERE num_nulls(reason_nl, reason_en, what_to_do_nl, what_to_do_en, since, shop) > 0 $$, 'all of them');
SELECT is_empty($$ SELECT code FROM koppeling.order_reason
    WHERE nl ~ '\.$' OR en ~ '\.$' OR what_to_do_nl !~ '\.$' OR what_to_do_en !~ '\.$' OR nl = en
       OR code IN (SELECT w.code FROM koppeling.order_warning w) $$,
    'each reason is half a sentence, each advice whole ones, and no warning has its code');
SELECT is(count(*), 9::bigint, 'what is counted in the metrics is what is shown') FROM koppeling.order_concern;

-- Settled by looking at it, until something new happens.
SELECT is(koppeling.order_was_looked_at(3, 'goods_changed'), 1::bigint, 'a person has looked at one reason');
SELECT is(koppeling.order_was_looked_at(1), 2::bigint, 'or at all of an order');
SELECT is(koppeling.order_was_looked_at(9), 0::bigint, 'or at one that needs none');
SELECT is(pg_temp.reasons(),
    '2 address_changed, 3 mark_refused, 4 reopened, 5 label_cancelled, 6 mark_failed, 7 staging_label',
    'then it is not shown any more');
SELECT results_eq($$ SELECT action, subject, details FROM koppeling.audit ORDER BY id DESC LIMIT 1 $$,
    $$ VALUES ('order_was_looked_at', 'order 1',
               '{"reasons": ["country_not_given", "weight_not_understood"]}'::jsonb) $$,
    'who did it is kept');
UPDATE koppeling.order_look SET looked_at = now() - interval '1 minute';
UPDATE koppeling.imported_order SET goods_hash = '\xb3' WHERE id = 3;
SELECT matches(pg_temp.reasons(), '3 goods_changed', 'when the goods change again, it comes back');

-- Settled by itself.
UPDATE koppeling.imported_order
SET state = 'withdrawn', withdrawn_at = now(), withdrawn_reason = 'deleted' WHERE id = 1;
UPDATE koppeling.imported_order SET address_hash = '\xa1' WHERE id = 2;
UPDATE koppeling.imported_order SET erased_at = now() WHERE id = 3;
UPDATE koppeling.imported_order SET reopened_at = NULL WHERE id = 4;
UPDATE koppeling.label SET cancelled_at = now() - interval '1 second' WHERE external_id = 'P-5';
SELECT koppeling.record_label(5, 'production', 'P-5b', NULL, NULL), koppeling.cancel_job(6),
       koppeling.record_label(7, 'production', 'P-7', NULL, NULL);
SELECT is(pg_temp.reasons(), '6 mark_refused', 'what was put right is not shown');
UPDATE koppeling.imported_order SET mark_reason_code = 'staging_label' WHERE id = 6;
SELECT is(pg_temp.reasons(), NULL, 'that a shop is not told of staging labels is its own wish');
UPDATE koppeling.imported_order SET mark_reason_code = 'credited' WHERE id = 6;
SELECT is(pg_temp.reasons(), '6 mark_refused', 'of a shop that is connected');
UPDATE koppeling.integration SET state = 'disconnected' WHERE id = 1;
SELECT is(pg_temp.reasons(), NULL, 'orders of a shop that is disconnected are not shown');

-- Fast: nobody walks over the orders that are in order.
INSERT INTO koppeling.imported_order (
    integration_id, order_uuid, order_number, shop_status, weight_kg, content_hash, payload_hash, state, marked_at,
    marked_label_environment, warnings, warned_at)
SELECT 3, gen_random_uuid(), (100000 + n)::text, 3, 1, 'x', n, 'marked_shipped', now(), 'production',
       CASE WHEN n % 5 = 0 THEN ARRAY['phone_not_understood'] ELSE '{}' END, now()
FROM generate_series(1, 20000) AS n;
INSERT INTO koppeling.label (order_id, environment, external_id, told_at)
SELECT o.id, 'production', 'many-' || o.id, now() FROM koppeling.imported_order o WHERE o.integration_id = 3;
ANALYZE koppeling.imported_order, koppeling.label;
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN ' || query;
END
$$;
SELECT is_empty($$ SELECT * FROM pg_temp.plan('SELECT * FROM koppeling.order_to_look_at') AS line
                   WHERE line ~ 'Seq Scan on (imported_order|label) ' $$, 'the view reads what its indexes hold');
SELECT isnt_empty($$ SELECT * FROM pg_temp.plan('SELECT * FROM koppeling.order_to_look_at') AS line
                     WHERE line ~ 'imported_order_to_look_at' $$, 'with the index that is made for it');

SELECT finish();
ROLLBACK;
