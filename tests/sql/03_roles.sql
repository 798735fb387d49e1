-- Each role can do its own part and no more.
BEGIN;
\ir common/world.sql
SELECT no_plan();

CREATE TEMP VIEW role_names AS
    SELECT unnest(ARRAY[
        'koppeling_backend', 'koppeling_ops', 'koppeling_dba', 'koppeling_worker', 'koppeling_scheduler']) AS role;
CREATE TEMP VIEW relation AS
    SELECT c.oid, c.relname::text AS name FROM pg_class c
    WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition;

-- Whole tables that may be changed.
SELECT set_eq($$
    SELECT r.role, t.name, p.privilege
    FROM role_names r, relation t,
        unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
    WHERE has_table_privilege(r.role, t.oid, p.privilege) $$, $$ VALUES
    ('koppeling_backend', 'from_address', 'INSERT'), ('koppeling_backend', 'from_address', 'UPDATE'),
    ('koppeling_backend', 'from_address', 'DELETE'), ('koppeling_backend', 'article_customs', 'INSERT'),
    ('koppeling_backend', 'article_customs', 'UPDATE'), ('koppeling_backend', 'article_customs', 'DELETE'),
    ('koppeling_dba', 'customs_area', 'INSERT'), ('koppeling_dba', 'customs_area', 'UPDATE'),
    ('koppeling_dba', 'customs_area', 'DELETE'),
    ('koppeling_dba', 'parcel_format', 'INSERT'), ('koppeling_dba', 'parcel_format', 'UPDATE'),
    ('koppeling_dba', 'tracking_state', 'INSERT'), ('koppeling_dba', 'tracking_state', 'UPDATE'),
    ('koppeling_worker', 'quote', 'INSERT'), ('koppeling_worker', 'quote', 'UPDATE'),
    ('koppeling_worker', 'quote', 'DELETE'),
    ('koppeling_worker', 'job', 'UPDATE'), ('koppeling_worker', 'job', 'DELETE'),
    ('koppeling_worker', 'job_history', 'INSERT'),
    ('koppeling_worker', 'worker', 'INSERT'), ('koppeling_worker', 'worker', 'UPDATE'),
    ('koppeling_worker', 'shipment', 'UPDATE'), ('koppeling_worker', 'api', 'UPDATE'),
    ('koppeling_worker', 'label', 'INSERT'), ('koppeling_worker', 'label', 'UPDATE'),
    ('koppeling_worker', 'imported_order', 'INSERT'), ('koppeling_worker', 'imported_order', 'UPDATE'),
    ('koppeling_worker', 'order_line', 'INSERT'), ('koppeling_worker', 'order_line', 'UPDATE'),
    ('koppeling_worker', 'order_line', 'DELETE'),
    ('koppeling_worker', 'skipped_order', 'INSERT'), ('koppeling_worker', 'skipped_order', 'UPDATE'),
    ('koppeling_worker', 'skipped_order', 'DELETE'),
    ('koppeling_scheduler', 'scheduler', 'INSERT'), ('koppeling_scheduler', 'scheduler', 'UPDATE'),
    ('koppeling_scheduler', 'job', 'INSERT'), ('koppeling_scheduler', 'job', 'UPDATE') $$,
    'these tables, and no others, may be changed');

