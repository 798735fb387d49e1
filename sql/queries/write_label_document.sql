-- Labels came as PDF, for a document that is still wanted. Whoever waits for it is told.
-- $1 the rows of fetch_label jobs, with job and fencing token
WITH answer AS MATERIALIZED (
    SELECT w.document, decode(w.content, 'base64') AS content
    FROM json_to_recordset($1::json) AS w (job bigint, token bigint, document bigint, content text)
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
), stored AS (
    UPDATE koppeling.label_document d
    SET content = a.content, media_type = 'application/pdf', sha256 = sha256(a.content), fetched_at = now(),
        expires_at = greatest(
            d.expires_at,
            now() + (SELECT make_interval(hours => s.value::integer)
                     FROM koppeling.setting s WHERE s.name = 'label_document_hours'))
    FROM answer a
    WHERE d.id = a.document AND d.content IS NULL
    RETURNING d.id
)
SELECT pg_notify('koppeling_label_document', s.id::text) FROM stored s;
