-- What became of the labels that somebody asked for as PDF.

DROP VIEW IF EXISTS koppeling.label_document_status;

CREATE VIEW koppeling.label_document_status AS
SELECT d.id, d.environment, d.shipment_ids,
       CASE WHEN d.content IS NOT NULL THEN 'ready'
            WHEN j.state = 'failed' THEN 'failed'
            WHEN j.id IS NOT NULL THEN 'waiting'
            ELSE 'cancelled' END AS state,
       CASE WHEN d.content IS NULL THEN j.last_error END AS reason,
       d.pages, octet_length(d.content) AS bytes, encode(d.sha256, 'hex') AS sha256,
       d.requested_at, d.fetched_at, d.expires_at, j.id AS job_id
FROM koppeling.label_document d
LEFT JOIN koppeling.job j ON j.kind = 'fetch_label' AND (j.args ->> 'document')::bigint = d.id;
COMMENT ON VIEW koppeling.label_document_status IS
    'Labels as PDF without the PDF: ready, waiting (with the reason of the last attempt, if one failed), failed with '
    'the reason, or cancelled by a person.';