-- Single columns that may be changed.
SELECT set_eq($$
    SELECT r.role, t.name, p.privilege, a.attname::text
    FROM role_names r, relation t, pg_attribute a, unnest(ARRAY['INSERT', 'UPDATE', 'REFERENCES']) AS p (privilege)
    WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND has_column_privilege(r.role, t.oid, a.attnum, p.privilege)
      AND NOT has_table_privilege(r.role, t.oid, p.privilege) $$, $$
    SELECT v.role, v.name, p.privilege, c.column_name
    FROM (VALUES
        ('koppeling_backend', 'account', 'INSERT,UPDATE',
            'name,client_id,sealed_client_secret,staging_client_id,staging_sealed_client_secret,push_orders,'
            'push_environment,inco_terms,weight_per_piece,track_labels'),
        ('koppeling_backend', 'integration', 'UPDATE',
         'open_statuses,shipped_status,paid_only,mark_on_staging,tracking_in_comment,default_weight_kg,import_since,'
         'default_service,default_length_cm,default_width_cm,default_height_cm,poll_interval,from_address_id'),
        ('koppeling_ops', 'job', 'UPDATE', 'state,run_at,priority,max_attempts'),
        ('koppeling_dba', 'retry_rule', 'UPDATE',
            'max_attempts,backoff_base,backoff_cap,counts_as_attempt,honour_retry_after,advice,'
            'blames_api,clears_api,blocks_shop,shop_reason_code'),
        ('koppeling_dba', 'setting', 'UPDATE', 'value'),
        ('koppeling_dba', 'watch_rule', 'UPDATE', 'age_from,every'),
        ('koppeling_dba', 'recheck_rule', 'UPDATE', 'age_from,every'),
        ('koppeling_dba', 'track_rule', 'UPDATE', 'age_from,every'),
        ('koppeling_dba', 'job_kind', 'UPDATE', 'priority,max_attempts,history_days'),
        ('koppeling_dba', 'api', 'UPDATE', 'rate_per_second,burst,breaker_limit,breaker_pause,longest_booking'),
        ('koppeling_worker', 'integration', 'UPDATE',
         'state,reason_code,reason,reason_en,verify_warning,verify_warning_en,sealed_token,store_id,store_name,'
         'store_domain,region_code,currency,statuses,'
         'connected_at,next_poll_at,last_polled_at,polls,unchanged_polls,blocked_until,'
         'poll_warning,poll_warning_en,list_ends,list_ends_at,listed_whole_at,vanished_at'),
        ('koppeling_worker', 'label_document', 'UPDATE', 'content,media_type,sha256,fetched_at,expires_at'),
        ('koppeling_worker', 'account_credentials', 'UPDATE', 'state,reason_code,reason,reason_en,name,checked_at'),
        ('koppeling_scheduler', 'worker', 'UPDATE', 'lease_until,state'),
        ('koppeling_scheduler', 'chore', 'UPDATE', 'done_at,failed_since,error'),
        ('koppeling_scheduler', 'imported_order', 'UPDATE', 'watch_at'),
        ('koppeling_scheduler', 'account', 'UPDATE', 'watch_pace_at,track_pace_at'),
        ('koppeling_scheduler', 'label', 'UPDATE', 'track_at'),
        ('koppeling_scheduler', 'integration', 'UPDATE', 'next_poll_at,pace_at,recheck_at'),
        ('koppeling_scheduler', 'account_credentials', 'UPDATE', 'recheck_at'))
        AS v (role, name, privileges, columns),
        unnest(string_to_array(v.privileges, ',')) AS p (privilege),
        unnest(string_to_array(v.columns, ',')) AS c (column_name) $$,
    'these columns, and no others, may be changed');

-- Reading.
SELECT is_empty($$
    SELECT r.role, t.name, a.attname FROM role_names r, relation t, pg_attribute a
    WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname LIKE '%sealed%'
      AND r.role <> 'koppeling_worker' AND has_column_privilege(r.role, t.oid, a.attnum, 'SELECT') $$,
    'only a worker may read a sealed secret');
SELECT is_empty($$
    SELECT r.role, t.name, a.attname FROM role_names r, relation t, pg_attribute a
    WHERE a.attrelid = t.oid AND a.attnum > 0
      AND NOT a.attisdropped AND a.attname NOT LIKE '%sealed%' AND t.name NOT LIKE 'job\_context%'
      AND (t.name <> 'label_document' OR r.role = 'koppeling_backend')
      -- Nor hashes of passwords and tokens.
      AND t.name NOT IN ('panel_attempt', 'panel_portal_ticket', 'panel_once')
      AND a.attname NOT IN ('password_hash', 'cookie_hash')
      AND r.role IN ('koppeling_backend', 'koppeling_ops', 'koppeling_dba')
      AND NOT has_column_privilege(r.role, t.oid, a.attnum, 'SELECT') $$,
    'the back end, ops and DBAs may read everything else');
