-- Who may do what. Applied again whenever it changes, so it first takes everything away.
--   koppeling_backend    connects shops, dispatches, records labels, reads everything but secrets
--   koppeling_ops        retries, cancels, pauses, blocks; reads jobs, shops and orders; changes no order
--   koppeling_dba        reads all tables but secrets, tunes retry rules, settings and APIs
--   koppeling_worker     claims, finishes, and stores what its job kinds found; cannot enqueue
--   koppeling_scheduler  enqueues what is due, returns lost jobs, keeps the history's partitions
--   koppeling_panel      signs people in, and becomes one of the next three for the length of a request
--   koppeling_reader     sees the shops and orders of the account of its session
--   koppeling_merchant   works with them, too
--   koppeling_panel_ops  is koppeling_ops for a person who is signed in to the panel
--   koppeling_panel_watch  sees what koppeling_panel_ops sees, and changes nothing
-- Daemons and people log in with roles of their own that are members of these.

-- They belong to the cluster, so a restore elsewhere finds none, and another database in this one finds them there.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY[
        'koppeling_backend', 'koppeling_ops', 'koppeling_dba', 'koppeling_worker', 'koppeling_scheduler',
        'koppeling_panel', 'koppeling_reader', 'koppeling_merchant', 'koppeling_panel_ops', 'koppeling_panel_watch']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            -- The panel has the rights of others only while it is one of them (SET ROLE).
            EXECUTE format('CREATE ROLE %I NOLOGIN %s', role_name,
                           CASE role_name WHEN 'koppeling_panel' THEN 'NOINHERIT' ELSE 'INHERIT' END);
        END IF;
    END LOOP;
END
$$;
DO $$
DECLARE
    membership record;
BEGIN
    FOR membership IN
        SELECT m.role, m.of_role
        FROM (VALUES
            ('koppeling_panel', 'koppeling_reader'), ('koppeling_panel', 'koppeling_merchant'),
            ('koppeling_panel', 'koppeling_panel_ops'), ('koppeling_panel', 'koppeling_panel_watch'),
            ('koppeling_merchant', 'koppeling_reader'),
            ('koppeling_panel_ops', 'koppeling_ops')) AS m (role, of_role)
        WHERE NOT EXISTS (
            SELECT FROM pg_catalog.pg_auth_members a
            WHERE a.member = m.role::regrole AND a.roleid = m.of_role::regrole)
    LOOP
        EXECUTE format('GRANT %I TO %I', membership.of_role, membership.role);
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA koppeling
    TO koppeling_backend, koppeling_ops, koppeling_dba, koppeling_worker, koppeling_scheduler, koppeling_panel,
       koppeling_reader, koppeling_panel_watch;
REVOKE ALL ON ALL TABLES IN SCHEMA koppeling
    FROM PUBLIC, koppeling_backend, koppeling_ops, koppeling_dba, koppeling_worker, koppeling_scheduler,
         koppeling_panel, koppeling_reader, koppeling_merchant, koppeling_panel_ops, koppeling_panel_watch;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA koppeling
    FROM PUBLIC, koppeling_backend, koppeling_ops, koppeling_dba, koppeling_worker, koppeling_scheduler,
         koppeling_panel, koppeling_reader, koppeling_merchant, koppeling_panel_ops, koppeling_panel_watch;

-- What everybody with a role may read. Sealed columns are left out everywhere, though only a worker could open them; so
-- are hashes of passwords and tokens.
DO $$
DECLARE
    relation record;
BEGIN
    FOR relation IN
        SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_attribute a
            ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT LIKE '%sealed%'
            AND a.attname NOT IN ('password_hash', 'cookie_hash')
        WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
          AND c.relname NOT LIKE 'job\_context%'
          AND c.relname NOT IN ('label_document', 'panel_attempt', 'panel_portal_ticket', 'panel_once')
        GROUP BY c.relname
    LOOP
        EXECUTE format('GRANT SELECT (%s) ON koppeling.%I TO koppeling_dba, koppeling_backend, koppeling_ops, '
                       'koppeling_panel_watch',
                       relation.columns, relation.relname);
    END LOOP;
