-- Signing in to the panel: who gets a session, who waits, and what a session may.
BEGIN;
\ir common/world.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.hash(name text) RETURNS bytea LANGUAGE sql RETURN sha256(convert_to(name, 'UTF8'));
SELECT koppeling.panel_add_user('Fenna@Example.org', '$argon2id$v=19$x', 'merchant', 1, 'nl') AS fenna \gset
SELECT koppeling.panel_add_user('bram', '$argon2id$v=19$y', 'operations', NULL, 'en') AS bram \gset
SELECT koppeling.panel_add_user('kijker', '$argon2id$v=19$z', 'readonly', 2) AS kijker \gset

-- People.
SELECT matches(pg_temp.complaint(statement), words, words)
FROM (VALUES
    ('SELECT koppeling.panel_add_user(''FENNA@example.org'', ''$argon2id$'', ''merchant'', 1)', 'a user "FENNA'),
    ('SELECT koppeling.panel_add_user(''x'', ''$argon2id$'', ''boss'', 1)', 'no role "boss"'),
    ('SELECT koppeling.panel_add_user(''x'', ''$argon2id$'', ''merchant'', NULL)', 'merchant needs an account'),
    ('SELECT koppeling.panel_add_user(''x'', ''$argon2id$'', ''operations'', 1)', 'operations serves all'),
    ('SELECT koppeling.panel_add_user(''x'', ''$argon2id$'', ''merchant'', 99)', 'no account 99'),
    ('SELECT koppeling.panel_add_user(''x'', ''secret'', ''merchant'', 1)', 'panel_user_password_is_hashed'),
    ('SELECT koppeling.panel_set_password(''nobody'', ''$argon2id$'')', 'no user "nobody"')) AS t (statement, words);

-- A right password.
SELECT results_eq('SELECT * FROM koppeling.panel_sign_in_begin('' fenna@EXAMPLE.org'', ''192.0.2.1'')',
    format('VALUES (%s::bigint, ''$argon2id$v=19$x'', 0)', :fenna), 'whoever is known is told with which hash');
SELECT is(koppeling.panel_sign_in_end(:fenna, true, pg_temp.hash('fenna'), '192.0.2.1', 'Browser')::text, '',
    'the password is right');
SELECT is((SELECT count(*) FROM koppeling.panel_attempt), 0::bigint, 'what succeeded is no failed attempt');
SELECT results_eq($$ SELECT s.person, s.role::text, s.account_id, s.kind::text
                     FROM koppeling.panel_session s $$,
    $$ VALUES ('Fenna@Example.org', 'merchant', 1::bigint, 'person') $$, 'there is a session');

-- A wrong one, again and again.
SELECT results_eq($$ SELECT koppeling.panel_sign_in_begin('bram', '192.0.2.' || n) IS NOT NULL,
                            koppeling.panel_sign_in_end(NULL, false, NULL, NULL, NULL) IS NULL
                     FROM generate_series(1, 5) AS n $$,
    $$ SELECT true, false FROM generate_series(1, 5) $$, 'five attempts are free');
SELECT ok(wait_seconds BETWEEN 25 AND 35 AND user_id IS NULL AND password_hash IS NULL, 'then one waits half a minute')
FROM koppeling.panel_sign_in_begin('BRAM', '192.0.2.77');
SELECT is(wait_seconds, 0, 'nobody else does') FROM koppeling.panel_sign_in_begin('kijker', '192.0.2.77');
SELECT is((SELECT count(*) FROM koppeling.panel_attempt), 6::bigint, 'who waits is not counted');
UPDATE koppeling.panel_attempt SET at = at - interval '40 seconds';
SELECT is(wait_seconds, 0, 'after that once more') FROM koppeling.panel_sign_in_begin('bram', '192.0.2.77');
SELECT ok(wait_seconds BETWEEN 55 AND 65, 'and then twice as long')
FROM koppeling.panel_sign_in_begin('bram', '192.0.2.77');
INSERT INTO koppeling.panel_attempt (login_hash, address)
SELECT sha256(n::text::bytea), '192.0.2.66' FROM generate_series(1, 30) AS n;
SELECT cmp_ok(wait_seconds, '>', 0, 'an address that tries many logins waits')
FROM koppeling.panel_sign_in_begin('nobody', '192.0.2.66');
SELECT results_eq('SELECT * FROM koppeling.panel_sign_in_begin(''nobody'', ''192.0.2.5'')',
    'VALUES (NULL::bigint, NULL::text, 0)', 'a login that is none looks no other');

