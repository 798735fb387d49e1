-- States that must not exist cannot be stored, whoever writes them.
BEGIN;
\ir common/world.sql
SELECT no_plan();

CREATE TEMP TABLE provoked (name text);

-- The statement is refused, by this constraint.
CREATE FUNCTION pg_temp.impossible(name text, statement text, description text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO provoked VALUES (name);
    RETURN is(pg_temp.refused_by(statement), name, description);
END
$$;

CREATE FUNCTION pg_temp.possible(statement text, description text) RETURNS text LANGUAGE sql AS $$
    SELECT is(pg_temp.refused_by(statement), 'accepted', description);
$$;

INSERT INTO koppeling.job (id, kind, integration_id) VALUES (100, 'poll', 1), (101, 'verify', 2);

-- Jobs.
SELECT pg_temp.impossible('job_running_has_lease', $$ UPDATE koppeling.job SET state = 'running' WHERE id = 100 $$,
    'a job cannot run without a lease');
SELECT pg_temp.impossible('job_running_has_lease',
    $$ UPDATE koppeling.job SET state = 'running', worker_id = 1, lease_until = now(), started_at = now()
        WHERE id = 100 $$,
    'a job cannot run without a fencing token');
SELECT pg_temp.possible(
    $$ UPDATE koppeling.job
        SET state = 'running', worker_id = 1, lease_token = 1, lease_until = now(), started_at = now()
        WHERE id = 100 $$,
    'a job can run with a lease');
SELECT pg_temp.impossible('job_running_has_lease', $$ UPDATE koppeling.job SET lease_token = 7 WHERE id = 100 $$,
    'a queued job cannot hold a lease');
SELECT pg_temp.impossible('job_failed_has_error',
    $$ INSERT INTO koppeling.job (kind, state) VALUES ('ping', 'failed') $$, 'a job cannot be failed without an error');
SELECT pg_temp.impossible('job_attempts_count', $$ UPDATE koppeling.job SET attempt = -1 WHERE id = 100 $$,
    'attempts cannot be negative');
SELECT pg_temp.impossible('job_attempts_count', $$ UPDATE koppeling.job SET max_attempts = 0 WHERE id = 100 $$,
    'a job has at least one attempt');
SELECT pg_temp.impossible('job_priority_is_known', $$ UPDATE koppeling.job SET priority = 3 WHERE id = 100 $$,
    'a job has a known priority');
SELECT pg_temp.impossible('job_kind_is_plain', $$ INSERT INTO koppeling.job (kind) VALUES ('Ping!') $$,
    'a kind is a plain word');
SELECT pg_temp.impossible('job_has_subject', $$ INSERT INTO koppeling.job (kind) VALUES ('poll') $$,
    'a poll has a shop');
SELECT pg_temp.impossible('job_has_subject', $$ INSERT INTO koppeling.job (kind) VALUES ('verify') $$,
    'a verification has a shop');
SELECT pg_temp.impossible('job_has_subject',
    $$ INSERT INTO koppeling.job (kind, integration_id) VALUES ('mark_shipped', 1) $$,
    'mark_shipped has an order');
SELECT pg_temp.impossible('job_has_subject',
    $$ INSERT INTO koppeling.job (kind, integration_id, order_id) VALUES ('create_shipment', 1, 1) $$,
    'create_shipment has a shipment');
SELECT pg_temp.impossible('job_has_subject',
    $$ INSERT INTO koppeling.job (kind, integration_id) VALUES ('confirm_order', 1) $$,
    'confirm_order has an order');
SELECT pg_temp.impossible('job_has_subject',
    $$ INSERT INTO koppeling.job (kind, integration_id) VALUES ('push_order', 1) $$,
    'push_order has an order');
SELECT pg_temp.impossible('job_remove_order_has_order',
    $$ INSERT INTO koppeling.job (kind, integration_id) VALUES ('remove_order', 1) $$,
    'remove_order has an order');
SELECT pg_temp.impossible('job_of_account_verifies_it',
    $$ INSERT INTO koppeling.job (kind) VALUES ('verify_account') $$, 'verify_account has an account');
SELECT pg_temp.impossible('job_of_account_verifies_it',
    $$ INSERT INTO koppeling.job (kind, account_id) VALUES ('ping', 1) $$, 'and no other kind has one');
SELECT pg_temp.impossible('job_one_verify_account',
    $$ INSERT INTO koppeling.job (kind, account_id, api_id) SELECT 'verify_account', 1, 2 FROM generate_series(1, 2) $$,
    'the credentials of an account are verified by one live job');
SELECT pg_temp.impossible('account_credentials_refusal_has_reason',
    $$ UPDATE koppeling.account_credentials SET state = 'rejected', checked_at = now() $$, 'a refusal has a reason');
SELECT pg_temp.impossible('account_credentials_verdict_has_time',
    $$ UPDATE koppeling.account_credentials SET state = 'active' $$, 'a verdict has a time');
SELECT pg_temp.impossible('imported_order_taken_back_was_pushed',
    $$ UPDATE koppeling.imported_order SET take_back_since = now() WHERE id = 1 $$,
    'only what was pushed is taken back');
SELECT pg_temp.impossible('job_watch_has_order',
    $$ INSERT INTO koppeling.job (kind, integration_id) VALUES ('watch_order', 1) $$,
    'watch_order has an order');
SELECT pg_temp.impossible('account_watch_pace_is_a_time',
    $$ UPDATE koppeling.account SET watch_pace_at = 'infinity' $$, 'an account is looked at again some time');
SELECT pg_temp.impossible('imported_order_watched_is_pushed',
    $$ UPDATE koppeling.imported_order SET watch_at = now() $$, 'what is not in the panel is not looked at there');
SELECT pg_temp.impossible('imported_order_removed_is_not_watched',
    $$ UPDATE koppeling.imported_order SET pushed_id = 'x', watch_at = now(), pushed_removed_at = now() $$,
    'nor what was removed from it');
SELECT pg_temp.impossible('imported_order_watch_is_a_time',
    $$ UPDATE koppeling.imported_order SET pushed_id = 'x', watch_at = 'infinity' $$, 'a look has a time');
SELECT pg_temp.impossible('label_panel_shipment_is_an_id',
    $$ INSERT INTO koppeling.label (order_id, environment, external_id, panel_shipment_id)
       VALUES (1, 'production', 'x', 'a/b') $$, 'a shipment in the panel has an id');
SELECT pg_temp.impossible('recheck_rule_age_is_sane',
    $$ UPDATE koppeling.recheck_rule SET age_from = age_from - interval '1 day' $$,
    'a rule for the time before a refusal');
SELECT pg_temp.impossible('recheck_rule_every_is_sane', $$ UPDATE koppeling.recheck_rule SET every = '1 second' $$,
    'what was refused is tried again and again');
SELECT pg_temp.impossible('integration_recheck_is_of_a_refusal',
    $$ UPDATE koppeling.integration SET recheck_at = now(), refused_since = now() WHERE state = 'active' $$,
    'a token that is not refused is to be tried again');
SELECT pg_temp.impossible('account_credentials_recheck_is_of_a_refusal',
    $$ UPDATE koppeling.account_credentials SET recheck_at = now() $$,
    'credentials that were never refused are to be tried again');
SELECT pg_temp.impossible('watch_rule_age_is_sane', $$ UPDATE koppeling.watch_rule SET age_from = '-1 day' $$,
    'a rule begins at an age that can be');
SELECT pg_temp.impossible('watch_rule_every_is_sane', $$ UPDATE koppeling.watch_rule SET every = '1 second' $$,
    'nothing is looked at each second');
SELECT pg_temp.impossible('watch_rule_open_goes_on', $$ UPDATE koppeling.watch_rule SET every = NULL $$,
    'an open order is looked at for as long as it is open');
SELECT pg_temp.impossible('job_track_has_order',
    $$ INSERT INTO koppeling.job (kind, integration_id) VALUES ('track_label', 1) $$, 'track_label has an order');
SELECT pg_temp.impossible('account_track_pace_is_a_time',
    $$ UPDATE koppeling.account SET track_pace_at = 'infinity' $$, 'an account is asked for again some time');
SELECT pg_temp.impossible('track_rule_age_is_sane', $$ UPDATE koppeling.track_rule SET age_from = '-1 day' $$,
    'a rule of tracking begins at an age that can be');
SELECT pg_temp.impossible('track_rule_every_is_sane', $$ UPDATE koppeling.track_rule SET every = '1 second' $$,
    'nobody asks each second where a parcel is');
SELECT pg_temp.impossible('label_track_is_a_time',
    $$ INSERT INTO koppeling.label (order_id, environment, external_id) VALUES (1, 'production', 'x');
       UPDATE koppeling.label SET track_at = 'infinity' $$, 'a question has a time');
SELECT pg_temp.impossible('label_tracked_is_in_use',
    $$ INSERT INTO koppeling.label (order_id, environment, external_id, track_at) VALUES (1, 'staging', 'x', now()) $$,
    'what was made on staging is not tracked');
SELECT pg_temp.impossible('label_tracking_is_whole',
    $$ INSERT INTO koppeling.label (order_id, environment, external_id, tracking_state)
       VALUES (1, 'production', 'x', 'delivered') $$, 'a state has a time');
SELECT pg_temp.impossible('label_tracking_is_whole',
    $$ INSERT INTO koppeling.label (order_id, environment, external_id, tracking_reason)
       VALUES (1, 'production', 'x', 'parcel_missing') $$, 'nobody looks at a parcel in no state');
SELECT pg_temp.impossible('label_tracking_state_is_short',
    $$ INSERT INTO koppeling.label (order_id, environment, external_id, tracking_state, tracking_at, tracking_seen_at)
       VALUES (1, 'production', 'x', '', now(), now()) $$, 'a state has a name');
SELECT pg_temp.impossible('label_tracking_reason_fkey',
    $$ INSERT INTO koppeling.label (order_id, environment, external_id, tracking_state, tracking_at, tracking_seen_at,
           tracking_reason) VALUES (1, 'production', 'x', 'missing', now(), now(), 'so be it') $$,
    'what a person must look at has words');
SELECT pg_temp.impossible('tracking_state_code_is_plain',
    $$ INSERT INTO koppeling.tracking_state (code, nl, en) VALUES ('Op weg', 'x', 'x') $$, 'a state is a plain word');
SELECT pg_temp.impossible('tracking_state_cancelled_is_final',
    $$ UPDATE koppeling.tracking_state SET is_final = false $$, 'a cancelled label does not move any more');
SELECT pg_temp.impossible('tracking_state_reason_code_fkey',
    $$ UPDATE koppeling.tracking_state SET reason_code = 'so be it' $$, 'a reason has words');
SELECT pg_temp.impossible('job_integration_id_fkey',
    $$ INSERT INTO koppeling.job (kind, integration_id) VALUES ('poll', 99) $$,
    'a job is about a shop that exists');
SELECT pg_temp.impossible('job_one_poll', $$ INSERT INTO koppeling.job (kind, integration_id) VALUES ('poll', 1) $$,
    'a shop has one live poll');
SELECT pg_temp.impossible('job_one_verify', $$ INSERT INTO koppeling.job (kind, integration_id) VALUES ('verify', 2) $$,
    'a shop has one live verification');
SELECT pg_temp.impossible(name,
    format('INSERT INTO koppeling.job (kind, integration_id, order_id) SELECT %L, 1, 1 FROM generate_series(1, 2)',
        kind),
    'an order has one live ' || kind)
FROM (VALUES ('job_one_mark_shipped', 'mark_shipped'), ('job_one_confirm_order', 'confirm_order'),
    ('job_one_push_order', 'push_order'), ('job_one_remove_order', 'remove_order'),
    ('job_one_watch_order', 'watch_order'), ('job_one_track_label', 'track_label'))
    AS one (name, kind);
SELECT pg_temp.impossible('job_history_mark_has_environments',
    $$ INSERT INTO koppeling.job_history (id, created_at, outcome, attempts, kind)
        VALUES (1, now(), 'done', 1, 'mark_shipped') $$,
    'a mark_shipped result without environments cannot be stored');
SELECT is(
    pg_temp.refused_by(
        $$ INSERT INTO koppeling.job_history (id, created_at, outcome, attempts, kind)
            VALUES (1, now(), 'failed', 1, 'ping') $$),
    '22P02: invalid input value for enum koppeling.job_outcome: "failed"',
    'a failed job is not history: it waits, visible');
SELECT is(pg_temp.refused_by($$ UPDATE koppeling.job SET state = 'done' WHERE id = 100 $$),
    '22P02: invalid input value for enum koppeling.job_state: "done"', 'a finished job is not live');
SELECT pg_temp.impossible('retry_rule_attempts_are_positive', $$ UPDATE koppeling.retry_rule SET max_attempts = 0 $$,
    'a rule allows an attempt');
SELECT pg_temp.impossible('retry_rule_backoff_is_sane', $$ UPDATE koppeling.retry_rule SET backoff_base = '0' $$,
    'a backoff takes time');
SELECT pg_temp.impossible('retry_rule_backoff_is_sane', $$ UPDATE koppeling.retry_rule SET backoff_cap = '1 ms' $$,
    'a cap is not below its base');
SELECT pg_temp.impossible('retry_rule_judges_api_one_way',
    $$ UPDATE koppeling.retry_rule SET blames_api = true, clears_api = true $$,
    'a class cannot speak for and against an API');
SELECT pg_temp.impossible('retry_rule_holds_shop_one_way',
    $$ UPDATE koppeling.retry_rule SET blocks_shop = true WHERE error_class = 'auth' $$,
    'a shop that needs attention is not blocked for a while');
SELECT pg_temp.impossible('retry_rule_shop_reason_is_known',
    $$ UPDATE koppeling.retry_rule SET shop_reason_code = 'no_idea' WHERE error_class = 'tls' $$,
    'a shop is told a reason that has words');
SELECT pg_temp.impossible('job_kind_name_is_plain',
    $$ INSERT INTO koppeling.job_kind (name, api, meaning) VALUES ('no good', 'local', 'x') $$,
    'a kind has a plain name');
SELECT pg_temp.impossible('job_kind_history_is_kept', $$ UPDATE koppeling.job_kind SET history_days = 0 $$,
    'history is kept a day at least');

-- Orders.
SELECT pg_temp.impossible('imported_order_is_not_a_test',
    format('UPDATE koppeling.imported_order SET order_number = %L WHERE id = 1', number),
    format('the test order %s cannot be imported', number))
FROM unnest(ARRAY['T-57', 't-57', '57-T', '57-t', '57T-', '57-T-']) AS number;
SELECT pg_temp.possible($$ UPDATE koppeling.imported_order SET order_number = '12345' WHERE id = 1 $$,
    'an order with a plain number can');
SELECT pg_temp.impossible('imported_order_identity',
    $$ UPDATE koppeling.imported_order
        SET order_uuid = (SELECT order_uuid FROM koppeling.imported_order WHERE id = 2) WHERE id = 1 $$,
    'an order of a shop is there once');
SELECT pg_temp.impossible('imported_order_marked_has_environment',
    $$ UPDATE koppeling.imported_order SET state = 'marked_shipped' WHERE id = 1 $$,
    'an order cannot be marked without saying by which label');
SELECT pg_temp.impossible('imported_order_marked_has_environment',
    $$ UPDATE koppeling.imported_order SET state = 'marked_shipped', marked_at = now() WHERE id = 1 $$,
    'an order cannot be marked without the environment of the label');
SELECT pg_temp.impossible('imported_order_withdrawn_has_reason',
    $$ UPDATE koppeling.imported_order SET state = 'withdrawn' WHERE id = 1 $$,
    'an order cannot be withdrawn without a reason');
SELECT pg_temp.impossible('imported_order_mark_outcome_is_known',
    $$ UPDATE koppeling.imported_order SET mark_outcome = 'perhaps' WHERE id = 1 $$,
    'an outcome is a known one');
SELECT pg_temp.impossible('imported_order_weight_is_positive',
    $$ UPDATE koppeling.imported_order SET weight_kg = 0 WHERE id = 1 $$,
    'a parcel weighs something');
SELECT pg_temp.impossible('imported_order_country_is_iso',
    $$ UPDATE koppeling.imported_order SET ship_to_country = 'Nederland' WHERE id = 1 $$,
    'a country is an ISO code');
SELECT pg_temp.impossible('imported_order_warnings_are_known',
    format('UPDATE koppeling.imported_order SET warnings = %L WHERE id = 1', warnings),
    format('warnings %s are refused', warnings))
FROM unnest(ARRAY['{no_idea}', '{country_not_given,NULL}']) AS warnings;
SELECT pg_temp.possible(
    $$ UPDATE koppeling.imported_order SET warnings = ARRAY(SELECT code FROM koppeling.order_warning) WHERE id = 1 $$,
    'every warning that has words can be given');
SELECT pg_temp.impossible('order_warning_code_is_plain',
    $$ UPDATE koppeling.order_warning SET code = 'Oh dear' WHERE code = 'country_not_given' $$,
    'a warning has a plain code');
SELECT pg_temp.impossible('account_inco_terms_are_known',
    $$ UPDATE koppeling.account SET inco_terms = 'EXW' WHERE id = 1 $$, 'an account ships DAP or DDP');
SELECT pg_temp.impossible('customs_area_country_is_iso',
    $$ INSERT INTO koppeling.customs_area (country, area, name) VALUES ('Nederland', 'EU', 'x') $$,
    'a customs area is of a country');
SELECT pg_temp.impossible('customs_area_postcode_is_anchored',
    $$ INSERT INTO koppeling.customs_area (country, postcode, area, name) VALUES ('PT', '9', 'PT-20', 'x') $$,
    'postcodes of an area are told by how they begin');
SELECT pg_temp.impossible('article_customs_sku_is_given',
    $$ INSERT INTO koppeling.article_customs VALUES (1, ' ', '691200') $$, 'customs want to know of an article');
SELECT pg_temp.impossible('article_customs_says_something',
    $$ INSERT INTO koppeling.article_customs VALUES (1, 'TP') $$, 'and something of it');
SELECT pg_temp.impossible('article_customs_tariff_is_digits',
    $$ INSERT INTO koppeling.article_customs VALUES (1, 'TP', 'teapots') $$, 'a tariff number is one');
SELECT pg_temp.impossible('article_customs_origin_is_iso',
    $$ INSERT INTO koppeling.article_customs VALUES (1, 'TP', '6912.00', 'China') $$, 'an origin is a country');
SELECT pg_temp.possible($$ INSERT INTO koppeling.article_customs VALUES (1, 'TP', '6912 00 21', 'CN') $$,
    'a tariff number may have points and blanks');
SELECT pg_temp.impossible('order_reason_code_is_plain',
    $$ UPDATE koppeling.order_reason SET code = 'Oh dear' WHERE code = 'reopened' $$, 'a reason has a plain code');
SELECT is_empty($$
    SELECT match[1] FROM pg_constraint c, regexp_matches(pg_get_constraintdef(c.oid), '''([a-z_]+)''', 'g') AS match
    WHERE c.conname = 'imported_order_warnings_are_known'
      AND match[1] NOT IN (SELECT code FROM koppeling.order_warning) $$,
    'every warning that can be given has words');
SELECT pg_temp.impossible('order_line_is_goods', $$ UPDATE koppeling.order_line SET quantity = 0 $$,
    'a line is about goods');
SELECT pg_temp.impossible('order_line_position_counts', $$ UPDATE koppeling.order_line SET position = 0 $$,
    'lines count from one');
SELECT pg_temp.impossible('skipped_order_reason_is_known',
    $$ INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason)
        VALUES (1, '1', 'no_idea', 'x') $$,
    'an order is skipped for a known reason');
