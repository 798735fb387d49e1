-- Pushed orders are looked at for labels that were made in the panel: when, how often, and what is made of it.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `cat sql/queries/schedule_watch_order.sql`
PREPARE schedule_watch_order AS :text
\set text `cat sql/queries/schedule_push_order.sql`
PREPARE schedule_push_order AS :text
\set text `cat sql/queries/write_watched.sql`
PREPARE write_watched AS :text
\set text `cat sql/queries/write_pushed.sql`
PREPARE write_pushed AS :text
\set text `cat sql/queries/write_shipment.sql`
PREPARE write_shipment AS :text

CREATE FUNCTION pg_temp.looked_at() RETURNS bigint[] LANGUAGE sql AS
    'SELECT coalesce(array_agg(order_id ORDER BY order_id), ''{}'') FROM koppeling.job WHERE kind = ''watch_order''';
-- What a job of an order that ends under token 7 has to say.
CREATE FUNCTION pg_temp.report(job_kind text, of_order bigint, said jsonb, of_shipment bigint DEFAULT NULL)
RETURNS json LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM koppeling.job;
    INSERT INTO koppeling.job (
        id, kind, integration_id, order_id, shipment_id, state, attempt, worker_id, lease_token, lease_until,
        started_at)
    SELECT 1, job_kind, o.integration_id, o.id, of_shipment, 'running', 1, w.id, 7, w.lease_until, now()
    FROM koppeling.worker w, koppeling.imported_order o WHERE o.id = of_order;
    RETURN json_build_array(jsonb_build_object('job', 1, 'token', 7) || said);
END
$$;
CREATE FUNCTION pg_temp.seen(of_order bigint, labels jsonb, shipments jsonb DEFAULT '[]',
    unlabelled boolean DEFAULT false)
RETURNS json LANGUAGE sql AS $$
    SELECT pg_temp.report('watch_order', of_order, jsonb_build_object(
        'pushed_id', 'p' || of_order, 'removed', false, 'labels', labels, 'shipments', shipments,
        'is_unlabelled', unlabelled)) $$;
CREATE FUNCTION pg_temp.one_label(shipment text, id text, cancelled boolean DEFAULT false) RETURNS jsonb
    LANGUAGE sql AS $$
    SELECT jsonb_build_array(jsonb_build_object(
        'shipment', shipment, 'external_id', id, 'waybill', '3S' || id, 'track_and_trace_link', NULL,
        'is_cancelled', cancelled)) $$;
CREATE FUNCTION pg_temp.of(of_order bigint) RETURNS koppeling.imported_order LANGUAGE sql AS
    'SELECT o FROM koppeling.imported_order o WHERE o.id = of_order';

-- The rules.
SELECT results_eq($$
    SELECT koppeling.watch_every(false, age)
    FROM unnest('{0, 29 minutes, 30 minutes, 23 hours, 1 day, 3 days, 10 days, 2 years}'::interval[]) AS age $$, $$
    SELECT unnest('{5 minutes, 5 minutes, 1 hour, 1 hour, 6 hours, 1 day, 5 days, 5 days}'::interval[]) $$,
    'an open order is looked at often at first, then ever more rarely, and never not at all');
SELECT results_eq(
    $$ SELECT koppeling.watch_every(true, age) FROM unnest('{0, 2 hours, 3 days}'::interval[]) AS age $$,
    $$ SELECT unnest('{1 hour, 1 day, NULL}'::interval[]) $$, 'one with a label a few times more');
SELECT is(koppeling.watch_every(false, '-1 hour'), '5 minutes'::interval, 'an age that cannot be is the least one');
SELECT is(pg_temp.refused_by($$ UPDATE koppeling.watch_rule SET every = '1 second' $$),
    'watch_rule_every_is_sane', 'nobody is looked at each second');
SELECT is(pg_temp.refused_by($$ UPDATE koppeling.watch_rule SET every = NULL $$),
    'watch_rule_open_goes_on', 'an open order is looked at for as long as it is open');