END
$$;
GRANT SELECT ON
    koppeling.schema_migration, koppeling.schema_definitions,
    koppeling.api, koppeling.job_kind, koppeling.retry_rule, koppeling.watch_rule, koppeling.recheck_rule,
    koppeling.track_rule,
    koppeling.message, koppeling.setting, koppeling.job, koppeling.worker, koppeling.chore, koppeling.scheduler
    TO koppeling_worker, koppeling_scheduler;

-- The back end.
GRANT INSERT (name, client_id, sealed_client_secret, staging_client_id, staging_sealed_client_secret, push_orders,
              push_environment, inco_terms, weight_per_piece, track_labels),
      UPDATE (name, client_id, sealed_client_secret, staging_client_id, staging_sealed_client_secret, push_orders,
              push_environment, inco_terms, weight_per_piece, track_labels)
    ON koppeling.account TO koppeling_backend;
GRANT INSERT, UPDATE, DELETE ON koppeling.from_address, koppeling.article_customs TO koppeling_backend;
GRANT UPDATE (open_statuses, shipped_status, paid_only, mark_on_staging, tracking_in_comment,
              default_weight_kg, default_service, default_length_cm, default_width_cm, default_height_cm, import_since,
              poll_interval, from_address_id)
    ON koppeling.integration TO koppeling_backend;
GRANT EXECUTE ON FUNCTION
    koppeling.connect_shop, koppeling.replace_token, koppeling.disconnect_shop, koppeling.poll_now,
    koppeling.record_label, koppeling.record_label_cancelled, koppeling.order_was_looked_at,
    koppeling.enqueue, koppeling.ping, koppeling.shop_host,
    koppeling.dispatch_order(
        bigint, text, integer, text, koppeling.environment, text, integer, integer, integer, numeric, jsonb),
    koppeling.dispatch_order(
        bigint[], text, integer, text, koppeling.environment, text, integer, integer, integer, numeric, jsonb),
    koppeling.parcels_problem, koppeling.parcel_count, koppeling.request_quote, koppeling.services_for,
    koppeling.dispatch_problem, koppeling.order_warnings, koppeling.customs_area, koppeling.customs_gaps,
    koppeling.label_pdf, koppeling.label_pdf_problem, koppeling.request_label_pdf,
    koppeling.integration_notices, koppeling.erase_order, koppeling.erase_integration,
    koppeling.save_credentials, koppeling.check_account
    TO koppeling_backend;

-- Labels as PDF show names and addresses; what became of them is in the view for everybody.
GRANT SELECT ON koppeling.label_document TO koppeling_backend;

-- Ops. A plain UPDATE of a job is allowed too; the triggers of the table keep it whole.
GRANT UPDATE (state, run_at, priority, max_attempts) ON koppeling.job TO koppeling_ops;
GRANT EXECUTE ON FUNCTION
    koppeling.retry_job, koppeling.retry_failed, koppeling.cancel_job,
    koppeling.pause_integration, koppeling.resume_integration,
    koppeling.block_api, koppeling.poll_now, koppeling.ping,
    koppeling.dispatch_problem, koppeling.order_warnings, koppeling.customs_area, koppeling.customs_gaps,
    koppeling.order_was_looked_at, koppeling.services_for,
    koppeling.erase_order, koppeling.erase_integration, koppeling.integration_notices, koppeling.check_account
    TO koppeling_ops;

-- DBAs.
GRANT UPDATE (max_attempts, backoff_base, backoff_cap, counts_as_attempt, honour_retry_after, advice,
              blames_api, clears_api, blocks_shop, shop_reason_code)
    ON koppeling.retry_rule TO koppeling_dba;
