-- What a poll leaves behind: orders that are missing, orders that vanished at once, the ends of lists, and words.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `cat sql/queries/write_polled.sql`
PREPARE write_polled AS :text
\set text `cat sql/queries/schedule_confirm_order.sql`
PREPARE schedule_confirm_order AS :text

-- A poll of shop 1 that ended under token 7 and did not see these orders.
CREATE FUNCTION pg_temp.poll(gone bigint[], ends jsonb DEFAULT NULL, written integer DEFAULT 0) RETURNS json
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM koppeling.job WHERE kind = 'poll';
    INSERT INTO koppeling.job (
        id, kind, integration_id, state, attempt, worker_id, lease_token, lease_until, started_at)
    SELECT 1, 'poll', 1, 'running', 1, w.id, 7, w.lease_until, now() FROM koppeling.worker w;
    -- Time has passed since the poll before.
    UPDATE koppeling.imported_order
    SET missing_since = missing_since - interval '3 minutes', imported_at = '2026-01-01';
    UPDATE koppeling.integration SET vanished_at = vanished_at - interval '3 minutes';
    RETURN json_build_array(json_build_object(
        'job', 1, 'token', 7, 'seen', 0, 'skipped', 0, 'written', written, 'reread', NULL, 'ends', ends,
        'missing', (SELECT coalesce(string_agg(encode(int8send(n), 'hex'), ''), '') FROM unnest(gone) AS n)));