SELECT pg_temp.impossible('skipped_order_pkey',
    $$ INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason)
        SELECT 1, '1', 'too_old', 'x' FROM generate_series(1, 2) $$,
    'an order is skipped once');

-- What belongs together.
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id)
VALUES (900, 2, 'production', 'dhl', 1);
SELECT pg_temp.impossible('job_order_is_of_shop',
    $$ INSERT INTO koppeling.job (kind, integration_id, order_id) VALUES ('mark_shipped', 2, 1) $$,
    'a job is not about the order of another shop');
SELECT pg_temp.impossible('job_shipment_is_of_order',
    $$ INSERT INTO koppeling.job (kind, integration_id, order_id, shipment_id) VALUES ('create_shipment', 1, 1, 900) $$,
    'nor about the shipment of another order');
SELECT pg_temp.impossible('job_subject_is_whole',
    $$ INSERT INTO koppeling.job (kind, order_id) VALUES ('ping', 1) $$, 'an order goes with its shop');
SELECT pg_temp.impossible('label_shipment_is_of_order',
    $$ INSERT INTO koppeling.label (order_id, shipment_id, environment, external_id)
        VALUES (1, 900, 'production', 'x') $$,
    'a label is of a shipment of its order');

-- Settings and times.
SELECT pg_temp.impossible('setting_value_is_in_range',
    format('UPDATE koppeling.setting SET value = %L WHERE name = %L', value, 'history_days'),
    format('history_days cannot be "%s"', value))