SELECT is(pg_temp.attempt('koppeling_dba', $$ UPDATE koppeling.watch_rule SET every = '2 days' WHERE has_label $$),
    'ok',
    'a DBA changes them by UPDATE');
SELECT is(pg_temp.attempt('koppeling_dba', $$ DELETE FROM koppeling.watch_rule $$), '42501', 'but takes none away');

-- What it costs: 100,000 orders that were pushed evenly over the last 30 days and are all still open.
-- A look at an order
-- of which nothing was made is one request.
SELECT cmp_ok((
    SELECT sum(extract(epoch FROM least(r.until, interval '30 days') - r.age_from) / extract(epoch FROM r.every))
           * 100000 / extract(epoch FROM interval '30 days')
    FROM (SELECT w.age_from, w.every, lead(w.age_from, 1, '30 days') OVER (ORDER BY w.age_from) AS until
          FROM koppeling.watch_rule w WHERE NOT w.has_label) r), '<', 2.0,
    'by the rules as shipped, 100,000 open pushed orders cost less than two requests a second');
INSERT INTO koppeling.imported_order (
    integration_id, order_uuid, order_number, shop_status, weight_kg, content_hash, pushed_hash, payload_hash,
    pushed_id, pushed_at, watch_at)
SELECT 1, gen_random_uuid(), 'L' || n, 3, 1, '\x01', '\x01', n, 'large' || n, now() - n * interval '25.92 seconds',
    now()
FROM generate_series(1, 100000) AS n;
-- As the scheduler, who prepares nothing.
SET LOCAL plan_cache_mode = force_custom_plan;
DO $$ BEGIN FOR i IN 1..20 LOOP EXECUTE 'EXECUTE schedule_watch_order(5000)'; END LOOP; END $$;
SELECT is((SELECT count(*) FROM koppeling.job WHERE kind = 'watch_order'), 100000::bigint,
    'all that is due is planned');
SELECT cmp_ok((SELECT sum(1 / extract(epoch FROM o.watch_at - now())) FROM koppeling.imported_order o), '<', 2.0,
    'and planned anew so that less than two are looked at in a second');
SELECT is((SELECT max(n) FROM (SELECT count(*) AS n FROM koppeling.job WHERE kind = 'watch_order'
                             GROUP BY date_bin('1 s', run_at, now())) s),
    20::bigint, 'those of one account follow each other at the pace of the API, from tick to tick');
SELECT is((SELECT watch_pace_at - now() FROM koppeling.account WHERE id = 1), interval '5000 seconds',
    'the next of that account comes after them');
SELECT is((SELECT run_at FROM koppeling.job WHERE kind = 'watch_order' ORDER BY run_at LIMIT 1), now(),
    'the first goes at once');
DELETE FROM koppeling.job;
ANALYZE koppeling.imported_order;
UPDATE koppeling.imported_order SET watch_at = now() WHERE id IN (SELECT o.id FROM koppeling.imported_order o
    WHERE o.pushed_id LIKE 'large%' ORDER BY o.id LIMIT 3);