SELECT is_empty($$
    SELECT r.rolname, t.name, a.attname
    FROM pg_roles r, relation t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0
    WHERE r.rolname LIKE 'koppeling\_%'
      AND (t.name IN ('panel_attempt', 'panel_portal_ticket', 'panel_once')
           OR a.attname IN ('password_hash', 'cookie_hash'))
      AND has_column_privilege(r.oid, t.oid, a.attnum, 'SELECT') $$,
    'nobody reads hashes of passwords and tokens');
SELECT is_empty($$
    SELECT r.role FROM role_names r
    WHERE r.role NOT IN ('koppeling_backend', 'koppeling_worker')
      AND has_any_column_privilege(r.role, 'koppeling.label_document', 'SELECT') $$,
    'nobody else reads labels as PDF');
SELECT set_eq($$
    SELECT r.role, t.name FROM role_names r, relation t
    WHERE r.role IN ('koppeling_worker', 'koppeling_scheduler') AND has_table_privilege(r.role, t.oid, 'SELECT') $$, $$
    SELECT r.role, t.name
    FROM unnest(ARRAY['koppeling_worker', 'koppeling_scheduler']) AS r (role),
         unnest(ARRAY['schema_migration', 'schema_definitions', 'api', 'job_kind', 'retry_rule', 'watch_rule',
             'recheck_rule', 'track_rule', 'message', 'setting', 'job', 'worker', 'chore', 'scheduler']) AS t (name)
    UNION ALL
    SELECT 'koppeling_worker',
        unnest(ARRAY['integration', 'shipment', 'label', 'account', 'account_credentials', 'from_address',
                      'imported_order', 'order_line', 'order_warning', 'skipped_order', 'job_context',
                      'job_context_in_bulk', 'customs_area', 'quote', 'parcel_format', 'tracking_state'])
    UNION ALL
    SELECT 'koppeling_scheduler', 'gauge' $$,
    'the daemons may read these tables');
SELECT set_eq($$
    SELECT t.name, a.attname::text FROM relation t, pg_attribute a
    WHERE a.attrelid = t.oid AND a.attnum > 0 AND has_column_privilege('koppeling_scheduler', t.oid, a.attnum, 'SELECT')
      AND NOT has_table_privilege('koppeling_scheduler', t.oid, 'SELECT') $$, $$
    SELECT v.name, c.column_name
    FROM (VALUES
        ('integration',
         'id,account_id,state,poll_interval,next_poll_at,last_polled_at,restored_at,blocked_until,pace_at,vanished_at,'
         'refused_since,recheck_at'),
        ('imported_order',
         'id,integration_id,state,missing_since,content_hash,pushed_hash,erased_at,pushed_id,push_asked_at,'
         'take_back_since,pushed_environment,pushed_at,unlabelled_since,watch_at,ship_to_country'),
        ('account', 'id,push_orders,push_environment,client_id,staging_client_id,watch_pace_at,'
         'track_labels,track_pace_at'),
        ('account_credentials', 'account_id,environment,state,refused_since,recheck_at'),
        ('label', 'id,order_id,told_at,created_at,cancelled_at,panel_shipment_id,track_at'),
        ('shipment', 'id,environment,order_id,external_id')) AS v (name, columns),
        unnest(string_to_array(v.columns, ',')) AS c (column_name) $$,
    'of shops and orders the scheduler sees what it schedules by: no names, no addresses, no tokens');