FROM unnest(ARRAY['-1', '0', '4 weeks', '', '1.5', '99999999999999999999']) AS value;
SELECT pg_temp.possible($$ UPDATE koppeling.setting SET value = '0' WHERE name = 'personal_data_days' $$,
    'personal data may be kept for good');
SELECT pg_temp.impossible('setting_range_has_two_ends',
    $$ UPDATE koppeling.setting SET least = NULL WHERE name = 'history_days' $$, 'a range has two ends');
SELECT pg_temp.impossible('job_run_at_is_a_time',
    $$ INSERT INTO koppeling.job (kind, run_at) VALUES ('ping', '-infinity') $$, 'minus infinity is no time to run');
SELECT pg_temp.impossible('api_blocked_until_is_a_time',
    $$ UPDATE koppeling.api SET blocked_until = '-infinity' $$, 'nor is it one for the end of a block');
SELECT pg_temp.impossible('integration_times_are_times',
    format('UPDATE koppeling.integration SET %I = %L', name, '-infinity'), format('nor is it one for %s', name))
FROM unnest(ARRAY['blocked_until', 'next_poll_at', 'pace_at']) AS name;

SELECT pg_temp.impossible('chore_failure_has_error',
    $$ UPDATE koppeling.chore SET failed_since = now() WHERE name = 'poll' $$, 'a chore that fails says why');