CREATE TEMP TABLE explained (line text, place serial);
CREATE FUNCTION pg_temp.explain(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    DELETE FROM explained;
    FOR found IN EXECUTE 'EXPLAIN (COSTS OFF) EXECUTE ' || statement LOOP
        INSERT INTO explained (line) VALUES (found);
    END LOOP;
    RETURN (SELECT string_agg(line, E'\n' ORDER BY place) FROM explained);
END
$$;
SELECT matches(pg_temp.explain('schedule_watch_order(5000)'),
    'Limit\n +->  LockRows\n +->  Index Scan using imported_order_watch on imported_order o\n +' ||
    'Index Cond: \(watch_at <= now\(\)\)',
    'what is due is read from the head of its index, at 100,000 orders');
SELECT ok(NOT EXISTS (SELECT FROM explained WHERE line ~ 'Seq Scan on imported_order'),
    'and nothing else of the orders');
SELECT matches(pg_temp.explain('schedule_push_order(5000)'), 'imported_order_to_push',
    'what is to be pushed has its own small index');
-- Without the look of each foreign key at what refers to it.
SET LOCAL session_replication_role = replica;
DELETE FROM koppeling.imported_order WHERE pushed_id LIKE 'large%';
SET LOCAL session_replication_role = origin;
UPDATE koppeling.account SET watch_pace_at = now() - interval '1 hour';

-- Where orders are pushed to, and that they are watched then.
SELECT results_eq($$ INSERT INTO koppeling.account (name) VALUES ('Nieuw') RETURNING push_orders,
    push_environment::text $$,
    $$ VALUES (true, 'production') $$,
    'the orders of an account stand in its list, in production, unless it is said otherwise');
SELECT is(pg_temp.attempt('koppeling_backend', $$ UPDATE koppeling.account SET push_environment = 'staging' $$), 'ok',
    'the back end says where');
UPDATE koppeling.account SET push_orders = true;
EXECUTE schedule_push_order(100);
SELECT results_eq($$ SELECT DISTINCT a.environment::text
    FROM koppeling.job j JOIN koppeling.api a ON a.id = j.api_id $$,
    ARRAY['production'], 'pushed with the credentials of production');
UPDATE koppeling.account SET push_environment = 'staging' WHERE id = 1;
SELECT results_eq($$ SELECT DISTINCT a.environment::text
    FROM koppeling.job j JOIN koppeling.api a ON a.id = j.api_id $$,
    ARRAY['staging'], 'who changes the environment changes it for what is to be pushed already');
SELECT results_eq($$ SELECT context ->> 'environment' FROM koppeling.job_context
    WHERE kind = 'push_order' AND subject_id = 1 $$,
    ARRAY['staging'], 'and the job is told');
DELETE FROM koppeling.job;
UPDATE koppeling.account SET staging_client_id = NULL, staging_sealed_client_secret = NULL WHERE id = 1;
EXECUTE schedule_push_order(100);
SELECT is((SELECT count(*) FROM koppeling.job), 0::bigint, 'without credentials of that environment nothing is pushed');
UPDATE koppeling.account SET staging_client_id = 'client', staging_sealed_client_secret = '\x02' WHERE id = 1;
SELECT pg_temp.report('push_order', 1, '{"pushed_id": "s1", "content_hash": "00", "environment": "staging"}')
    AS rows \gset
UPDATE koppeling.imported_order SET content_hash = '\x00' WHERE id = 1;
EXECUTE write_pushed(:'rows');
SELECT is(((pg_temp.of(1)).pushed_environment, (pg_temp.of(1)).pushed_at, (pg_temp.of(1)).watch_at)::text,
    ('staging'::koppeling.environment, now(), now() + interval '5 minutes')::text,
    'where it stands is noted, and it is looked at soon');
DELETE FROM koppeling.job;
INSERT INTO koppeling.job (kind, integration_id, order_id) VALUES ('watch_order', 1, 1);
SELECT is((SELECT a.environment FROM koppeling.job j JOIN koppeling.api a ON a.id = j.api_id),
    'staging'::koppeling.environment, 'one by hand goes where the order stands');
UPDATE koppeling.account SET push_environment = 'production' WHERE id = 1;
EXECUTE schedule_push_order(100);
SELECT ok(EXISTS (SELECT FROM koppeling.job WHERE kind = 'push_order' AND order_id = 1),
    'an open order follows its account to the other environment');
SELECT results_eq($$ SELECT context -> 'pushed_id' FROM koppeling.job_context
    WHERE kind = 'push_order' AND subject_id = 1 $$,
    ARRAY['null'::jsonb], 'where what it was called in the first one means nothing');
UPDATE koppeling.imported_order SET pushed_environment = 'production', pushed_hash = content_hash WHERE id = 1;
SELECT is((SELECT a.environment FROM koppeling.job j JOIN koppeling.api a ON a.id = j.api_id
    WHERE j.kind = 'watch_order'),
    'production'::koppeling.environment, 'and a look that waits goes there with it');

-- Which are looked at.
DELETE FROM koppeling.job;
UPDATE koppeling.imported_order SET pushed_id = 'p' || id, pushed_hash = content_hash, pushed_at = now(),
    watch_at = now();
UPDATE koppeling.imported_order SET watch_at = now() + interval '1 minute' WHERE id = 2;
UPDATE koppeling.imported_order SET state = 'withdrawn', withdrawn_at = now(), withdrawn_reason = 'x' WHERE id = 3;
UPDATE koppeling.imported_order SET state = 'label_created' WHERE id IN (4, 5);
INSERT INTO koppeling.label (order_id, environment, external_id, panel_shipment_id)
VALUES (4, 'production', 'ours', NULL), (5, 'production', 'theirs', 'x5');
UPDATE koppeling.imported_order SET erased_at = now() WHERE id = 6;
EXECUTE schedule_watch_order(100);
EXECUTE schedule_watch_order(100);
SELECT is(pg_temp.looked_at(), '{1,5,7,8}'::bigint[],
    'what is due, for an account with credentials; with a label only when that was found in the panel');
SELECT ok((pg_temp.of(1)).watch_at BETWEEN now() + interval '270 seconds' AND now() + interval '330 seconds',
    'the next time is five minutes away, give or take a tenth');
SELECT is((pg_temp.of(3)).watch_at, now(), 'a withdrawn order is due when it comes back');
SELECT is((pg_temp.of(4)).watch_at, NULL, 'one that got its label elsewhere is not looked at any more');
SELECT is((pg_temp.of(6)).watch_at, NULL, 'nor one whose personal data was erased');
SELECT ok((pg_temp.of(9)).watch_at > now(), 'one of an account without credentials keeps its turns');
DELETE FROM koppeling.job;
UPDATE koppeling.integration SET state = 'paused' WHERE id = 1;
UPDATE koppeling.imported_order SET watch_at = now() WHERE id = 7;
EXECUTE schedule_watch_order(100);
SELECT is(pg_temp.looked_at(), '{}'::bigint[], 'a paused shop rests');
UPDATE koppeling.integration SET state = 'needs_attention', reason_code = 'x', reason = 'x', reason_en = 'x'
    WHERE id = 1;
UPDATE koppeling.imported_order SET watch_at = now() WHERE id = 7;
EXECUTE schedule_watch_order(100);
SELECT is(pg_temp.looked_at(), '{7}'::bigint[],
    'one that refuses its token does not: the label is known when it works again');
UPDATE koppeling.integration SET state = 'active', reason_code = NULL, reason = NULL, reason_en = NULL WHERE id = 1;
UPDATE koppeling.job SET state = 'failed', last_error_class = 'unreadable', last_error = 'x';
UPDATE koppeling.imported_order SET watch_at = now() WHERE id = 7;
EXECUTE schedule_watch_order(100);
SELECT is((SELECT state::text FROM koppeling.job), 'queued',
    'a look that failed for good is started over when the next is due');
SELECT is(koppeling.enqueue('watch_order', order_id => 7), (SELECT id FROM koppeling.job),
    'an order has one at a time');

-- What was seen.
UPDATE koppeling.imported_order SET state = 'open', watch_at = now() + interval '1 hour', erased_at = NULL,
    withdrawn_at = NULL, withdrawn_reason = NULL;
DELETE FROM koppeling.label;
SELECT pg_temp.seen(1, '[]') AS rows \gset
EXECUTE write_watched(:'rows');
SELECT is(((pg_temp.of(1)).state, (pg_temp.of(1)).watched_at, (pg_temp.of(1)).watch_at)::text,
    ('open'::koppeling.order_state, now(), now() + interval '1 hour')::text, 'nothing there, nothing done');
SELECT pg_temp.seen(1, '[]', '["a1"]', true) AS rows \gset
EXECUTE write_watched(:'rows');
SELECT is((pg_temp.of(1)).watch_at, now() + interval '5 minutes',
    'a shipment without labels: they are looked for soon');
SELECT is((pg_temp.of(1)).unlabelled_since, now(), 'since when is noted');
SELECT pg_temp.seen(1, pg_temp.one_label('a1', 'l1'), '["a1"]') AS rows \gset
EXECUTE write_watched(:'rows');
EXECUTE write_watched(:'rows');
SELECT results_eq($$ SELECT order_id, environment::text, waybill, panel_shipment_id, shipment_id, told_at
    FROM koppeling.label $$,
    $$ VALUES (1::bigint, 'production', '3Sl1', 'a1', NULL::bigint, NULL::timestamptz) $$,
    'a label is recorded once, without a shipment of ours, and the shop is to be told');
SELECT is(((pg_temp.of(1)).state, (pg_temp.of(1)).unlabelled_since, (pg_temp.of(1)).watch_at)::text,
    ('label_created'::koppeling.order_state, NULL::timestamptz, now() + interval '1 hour')::text,
    'the order has a label, and is looked at once more in an hour');
SELECT is(koppeling.record_label(1, 'production', 'l1', '3Sl1', NULL), (SELECT id FROM koppeling.label),
    'who records it as well gets the same row');
SELECT pg_temp.seen(1, pg_temp.one_label('a1', 'l2'), '["a1"]') AS rows \gset
EXECUTE write_watched(:'rows');
SELECT results_eq($$ SELECT external_id, cancelled_at IS NOT NULL, told_at IS NOT NULL
    FROM koppeling.label ORDER BY 1 $$,
    $$ VALUES ('l1', true, true), ('l2', false, false) $$,
    'one that is no longer there was cancelled; another is told of');
SELECT pg_temp.seen(1, pg_temp.one_label('a1', 'l2', true), '["a1"]') AS rows \gset
EXECUTE write_watched(:'rows');
SELECT results_eq($$ SELECT reason_code FROM koppeling.order_to_look_at WHERE order_id = 1 $$, ARRAY['label_cancelled'],
    'an order whose labels were cancelled is for a person to look at');
SELECT pg_temp.seen(2, pg_temp.one_label('b1', 'm1'), '[]') AS rows \gset
EXECUTE write_watched(:'rows');
SELECT pg_temp.seen(2, '[]', '[]') AS rows \gset
EXECUTE write_watched(:'rows');
SELECT is((SELECT cancelled_at FROM koppeling.label WHERE external_id = 'm1'), NULL,
    'what is missing from a list that was not understood has not disappeared');
INSERT INTO koppeling.label (order_id, environment, external_id) VALUES (2, 'production', 'own-4711');
SELECT pg_temp.seen(2, pg_temp.one_label('b1', 'm1'), '["b1"]') AS rows \gset
EXECUTE write_watched(:'rows');
SELECT is((SELECT cancelled_at FROM koppeling.label WHERE external_id = 'own-4711'), NULL,
    'a label that a back end recorded is not theirs to lose');
SELECT pg_temp.seen(3, pg_temp.one_label('c1', 'n1', true), '["c1"]') AS rows \gset
EXECUTE write_watched(:'rows');
SELECT is((pg_temp.of(3)).state, 'open'::koppeling.order_state,
    'a label that was cancelled before it was seen leaves the order open');
SELECT isnt((SELECT told_at FROM koppeling.label WHERE external_id = 'n1'), NULL, 'and the shop is not told');
SELECT pg_temp.seen(4, pg_temp.one_label('a1', 'l2'), '["a1"]') AS rows \gset
EXECUTE write_watched(:'rows');
SELECT is(((pg_temp.of(4)).state, (SELECT order_id FROM koppeling.label WHERE external_id = 'l2'))::text, '(open,1)',
    'a label of another order stays with that one');

-- Ours and theirs.
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id, state, external_id, sent_at)
VALUES (70, 5, 'production', 'x', 1, 'created', 'e5', now()), (71, 6, 'production', 'x', 1, 'sending', NULL, now());
SELECT pg_temp.seen(5, pg_temp.one_label('e5', 'o5'), '["e5"]') AS rows \gset
EXECUTE write_watched(:'rows');
SELECT is((SELECT shipment_id FROM koppeling.label WHERE external_id = 'o5'), 70::bigint,
    'a label of our own shipment is of that');
