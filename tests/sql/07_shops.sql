-- Connecting shops, holding and releasing their work.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `cat sql/queries/write_verified.sql`
PREPARE write_verified AS :text

CREATE FUNCTION pg_temp.shop(shop_id bigint) RETURNS koppeling.integration LANGUAGE sql AS
    'SELECT i FROM koppeling.integration i WHERE i.id = shop_id';
CREATE FUNCTION pg_temp.job(job_kind text, shop bigint) RETURNS koppeling.job LANGUAGE sql AS
    'SELECT j FROM koppeling.job j WHERE j.kind = job_kind AND j.integration_id = shop';

-- Addresses.
SELECT is(koppeling.shop_host(typed), 'shop1.myonline.store', format('%s is understood', quote_literal(typed)))
FROM unnest(ARRAY['shop1.myonline.store', 'https://shop1.myonline.store', 'http://shop1.myonline.store/',
                  'HTTPS://SHOP1.MyOnline.Store',
                  E'  shop1.myonline.store \t']) AS typed;
SELECT is(koppeling.shop_host(typed), NULL,
    format('%s is refused', quote_nullable(left(translate(typed, E'\n', '|'), 50))))
FROM unnest(ARRAY['', NULL, 'shop1', 'myonline.store', 'shop1.myonline.store.nl', 'evil.nl/shop1.myonline.store',
                  'shop1.myonline.store/x',
                  'shop1.myonline.store:443', 'a@shop1.myonline.store', 'shop1.myonline.store#x',
                  'https://https://shop1.myonline.store',
                  '-x.myonline.store', 'x-.myonline.store', 'x_y.myonline.store', E'shop1.myonline.store\nx.nl',
                  'ftp://shop1.myonline.store',
                  repeat('a', 64) || '.myonline.store']) AS typed;

-- Connecting.
SELECT koppeling.connect_shop('https://Nieuw.MyOnline.Store/', '\xABCD', 1) AS new \gset
SELECT results_eq(
    format('SELECT state::text, shop_host, sealed_token, account_id, from_address_id, import_since '
           'FROM koppeling.integration WHERE id = %s', :new),
    $$ VALUES ('pending', 'nieuw.myonline.store', '\xABCD'::bytea, 1::bigint, 1::bigint,
               (now() AT TIME ZONE 'Europe/Amsterdam')::date - 30) $$,
    'a new shop is pending; its orders of thirty days will come');
SELECT is((pg_temp.job('verify', :new)).priority, 0::smallint,
    'its verification is enqueued at once, since a person waits');
SELECT is(koppeling.connect_shop('nieuw.myonline.store', '\xBEEF', 1), :new::bigint,
    'connecting it again is the same shop');
SELECT is((pg_temp.shop(:new)).sealed_token, '\xBEEF'::bytea, 'with the token of now');
SELECT isnt(koppeling.connect_shop('nieuw.myonline.store', '\x01', 2), :new::bigint,
    'for another account it is another one');

SELECT is((pg_temp.shop(koppeling.connect_shop(url, token, address))).reason_code, code,
    format('%s: %s', code, coalesce(url, 'no URL')))
FROM (VALUES ('', '\x01'::bytea, 1, 'missing_field'), (NULL, '\x01', 1, 'missing_field'),
             ('a.myonline.store', '', 1, 'missing_field'),
             ('a.myonline.store', NULL, 1, 'missing_field'), ('a.myonline.store', '\x01', NULL, 'missing_field'),
             ('example.org', '\x01', 1, 'not_mijnwebwinkel_address'),
             ('a.myonline.store', '\x01', 999, 'from_address_unknown'))
    AS refused (url, token, address, code);
SELECT is_empty(
    $$ SELECT FROM koppeling.integration
        WHERE state = 'rejected'
          AND (sealed_token IS NOT NULL OR reason = '' OR reason_en = '' OR reason LIKE '%!%%s%' ESCAPE '!') $$,
    'a refusal keeps no token, and its sentences are filled in');
SELECT is(
    (SELECT count(*) FROM koppeling.job j JOIN koppeling.integration i ON i.id = j.integration_id
        WHERE i.state = 'rejected'), 0::bigint, 'and has no job');

-- What a verification found.
UPDATE koppeling.job SET state = 'running', worker_id = 1, lease_token = 7, lease_until = now(), started_at = now()
WHERE integration_id = :new;
SELECT id AS verify FROM koppeling.job WHERE integration_id = :new \gset
EXECUTE write_verified(json_build_array(json_build_object('job', :verify, 'token', 8, 'state', 'active')));
SELECT is((pg_temp.shop(:new)).state, 'pending', 'a result with another token is refused');
INSERT INTO koppeling.job (kind, integration_id, run_at) VALUES ('poll', :new, 'infinity');
EXECUTE write_verified(json_build_array(
    json_build_object('job', :verify, 'token', 7, 'state', 'active', 'store_name', 'Nieuw', 'region_code', 'NL')));
SELECT results_eq(
    format('SELECT state::text, store_name, connected_at, next_poll_at FROM koppeling.integration WHERE id = %s', :new),
    $$ VALUES ('active', 'Nieuw', now(), now()) $$, 'a good one connects the shop, and it is polled at once');
SELECT is((pg_temp.job('poll', :new)).run_at, now(), 'what was parked runs');
UPDATE koppeling.integration SET state = 'paused' WHERE id = :new;
EXECUTE write_verified(json_build_array(
    json_build_object('job', :verify, 'token', 7, 'state', 'rejected', 'reason_code', 'x', 'reason', 'x')));