-- Shipments and labels.
SELECT is(
    pg_temp.refused_by($$ INSERT INTO koppeling.label (order_id, environment, external_id) VALUES (1, NULL, 'x') $$),
    '23502: null value in column "environment" of relation "label" violates not-null constraint',
    'a label has an environment');
SELECT is(
    pg_temp.refused_by(
        $$ INSERT INTO koppeling.shipment (order_id, environment, service, from_address_id)
            VALUES (1, NULL, 'x', 1) $$),
    '23502: null value in column "environment" of relation "shipment" violates not-null constraint',
    'a shipment has an environment');
SELECT is(
    pg_temp.refused_by(
        $$ INSERT INTO koppeling.label (order_id, environment, external_id, usable_with_distributor)
            VALUES (1, 'staging', 'x', true) $$),
    '428C9: cannot insert a non-DEFAULT value into column "usable_with_distributor"',
    'nobody can declare a staging label usable');
SELECT pg_temp.impossible('label_has_external_id',
    $$ INSERT INTO koppeling.label (order_id, environment, external_id) VALUES (1, 'staging', ' ') $$,
    'a label has an id');
SELECT pg_temp.impossible('label_external',
    $$ INSERT INTO koppeling.label (order_id, environment, external_id)
        VALUES (1, 'staging', 'x'), (2, 'staging', 'x') $$,
    'a label is there once in its environment');