GRANT UPDATE (value) ON koppeling.setting TO koppeling_dba;
GRANT UPDATE (age_from, every) ON koppeling.watch_rule, koppeling.recheck_rule, koppeling.track_rule TO koppeling_dba;
GRANT INSERT, UPDATE ON koppeling.tracking_state TO koppeling_dba;
GRANT UPDATE (priority, max_attempts, history_days) ON koppeling.job_kind TO koppeling_dba;
GRANT INSERT, UPDATE, DELETE ON koppeling.customs_area TO koppeling_dba;
GRANT INSERT, UPDATE ON koppeling.parcel_format TO koppeling_dba;
GRANT UPDATE (rate_per_second, burst, breaker_limit, breaker_pause, longest_booking) ON koppeling.api TO koppeling_dba;
GRANT EXECUTE ON FUNCTION koppeling.maintain_history, koppeling.after_restore, koppeling.setting_integer
    TO koppeling_dba;
-- The view failed_job calls it.
GRANT EXECUTE ON FUNCTION koppeling.failed_at
    TO koppeling_backend, koppeling_ops, koppeling_dba, koppeling_panel_watch;

-- Workers.
GRANT UPDATE, DELETE ON koppeling.job TO koppeling_worker;
GRANT INSERT ON koppeling.job_history TO koppeling_worker;
GRANT INSERT, UPDATE ON koppeling.worker TO koppeling_worker;
GRANT SELECT, UPDATE ON koppeling.shipment, koppeling.api TO koppeling_worker;
-- What it learns of a shop, and the token that it may forget; not whose shop it is, nor what its owner set.
GRANT SELECT ON koppeling.integration TO koppeling_worker;
GRANT UPDATE (state, reason_code, reason, reason_en, verify_warning, verify_warning_en, sealed_token,
              store_id, store_name, store_domain, region_code,
              currency, statuses, connected_at, next_poll_at, last_polled_at, polls, unchanged_polls, blocked_until,
              poll_warning, poll_warning_en, list_ends, list_ends_at, listed_whole_at,
              vanished_at)
    ON koppeling.integration TO koppeling_worker;
GRANT SELECT, INSERT, UPDATE ON koppeling.label TO koppeling_worker;
GRANT SELECT (id, content, expires_at), UPDATE (content, media_type, sha256, fetched_at, expires_at)
    ON koppeling.label_document TO koppeling_worker;
GRANT SELECT ON
    koppeling.account, koppeling.from_address, koppeling.order_warning, koppeling.tracking_state
    TO koppeling_worker;
GRANT SELECT, UPDATE (state, reason_code, reason, reason_en, name, checked_at)
    ON koppeling.account_credentials TO koppeling_worker;
GRANT SELECT, INSERT, UPDATE ON koppeling.imported_order TO koppeling_worker;
GRANT USAGE ON SEQUENCE koppeling.imported_order_id_seq TO koppeling_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON koppeling.order_line, koppeling.skipped_order TO koppeling_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON koppeling.quote TO koppeling_worker;
GRANT SELECT ON koppeling.job_context, koppeling.job_context_in_bulk, koppeling.customs_area, koppeling.parcel_format
    TO koppeling_worker;
GRANT EXECUTE ON FUNCTION koppeling.shop_gate, koppeling.job_gate, koppeling.watch_every, koppeling.track_every
    TO koppeling_worker, koppeling_scheduler;
GRANT EXECUTE ON FUNCTION koppeling.mend_times, koppeling.recheck_every TO koppeling_scheduler;
GRANT EXECUTE ON FUNCTION
    koppeling.retry_at, koppeling.hand_back, koppeling.reseal, koppeling.poll_warning, koppeling.customs_area,
    koppeling.customs_gaps, koppeling.dispatch_problem, koppeling.order_warnings, koppeling.push_problem,
    koppeling.parcel_items, koppeling.shipment_to_relate, koppeling.job_context_of
    TO koppeling_worker;

-- Schedulers.
GRANT INSERT, UPDATE ON koppeling.job TO koppeling_scheduler;
GRANT UPDATE (lease_until, state) ON koppeling.worker TO koppeling_scheduler;
GRANT SELECT (id, account_id, state, poll_interval, next_poll_at, last_polled_at, restored_at, blocked_until, pace_at,
              vanished_at, refused_since, recheck_at),
      UPDATE (next_poll_at, pace_at, recheck_at)
    ON koppeling.integration TO koppeling_scheduler;