SELECT pg_temp.seen(6, pg_temp.one_label('e6', 'o6'), '["e6"]') AS rows \gset
EXECUTE write_watched(:'rows');
SELECT pg_temp.report('create_shipment', 6, jsonb_build_object('external_id', 'e6', 'complete', true,
    'labels', pg_temp.one_label('e6', 'o6')), 71) AS rows \gset
EXECUTE write_shipment(:'rows');
SELECT results_eq($$ SELECT shipment_id, panel_shipment_id FROM koppeling.label WHERE external_id = 'o6' $$,
    $$ VALUES (71::bigint, 'e6') $$,
    'seen in the panel first, or by whoever booked it: it is one row, which knows both');

-- Removed by hand.
SELECT pg_temp.report('watch_order', 7, '{"pushed_id": "p7", "removed": true, "labels": [], "shipments": []}')
    AS rows \gset
EXECUTE write_watched(:'rows');
SELECT is(((pg_temp.of(7)).pushed_removed_at, (pg_temp.of(7)).watch_at)::text, (now(), NULL::timestamptz)::text,
    'an order that somebody removed there is not looked at any more');
SELECT results_eq($$ SELECT reason_code, since FROM koppeling.order_to_look_at WHERE order_id = 7 $$,
    $$ VALUES ('removed_from_panel', now()) $$, 'and people are told');