SELECT pg_temp.possible(
    $$ INSERT INTO koppeling.label (order_id, environment, external_id)
        VALUES (1, 'staging', 'x'), (1, 'production', 'x') $$,
    'the two environments number their labels on their own');
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id)
VALUES (50, 1, 'staging', 'dhl', 1);
SELECT pg_temp.impossible('shipment_sending_has_time', $$ UPDATE koppeling.shipment SET state = 'sending' $$,
    'a shipment cannot be under way without the time of its intent');
SELECT pg_temp.impossible('shipment_given_up_after_it_was_sent',
    $$ UPDATE koppeling.shipment SET given_up_after = '-1 second' $$, 'a request is given up after it was sent');
SELECT pg_temp.impossible('shipment_not_found_after_it_was_sent',
    $$ UPDATE koppeling.shipment SET not_found_after = '-1 second' $$,
    'a shipment is looked for after it was asked for');
SELECT pg_temp.impossible('shipment_created_has_id', format('UPDATE koppeling.shipment SET state = %L', state),
    format('a %s shipment has an id', state))
FROM unnest(ARRAY['created', 'labelled']) AS state;
SELECT pg_temp.impossible('shipment_label_count_is_sane', format('UPDATE koppeling.shipment SET label_count = %s', n),
    format('%s labels are refused', n))
FROM unnest(ARRAY[0, 101]) AS n;
SELECT pg_temp.impossible('shipment_label_format_is_known',
    $$ UPDATE koppeling.shipment SET label_format = 'balloon' $$, 'a format is a known one');
SELECT pg_temp.impossible('shipment_service_is_given', $$ UPDATE koppeling.shipment SET service = ' ' $$,
    'a service is given');
SELECT pg_temp.impossible('shipment_weight_is_positive', $$ UPDATE koppeling.shipment SET weight_kg = 0 $$,
    'a shipment weighs something');
SELECT pg_temp.impossible('shipment_size_is_whole', $$ UPDATE koppeling.shipment SET length_cm = 10, width_cm = 10 $$,
    'a size has three sides');
SELECT pg_temp.impossible('shipment_size_is_sane',
    $$ UPDATE koppeling.shipment SET length_cm = 10, width_cm = 1001, height_cm = 10 $$, 'and none of ten metres');
SELECT pg_temp.impossible('shipment_parcels_are_a_list', format('UPDATE koppeling.shipment SET parcels = %L', parcels),
    format('parcels are not %s', parcels))
FROM unnest(ARRAY['{}', '[]', 'null', '7']) AS parcels;
SELECT pg_temp.impossible('shipment_request',
    $$ INSERT INTO koppeling.shipment (order_id, environment, service, from_address_id, account_id, request_key)
        SELECT n, 'production', 'dhl', 1, 1, 'click' FROM generate_series(1, 2) AS n $$,
    'a request of an account has one shipment');
SELECT pg_temp.impossible('shipment_request_key_is_sane',
    $$ INSERT INTO koppeling.shipment (order_id, environment, service, from_address_id, request_key)
        VALUES (1, 'production', 'dhl', 1, 'click') $$,
    'a request is of an account');
