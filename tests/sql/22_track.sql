-- Where parcels are: which labels are tracked, when, how often, and what is made of what is told.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `cat sql/queries/schedule_track_label.sql`
PREPARE schedule_track_label AS :text
\set text `cat sql/queries/write_tracked.sql`
PREPARE write_tracked AS :text

CREATE FUNCTION pg_temp.asked() RETURNS bigint[] LANGUAGE sql AS
    'SELECT coalesce(array_agg(order_id ORDER BY order_id), ''{}'') FROM koppeling.job WHERE kind = ''track_label''';
-- What a job of an order that ends under token 7 has to say.
CREATE FUNCTION pg_temp.told(of_order bigint, label text, state text, said jsonb DEFAULT '{}') RETURNS json
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM koppeling.job;
    INSERT INTO koppeling.job (
        id, kind, integration_id, order_id, state, attempt, worker_id, lease_token, lease_until, started_at)
    SELECT 1, 'track_label', o.integration_id, o.id, 'running', 1, w.id, 7, w.lease_until, now()
    FROM koppeling.worker w, koppeling.imported_order o WHERE o.id = of_order;
    RETURN json_build_array(jsonb_build_object(
        'job', 1, 'token', 7, 'label', label, 'known', true, 'state', state, 'words', NULL, 'at', NULL) || said);
END
$$;
CREATE FUNCTION pg_temp.label(named text) RETURNS koppeling.label LANGUAGE sql AS
    'SELECT l FROM koppeling.label l WHERE l.external_id = named';
CREATE FUNCTION pg_temp.concerns() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(order_id || ' ' || reason_code, ', ' ORDER BY order_id, reason_code COLLATE "C")
    FROM koppeling.order_to_look_at $$;

CREATE FUNCTION pg_temp.known(named text) RETURNS text LANGUAGE sql AS
    'SELECT (l.tracking_state, l.tracking_at, l.track_at)::text FROM koppeling.label l WHERE l.external_id = named';

-- The rules.
SELECT results_eq($$
    SELECT koppeling.track_every(age)
    FROM unnest('{-1 hour, 0, 47 hours, 2 days, 6 days, 14 days, 59 days, 60 days, 2 years}'::interval[]) AS age $$, $$
    SELECT unnest('{6 hours, 6 hours, 6 hours, 12 hours, 1 day, 4 days, 4 days, NULL, NULL}'::interval[]) $$,
    'a parcel is asked for ever more rarely, and not at all after 60 days');
SELECT ok(bool_and(r.every > r.before), 'each rule asks more rarely than the one before')
FROM (SELECT t.every, lag(t.every, 1, '0') OVER (ORDER BY t.age_from) AS before FROM koppeling.track_rule t
      WHERE t.every IS NOT NULL) r;
SELECT is(pg_temp.attempt('koppeling_dba', $$ UPDATE koppeling.track_rule SET every = '2 days' $$), 'ok',
    'a DBA changes them by UPDATE');
SELECT is(pg_temp.attempt('koppeling_dba', $$ DELETE FROM koppeling.track_rule $$), '42501', 'but takes none away');
SELECT is_empty($$ SELECT code FROM koppeling.tracking_state WHERE nl ~ '\.$' OR en ~ '\.$' OR nl = en $$,
    'each state has words in both languages');

-- What is tracked.
SELECT koppeling.record_label(1, 'production', 'a1', NULL, NULL);
SELECT is((pg_temp.label('a1')).track_at, NULL, 'by default nothing is tracked');
SELECT is(pg_temp.attempt('koppeling_backend', $$ UPDATE koppeling.account SET track_labels = true $$), 'ok',
    'the back end switches it on');