SELECT is((SELECT reason_en || what_to_do_nl IS NOT NULL FROM koppeling.order_to_look_at WHERE order_id = 7), true,
    'in words');
DELETE FROM koppeling.job;
EXECUTE schedule_push_order(100);
SELECT is((SELECT count(*) FROM koppeling.job WHERE order_id = 7), 0::bigint, 'it is not pushed again by itself');
UPDATE koppeling.imported_order SET content_hash = '\x77' WHERE id = 7;
EXECUTE schedule_push_order(100);
SELECT is((SELECT count(*) FROM koppeling.job WHERE order_id = 7), 1::bigint, 'but when it changes');
SELECT pg_temp.report('push_order', 7, '{"pushed_id": "q7", "content_hash": "77", "environment": "production"}')
    AS rows \gset
EXECUTE write_pushed(:'rows');
SELECT is(((pg_temp.of(7)).pushed_removed_at, (pg_temp.of(7)).watch_at)::text,
    (NULL::timestamptz, now() + interval '5 minutes')::text, 'and then all begins anew');
SELECT pg_temp.report('watch_order', 7, '{"pushed_id": "p7", "removed": true, "labels": [], "shipments": []}')
    AS rows \gset
EXECUTE write_watched(:'rows');
SELECT is((pg_temp.of(7)).pushed_removed_at, NULL, 'what was said of the one before says nothing');
SELECT replace(pg_temp.report('watch_order', 8, '{"pushed_id": "p8", "removed": true}')::text, '"token": 7',
    '"token": 8') AS rows \gset
EXECUTE write_watched(:'rows');
SELECT is((pg_temp.of(8)).pushed_removed_at, NULL, 'nor does who has lost the job');

-- A clock that was a day ahead.
UPDATE koppeling.imported_order SET pushed_at = now() - interval '1 hour', watch_at = now() + interval '1 day'
    WHERE id = 8;
UPDATE koppeling.account SET watch_pace_at = now() + interval '1 day' WHERE id = 1;
UPDATE koppeling.worker SET seen_at = now() + interval '1 day', lease_until = now() + interval '1 day';
SELECT koppeling.mend_times();
SELECT ok((pg_temp.of(8)).watch_at <= now() + interval '1 hour', 'an order is not looked at a day late');
SELECT is((SELECT watch_pace_at FROM koppeling.account WHERE id = 1), now(), 'nor do those of an account wait for it');

SELECT finish();
ROLLBACK;
