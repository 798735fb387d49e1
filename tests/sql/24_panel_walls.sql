-- Accounts never see each other, whatever they ask for and with whatever statement; and nobody else notices the walls.
BEGIN;
\ir common/world.sql
\ir common/panel.sql
SELECT no_plan();

-- What is theirs, of each kind.
INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id, state, external_id)
OVERRIDING SYSTEM VALUE
VALUES (1, 1, 'production', 'dhl', 1, 'labelled', 'e1'), (9, 9, 'production', 'dhl', 2, 'labelled', 'e9');
INSERT INTO koppeling.label (shipment_id, order_id, environment, external_id)
SELECT s.id, s.order_id, 'production', 'l' || s.id FROM koppeling.shipment s;
INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason)
VALUES (1, 'S1', 'not_paid', 'x'), (3, 'S3', 'not_paid', 'x');
INSERT INTO koppeling.panel_batch (id, account_id, person, environment, label_count, label_format)
OVERRIDING SYSTEM VALUE VALUES (1, 1, 'fenna', 'production', 1, 'package'), (2, 2, 'ander', 'production', 1, 'package');
INSERT INTO koppeling.panel_batch_order (batch_id, place, order_id, shipment_id) VALUES (1, 1, 1, 1), (2, 1, 9, 9);
INSERT INTO koppeling.panel_print (id, account_id, person, environment, layout, position, shipment_ids, order_ids)
OVERRIDING SYSTEM VALUE
VALUES (1, 1, 'fenna', 'production', 'a6', 1, '{1}', '{1}'), (2, 2, 'ander', 'production', 'a6', 1, '{9}', '{9}');
INSERT INTO koppeling.order_look (order_id, reason_code) VALUES (1, 'reopened'), (9, 'reopened');
INSERT INTO koppeling.quote (job_id, order_id, environment, service, asked)
VALUES (1, 1, 'production', 'dhl', '[]'), (1, 9, 'production', 'dhl', '[]');
INSERT INTO koppeling.account_credentials (account_id, environment) VALUES (2, 'production');
INSERT INTO koppeling.panel_session (cookie_hash, kind, account_id, person, role, expires_at)
VALUES (sha256('theirs'), 'api', 2, 'ERP', 'readonly', now() + interval '1 hour');

-- Rows: each view that they may read has those of one account, and nothing of another one.
CREATE TEMP TABLE readable AS
SELECT c.relname::text AS name,
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND has_column_privilege('koppeling_merchant', c.oid, a.attnum, 'SELECT')) AS columns
FROM pg_class c
WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
  AND has_any_column_privilege('koppeling_merchant', c.oid, 'SELECT');
SELECT set_eq('SELECT name FROM readable', $$
    SELECT unnest(ARRAY['message', 'parcel_format', 'order_warning', 'order_reason'])
    UNION ALL
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relname LIKE 'own\_%' AND c.relkind = 'v'
      AND c.reloptions @> '{security_barrier=true}' $$,
    'merchants read what holds nothing of anybody, and views with a wall');
SELECT is_empty($$ SELECT c.relname FROM pg_class c
                   WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relrowsecurity $$,
    'no table has row security, which would have the daemons planned blindly');
SELECT is(
    pg_temp.got('fenna', format('SELECT jsonb_agg(to_jsonb(x)) FROM koppeling.%I x', v.name))
        @? format('$.**.%s ? (%s)', v.path, v.theirs)::jsonpath, false, 'no row of another account in ' || v.name)
FROM (VALUES
    ('own_account', 'id', '@ == 2'), ('own_from_address', 'account_id', '@ == 2'),
    ('own_integration', 'account_id', '@ == 2'), ('own_batch', 'account_id', '@ == 2'),
    ('own_print', 'account_id', '@ == 2'), ('own_order', 'integration_id', '@ == 3'),
    ('own_order_line', 'order_id', '@ == 9'), ('own_label', 'order_id', '@ == 9'),
    ('own_batch_order', 'batch_id', '@ == 2')) AS v (name, path, theirs);
SELECT cmp_ok((pg_temp.got(who, format('SELECT to_jsonb(count(*)) FROM koppeling.%I', r.name)))::integer, '>', 0,
    format('%s sees its own in %s', who, r.name))