SELECT koppeling.record_label(1, 'staging', 's1', NULL, NULL);
SELECT koppeling.record_label(of_order, 'production', id, NULL, NULL)
FROM (VALUES (2, 'old'), (2, 'end'), (2, 'gone'), (2, 'not an id'), (3, 'erased'), (9, 'their')) AS made (of_order, id);
SELECT koppeling.record_label_cancelled('production', 'gone'), koppeling.erase_order(3);
UPDATE koppeling.label SET created_at = now() - interval '60 days' WHERE external_id = 'old';
UPDATE koppeling.label SET tracking_state = 'delivered', tracking_at = now(), tracking_seen_at = now()
WHERE external_id = 'end';
UPDATE koppeling.account SET track_labels = true WHERE id = 1;
SELECT results_eq($$ SELECT external_id FROM koppeling.label WHERE track_at IS NOT NULL $$, ARRAY['a1'],
    'once it is on, labels of the account are that can be asked for, are young, in use, and still under way');
SELECT ok((pg_temp.label('a1')).track_at BETWEEN now() AND now() + interval '6 hours',
    'some time within the first turn');
SELECT koppeling.record_label(of_order, environment, id, NULL, NULL)
FROM (VALUES (4, 'production'::koppeling.environment, 'b1'), (4, 'staging', 'b2'), (4, 'production', 'no id'),
             (9, 'production', 'their2')) AS made (of_order, environment, id);
SELECT results_eq($$ SELECT external_id, track_at FROM koppeling.label
    WHERE track_at IS NOT NULL AND external_id <> 'a1' $$,
    $$ VALUES ('b1', now() + interval '6 hours') $$, 'so is one that is made from then on, but not on staging');
SELECT koppeling.record_label_cancelled('production', 'b1');
SELECT is((pg_temp.label('b1')).track_at, NULL, 'and not once it is cancelled');
UPDATE koppeling.account SET track_labels = false WHERE id = 1;
SELECT is_empty($$ SELECT FROM koppeling.label WHERE track_at IS NOT NULL $$, 'nothing is when it is switched off');
UPDATE koppeling.account SET track_labels = true WHERE id = 1;
UPDATE koppeling.label SET track_at = now() WHERE external_id = 'a1';
SELECT koppeling.erase_order(1);
SELECT is((pg_temp.label('a1')).track_at, NULL, 'nor of an order whose personal data was erased');
DELETE FROM koppeling.label;
UPDATE koppeling.imported_order SET erased_at = NULL, state = 'open';

-- When they are asked for.
SELECT koppeling.record_label(n, 'production', 'l' || n || x, NULL, NULL)
FROM generate_series(1, 8) AS n, unnest('{a, b}'::text[]) AS x WHERE x = 'a' OR n = 1;
DELETE FROM koppeling.job;
UPDATE koppeling.label SET track_at = now() WHERE external_id <> 'l1b';
UPDATE koppeling.label SET track_at = now() + interval '1 minute' WHERE external_id = 'l2a';
UPDATE koppeling.label SET created_at = now() - interval '60 days' WHERE external_id = 'l3a';
UPDATE koppeling.label SET created_at = now() - interval '10 days' WHERE external_id = 'l4a';
UPDATE koppeling.imported_order SET integration_id = 2 WHERE id = 5;
UPDATE koppeling.integration SET state = 'paused' WHERE id = 2;
UPDATE koppeling.imported_order SET integration_id = 3 WHERE id = 6;
UPDATE koppeling.imported_order SET erased_at = now() WHERE id = 7;
EXECUTE schedule_track_label(100);
EXECUTE schedule_track_label(100);
SELECT is(pg_temp.asked(), '{1,4,8}'::bigint[], 'what is due has one job for each order');
SELECT ok(track_at BETWEEN now() + interval '324 minutes' AND now() + interval '396 minutes',
    external_id || ': the next time is six hours away, give or take a tenth, for all labels of the order')
FROM koppeling.label WHERE order_id = 1;
SELECT ok((pg_temp.label('l4a')).track_at BETWEEN now() + interval '21 hours' AND now() + interval '27 hours',
    'or a day for an older one');