SELECT pg_temp.impossible('shipment_external',
    $$ INSERT INTO koppeling.shipment (order_id, environment, service, from_address_id, external_id)
        SELECT 1, 'staging', 'x', 1, 'e' FROM generate_series(1, 2) $$,
    'a shipment of Boekuwzending is there once');
SELECT pg_temp.impossible('job_one_create_shipment',
    $$ INSERT INTO koppeling.job (kind, integration_id, order_id, shipment_id)
        SELECT 'create_shipment', 1, 1, 50 FROM generate_series(1, 2) $$,
    'a shipment has one live job');

-- Quotes and parcels.
SELECT pg_temp.impossible('job_one_quote', format($$
    INSERT INTO koppeling.job (kind, integration_id, order_id, args)
    SELECT 'quote', 1, 1, %L FROM generate_series(1, 2) $$, args), 'the same question is asked once at a time')
FROM unnest(ARRAY['{"environment": "staging"}', NULL]) AS args;
SELECT pg_temp.impossible('job_quote_has_order',
    $$ INSERT INTO koppeling.job (kind, integration_id) VALUES ('quote', 1) $$, 'a quote is of an order');
CREATE FUNCTION pg_temp.quoted(columns text, row_values text) RETURNS text LANGUAGE sql AS $$
    SELECT format('INSERT INTO koppeling.quote (order_id, environment, job_id, %s) VALUES (1, ''production'', 1, %s)',
                  columns, row_values) $$;
SELECT pg_temp.impossible('quote_service_is_given', pg_temp.quoted('service, asked', $$ ' ', '[]' $$),
    'what is offered is a service');
SELECT pg_temp.impossible('quote_asked_is_known', pg_temp.quoted('service, asked', $$ 'x', '{}' $$),
    'for parcels that are known');
SELECT pg_temp.impossible('quote_price_is_no_less_than_nothing',
    pg_temp.quoted('service, asked, price', $$ 'x', '[]', -1 $$), 'for money');
SELECT pg_temp.impossible('quote_limits_are_positive',
    pg_temp.quoted('service, asked, max_width_cm', $$ 'x', '[]', 0 $$), 'up to some size');
SELECT pg_temp.impossible('parcel_format_name_is_plain',
    $$ UPDATE koppeling.parcel_format SET name = 'Doos 1' WHERE name = 'document' $$, 'a format is a plain word');
SELECT pg_temp.impossible('parcel_format_has_description',
    $$ UPDATE koppeling.parcel_format SET description = ' ' $$, 'that is explained');
SELECT pg_temp.impossible('parcel_format_size_is_sane',
    $$ UPDATE koppeling.parcel_format SET height_cm = 0 $$, 'and has a size');

-- Shops.
SELECT pg_temp.impossible('integration_service_is_given',
    $$ UPDATE koppeling.integration SET default_service = ' ' WHERE id = 1 $$, 'a default service is one');
SELECT pg_temp.impossible('integration_size_is_whole',
    $$ UPDATE koppeling.integration SET default_height_cm = 10 WHERE id = 1 $$, 'a default size has three sides');
SELECT pg_temp.impossible('integration_size_is_sane', $$
    UPDATE koppeling.integration SET default_length_cm = 10, default_width_cm = 10, default_height_cm = 0
    WHERE id = 1 $$, 'of a centimetre at least');
SELECT pg_temp.impossible('integration_host_is_mijnwebwinkel',
    format('UPDATE koppeling.integration SET shop_host = %L WHERE id = 1', host),
    format('%s is no host of a shop', quote_nullable(left(translate(host, E'\n', '|'), 40))))
FROM unnest(ARRAY['example.org', 'a.b.myonline.store', 'SHOP.myonline.store', '-a.myonline.store',
                  'x.myonline.store.example.org',
                  'x.myonline.store' || E'\n', repeat('a', 64) || '.myonline.store']) AS host;
SELECT pg_temp.impossible('integration_is_complete_unless_rejected',
    format('UPDATE koppeling.integration SET %I = NULL WHERE id = 1', name),
    format('an active shop has a %s', name))
FROM unnest(ARRAY['sealed_token', 'shop_host', 'account_id', 'from_address_id']) AS name;
SELECT pg_temp.impossible('integration_refusal_has_reason',
    format('UPDATE koppeling.integration SET state = %L WHERE id = 1', state),
    format('a shop that is %s has a reason', state))
FROM unnest(ARRAY['rejected', 'needs_attention']) AS state;
SELECT pg_temp.impossible('integration_has_open_status',
    format('UPDATE koppeling.integration SET open_statuses = %L WHERE id = 1', statuses),
    format('open statuses %s are refused', statuses))
FROM unnest(ARRAY['{}', '{1,NULL}']) AS statuses;
SELECT pg_temp.impossible('integration_shipped_is_not_open',
    $$ UPDATE koppeling.integration SET shipped_status = 3 WHERE id = 1 $$,
    'shipped is not open');
SELECT pg_temp.impossible('integration_poll_interval_is_sane',
    format('UPDATE koppeling.integration SET poll_interval = %L WHERE id = 1', every),
    format('polling every %s is refused', every))
FROM unnest(ARRAY['0', '2 days']) AS every;
SELECT pg_temp.impossible('integration_weight_is_positive',
    $$ UPDATE koppeling.integration SET default_weight_kg = 0 WHERE id = 1 $$,
    'a default weight is positive');
SELECT pg_temp.impossible('integration_shop',
    $$ UPDATE koppeling.integration SET shop_host = 'shop2.myonline.store' WHERE id = 1 $$,
    'an account has a shop once');