SELECT is((pg_temp.shop(:new)).state, 'paused', 'a shop that was paused meanwhile stays so');
UPDATE koppeling.integration SET state = 'pending' WHERE id = :new;
EXECUTE write_verified(json_build_array(
    json_build_object('job', :verify, 'token', 7, 'state', 'rejected', 'reason_code', 'x', 'reason', 'x')));
SELECT is((pg_temp.shop(:new)).state, 'needs_attention',
    'a shop that worked before is not rejected: it needs attention');

-- Pausing and resuming.
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id)
VALUES (50, 1, 'production', 'dhl', 1);
INSERT INTO koppeling.job (kind, integration_id) VALUES ('poll', 1), ('verify', 1);
INSERT INTO koppeling.job (kind, integration_id, order_id, shipment_id) VALUES ('create_shipment', 1, 1, 50);
INSERT INTO koppeling.job (kind, integration_id, order_id) SELECT 'mark_shipped', 1, n FROM generate_series(1, 5) AS n;
SELECT koppeling.pause_integration(1, 'verbouwing');
SELECT results_eq(
    $$ SELECT DISTINCT kind COLLATE "default", run_at = 'infinity'
        FROM koppeling.job WHERE integration_id = 1 ORDER BY 1 $$,
    $$ VALUES ('create_shipment', true), ('mark_shipped', true), ('poll', true), ('verify', false) $$,
    'a pause parks everything but a verification');
SELECT is(pg_temp.complaint('SELECT koppeling.poll_now(1)'), 'integration 1 is paused, so it is not polled',
    'a paused shop is not polled');
UPDATE koppeling.api SET rate_per_second = 2, burst = 3;
SELECT koppeling.resume_integration(1);
SELECT results_eq(
    $$ SELECT run_at - now() FROM koppeling.job WHERE integration_id = 1 AND kind <> 'verify' ORDER BY 1 $$,
    $$ VALUES (interval '0'), ('0'), ('0'), ('0.5 seconds'), ('1 second'), ('1.5 seconds'), ('2 seconds') $$,
    'resuming lets a burst go at once, the rest at the pace of the API');
SELECT is((pg_temp.shop(1)).state, 'active', 'a shop that worked before is active again');
SELECT is(pg_temp.complaint('SELECT koppeling.resume_integration(1)'),
    'integration 1 is active, so there is nothing to resume', 'an active one need not be resumed');
SELECT is(pg_temp.complaint('SELECT koppeling.pause_integration(999, '''')'), 'there is no integration 999',
    'one that is not there is told');
UPDATE koppeling.integration SET state = 'needs_attention', reason_code = 'x', reason = 'x' WHERE id = 1;
SELECT koppeling.resume_integration(1);
SELECT is((pg_temp.shop(1)).state, 'pending', 'a shop that refused us is asked first');

-- A new token.
UPDATE koppeling.integration SET blocked_until = 'infinity' WHERE id = 1;
SELECT koppeling.replace_token(1, '\xC0FFEE');
SELECT results_eq($$ SELECT state::text, sealed_token, blocked_until FROM koppeling.integration WHERE id = 1 $$,
    $$ VALUES ('pending', '\xC0FFEE'::bytea, NULL::timestamptz) $$,
    'a new token is verified before it is used');
SELECT is(
    (SELECT count(*) FROM koppeling.job
        WHERE integration_id = 1 AND api_id = 1 AND kind <> 'verify' AND run_at < 'infinity'), 0::bigint,
    'and the shop is left alone until then');
SELECT is(pg_temp.complaint('SELECT koppeling.replace_token(1, '''')'), 'the sealed token is empty',
    'an empty one is refused');
UPDATE koppeling.job SET state = 'running', worker_id = 1, lease_token = 9, lease_until = now(), started_at = now()
WHERE kind = 'verify' AND integration_id = 1;
SELECT koppeling.replace_token(1, '\xCAFE');
SELECT results_eq($$ SELECT state::text, lease_token FROM koppeling.job WHERE kind = 'verify' AND integration_id = 1 $$,
    $$ VALUES ('queued', NULL::bigint) $$,
    'a verification of the old one that runs is called back');

-- Polling now.
SELECT is(koppeling.poll_now(2), koppeling.poll_now(2), 'polling now twice is one job');
SELECT is((pg_temp.job('poll', 2)).priority, 0::smallint, 'ahead of others');
UPDATE koppeling.job SET state = 'failed' WHERE kind = 'poll' AND integration_id = 2;
SELECT koppeling.poll_now(2);
SELECT results_eq(
    $$ SELECT state::text, attempt::integer FROM koppeling.job WHERE kind = 'poll' AND integration_id = 2 $$,
    $$ VALUES ('queued', 0) $$, 'a failed one starts over');

-- Disconnecting.
SELECT koppeling.disconnect_shop(1);
SELECT results_eq($$ SELECT state::text, sealed_token FROM koppeling.integration WHERE id = 1 $$,
    $$ VALUES ('disconnected', NULL::bytea) $$, 'a shop that is disconnected has no token');
SELECT is((SELECT count(*) FROM koppeling.job WHERE integration_id = 1), 0::bigint, 'and no job');
SELECT is((SELECT count(*) FROM koppeling.imported_order WHERE integration_id = 1), 8::bigint, 'but its orders');
SELECT is((SELECT count(*) FROM koppeling.job_history WHERE integration_id = 1 AND outcome = 'cancelled'), 8::bigint,
    'what it had to do is in the history as cancelled');

SELECT set_eq('SELECT DISTINCT action FROM koppeling.audit',
    ARRAY['connect_shop', 'pause_integration', 'resume_integration', 'replace_token', 'poll_now', 'disconnect_shop'],
    'everything is audited');

SELECT finish();
ROLLBACK;