SELECT is((pg_temp.label('l3a')).track_at, NULL, 'after 60 days it is over');
SELECT ok((pg_temp.label('l5a')).track_at > now(), 'what waits for a paused shop keeps its turns');
SELECT is((pg_temp.label('l6a')).track_at, NULL, 'what went to a shop of an account that does not want it has none');
SELECT is((pg_temp.label('l7a')).track_at, NULL, 'nor has an order that was erased');
SELECT results_eq($$ SELECT run_at - now() FROM koppeling.job ORDER BY order_id $$,
    $$ SELECT interval '1 second' / rate_per_second::float8 * n FROM koppeling.api, unnest('{0, 2, 3}'::integer[]) AS n
       WHERE name = 'boekuwzending' AND environment = 'production' $$,
    'those of an account follow each other at the pace of the API, label by label');
SELECT is((SELECT track_pace_at - now() FROM koppeling.account WHERE id = 1),
    (SELECT interval '1 second' / rate_per_second::float8 * 4 FROM koppeling.api
     WHERE name = 'boekuwzending' AND environment = 'production'), 'and so do those of the next tick');
SELECT is((SELECT DISTINCT a.name || ' ' || a.environment FROM koppeling.job j JOIN koppeling.api a ON a.id = j.api_id),
    'boekuwzending production', 'with the credentials of production');
SELECT is((SELECT context FROM koppeling.job_context WHERE kind = 'track_label' AND subject_id = 1),
    '{"labels": [{"id": "l1a", "state": null}, {"id": "l1b", "state": null}], "unwanted": null,
      "environment": "production"}'::jsonb, 'a job is told the labels and what is known of them');
UPDATE koppeling.job SET state = 'failed', last_error_class = 'unreadable', last_error = 'x' WHERE order_id = 8;
UPDATE koppeling.label SET track_at = now() WHERE external_id = 'l8a';
EXECUTE schedule_track_label(100);
SELECT is((SELECT state::text FROM koppeling.job WHERE order_id = 8), 'queued',
    'one that failed for good is started over when the next is due');
SELECT is(koppeling.enqueue('track_label', order_id => 8), (SELECT id FROM koppeling.job WHERE order_id = 8),
    'an order has one at a time');
SELECT matches(pg_temp.complaint($$ SELECT koppeling.enqueue('track_label', 1) $$), 'needs order_id',
    'and it needs one');
DELETE FROM koppeling.job;
UPDATE koppeling.account SET client_id = NULL, sealed_client_secret = NULL WHERE id = 1;
UPDATE koppeling.label SET track_at = now() WHERE external_id = 'l8a';
EXECUTE schedule_track_label(100);
SELECT is(pg_temp.asked(), '{}'::bigint[], 'without credentials nobody is asked');
UPDATE koppeling.account SET client_id = 'client', sealed_client_secret = '\x01' WHERE id = 1;
SELECT is((SELECT context ->> 'unwanted' FROM koppeling.job_context WHERE kind = 'track_label' AND subject_id = 6),
    'its account does not want it', 'a job that is unwanted by now is told why');

-- What is made of the answers.
DELETE FROM koppeling.label;
UPDATE koppeling.imported_order SET integration_id = 1, erased_at = NULL, state = 'open';
UPDATE koppeling.integration SET state = 'active' WHERE id = 2;
SELECT koppeling.record_label(n, 'production', 'p' || n, '3S' || n, NULL) FROM generate_series(1, 8) AS n;
SELECT pg_temp.told(1, 'p1', 'in_transit', '{"words": "Onderweg", "at": "2026-01-05 14:10:00 Europe/Amsterdam"}')
    AS rows \gset
EXECUTE write_tracked(:'rows');
EXECUTE write_tracked(:'rows');
SELECT results_eq($$ SELECT tracking_state, tracking_text, tracking_at, tracking_seen_at, tracked_at, track_at
    FROM koppeling.label WHERE external_id = 'p1' $$,
    $$ VALUES ('in_transit', 'Onderweg', '2026-01-05T13:10:00Z'::timestamptz, now(), now(),
              now() + interval '6 hours') $$,
    'where it is, since when, and when that was noticed; and it is asked for again');
