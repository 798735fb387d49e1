-- Credentials at Boekuwzending: verified when they are saved, and what waits for them.
BEGIN;
\ir common/world.sql
SELECT no_plan();

\set text `cat sql/queries/queue_hold_account.sql`
PREPARE queue_hold_account AS :text
\set text `cat sql/queries/schedule_verify_account.sql`
PREPARE schedule_verify_account AS :text

CREATE FUNCTION pg_temp.state(place koppeling.environment) RETURNS text LANGUAGE sql AS
    'SELECT state::text FROM koppeling.account_credentials WHERE account_id = 1 AND environment = place';
CREATE FUNCTION pg_temp.parked() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(kind || ' ' || api_id, ', ' ORDER BY kind, api_id)
    FROM koppeling.job WHERE run_at = 'infinity' $$;
CREATE PROCEDURE pg_temp.judge(verdict text) LANGUAGE sql AS $$
    UPDATE koppeling.account_credentials
    SET state = verdict::koppeling.credentials_state, checked_at = now(), reason_code = 'x', reason = 'x',
        reason_en = 'it refuses them'
    WHERE account_id = 1 AND environment = 'production' $$;

-- What is saved is verified, by whatever statement.
SELECT results_eq('SELECT account_id, environment::text, state::text FROM koppeling.account_credentials ORDER BY 2',
    $$ VALUES (1::bigint, 'production', 'unchecked'), (1, 'staging', 'unchecked') $$, 'an account that has any');
SELECT results_eq($$ SELECT j.account_id, a.environment::text, j.args ->> 'environment'
                     FROM koppeling.job j JOIN koppeling.api a ON a.id = j.api_id
                     WHERE j.kind = 'verify_account' ORDER BY 2 $$,
    $$ VALUES (1::bigint, 'production', 'production'), (1, 'staging', 'staging') $$, 'is verified in each environment');
DELETE FROM koppeling.job;
UPDATE koppeling.account SET name = 'Anders', client_id = client_id WHERE id = 1;
SELECT is_empty('SELECT FROM koppeling.job', 'what stays the same is not verified again');
SELECT koppeling.save_credentials(2, 'staging', ' nieuw ', '\x07');
SELECT results_eq(
    'SELECT client_id, staging_client_id, staging_sealed_client_secret FROM koppeling.account WHERE id = 2',
    $$ VALUES (NULL::text, 'nieuw', '\x07'::bytea) $$, 'save_credentials() saves those of one environment');
SELECT is((SELECT count(*) FROM koppeling.job WHERE account_id = 2), 1::bigint, 'and they are verified');
SELECT is((SELECT count(*) FROM koppeling.audit WHERE action = 'save_credentials'), 1::bigint, 'with an audit row');
SELECT throws_ok($$ SELECT koppeling.save_credentials(99, 'staging', 'x', '\x07') $$, 'P0002',
    'there is no account 99');
SELECT throws_ok($$ SELECT koppeling.save_credentials(2, 'staging', ' ', '\x07') $$, '22023',
    'the client id or the sealed secret is empty');
UPDATE koppeling.account SET staging_client_id = NULL, staging_sealed_client_secret = NULL WHERE id = 2;
SELECT is((SELECT count(*) FROM koppeling.account_credentials WHERE account_id = 2), 0::bigint,
    'credentials that are taken away leave no row');
DELETE FROM koppeling.job;
CALL pg_temp.judge('active');
SELECT koppeling.reseal('account.sealed_client_secret', '{1}', ARRAY['\x01'::bytea], ARRAY['\x09'::bytea]);
SELECT is(pg_temp.state('production'), 'active', 'what is sealed anew is the same secret');
UPDATE koppeling.account SET sealed_client_secret = '\x0a' WHERE id = 1;
SELECT is(pg_temp.state('production'), 'unchecked', 'another one is not');
DELETE FROM koppeling.job;
EXECUTE schedule_verify_account(100);
EXECUTE schedule_verify_account(100);
SELECT is((SELECT count(*) FROM koppeling.job WHERE kind = 'verify_account'), 2::bigint,
    'the scheduler finds those that nobody verifies');
UPDATE koppeling.job
SET state = 'running', worker_id = 1, lease_token = 7, lease_until = now(), started_at = now();
SELECT is(koppeling.check_account(1), 2::bigint, 'check_account() asks again');

-- What was refused is tried again by itself, and only that.
DELETE FROM koppeling.job;
CALL pg_temp.judge('active');
CALL pg_temp.judge('rejected');
SELECT is((SELECT count(*) FROM koppeling.account_credentials WHERE recheck_at IS NOT NULL), 0::bigint,
    'a secret that cannot be read is not tried again');
UPDATE koppeling.account_credentials
SET state = 'rejected', reason_code = 'account_refused', reason = 'x', reason_en = 'x', checked_at = now();
SELECT is((SELECT count(*) FROM koppeling.account_credentials
           WHERE recheck_at BETWEEN now() + interval '54 minutes' AND now() + interval '66 minutes'), 2::bigint,
    'refused credentials are tried again after an hour');