-- Functions.
SELECT set_eq($$
    SELECT r.role, p.proname::text FROM role_names r, pg_proc p
    WHERE p.pronamespace = 'koppeling'::regnamespace AND has_function_privilege(r.role, p.oid, 'EXECUTE') $$, $$
    SELECT v.role, f.name
    FROM (VALUES
        ('koppeling_backend',
            'connect_shop,replace_token,disconnect_shop,poll_now,record_label,record_label_cancelled,dispatch_order,'
            'order_was_looked_at,label_pdf,label_pdf_problem,request_label_pdf,enqueue,ping,shop_host,'
            'integration_notices,erase_order,erase_integration,'
            'dispatch_problem,order_warnings,customs_area,customs_gaps,failed_at,'
            'request_quote,services_for,parcels_problem,parcel_count,save_credentials,check_account'),
        ('koppeling_ops',
            'retry_job,retry_failed,cancel_job,pause_integration,resume_integration,block_api,poll_now,ping,'
            'integration_notices,erase_order,erase_integration,dispatch_problem,order_warnings,order_was_looked_at,'
            'customs_area,customs_gaps,failed_at,services_for,check_account'),
        ('koppeling_dba', 'maintain_history,after_restore,setting_integer,failed_at'),
        ('koppeling_worker',
            'shop_gate,job_gate,watch_every,track_every,'
            'retry_at,hand_back,reseal,poll_warning,customs_area,customs_gaps,'
            'dispatch_problem,order_warnings,parcel_items,shipment_to_relate,push_problem,'
            'job_context_of,order_words,panel_address_warnings'),
        ('koppeling_scheduler',
            'maintain_history,erase_by_age,release_forgotten_jobs,shop_gate,job_gate,watch_every,track_every,'
            'mend_times,recheck_every,take_orders,'
            'make_history_partitions,drop_old_history,drop_old_quotes,forget_processes,delete_label_documents,'
            'failed_at,take_events,forget_events,panel_forget,order_words,settle_words,'
            'refresh_statistics')) AS v (role, names),
        unnest(string_to_array(v.names, ',')) AS f (name) $$,
    'these functions, and no others, may be called');