UPDATE koppeling.label SET tracking_seen_at = '2026-01-05T15:00:00Z' WHERE external_id = 'p1';
SELECT pg_temp.told(1, 'p1', NULL) AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT is((pg_temp.label('p1')).tracking_text, 'Onderweg', 'nothing told changes nothing');
SELECT pg_temp.told(1, 'p1', 'in_transit', '{"words": "In het sorteercentrum"}') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT results_eq($$ SELECT tracking_text, tracking_at, tracking_seen_at FROM koppeling.label
    WHERE external_id = 'p1' $$,
    $$ VALUES ('In het sorteercentrum', '2026-01-05T13:10:00Z'::timestamptz, '2026-01-05T15:00:00Z'::timestamptz) $$,
    'other words of the same state are no other state');
SELECT pg_temp.told(1, 'p1', 'op_de_maan', '{"at": "2999-01-05 14:10:00+00:00"}') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT is(pg_temp.known('p1'), ('op_de_maan'::text, now(), now() + interval '6 hours')::text,
    'a state that is not known is kept and tracked on; nothing was in the future');
SELECT pg_temp.told(1, 'p1', NULL, '{"known": false}') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT is((pg_temp.label('p1')).track_at, now() + interval '12 hours',
    'what they do not know is asked for half as often');
SELECT is((pg_temp.label('p1')).tracking_state, 'op_de_maan', 'and what was known stays');
SELECT pg_temp.told(1, 'p1', 'delivered') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT is(pg_temp.known('p1'), ('delivered'::text, now(), NULL::timestamptz)::text,
    'what was delivered is tracked no more');
SELECT is(pg_temp.concerns(), NULL, 'and nobody has to look at it');

-- Who must look.
SELECT pg_temp.told(2, 'p2', 'missing', '{"words": "Zoek geraakt"}') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT pg_temp.told(3, 'p3', 'rejected') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT pg_temp.told(4, 'p4', 'return_delivered') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT pg_temp.told(5, 'p5', 'canceled') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT is(pg_temp.concerns(), '2 parcel_missing, 3 parcel_rejected, 4 parcel_returned, 5 label_cancelled',
    'a person must look at what was lost, refused, returned or cancelled');
SELECT results_eq($$ SELECT detail, since, reason_en <> '', what_to_do_nl <> '' FROM koppeling.order_to_look_at
    WHERE order_id = 2 $$, $$ VALUES ('3S2: Zoek geraakt', now(), true, true) $$, 'with the parcel and in words');
SELECT results_eq($$ SELECT external_id FROM koppeling.label WHERE track_at IS NOT NULL ORDER BY 1 $$,
    ARRAY['p2', 'p3', 'p6', 'p7', 'p8'], 'what may still arrive is tracked on');
SELECT is(((pg_temp.label('p5')).cancelled_at, (pg_temp.label('p5')).told_at)::text, (now(), now())::text,
    'a cancelled label is as when the back end says so');
SELECT is(koppeling.order_was_looked_at(4), 1::bigint, 'a person has looked');
SELECT pg_temp.told(2, 'p2', 'in_transit') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT is(pg_temp.concerns(), '3 parcel_rejected, 5 label_cancelled', 'what was found again needs nobody');
UPDATE koppeling.label SET tracking_seen_at = now() - interval '1 hour' WHERE external_id = 'p3';
SELECT koppeling.record_label(3, 'production', 'p3-again', NULL, NULL);
SELECT is(pg_temp.concerns(), '5 label_cancelled', 'nor does an order for which another label was made since');
SELECT koppeling.record_label(6, 'production', 'p6b', NULL, NULL);
SELECT pg_temp.told(6, 'p6', 'missing') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT pg_temp.told(6, 'p6b', 'missing') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT is(pg_temp.concerns(), '5 label_cancelled, 6 parcel_missing', 'two lost parcels of an order are one row');
SELECT is(koppeling.order_was_looked_at(6, 'parcel_missing'), 1::bigint, 'which can be looked at');
UPDATE koppeling.order_look SET looked_at = now() - interval '1 minute';
SELECT pg_temp.told(6, 'p6b', 'return_in_transit') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT matches(pg_temp.concerns(), '6 parcel_returned', 'what happens after that is shown');
SELECT is(pg_temp.attempt('koppeling_dba', $$ INSERT INTO koppeling.tracking_state (code, nl, en, reason_code)
    VALUES ('op_de_maan', 'op de maan', 'on the moon', 'parcel_missing') $$), 'ok', 'a DBA adds what a state means');
