-- Labels as PDF: who gets which, and what is refused.
BEGIN;
\ir common/world.sql
SELECT no_plan();

INSERT INTO koppeling.shipment (id, order_id, environment, service, from_address_id, state, external_id)
OVERRIDING SYSTEM VALUE
VALUES (1, 1, 'production', 'dhl', 1, 'labelled', 'e1'), (2, 2, 'production', 'dhl', 1, 'labelled', 'e2'),
       (3, 3, 'staging', 'dhl', 1, 'labelled', 'e3'), (4, 4, 'production', 'dhl', 1, 'created', 'e4'),
       (5, 9, 'production', 'dhl', 2, 'labelled', 'e5'), (6, 6, 'production', 'dhl', 1, 'labelled', 'e6'),
       (7, 7, 'production', 'dhl', 1, 'labelled', 'e7');
INSERT INTO koppeling.label (shipment_id, order_id, environment, external_id, cancelled_at)
SELECT s.id, s.order_id, s.environment, 'l' || s.id, CASE WHEN s.id = 7 THEN now() END
FROM koppeling.shipment s WHERE s.id <> 4;
SELECT koppeling.erase_order(6);

-- Refused, with words.
SELECT is(koppeling.label_pdf_problem(ids), words, coalesce(words, 'nothing is wrong with ' || ids::text))
FROM (VALUES
    ('{1}'::bigint[], NULL), ('{2,1}', NULL), ('{3}', NULL), (NULL, 'no shipment was named'),
    ('{}', 'no shipment was named'), ('{{1,2}}', 'the shipments are not a plain list'),
    ('{1,99}', 'there is no shipment 99'), ('{1,NULL}', 'there is no shipment NULL'),
    ('{1,2,1}', 'shipment 1 is named more than once'),
    ('{1,5}', 'shipment 5 is of another account than the first'),
    ('{1,3}', 'shipment 3 was made in staging, not where the first was'),
    ('{1,6}', 'the personal data of shipment 6 was erased'),
    ('{4}', 'shipment 4 has no label yet, or no longer'), ('{1,7}', 'shipment 7 has no label yet, or no longer'),
    (array_fill(1::bigint, '{26}'), '26 shipments are too many for one PDF: 25 at most')) AS t (ids, words);
SELECT matches(pg_temp.complaint('SELECT koppeling.request_label_pdf(''{4}'')'), 'cannot fetch labels: shipment 4 has',
    'asking says so');
SELECT matches(pg_temp.complaint('SELECT koppeling.enqueue(''fetch_label'', shipment_id => 1)'), 'request_label_pdf',
    'there is one way to ask');

-- Asked for.
SELECT koppeling.request_label_pdf('{2,1}') AS document \gset
SELECT is(koppeling.request_label_pdf('{2,1}'), :document::bigint, 'the same again is the same document');
SELECT isnt(koppeling.request_label_pdf('{1,2}'), :document::bigint, 'in another order it is another one');
SELECT results_eq(
    format('SELECT priority::integer, api_id::integer, shipment_id FROM koppeling.job '
           'WHERE kind = ''fetch_label'' AND args = ''{"document": %s}''', :document),
    $$ VALUES (0, (SELECT id::integer FROM koppeling.api WHERE name = 'boekuwzending' AND environment = 'production'),
               2::bigint) $$,
    'one job for it, of a person who waits');
SELECT is((SELECT context FROM koppeling.job_context WHERE kind = 'fetch_label' AND subject_id = 2),
    jsonb_build_object('environment', 'production', 'wanted', jsonb_build_object(:document, '["e2", "e1"]'::jsonb)),
    'which is told what to fetch, in the order given');
SELECT is((SELECT state FROM koppeling.label_document_status WHERE id = :document), 'waiting', 'it waits');
UPDATE koppeling.job SET state = 'failed' WHERE kind = 'fetch_label';
SELECT results_eq(format('SELECT state, reason FROM koppeling.label_document_status WHERE id = %s', :document),
    $$ VALUES ('failed', 'set to failed by hand') $$, 'it failed, and why');
SELECT koppeling.request_label_pdf('{2,1}');
SELECT is((SELECT state FROM koppeling.label_document_status WHERE id = :document), 'waiting',
    'asking again tries again');
SELECT koppeling.cancel_job((SELECT job_id FROM koppeling.label_document_status WHERE id = :document));
SELECT is((SELECT state FROM koppeling.label_document_status WHERE id = :document), 'cancelled', 'it was cancelled');

-- What cannot be stored.
SELECT is(pg_temp.refused_by(format('UPDATE koppeling.label_document SET %s', change)), name, name)
FROM (VALUES
    ('content = ''%PDF-''', 'label_document_is_whole'),
    ('content = ''<html>'', media_type = ''application/pdf'', sha256 = sha256(''<html>''), fetched_at = now()',
     'label_document_is_pdf'),
    ('content = ''%PDF-1'', media_type = ''application/pdf'', sha256 = ''x'', fetched_at = now()',
     'label_document_sha256_fits'),
    ('pages = 0, content = ''%PDF-1'', media_type = ''application/pdf'', sha256 = sha256(''%PDF-1''), '
     'fetched_at = now()', 'label_document_has_pages'),
    ('shipment_ids = ''{}''', 'label_document_has_shipments')) AS t (change, name);
SELECT matches(pg_temp.refused_by($$ INSERT INTO koppeling.job (kind, integration_id, order_id, shipment_id)
    VALUES ('fetch_label', 1, 1, 1) $$), 'job_fetch_label_has_document', 'a job names its document');

-- Taken away.
UPDATE koppeling.label_document SET expires_at = now() - interval '1 s' WHERE id = :document;
SELECT is(koppeling.delete_label_documents(), 1::bigint, 'what has expired is deleted');
SELECT koppeling.erase_order(2);
SELECT is_empty('SELECT id FROM koppeling.label_document', 'and what shows an order that is erased');

SELECT * FROM finish();
ROLLBACK;