-- And tried.
INSERT INTO koppeling.job (id, kind, integration_id) VALUES (100, 'poll', 1);
UPDATE koppeling.job SET state = 'failed' WHERE id = 100;
SELECT is(pg_temp.attempt(role, statement), result, format('%s: %s gives %s', role, left(statement, 70), result))
FROM (VALUES
    ('koppeling_backend', 'SELECT koppeling.connect_shop(''a.myonline.store'', ''x'', 1)', 'ok'),
    ('koppeling_backend', 'SELECT koppeling.record_label(1, ''staging'', ''L-1'', NULL, NULL)', 'ok'),
    ('koppeling_backend', 'SELECT koppeling.dispatch_order(1, ''dhl'')', 'ok'),
    ('koppeling_backend', 'SELECT koppeling.dispatch_problem(1), koppeling.order_warnings(1)', 'ok'),
    ('koppeling_backend', 'SELECT koppeling.poll_now(2)', 'ok'),
    ('koppeling_backend', 'SELECT koppeling.erase_order(1)', 'ok'),
    ('koppeling_backend', 'SELECT * FROM koppeling.integration_status', 'ok'),
    ('koppeling_backend', 'INSERT INTO koppeling.account (name) VALUES (''Nieuw'')', 'ok'),
    ('koppeling_backend', 'INSERT INTO koppeling.from_address (account_id, name) VALUES (1, ''x'')', 'ok'),
    ('koppeling_backend', 'UPDATE koppeling.integration SET paid_only = true', 'ok'),
    ('koppeling_backend', 'UPDATE koppeling.integration SET state = ''active''', '42501'),
    ('koppeling_backend', 'UPDATE koppeling.integration SET sealed_token = ''x''', '42501'),
    ('koppeling_backend', 'SELECT sealed_token FROM koppeling.integration', '42501'),
    ('koppeling_backend', 'SELECT * FROM koppeling.account', '42501'),
    ('koppeling_backend',
        'INSERT INTO koppeling.label (order_id, environment, external_id) VALUES (1, ''staging'', ''x'')', '42501'),
    ('koppeling_backend', 'INSERT INTO koppeling.job (kind) VALUES (''ping'')', '42501'),
    ('koppeling_backend', 'SELECT koppeling.retry_job(100)', '42501'),
    ('koppeling_backend', 'SELECT koppeling.record_audit(''x'', ''y'')', '42501'),
    ('koppeling_backend', 'DELETE FROM koppeling.audit', '42501'),
    ('koppeling_backend', 'DELETE FROM koppeling.imported_order', '42501'),
    ('koppeling_backend', 'CREATE TABLE koppeling.x ()', '42501'),
    ('koppeling_ops', 'SELECT koppeling.retry_job(100)', 'ok'),
    ('koppeling_ops', 'SELECT koppeling.retry_failed()', 'ok'),
    ('koppeling_ops', 'SELECT koppeling.cancel_job(100)', 'ok'),
    ('koppeling_ops', 'SELECT koppeling.pause_integration(1, ''x'')', 'ok'),
    ('koppeling_ops', 'SELECT koppeling.block_api(''mijnwebwinkel'', now())', 'ok'),
    ('koppeling_ops', 'UPDATE koppeling.job SET state = ''queued'' WHERE id = 100', 'ok'),
    ('koppeling_ops', 'SELECT * FROM koppeling.failed_job', 'ok'),
    ('koppeling_ops', 'SELECT * FROM koppeling.order_to_look_at', 'ok'),
    ('koppeling_ops', 'SELECT koppeling.order_was_looked_at(1)', 'ok'),
    ('koppeling_ops', 'INSERT INTO koppeling.order_look (order_id, reason_code) VALUES (1, ''x'')', '42501'),
    ('koppeling_backend', 'SELECT * FROM koppeling.order_to_look_at', 'ok'),
    ('koppeling_backend', 'SELECT koppeling.order_was_looked_at(1)', 'ok'),
    ('koppeling_dba', 'SELECT * FROM koppeling.order_to_look_at', 'ok'),
    ('koppeling_dba', 'SELECT koppeling.order_was_looked_at(1)', '42501'),
    ('koppeling_ops', 'SELECT koppeling.dispatch_problem(1), koppeling.order_warnings(1)', 'ok'),
    ('koppeling_ops', 'SELECT * FROM koppeling.queue_health', 'ok'),
    ('koppeling_ops', 'UPDATE koppeling.job SET lease_token = 1', '42501'),
    ('koppeling_ops', 'DELETE FROM koppeling.job', '42501'),
    ('koppeling_ops', 'UPDATE koppeling.imported_order SET state = ''open''', '42501'),
    ('koppeling_ops', 'SELECT koppeling.connect_shop(''a.myonline.store'', ''x'', 1)', '42501'),
    ('koppeling_ops', 'SELECT koppeling.replace_token(1, ''x'')', '42501'),
    ('koppeling_ops', 'SELECT koppeling.record_label(1, ''staging'', ''L-1'', NULL, NULL)', '42501'),
    ('koppeling_ops', 'SELECT sealed_token FROM koppeling.integration', '42501'),
    ('koppeling_ops', 'UPDATE koppeling.retry_rule SET max_attempts = 1', '42501'),
    ('koppeling_dba', 'UPDATE koppeling.retry_rule SET max_attempts = 5 WHERE error_class = ''timeout''', 'ok'),
    ('koppeling_dba', 'UPDATE koppeling.setting SET value = ''60'' WHERE name = ''history_days''', 'ok'),
    ('koppeling_dba', 'UPDATE koppeling.api SET rate_per_second = 5', 'ok'),
    ('koppeling_dba', 'SELECT koppeling.maintain_history()', 'ok'),
    ('koppeling_dba', 'SELECT * FROM koppeling.job_log', 'ok'),
    ('koppeling_dba', 'SELECT * FROM koppeling.imported_order', 'ok'),
    ('koppeling_dba', 'SELECT sealed_client_secret FROM koppeling.account', '42501'),
    ('koppeling_dba', 'SELECT * FROM koppeling.integration', '42501'),
    ('koppeling_dba', 'UPDATE koppeling.job SET state = ''queued''', '42501'),
    ('koppeling_dba', 'SELECT koppeling.retry_job(100)', '42501'),
    ('koppeling_worker', 'UPDATE koppeling.worker SET seen_at = now()', 'ok'),
    ('koppeling_worker', 'SELECT sealed_token FROM koppeling.integration', 'ok'),
    ('koppeling_worker', 'SELECT * FROM koppeling.job_context', 'ok'),
    ('koppeling_worker', 'INSERT INTO koppeling.job (kind) VALUES (''ping'')', '42501'),
    ('koppeling_worker', 'SELECT koppeling.enqueue(''ping'')', '42501'),
    ('koppeling_worker', 'UPDATE koppeling.account SET name = ''x''', '42501'),
    ('koppeling_worker', 'UPDATE koppeling.integration SET state = ''active''', 'ok'),
    ('koppeling_worker', 'UPDATE koppeling.integration SET shop_host = ''evil.myonline.store''', '42501'),
    ('koppeling_worker', 'UPDATE koppeling.integration SET account_id = 2', '42501'),
    ('koppeling_worker', 'UPDATE koppeling.retry_rule SET max_attempts = 1', '42501'),
    ('koppeling_worker', 'DELETE FROM koppeling.imported_order', '42501'),
    ('koppeling_worker', 'DELETE FROM koppeling.job_history', '42501'),
    ('koppeling_worker', 'SELECT * FROM koppeling.audit', '42501'),
    ('koppeling_scheduler', 'INSERT INTO koppeling.job (kind) VALUES (''ping'')', 'ok'),
    ('koppeling_scheduler', 'SELECT koppeling.maintain_history(), koppeling.erase_by_age()', 'ok'),
    ('koppeling_scheduler', 'SELECT id, state FROM koppeling.imported_order', 'ok'),
    ('koppeling_scheduler', 'SELECT * FROM koppeling.gauge', 'ok'),
    ('koppeling_scheduler', 'SELECT * FROM koppeling.take_events(1)', 'ok'),
    ('koppeling_scheduler', 'SELECT * FROM koppeling.event', '42501'),
    ('koppeling_ops', 'SELECT * FROM koppeling.event_log', 'ok'),
    ('koppeling_ops', 'SELECT * FROM koppeling.take_events(1)', '42501'),
    ('koppeling_scheduler', 'SELECT * FROM koppeling.order_concern', '42501'),
    ('koppeling_scheduler', 'SELECT * FROM koppeling.order_to_look_at', '42501'),
    ('koppeling_scheduler', 'SELECT email FROM koppeling.imported_order', '42501'),
    ('koppeling_scheduler', 'SELECT sealed_token FROM koppeling.integration', '42501'),
    ('koppeling_scheduler', 'SELECT * FROM koppeling.label', '42501'),
    ('koppeling_scheduler', 'DELETE FROM koppeling.job', '42501'),
    ('koppeling_scheduler', 'UPDATE koppeling.imported_order SET state = ''open''', '42501')) AS t
    (role, statement, result);

-- Rights of the owner must not be had by tricks.
SELECT is(pg_temp.attempt('koppeling_backend', $$
    CREATE TEMP TABLE integration (id bigint);
    SET LOCAL search_path = pg_temp, koppeling;
    SELECT koppeling.poll_now(2) $$), 'ok',
    'a temporary table in the way of a function changes nothing');
SELECT is(count(*), 0::bigint, 'no role is a superuser or may log in')
FROM role_names r JOIN pg_roles p ON p.rolname = r.role WHERE p.rolsuper OR p.rolcanlogin;

SELECT finish();
ROLLBACK;