SELECT pg_temp.impossible('integration_store',
    $$ UPDATE koppeling.integration SET store_id = '11111111-1111-4111-8111-111111111111' WHERE account_id = 1 $$,
    'an account has a store once, under whatever address');
SELECT pg_temp.impossible('account_has_name', $$ UPDATE koppeling.account SET name = ' ' $$, 'an account has a name');
SELECT pg_temp.impossible('account_credentials_are_pairs',
    $$ UPDATE koppeling.account SET client_id = NULL WHERE id = 1 $$,
    'credentials are a pair');
SELECT pg_temp.impossible('from_address_country_is_iso', $$ UPDATE koppeling.from_address SET country = 'nl' $$,
    'a sender''s country is an ISO code');

-- The rest.
SELECT pg_temp.impossible('api_is_named_once',
    $$ INSERT INTO koppeling.api (id, name, environment) VALUES (9, 'local', 'production') $$,
    'an API is there once in its environment');
SELECT pg_temp.impossible('api_shop_is_production',
    $$ UPDATE koppeling.api SET is_shop = true WHERE environment = 'staging' $$,
    'a shop is always the real one');
SELECT pg_temp.impossible('api_rate_is_positive', $$ UPDATE koppeling.api SET rate_per_second = 0 $$,
    'a rate is positive');
SELECT pg_temp.impossible('api_burst_is_positive', $$ UPDATE koppeling.api SET burst = 0 $$, 'a burst is positive');
SELECT pg_temp.impossible('api_longest_booking_is_no_less_than_nothing',
    $$ UPDATE koppeling.api SET longest_booking = '-1 second' $$, 'nothing takes less than no time');
SELECT pg_temp.impossible('setting_value_is_in_range', format('UPDATE koppeling.setting SET value = %L', value),
    format('a setting in seconds is not %L', value))
FROM unnest(ARRAY['soon', '', '-1', '1.5']) AS value;
SELECT pg_temp.impossible('api_breaker_pause_is_short', $$ UPDATE koppeling.api SET breaker_pause = '0' $$,
    'a breaker lets something through');
SELECT pg_temp.impossible('api_breaker_counts', $$ UPDATE koppeling.api SET breaker_limit = 0 $$, 'a breaker counts');
SELECT pg_temp.impossible('schema_definitions_revision_is_a_number',
    $$ UPDATE koppeling.schema_definitions SET revision = -1 $$, 'revisions are counted from 1');
SELECT pg_temp.impossible('schema_definitions_has_one_row',
    $$ INSERT INTO koppeling.schema_definitions (one_row, hash) VALUES (false, 'x') $$,
    'there is one set of definitions');
SELECT pg_temp.impossible('schema_migration_checksum_is_a_hash',
    format('UPDATE koppeling.schema_migration SET checksum = %L', value), format('a checksum is not %L', value))
FROM unnest(ARRAY['', 'abc', repeat('g', 32), repeat('0', 33)]) AS value;
SELECT pg_temp.impossible('schema_migration_serves_older_ones',
    $$ UPDATE koppeling.schema_migration SET serves_from = version + 1 $$,
    'a migration serves programs that have it, or older ones');

-- Labels as PDF.
INSERT INTO koppeling.label_document (environment, shipment_ids, order_ids, expires_at)
VALUES ('production', '{1}', '{1}', now());
SELECT pg_temp.impossible(name, format('UPDATE koppeling.label_document SET %s', change), change)
FROM (VALUES
    ('label_document_has_shipments', 'shipment_ids = ''{}'''),
    ('label_document_is_whole', 'content = ''%PDF-'''),
    ('label_document_is_pdf', 'content = ''<'', media_type = ''application/pdf'', sha256 = sha256(''<''), '
     'fetched_at = now()'),
    ('label_document_sha256_fits', 'content = ''%PDF-'', media_type = ''application/pdf'', sha256 = ''x'', '
     'fetched_at = now()'),
    ('label_document_has_pages', 'content = ''%PDF-'', media_type = ''application/pdf'', sha256 = sha256(''%PDF-''), '
     'fetched_at = now(), pages = 0'),
    ('label_document_is_not_huge',
     'content = convert_to(''%PDF-'' || repeat(''x'', 20971520), ''UTF8''), media_type = ''application/pdf'', '
     'sha256 = sha256(convert_to(''%PDF-'' || repeat(''x'', 20971520), ''UTF8'')), fetched_at = now()'))
    AS t (name, change);
SELECT pg_temp.impossible('label_document_one',
    $$ INSERT INTO koppeling.label_document (environment, shipment_ids, order_ids, expires_at)
        VALUES ('production', '{1}', '{1}', now()) $$, 'the same labels are there once');
SELECT pg_temp.impossible('job_fetch_label_has_document',
    $$ INSERT INTO koppeling.job (kind, args) VALUES ('fetch_label', '{"document": 1}') $$,
    'fetch_label has a shipment');
SELECT pg_temp.impossible('job_one_fetch_label',
    $$ INSERT INTO koppeling.job (kind, integration_id, order_id, shipment_id, args)
        SELECT 'fetch_label', i.id, o.id, s.id, '{"document": 1}'
        FROM koppeling.shipment s JOIN koppeling.imported_order o ON o.id = s.order_id
        JOIN koppeling.integration i ON i.id = o.integration_id, generate_series(1, 2)
        ORDER BY s.id LIMIT 2 $$, 'a document has one live job');