GRANT SELECT (id, integration_id, state, missing_since, content_hash, pushed_hash, erased_at, pushed_id, push_asked_at,
              take_back_since, pushed_environment, pushed_at, unlabelled_since, watch_at, ship_to_country),
      UPDATE (watch_at)
    ON koppeling.imported_order TO koppeling_scheduler;
GRANT SELECT (id, push_orders, push_environment, client_id, staging_client_id, watch_pace_at, track_labels,
              track_pace_at),
      UPDATE (watch_pace_at, track_pace_at)
    ON koppeling.account TO koppeling_scheduler;
GRANT SELECT (account_id, environment, state, refused_since, recheck_at), UPDATE (recheck_at)
    ON koppeling.account_credentials TO koppeling_scheduler;
GRANT SELECT (id, order_id, told_at, created_at, cancelled_at, panel_shipment_id, track_at),
      UPDATE (track_at)
    ON koppeling.label TO koppeling_scheduler;
GRANT SELECT (id, environment, order_id, external_id) ON koppeling.shipment TO koppeling_scheduler;
-- What it serves as metrics: numbers by kind, state and reason.
GRANT SELECT ON koppeling.gauge TO koppeling_scheduler;
GRANT INSERT, UPDATE ON koppeling.scheduler TO koppeling_scheduler;
GRANT UPDATE (done_at, failed_since, error) ON koppeling.chore TO koppeling_scheduler;
GRANT EXECUTE ON FUNCTION
    koppeling.take_orders, koppeling.make_history_partitions, koppeling.drop_old_history, koppeling.forget_processes,
    koppeling.maintain_history, koppeling.erase_by_age, koppeling.drop_old_quotes, koppeling.release_forgotten_jobs,
    koppeling.failed_at, koppeling.delete_label_documents, koppeling.take_events, koppeling.forget_events
    TO koppeling_scheduler;

-- The panel, before anybody is signed in.
GRANT EXECUTE ON FUNCTION
    koppeling.panel_sign_in_begin, koppeling.panel_sign_in_end, koppeling.panel_portal_enter,
    koppeling.panel_proxy_enter, koppeling.panel_sign_out,
    koppeling.panel_enter, koppeling.panel_token_enter, koppeling.panel_find_session, koppeling.panel_become,
    koppeling.panel_calendar,
    koppeling.panel_add_user, koppeling.panel_set_password
    TO koppeling_panel;
GRANT SELECT ON koppeling.schema_migration, koppeling.schema_definitions TO koppeling_panel;

-- Whoever looks at the pages of an account: views that show the rows of the account of the session, and no table with
-- anything of anybody in it.
GRANT SELECT ON
    koppeling.message, koppeling.parcel_format, koppeling.order_warning, koppeling.order_reason,
    koppeling.own_account, koppeling.own_from_address, koppeling.own_integration, koppeling.own_order,
    koppeling.own_order_line, koppeling.own_label, koppeling.own_batch, koppeling.own_batch_order, koppeling.own_print
    TO koppeling_reader;
GRANT EXECUTE ON FUNCTION
    koppeling.panel_account, koppeling.panel_language, koppeling.panel_may_act,
    koppeling.panel_text, koppeling.panel_time, koppeling.panel_amount, koppeling.panel_order_words,
    koppeling.panel_service_name, koppeling.panel_arguments, koppeling.panel_id, koppeling.panel_ids,
    koppeling.panel_given, koppeling.panel_number, koppeling.panel_new_key, koppeling.panel_options,
    koppeling.panel_escape, koppeling.panel_query, koppeling.panel_shop_facts, koppeling.panel_shops,
    koppeling.panel_integrations, koppeling.panel_addresses, koppeling.panel_connect, koppeling.panel_shop_history,
    koppeling.panel_integration, koppeling.panel_my_shops, koppeling.panel_my_countries, koppeling.panel_find_orders,
    koppeling.panel_order_rows, koppeling.panel_order_filter, koppeling.panel_order_filters, koppeling.panel_orders,
    koppeling.panel_find_skipped, koppeling.panel_not_imported, koppeling.panel_concerns, koppeling.panel_attention,
    koppeling.panel_shipment_facts,
    koppeling.panel_order_history, koppeling.panel_order_problem, koppeling.panel_order, koppeling.panel_parcel,
    koppeling.panel_label_facts, koppeling.panel_labelled_by, koppeling.panel_again, koppeling.panel_label_form,
    koppeling.panel_label, koppeling.panel_batch,
    koppeling.panel_batches, koppeling.panel_print_status, koppeling.panel_prints, koppeling.panel_me,
    koppeling.panel_me_language
    TO koppeling_reader;