END
$$;
CREATE FUNCTION pg_temp.missing() RETURNS bigint[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') FROM koppeling.imported_order o
    WHERE o.missing_since IS NOT NULL $$;
-- Which are looked up at the next tick.
CREATE FUNCTION pg_temp.looked_up() RETURNS bigint[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(j.order_id ORDER BY j.order_id), '{}') FROM koppeling.job j
    WHERE j.kind = 'confirm_order' $$;
CREATE FUNCTION pg_temp.shop() RETURNS koppeling.integration LANGUAGE sql AS
    'SELECT i FROM koppeling.integration i WHERE i.id = 1';

-- A few are missing.
SELECT pg_temp.poll('{1,2,3,4,5}') AS rows \gset
EXECUTE write_polled(:'rows');
EXECUTE schedule_confirm_order(100);
SELECT is(pg_temp.looked_up(), '{1,2,3,4,5}'::bigint[], 'a part of the orders that is missing is looked up at once');
SELECT is((pg_temp.shop()).poll_warning, NULL, 'and nothing is said');
SELECT is((pg_temp.shop()).polls, 1::bigint, 'the poll is counted');
DELETE FROM koppeling.job;
UPDATE koppeling.imported_order SET missing_since = NULL;

-- Most are gone at once.
SELECT pg_temp.poll('{1,2,3,4,5,6}') AS rows \gset
EXECUTE write_polled(:'rows');
EXECUTE schedule_confirm_order(100);
SELECT is(pg_temp.missing(), '{1,2,3,4,5,6}'::bigint[], 'six of eight that vanish are noted');
SELECT is(pg_temp.looked_up(), '{}'::bigint[], 'but not looked up');
SELECT is((pg_temp.shop()).vanished_at, now(), 'since a second poll must agree');
SELECT matches((pg_temp.shop()).warning, '^6 van de 8 open', 'the merchant is told');
SELECT matches(condition, '^6 of the 8 open orders were no longer in the list', 'so is support')
FROM koppeling.integration_status WHERE id = 1;
SELECT pg_temp.poll('{1,2,3,4}') AS rows \gset
EXECUTE write_polled(:'rows');
EXECUTE schedule_confirm_order(100);
SELECT is(pg_temp.missing(), '{1,2,3,4}'::bigint[], 'one that the second poll finds again is not missing');
SELECT is(pg_temp.looked_up(), '{1,2,3,4}'::bigint[], 'those of which it agrees are looked up');
SELECT is((pg_temp.shop()).warning, NULL, 'and nothing is left to say');
SELECT is(condition, 'in order', 'all is well') FROM koppeling.integration_status WHERE id = 1;

-- An empty list that was a mistake.
DELETE FROM koppeling.job;
UPDATE koppeling.imported_order SET missing_since = NULL;
SELECT pg_temp.poll('{1,2,3,4,5,6,7,8}') AS rows \gset
EXECUTE write_polled(:'rows');
SELECT pg_temp.poll('{}') AS rows \gset
EXECUTE write_polled(:'rows');
EXECUTE schedule_confirm_order(100);
SELECT is(pg_temp.missing(), '{}'::bigint[], 'orders that are back the next time were never missing');
SELECT is(pg_temp.looked_up(), '{}'::bigint[], 'nobody asks for them');
SELECT is((pg_temp.shop()).vanished_at, NULL, 'the doubt is over');

-- The rest vanishes while the first ones are waiting.
SELECT pg_temp.poll('{1,2,3}') AS rows \gset
EXECUTE write_polled(:'rows');
SELECT pg_temp.poll('{1,2,3,4,5,6,7,8}') AS rows \gset
EXECUTE write_polled(:'rows');
EXECUTE schedule_confirm_order(100);
SELECT is(pg_temp.looked_up(), '{1,2,3}'::bigint[], 'those that were missing before do not wait for the others');
SELECT matches((pg_temp.shop()).warning, '^5 van de 5 open',
    'those that were missing are not among the ones that were here');
DELETE FROM koppeling.job;
UPDATE koppeling.imported_order SET missing_since = NULL;
UPDATE koppeling.integration SET vanished_at = NULL, poll_warning = NULL, poll_warning_en = NULL;

-- Orders that the poll itself brought do not make those that vanished fewer.
UPDATE koppeling.imported_order SET integration_id = 1 WHERE id = 9;
SELECT pg_temp.poll('{1,2,3,4,5}', written => 4) AS rows \gset
UPDATE koppeling.imported_order SET imported_at = now() WHERE id IN (6, 7, 8, 9);
EXECUTE write_polled(:'rows');
SELECT is((pg_temp.shop()).vanished_at, now(), 'new orders do not hide that all others are gone');
UPDATE koppeling.integration SET vanished_at = NULL, poll_warning = NULL, poll_warning_en = NULL;
UPDATE koppeling.imported_order SET missing_since = NULL;

-- Ends of lists.
SELECT pg_temp.poll('{}', '{"1": {"sum": 5, "listed": 2, "count": 2, "repeats": false}}') AS rows \gset
EXECUTE write_polled(:'rows');
SELECT is((pg_temp.shop()).list_ends -> '1' ->> 'sum', '5', 'what was proven is kept');
SELECT is((pg_temp.shop()).list_ends_at, NULL, 'but not all lists were proven');
SELECT is(context -> 'ends', 'null', 'so the next poll is not told')
FROM koppeling.job_context WHERE kind = 'poll' AND subject_id = 1;
SELECT pg_temp.poll('{}', '{"3": {"sum": -9223372036854775808, "listed": 4, "count": null, "repeats": false},
                            "1": {"sum": 6, "listed": 3, "count": 3, "repeats": false}}') AS rows \gset
EXECUTE write_polled(:'rows');
SELECT is(context -> 'ends', (pg_temp.shop()).list_ends, 'the ends of all lists are told to the next poll')
FROM koppeling.job_context WHERE kind = 'poll' AND subject_id = 1;
SELECT is((pg_temp.shop()).list_ends -> '3' ->> 'sum', '-9223372036854775808', 'any sum can be kept');
SELECT is((pg_temp.shop()).warning, NULL, 'lists that are whole, or were not counted, are not talked about');
UPDATE koppeling.integration SET list_ends_at = now() - interval '1 hour';
SELECT is(context -> 'ends', 'null', 'for an hour')
FROM koppeling.job_context WHERE kind = 'poll' AND subject_id = 1;

-- Lists that are short.
SELECT pg_temp.poll('{}', '{"3": {"sum": 1, "listed": 149, "count": 150, "repeats": false}}') AS rows \gset
EXECUTE write_polled(:'rows');
SELECT matches((pg_temp.shop()).warning, '^Uw winkel telt 153 open bestellingen, maar geeft er maar 152 door\.',
    'a list that is shorter than its count is said');
SELECT matches((pg_temp.shop()).warning_en, 'counts 153 open orders, but lists only 152 of them', 'in English too');
SELECT is(condition, (pg_temp.shop()).poll_warning_en, 'and where support looks')
FROM koppeling.integration_status WHERE id = 1;
SELECT pg_temp.poll('{}') AS rows \gset
EXECUTE write_polled(:'rows');
SELECT matches((pg_temp.shop()).warning_en, 'counts 153', 'it stays said while nothing new is known');
UPDATE koppeling.integration SET verify_warning = 'Eerst dit.', verify_warning_en = 'This first.' WHERE id = 1;
SELECT matches((pg_temp.shop()).warning_en, '^This first\. Your shop counts',
    'beside what the verification found');
SELECT pg_temp.poll('{}', '{"3": {"sum": null, "listed": 100, "count": null, "repeats": true}}') AS rows \gset
EXECUTE write_polled(:'rows');
SELECT matches((pg_temp.shop()).warning_en, '^This first\. Your shop lists the same 100 orders',
    'a list without end is said');
SELECT pg_temp.poll('{}', '{"1": {"sum": 1, "listed": 1, "count": 1, "repeats": false},
                            "3": {"sum": 1, "listed": 1, "count": 1, "repeats": false}}') AS rows \gset
EXECUTE write_polled(:'rows');
SELECT is((pg_temp.shop()).warning_en, 'This first.', 'and no longer when it is whole');

-- Whoever lost the job writes nothing.
SELECT pg_temp.poll('{1,2,3,4,5}', '{"1": {"sum": 8}}') AS rows \gset
UPDATE koppeling.job SET lease_token = 8 WHERE kind = 'poll';
EXECUTE write_polled(:'rows');
SELECT is(pg_temp.missing(), '{}'::bigint[], 'a late result notes nothing');
SELECT is((pg_temp.shop()).list_ends -> '1' ->> 'sum', '1', 'and proves nothing');

-- Each order that is gone is looked up by its hash or its key, and words are made once, whatever the statistics say.
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL enable_seqscan = off;
DISCARD PLANS;
CREATE TEMP TABLE explained (line text, place serial);
DO $$ DECLARE found text; BEGIN
    FOR found IN EXPLAIN (COSTS OFF) EXECUTE write_polled('[]') LOOP
        INSERT INTO explained (line) VALUES (found);
    END LOOP;
END $$;
SELECT matches(string_agg(line, E'\n' ORDER BY place),
    'imported_order_live on imported_order [^\n]+\n +Index Cond: \(\(integration_id = u.integration_id\) AND '
    '\(payload_hash = u.payload_hash\)\)', 'what is gone is found by its hash') FROM explained;
SELECT is_empty($$ SELECT line FROM explained WHERE line ~ '(Seq|Heap) Scan on imported_order' $$,
    'and no statement walks all orders');
SELECT is((SELECT count(*) FROM explained WHERE line ~ 'CTE warned'), 1::bigint, 'words are made once a shop');

-- Where more than a page is too old, the list begins at a date, but for one walk a day.
CREATE FUNCTION pg_temp.context() RETURNS jsonb LANGUAGE sql AS $$
    SELECT to_jsonb(c.context) FROM koppeling.job_context c WHERE c.kind = 'poll' AND c.subject_id = 1 $$;
DELETE FROM koppeling.skipped_order;
UPDATE koppeling.imported_order SET ordered_at = '2026-10-20 23:30+00' WHERE integration_id = 1;
UPDATE koppeling.integration SET import_since = '2026-10-20' WHERE id = 1;
INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason, payload_hash)
SELECT 1, 'old-' || n, 'too_old', 'x', 5000 + n FROM generate_series(1, 99) AS n
UNION ALL SELECT 1, 'credit', 'credit_order', 'x', 4711;
SELECT pg_temp.poll('{}') AS rows \gset
EXECUTE write_polled(:'rows');
SELECT is((pg_temp.shop()).listed_whole_at, now(), 'a walk that left nothing out is noted');
SELECT is(pg_temp.context() ->> 'start_date', NULL, 'less than a page of old orders is read each time');
SELECT is(length(pg_temp.context() ->> 'skipped'), 16 * 100, 'and known by hash');
INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason)
VALUES (1, 'more', 'too_old', 'x');
SELECT is(pg_temp.context() ->> 'start_date', '2026-10-19', 'a page of them is left out, with a day to spare');
SELECT is(pg_temp.context() ->> 'skipped', '0000000000001267', 'then their hashes are not needed');
SELECT ok(pg_temp.context() -> 'ends' <> 'null', 'and where the list ends is known');
UPDATE koppeling.integration SET listed_whole_at = now() - interval '25 hours' WHERE id = 1;
SELECT is(pg_temp.poll('{}') -> 0 ->> 'start_date', NULL, 'a worker that knows of no date names none');
SELECT replace(pg_temp.poll('{}')::text, '"seen"', '"start_date" : "2026-10-19", "seen"') AS rows \gset
EXECUTE write_polled(:'rows');
SELECT is((pg_temp.shop()).listed_whole_at, now() - interval '25 hours', 'a walk from a date is no whole one');
SELECT is(pg_temp.context() ->> 'start_date', NULL, 'after a day the whole list is walked again');
SELECT is(pg_temp.context() ->> 'ends', NULL, 'to an end that is proven anew');
SELECT is(length(pg_temp.context() ->> 'skipped'), 16 * 100, 'with all hashes');
UPDATE koppeling.integration SET listed_whole_at = now() WHERE id = 1;
UPDATE koppeling.imported_order SET ordered_at = '2026-09-30 22:30+00' WHERE id = 2;
SELECT is(pg_temp.context() ->> 'start_date', '2026-09-30', 'an older order that is here is not left out');
UPDATE koppeling.imported_order SET ordered_at = NULL WHERE id = 3;
SELECT is(pg_temp.context() ->> 'start_date', NULL, 'one without a date may stand anywhere');
UPDATE koppeling.imported_order SET ordered_at = '2026-10-20' WHERE id = 3;
UPDATE koppeling.integration SET import_since = NULL WHERE id = 1;
SELECT is(pg_temp.context() ->> 'start_date', NULL, 'without a limit nothing is too old');

SELECT finish();
ROLLBACK;