-- What a session may.
SELECT is(koppeling.panel_sign_in_end(:bram, true, pg_temp.hash('bram'), NULL, NULL)::text, '', 'bram signs in');
SELECT is(koppeling.panel_sign_in_end(:kijker, true, pg_temp.hash('kijker'), NULL, NULL)::text, '', 'kijker, too');
CREATE FUNCTION pg_temp.become(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    role text;
BEGIN
    SELECT e.person || ' ' || e.role || ' ' || coalesce(e.account_name, '-') || ' ' || e.language INTO role
    FROM koppeling.panel_enter(pg_temp.hash(name)) AS e;
    RETURN role || ': ' || current_user;
END
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_temp TO PUBLIC;
SAVEPOINT signed_in;
SET LOCAL ROLE koppeling_panel;
SELECT results_eq('SELECT pg_temp.become(''fenna'')',
    $$ VALUES ('Fenna@Example.org merchant Proefverzender BV nl: koppeling_merchant') $$, 'a merchant');
SELECT is(current_setting('statement_timeout'), '2s', 'has two seconds');
SELECT is(koppeling.panel_account(), 1::bigint, 'of its account');
ROLLBACK TO signed_in;
SET LOCAL ROLE koppeling_panel;
SELECT person FROM koppeling.panel_enter(pg_temp.hash('fenna'), '30 seconds') \gset
SELECT is(current_setting('statement_timeout'), '30s', 'or more, where that is given');
ROLLBACK TO signed_in;
SET LOCAL ROLE koppeling_panel;
SELECT is(pg_temp.become('kijker'), 'kijker readonly Andere BV nl: koppeling_reader', 'one who only looks');
SELECT is(koppeling.panel_may_act(), false, 'changes nothing');
ROLLBACK TO signed_in;
SET LOCAL ROLE koppeling_panel;
SELECT is(pg_temp.become('bram'), 'bram operations - en: koppeling_panel_ops', 'operations');
ROLLBACK TO signed_in;
SET LOCAL ROLE koppeling_panel;
SELECT is(pg_temp.become('somebody'), NULL, 'a token that is none');
SELECT is(current_user::text, 'koppeling_panel', 'gives no rights');
SELECT is(pg_temp.complaint('SELECT koppeling.panel_integrations(''{}'')'),
    'permission denied for function panel_integrations', 'so no page answers');
SELECT is(pg_temp.complaint('SELECT 1 FROM koppeling.imported_order'), 'permission denied for table imported_order',
    'nor a table');
SELECT is((SELECT count(*) FROM koppeling.panel_token_enter(pg_temp.hash('fenna'))), 0::bigint,
    'a cookie is no token of a program');
ROLLBACK TO signed_in;

-- How it ends.
UPDATE koppeling.panel_session SET seen_at = now() - interval '119 minutes';
SELECT is((SELECT count(*) FROM koppeling.panel_find_session(pg_temp.hash('fenna'))), 1::bigint, 'it idled');
SELECT is((SELECT seen_at FROM koppeling.panel_session WHERE user_id = :fenna), now(), 'and is used');
UPDATE koppeling.panel_session SET seen_at = now() - interval '121 minutes';
SELECT is((SELECT count(*) FROM koppeling.panel_find_session(pg_temp.hash('fenna'))), 0::bigint, 'it idled too long');
UPDATE koppeling.panel_session SET seen_at = now(), expires_at = now();
SELECT is((SELECT count(*) FROM koppeling.panel_find_session(pg_temp.hash('fenna'))), 0::bigint, 'its time is over');
SELECT cmp_ok(koppeling.panel_forget(), '>=', 0::bigint, 'what is over is forgotten');
UPDATE koppeling.panel_session SET expires_at = now() - interval '1 second';
SELECT koppeling.panel_forget();
SELECT is((SELECT count(*) FROM koppeling.panel_session), 0::bigint, 'and then gone');
ROLLBACK TO signed_in;
SELECT koppeling.panel_sign_in_end(:fenna, true, pg_temp.hash('fenna 2'), NULL, NULL);
SELECT is(koppeling.panel_sign_out(pg_temp.hash('fenna'), false), 1, 'one session ends');
SELECT koppeling.panel_sign_in_end(:fenna, true, pg_temp.hash('fenna 3'), NULL, NULL);
SELECT is(koppeling.panel_sign_out(pg_temp.hash('fenna 2'), true), 2, 'or all of that person');
SELECT is((SELECT count(*) FROM koppeling.panel_session), 2::bigint, 'and nobody else''s');
SELECT koppeling.panel_set_password('BRAM', '$argon2id$v=19$new');
SELECT is((SELECT count(*) FROM koppeling.panel_session WHERE user_id = :bram), 0::bigint,
    'a new password ends what was begun with the old one');

-- A portal.
CREATE FUNCTION pg_temp.claims(given jsonb) RETURNS json LANGUAGE sql RETURN (jsonb_build_object(
    'account', 1, 'person', 'Noor', 'role', 'merchant', 'jti', 'ticket-0001',
    'exp', extract(epoch FROM now() + interval '1 minute')) || given)::json;
SELECT is(koppeling.panel_portal_enter(pg_temp.claims(given), pg_temp.hash('portal ' || given::text)), answer,
    format('%s: %s', given, coalesce(answer, 'a session')))
FROM (VALUES
    ('{}'::jsonb, NULL), ('{"person": "again"}', 'used'), ('{"jti": "x"}', 'incomplete'),
    ('{"role": "king"}', 'incomplete'),
    ('{"jti": "ticket-2", "person": " "}', 'incomplete'), ('{"jti": "ticket-2", "exp": "soon"}', 'incomplete'),
    ('{"jti": "ticket-2", "exp": 1}', 'expired'), ('{"jti": "ticket-2", "exp": 99999999999}', 'expired'),
    ('{"jti": "ticket-2", "account": 99}', 'no_account'), ('{"jti": "ticket-2", "account": "1; x"}', 'incomplete'),
    ('{"jti": "ticket-2", "role": "operations"}', 'no_account'),
    ('{"jti": "ticket-2", "role": "operations", "account": null}', NULL)) AS t (given, answer);
SELECT results_eq($$ SELECT person, account_id FROM koppeling.panel_session WHERE kind = 'portal' ORDER BY id $$,
    $$ VALUES ('Noor', 1::bigint), ('Noor', NULL) $$, 'two were let in');

-- In whose name.
SELECT set_config('koppeling.session', encode(pg_temp.hash('portal {}'), 'hex'), true);
SELECT koppeling.record_audit('look', 'order 1');
SELECT is((SELECT who FROM koppeling.audit ORDER BY id DESC LIMIT 1), 'Noor', 'the audit names the person');
SELECT set_config('koppeling.session', 'no hash at all', true);
SELECT is(koppeling.acting(), session_user::text, 'and without a session the role that is logged in');

SELECT * FROM finish();
ROLLBACK;