-- Whoever works with them, too: actions look by themselves whether what they are about is of the account.
GRANT EXECUTE ON FUNCTION
    koppeling.panel_connect_shop, koppeling.panel_integration_pause, koppeling.panel_integration_resume,
    koppeling.panel_integration_poll, koppeling.panel_integration_token, koppeling.panel_integration_disconnect,
    koppeling.panel_order_address, koppeling.panel_order_looked, koppeling.panel_quote, koppeling.panel_dispatch,
    koppeling.panel_print, koppeling.panel_print_pdf, koppeling.panel_token_add, koppeling.panel_token_remove
    TO koppeling_merchant;

-- Operations: who looks, and with the rights of koppeling_ops who does something, too.
GRANT EXECUTE ON FUNCTION
    koppeling.panel_account, koppeling.panel_language, koppeling.panel_may_act, koppeling.panel_text,
    koppeling.panel_time, koppeling.panel_amount, koppeling.panel_arguments, koppeling.panel_id, koppeling.panel_ids,
    koppeling.panel_given, koppeling.panel_number, koppeling.panel_new_key, koppeling.panel_options,
    koppeling.panel_escape, koppeling.panel_query, koppeling.panel_me, koppeling.panel_me_language,
    koppeling.panel_ops_filter, koppeling.panel_ops_entry, koppeling.panel_ops_attempts, koppeling.panel_ops_age,
    koppeling.panel_ops, koppeling.panel_ops_series, koppeling.panel_ops_jobs, koppeling.panel_ops_preview,
    koppeling.panel_ops_job, koppeling.panel_ops_shops, koppeling.panel_ops_processes, koppeling.panel_ops_apis,
    koppeling.panel_ops_spans, koppeling.panel_ops_plot, koppeling.panel_ops_course, koppeling.panel_ops_chosen,
    koppeling.panel_ops_redrive_page, koppeling.panel_ops_accounts, koppeling.panel_ops_find,
    koppeling.panel_ops_sample, koppeling.panel_ops_counts
    TO koppeling_panel_ops, koppeling_panel_watch;
GRANT EXECUTE ON FUNCTION
    koppeling.panel_ops_once, koppeling.panel_ops_done, koppeling.panel_ops_act, koppeling.panel_ops_redrive,
    koppeling.panel_ops_job_retry, koppeling.panel_ops_job_cancel, koppeling.panel_ops_block,
    koppeling.panel_ops_act_on_shop, koppeling.panel_ops_shop_pause, koppeling.panel_ops_shop_resume,
    koppeling.panel_ops_shop_poll, koppeling.panel_ops_account_check, koppeling.panel_ops_paused_by
    TO koppeling_panel_ops;
GRANT EXECUTE ON FUNCTION koppeling.panel_seal_host TO koppeling_merchant;
GRANT EXECUTE ON FUNCTION koppeling.panel_forget, koppeling.settle_words, koppeling.refresh_statistics
    TO koppeling_scheduler;
-- The index of words asks for them whenever an order is written.
GRANT EXECUTE ON FUNCTION koppeling.order_words TO koppeling_worker, koppeling_scheduler;
GRANT EXECUTE ON FUNCTION koppeling.panel_address_warnings TO koppeling_worker;