DELETE FROM koppeling.job;
EXECUTE schedule_verify_account(100);
SELECT is((SELECT count(*) FROM koppeling.job), 0::bigint, 'not before');
UPDATE koppeling.account_credentials SET recheck_at = now(), refused_since = now() - interval '1 hour';
EXECUTE schedule_verify_account(100);
EXECUTE schedule_verify_account(100);
SELECT is((SELECT count(*) FROM koppeling.job WHERE kind = 'verify_account'), 2::bigint, 'then once each');
SELECT is((SELECT count(*) FROM koppeling.account_credentials
           WHERE recheck_at > now() + interval '4 hours'), 2::bigint, 'and the next time is planned at once');
UPDATE koppeling.job SET state = 'failed', last_error_class = 'timeout', last_error = 'x', attempt = 10;
UPDATE koppeling.account_credentials SET recheck_at = now();
EXECUTE schedule_verify_account(100);
SELECT is((SELECT count(*) FROM koppeling.job WHERE state = 'queued' AND attempt = 0), 2::bigint,
    'a try that failed starts over');
UPDATE koppeling.account_credentials SET state = 'active';
SELECT is((SELECT count(*) FROM koppeling.account_credentials WHERE num_nonnulls(recheck_at, refused_since) > 0),
    0::bigint, 'when they are good nothing is planned');
UPDATE koppeling.account_credentials
SET state = 'unchecked', reason_code = NULL, reason = NULL, reason_en = NULL, checked_at = NULL;
DELETE FROM koppeling.job;
SELECT koppeling.check_account(1);
SELECT is((SELECT count(*) FROM koppeling.job WHERE state = 'queued'), 2::bigint, 'and calls back what runs');

-- What waits.
DELETE FROM koppeling.job;
UPDATE koppeling.account SET push_orders = true;
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id)
VALUES (1, 1, 'production', 'dhl', 1), (2, 2, 'staging', 'dhl', 1), (3, 3, 'production', 'dhl', 1);
INSERT INTO koppeling.job (kind, integration_id, order_id, shipment_id) VALUES
    ('create_shipment', 1, 1, 1), ('create_shipment', 1, 2, 2), ('push_order', 1, 4, NULL),
    ('confirm_order', 1, 5, NULL);
CALL pg_temp.judge('rejected');
SELECT is(pg_temp.parked(), format('create_shipment %1$s, push_order %1$s', a.id),
    'the jobs that need refused credentials wait: not those of staging, nor those that call the shop')
FROM koppeling.api a WHERE a.name = 'boekuwzending' AND a.environment = 'production';
SELECT is(koppeling.job_gate(1, 'push_order', now(), a.id), 'infinity', 'nor do later ones run: ' || a.environment)
FROM koppeling.api a WHERE a.name = 'boekuwzending' AND a.environment = 'production';
SELECT is(koppeling.job_gate(1, 'push_order', now(), a.id), now(), 'but elsewhere: ' || a.name)
FROM koppeling.api a WHERE a.name <> 'boekuwzending' OR a.environment = 'staging';
SELECT is(koppeling.dispatch_problem(1), 'Boekuwzending refuses the credentials (production) of account 1',
    'a dispatch is refused at the door');
SELECT is(koppeling.dispatch_problem(1, 'staging'), NULL, 'not one on staging');
SELECT matches(condition, 'production: it refuses them; staging: being checked', 'one line says it')
FROM koppeling.account_status WHERE id = 1;
UPDATE koppeling.job SET run_at = 'infinity' WHERE kind = 'confirm_order';
CALL pg_temp.judge('active');
SELECT is(pg_temp.parked(), 'confirm_order 1', 'good ones release them, and nothing else');

-- A refusal of what was saved since.
DELETE FROM koppeling.job WHERE kind <> 'push_order';
UPDATE koppeling.job
SET state = 'running', worker_id = 1, lease_token = 7, lease_until = now(), started_at = now() - interval '1 minute';
SELECT set_config('test.job', (SELECT id::text FROM koppeling.job), true);
EXECUTE queue_hold_account(ARRAY[current_setting('test.job')::bigint], '{7}', '{account}');
SELECT is(pg_temp.state('production'), 'active', 'a job that was claimed with older credentials says nothing');
UPDATE koppeling.job SET started_at = now();
EXECUTE queue_hold_account(ARRAY[current_setting('test.job')::bigint], '{7}', '{NULL}');
EXECUTE queue_hold_account(ARRAY[current_setting('test.job')::bigint], '{8}', '{account}');
SELECT is(pg_temp.state('production'), 'active', 'nor does another failure, or somebody else''s job');
EXECUTE queue_hold_account(ARRAY[current_setting('test.job')::bigint], '{7}', '{account}');
SELECT is(pg_temp.state('production'), 'rejected', 'one with these credentials does');
SELECT is((SELECT state::text FROM koppeling.integration WHERE id = 1), 'active', 'and the shop is not to blame');

SELECT * FROM finish();
ROLLBACK;