SELECT pg_temp.told(7, 'p7', 'missing') AS rows \gset
UPDATE koppeling.imported_order SET erased_at = now() WHERE id = 7;
EXECUTE write_tracked(:'rows');
SELECT is((pg_temp.label('p7')).tracking_state, NULL, 'nothing is learnt of an order that was erased meanwhile');
SELECT replace(pg_temp.told(8, 'p8', 'missing')::text, '"token": 7', '"token": 8') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT is((pg_temp.label('p8')).tracking_state, NULL, 'nor from who has lost the job');
SELECT pg_temp.told(8, 'p6', 'delivered') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT is((pg_temp.label('p6')).tracking_state, 'missing', 'nor of a label of another order');
UPDATE koppeling.account SET track_labels = false WHERE id = 1;
SELECT pg_temp.told(8, 'p8', NULL, '{"known": false}') AS rows \gset
EXECUTE write_tracked(:'rows');
SELECT is((pg_temp.label('p8')).track_at, NULL, 'an answer that comes late does not switch it on again');
SELECT koppeling.erase_order(2);
SELECT is(((pg_temp.label('p2')).tracking_text, (pg_temp.label('p2')).tracking_state)::text,
    (NULL::text, 'in_transit'::text)::text, 'words that may name somebody are erased with the order, the state is not');

-- A clock that was a week ahead.
UPDATE koppeling.account SET track_labels = true, track_pace_at = now() + interval '7 days' WHERE id = 1;
UPDATE koppeling.label SET track_at = now() + interval '7 days' WHERE external_id = 'p8';
UPDATE koppeling.worker SET seen_at = now() + interval '7 days', lease_until = now() + interval '7 days';
SELECT koppeling.mend_times();
SELECT ok((pg_temp.label('p8')).track_at <= now() + interval '6 hours', 'nobody waits a week for an answer');
SELECT is((SELECT track_pace_at FROM koppeling.account WHERE id = 1), now(), 'nor do the parcels of an account for it');

-- What it costs: 100,000 labels that were made evenly over the last 60 days, of parcels that never arrive.
SELECT cmp_ok((
    SELECT sum(extract(epoch FROM r.until - r.age_from) / extract(epoch FROM r.every)) * 100000
           / extract(epoch FROM interval '60 days')
    FROM (SELECT t.age_from, t.every, lead(t.age_from) OVER (ORDER BY t.age_from) AS until
          FROM koppeling.track_rule t) r
    WHERE r.every IS NOT NULL), '<', 1.0, 'by the rules as shipped that is less than a request a second');
DELETE FROM koppeling.job;
INSERT INTO koppeling.label (order_id, environment, external_id, created_at)
SELECT 1 + n % 8, 'production', 'many' || n, now() - n * interval '51 seconds' FROM generate_series(1, 100000) AS n;
ANALYZE koppeling.label;
-- As the scheduler, who prepares nothing.
SET LOCAL plan_cache_mode = force_custom_plan;
CREATE TEMP TABLE explained (line text, place serial);
CREATE FUNCTION pg_temp.explain(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    DELETE FROM explained;
    FOR found IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        INSERT INTO explained (line) VALUES (found);
    END LOOP;
    RETURN (SELECT string_agg(line, E'\n' ORDER BY place) FROM explained);
END
$$;
SELECT matches(pg_temp.explain('EXECUTE schedule_track_label(5000)'),
    'Limit\n +->  LockRows\n +->  Index Scan using label_track on label l\n +Index Cond: \(track_at <= now\(\)\)',
    'what is due is read from the head of its index, at 100,000 labels');
SELECT matches(pg_temp.explain('SELECT * FROM koppeling.order_concern'), 'label_tracking_reason',
    'parcels in trouble have their own small index');
SELECT ok(NOT EXISTS (SELECT FROM explained WHERE line ~ 'Seq Scan on label'), 'and no other label is looked at');

SELECT finish();
ROLLBACK;