FROM readable r CROSS JOIN (VALUES ('fenna'), ('ander')) AS w (who)
WHERE r.name LIKE 'own\_%';
-- A function that would tell of each row that it is shown is shown none of theirs.
CREATE TABLE public.told (host text);
GRANT INSERT ON public.told TO PUBLIC;
CREATE FUNCTION public.tell(host text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
BEGIN
    INSERT INTO public.told VALUES (host);
    RETURN true;
END
$$;
SELECT pg_temp.got('fenna',
    'SELECT to_jsonb(count(*)) FROM koppeling.own_integration WHERE public.tell(shop_host)') AS n \gset
SELECT set_eq('SELECT host FROM public.told', $$ VALUES ('shop1.myonline.store'), ('shop2.myonline.store') $$,
    'nothing is run on a row before it is known to be theirs');
-- Without a session there is nothing, even for the role itself.
SET LOCAL ROLE koppeling_merchant;
SELECT is((SELECT count(*) FROM koppeling.own_order), 0::bigint, 'the role alone sees nothing');
RESET ROLE;
SELECT is(pg_temp.got('fenna', statement) ->> 'error', '42501', left(statement, 60))
FROM (VALUES
    ('SELECT 1 FROM koppeling.imported_order'), ('SELECT 1 FROM koppeling.label'),
    ('SELECT 1 FROM koppeling.shipment'), ('SELECT 1 FROM koppeling.account'), ('SELECT 1 FROM koppeling.job'),
    ('SELECT 1 FROM koppeling.job_history'), ('SELECT 1 FROM koppeling.audit'),
    ('SELECT 1 FROM koppeling.panel_session'), ('SELECT 1 FROM koppeling.panel_user'),
    ('SELECT 1 FROM koppeling.label_document'), ('SELECT sealed_token FROM koppeling.integration'),
    ('SELECT client_id FROM koppeling.account'), ('UPDATE koppeling.imported_order SET state = ''open'''),
    ('DELETE FROM koppeling.label'), ('INSERT INTO koppeling.from_address (account_id) VALUES (1)'),
    ('SELECT koppeling.dispatch_order(9)'), ('SELECT koppeling.disconnect_shop(3)'),
    ('SELECT koppeling.retry_job(1)'), ('SELECT koppeling.panel_add_user(''x'', ''$argon2id$'', ''operations'', NULL)'),
    ('SELECT koppeling.panel_find_session(''x'')')) AS t (statement);

-- Pages and actions: with every id of another account there is nothing.
CREATE TEMP TABLE before AS SELECT (SELECT count(*) FROM koppeling.job) AS jobs,
    (SELECT md5(string_agg(i::text, '' ORDER BY i.id)) FROM koppeling.integration i) AS shops,
    (SELECT md5(string_agg(o::text, '' ORDER BY o.id)) FROM koppeling.imported_order o) AS orders,
    (SELECT count(*) FROM koppeling.shipment) AS shipments, (SELECT count(*) FROM koppeling.panel_print) AS prints,
    (SELECT count(*) FROM koppeling.panel_session) AS sessions, (SELECT count(*) FROM koppeling.audit) AS audits;
SELECT is(pg_temp.picked(pg_temp.page('fenna', name, path, query, form), 'status'), status,
    format('%s %s %s %s: %s', name, path, query, form, status))
FROM (VALUES
    ('integration', '{"id": "3"}'::jsonb, '{}'::jsonb, '{}'::jsonb, '404'),
    ('integration_pause', '{"id": "3"}', '{}', '{}', '404'), ('integration_resume', '{"id": "3"}', '{}', '{}', '404'),
    ('integration_poll', '{"id": "3"}', '{}', '{}', '404'),
    ('integration_token', '{"id": "3"}', '{}', '{"sealed_token": "AQID"}', '404'),
    ('integration_disconnect', '{"id": "3"}', '{}', '{}', '404'),
    ('connect_shop', '{}', '{}', '{"shop_url": "a.myonline.store", "sealed_token": "AQID", "from_address_id": "2"}',
    '422'),
    ('order', '{"id": "9"}', '{}', '{}', '404'), ('order', '{"id": "9; DROP"}', '{}', '{}', '404'), ('order', '{}',
    '{}', '{}', '404'),
    ('order_address', '{"id": "9"}', '{}', '{"name": "x", "street": "x", "city": "x", "country": "NL"}', '404'),
    ('order_looked', '{"id": "9"}', '{}', '{}', '404'), ('label', '{}', '{"order": "9"}', '{}', '404'),
    ('dispatch', '{}', '{}', '{"order": ["9"], "service": "dhl"}', '404'),
    ('quote', '{}', '{}', '{"order": ["9"]}', '-'), ('batch', '{"id": "2"}', '{}', '{}', '404'),
    ('print', '{}', '{}', '{"shipment": ["9"]}', '409'), ('print', '{}', '{}', '{"order": ["9"]}', '409'),
    ('print', '{}', '{}', '{"batch": "2"}', '409'), ('print', '{}', '{}', '{"again": "2"}', '409'),
    ('print_status', '{"id": "2"}', '{}', '{}', '404'),
    ('token_remove', (SELECT jsonb_build_object('id', id::text) FROM koppeling.panel_session WHERE person = 'ERP'),
    '{}', '{}', '404'))
    AS t (name, path, query, form, status);
SELECT is(pg_temp.got('fenna', 'SELECT jsonb_agg(to_jsonb(p))
    FROM koppeling.panel_print_pdf(2) AS p'), NULL, 'nor a PDF');
SELECT is(pg_temp.page('fenna', name, '{}', query)::text ~ theirs, false,
    format('%s %s shows nothing of theirs', name, query))
FROM (VALUES
    ('integrations', '{}'::jsonb, 'shop3'), ('orders', '{"state": "all", "shop": "3"}', '70009|shop3'),
    ('orders', '{"state": "all", "q": "70009"}', '"id": "9"|shop3'), ('orders', '{"state": "all"}', '70009|shop3'),
    ('not_imported', '{"shop": "3"}', 'S3'), ('not_imported', '{}', 'S3'), ('attention', '{}', '70009'),
    ('batches', '{}', 'ander'), ('prints', '{}', 'ander|70009'), ('me', '{}', 'ERP|ander'),
    ('connect', '{}', 'Half'), ('label', '{"order": ["1", "9"]}', '70009')) AS t (name, query, theirs);
SELECT results_eq($$ SELECT (SELECT count(*) FROM koppeling.job),
    (SELECT md5(string_agg(i::text, '' ORDER BY i.id)) FROM koppeling.integration i),
    (SELECT md5(string_agg(o::text, '' ORDER BY o.id)) FROM koppeling.imported_order o),
    (SELECT count(*) FROM koppeling.shipment), (SELECT count(*) FROM koppeling.panel_print),
    (SELECT count(*) FROM koppeling.panel_session), (SELECT count(*) FROM koppeling.audit) $$, 'SELECT * FROM before',
    'and nothing was done');

-- Who only looks does nothing, by the database, too.
SELECT is(pg_temp.page('kijker', name, '{"id": "1"}') ->> 'error', '42501', 'kijker may not ' || name)
FROM unnest(ARRAY['connect_shop', 'integration_pause', 'integration_resume', 'integration_poll', 'integration_token',
    'integration_disconnect', 'order_address', 'order_looked', 'quote', 'dispatch', 'print', 'token_add',
    'token_remove']) AS name;
SELECT is(pg_temp.page('wacht', name, '{"id": "1"}') ->> 'error', '42501', 'operations has no page ' || name)
FROM unnest(ARRAY['orders', 'order', 'dispatch', 'connect_shop']) AS name;

-- Of operations, who only looks sees each of their pages, and may call nothing that does something.
INSERT INTO koppeling.job (id, kind, integration_id, state, last_error_class) VALUES (77, 'ping', 1, 'failed', 'ok');
SELECT is(pg_temp.page('toezicht', name, '{"id": "77"}') - ARRAY['once'], pg_temp.page('wacht', name, '{"id": "77"}')
    - ARRAY['once'], 'toezicht sees of ' || name || ' what operations see')
FROM unnest(ARRAY['ops', 'ops_course', 'ops_series', 'ops_jobs', 'ops_preview', 'ops_job', 'ops_shops', 'ops_accounts',
    'ops_processes', 'ops_apis']) AS name;
SELECT is(pg_temp.picked(pg_temp.page('toezicht', 'ops_job', '{"id": "77"}'), 'job.kind', 'is_live'), 'ping true',
    'a job, too');
SELECT is(pg_temp.page('toezicht', name, '{"id": "1"}', form => '{"job": ["1"], "minutes": "5"}') ->> 'error', '42501',
    'toezicht may not ' || name)
FROM (SELECT p.proname AS function, substr(p.proname, 7) AS name FROM pg_proc p
      WHERE p.pronamespace = 'koppeling'::regnamespace AND p.prorettype = 'json'::regtype
        AND obj_description(p.oid) LIKE 'Action%' AND p.proname <> 'panel_me_language') f;
SELECT is(pg_temp.got('toezicht', statement) ->> 'error', '42501', 'toezicht: ' || statement)
FROM (VALUES
    ('SELECT koppeling.retry_job(1)'), ('SELECT koppeling.cancel_job(1)'), ('SELECT koppeling.retry_failed(NULL)'),
    ('SELECT koppeling.pause_integration(1, ''x'')'), ('SELECT koppeling.poll_now(1)'),
    ('SELECT koppeling.block_api(''shop'', NULL)'), ('SELECT koppeling.check_account(1)'),
    ('SELECT koppeling.erase_order(1)'), ('UPDATE koppeling.job SET state = ''queued'''),
    ('DELETE FROM koppeling.job'), ('SELECT sealed_token FROM koppeling.integration'),
    ('SELECT content FROM koppeling.label_document'), ('SELECT cookie_hash FROM koppeling.panel_session'),
    ('SELECT koppeling.panel_ops_once(''x'', ''{}'')')) AS t (statement);
SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p', 'v')
      AND has_any_column_privilege('koppeling_panel_watch', c.oid, 'INSERT, UPDATE')
       OR c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p', 'v')
      AND has_table_privilege('koppeling_panel_watch', c.oid, 'DELETE, TRUNCATE') $$,
    'nor has its role a right to change anything');

-- The definer functions that look for merchants what they may not read themselves name the account.
SELECT is_empty($$
    SELECT p.proname FROM pg_proc p
    WHERE p.pronamespace = 'koppeling'::regnamespace AND p.prosecdef AND p.proname LIKE 'panel\_%'
      AND has_function_privilege('koppeling_merchant', p.oid, 'EXECUTE')
      AND pg_get_functiondef(p.oid) !~ 'panel_(account|my_shops|session_hash|act_on_shop|label_facts)\(' $$,
    'each function with the rights of its owner asks whose session it is');

SELECT * FROM finish();
ROLLBACK;