-- Events.
SELECT pg_temp.impossible('event_what_is_known', $$ INSERT INTO koppeling.event (what, job_id, kind, account_id,
    environment) VALUES ('x', 1, 'ping', 1, 'staging') $$, 'what happened is one of a few');
SELECT pg_temp.impossible('event_has_subject', format('INSERT INTO koppeling.event (what) VALUES (%L)', what),
    what || ' is about something')
FROM unnest(ARRAY['breaker_opened', 'job_gave_up', 'shop_is_well', 'account_refused']) AS what;
SELECT pg_temp.impossible('event_lasted_is_no_less_than_nothing',
    $$ INSERT INTO koppeling.event (what, integration_id, lasted) VALUES ('shop_is_well', 1, '-1 second') $$,
    'nothing lasts less than no time');
-- The panel.
INSERT INTO koppeling.panel_user (login, password_hash, role, account_id) VALUES ('fenna', '$argon2id$', 'merchant', 1);
INSERT INTO koppeling.panel_session (
    cookie_hash, kind, user_id, account_id, person, role, idle_limit, expires_at)
SELECT sha256(u.login::bytea), 'person', u.id, 1, 'fenna', 'merchant', '1 hour', now()
FROM koppeling.panel_user u;
INSERT INTO koppeling.panel_batch (id, account_id, person, environment, label_count, label_format)
OVERRIDING SYSTEM VALUE VALUES (1, 1, 'fenna', 'production', 1, 'package');
INSERT INTO koppeling.panel_batch_order (batch_id, place, order_id, problem_nl, problem_en) VALUES (1, 1, 1, 'x', 'x');
INSERT INTO koppeling.panel_print (account_id, person, environment, layout, position, shipment_ids, order_ids)
VALUES (1, 'fenna', 'production', 'a6', 1, '{1}', '{1}');
SELECT pg_temp.impossible(t.name, format('UPDATE koppeling.%s SET %s', t.relation, t.change), t.change)
FROM (VALUES
    ('panel_user_login_is_plain', 'panel_user', 'login = '' fenna'''),
    ('panel_user_password_is_hashed', 'panel_user', 'password_hash = ''geheim'''),
    ('panel_user_has_account_or_serves_all', 'panel_user', 'role = ''operations'''),
    ('panel_user_language_is_known', 'panel_user', 'language = ''fr'''),
    ('panel_session_hash_is_sha256', 'panel_session', 'cookie_hash = ''x'''),
    ('panel_session_has_account_or_serves_all', 'panel_session', 'account_id = NULL'),
    ('panel_session_of_user_is_signed_in', 'panel_session', 'user_id = NULL'),
    ('panel_session_of_person_idles', 'panel_session', 'idle_limit = NULL'),
    ('panel_session_person_is_named', 'panel_session', 'person = '' '''),
    ('panel_session_language_is_known', 'panel_session', 'language = ''fr'''),
    ('panel_batch_order_has_shipment_or_reason', 'panel_batch_order', 'problem_en = NULL'),
    ('panel_batch_order_place_counts', 'panel_batch_order', 'place = 0'),
    ('panel_print_layout_is_known', 'panel_print', 'layout = ''a3'''),
    ('panel_print_position_is_on_the_sheet', 'panel_print', 'position = 5'),
    ('panel_print_has_shipments', 'panel_print', 'order_ids = ''{}''')) AS t (name, relation, change);
SELECT pg_temp.impossible('panel_user_login',
    $$ INSERT INTO koppeling.panel_user (login, password_hash, role) VALUES ('FENNA', '$argon2id$', 'operations') $$,
    'capitals make no other login');
SELECT pg_temp.impossible('panel_session_token', $$ INSERT INTO koppeling.panel_session (
        cookie_hash, kind, user_id, account_id, person, role, idle_limit, expires_at)
    SELECT cookie_hash, kind, user_id, account_id, person, role, idle_limit, expires_at
    FROM koppeling.panel_session $$, 'a token opens one session');
SELECT pg_temp.impossible('panel_batch_order_is_named_once',
    $$ INSERT INTO koppeling.panel_batch_order VALUES (1, 2, 1, NULL, 'x', 'x') $$, 'an order is in a batch once');
SELECT pg_temp.impossible('imported_order_correction_has_author',
    $$ UPDATE koppeling.imported_order SET address_corrected_at = now() $$, 'an address is corrected by somebody');
SELECT pg_temp.impossible('panel_portal_ticket_is_named',
    $$ INSERT INTO koppeling.panel_portal_ticket VALUES ('x', now()) $$, 'a ticket is named');
SELECT pg_temp.impossible('panel_once_key_is_sane',
    $$ INSERT INTO koppeling.panel_once VALUES ('x', 'no key', 'x', 'x') $$, 'a key is plain');

SELECT is_empty($$
    SELECT c.conname FROM pg_constraint c
    WHERE c.connamespace = 'koppeling'::regnamespace AND c.contype = 'c' AND c.conrelid <> 0
      AND c.conname NOT IN (SELECT name FROM provoked) $$,
    'every check of the schema was provoked here');
SELECT is_empty($$
    SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = 'koppeling'::regnamespace
      AND i.indisunique AND NOT i.indisprimary AND c.relname NOT IN (SELECT name FROM provoked)
      -- One that has the whole primary key in it cannot be broken before that; it is there for a foreign key.
      AND NOT EXISTS (
          SELECT FROM pg_index p
          WHERE p.indrelid = i.indrelid AND p.indisprimary AND p.indkey::smallint[] <@ i.indkey::smallint[]) $$,
    'every unique index was provoked here');

SELECT finish();
ROLLBACK;
