-- Labels as PDF, for whoever asked: fetched once, kept for hours.

INSERT INTO koppeling.job_kind (name, api, priority, max_attempts, meaning, history_days) VALUES
    ('fetch_label', 'boekuwzending', 0, 10, 'fetches labels as PDF for a person who asked for them', 7);
INSERT INTO koppeling.setting (name, value, meaning, least, most) VALUES
    ('label_document_hours', '24', 'hours that a label is kept as PDF after it was last asked for', 1, 720);
INSERT INTO koppeling.chore (name, meaning) VALUES
    ('label_documents', 'deletes labels as PDF past their time');

CREATE TABLE koppeling.label_document (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    requested_at timestamptz NOT NULL DEFAULT now(),
    fetched_at   timestamptz,
    expires_at   timestamptz NOT NULL,
    environment  koppeling.environment NOT NULL,
    shipment_ids bigint[] NOT NULL,
    order_ids    bigint[] NOT NULL,
    pages        integer,
    media_type   text,
    sha256       bytea,
    content      bytea,
    CONSTRAINT label_document_has_shipments CHECK (
        array_ndims(shipment_ids) = 1 AND cardinality(shipment_ids) BETWEEN 1 AND 25
        AND array_position(shipment_ids, NULL) IS NULL
        AND cardinality(order_ids) = cardinality(shipment_ids)),
    CONSTRAINT label_document_is_whole CHECK (
        num_nulls(content, media_type, sha256, fetched_at) IN (0, 4) AND (pages IS NULL OR content IS NOT NULL)),
    CONSTRAINT label_document_is_pdf CHECK (
        media_type = 'application/pdf' AND substr(content, 1, 5) = '%PDF-'::bytea),
    CONSTRAINT label_document_is_not_huge CHECK (octet_length(content) <= 20 * 1024 * 1024),
    CONSTRAINT label_document_sha256_fits CHECK (sha256 = sha256(content)),
    CONSTRAINT label_document_has_pages CHECK (pages > 0)
);
-- Whoever asks twice for the same gets the same.
CREATE UNIQUE INDEX label_document_one ON koppeling.label_document (shipment_ids);
CREATE INDEX label_document_first ON koppeling.label_document ((shipment_ids[1])) WHERE content IS NULL;
CREATE INDEX label_document_orders ON koppeling.label_document USING gin (order_ids);
CREATE INDEX label_document_expires ON koppeling.label_document (expires_at);
-- A PDF is packed already.
ALTER TABLE koppeling.label_document ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON TABLE koppeling.label_document IS
    'Labels as PDF that somebody asked for with request_label_pdf(), kept as setting label_document_hours says. '
    'They show names and addresses: only the back end reads them, and they go with the personal data of an order.';
COMMENT ON COLUMN koppeling.label_document.id IS 'Key; what request_label_pdf() returns.';
COMMENT ON COLUMN koppeling.label_document.requested_at IS 'When it was first asked for.';
COMMENT ON COLUMN koppeling.label_document.fetched_at IS 'When it came; NULL: not yet.';
COMMENT ON COLUMN koppeling.label_document.expires_at IS 'When it is deleted.';
COMMENT ON COLUMN koppeling.label_document.environment IS 'Where its labels were made: those of staging send nothing.';
COMMENT ON COLUMN koppeling.label_document.shipment_ids IS 'The shipments whose labels it has, in the order asked for.';
COMMENT ON COLUMN koppeling.label_document.order_ids IS 'The order of each of them.';
COMMENT ON COLUMN koppeling.label_document.pages IS 'How many pages, where that is certain; NULL: it was not counted.';
COMMENT ON COLUMN koppeling.label_document.media_type IS 'application/pdf.';
COMMENT ON COLUMN koppeling.label_document.sha256 IS 'Of the content.';
COMMENT ON COLUMN koppeling.label_document.content IS 'The PDF.';

-- At most one live job per document; and it names one.
CREATE UNIQUE INDEX job_one_fetch_label ON koppeling.job (((args ->> 'document')::bigint)) WHERE kind = 'fetch_label';
ALTER TABLE koppeling.job ADD CONSTRAINT job_fetch_label_has_document CHECK (
    kind <> 'fetch_label'
    OR (shipment_id IS NOT NULL AND coalesce(jsonb_typeof(args -> 'document') = 'number', false)));
