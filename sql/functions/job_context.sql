-- The context of one job, for the claim.

CREATE OR REPLACE FUNCTION koppeling.job_context_of(kind text, subject_id bigint)
RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    subject CONSTANT bigint := job_context_of.subject_id;
BEGIN
    -- Each statement has a plan of its own, which a session makes when it needs it first.
    CASE job_context_of.kind
        WHEN 'verify' THEN
            RETURN (SELECT c.context FROM koppeling.job_context_verify c WHERE c.subject_id = subject);
        WHEN 'mark_shipped' THEN
            RETURN (SELECT c.context FROM koppeling.job_context_mark_shipped c WHERE c.subject_id = subject);
        WHEN 'create_shipment' THEN
            RETURN (SELECT c.context FROM koppeling.job_context_create_shipment c WHERE c.subject_id = subject);
        WHEN 'quote' THEN
            RETURN (SELECT c.context FROM koppeling.job_context_quote c WHERE c.subject_id = subject);
        WHEN 'confirm_order' THEN
            RETURN (SELECT c.context FROM koppeling.job_context_confirm_order c WHERE c.subject_id = subject);
        WHEN 'push_order' THEN
            RETURN (SELECT c.context FROM koppeling.job_context_push_order c WHERE c.subject_id = subject);
        WHEN 'watch_order' THEN
            RETURN (SELECT c.context FROM koppeling.job_context_watch_order c WHERE c.subject_id = subject);
        WHEN 'track_label' THEN
            RETURN (SELECT c.context FROM koppeling.job_context_track_label c WHERE c.subject_id = subject);
        WHEN 'fetch_label' THEN
            RETURN (SELECT c.context FROM koppeling.job_context_fetch_label c WHERE c.subject_id = subject);
        WHEN 'remove_order' THEN
            RETURN (SELECT c.context FROM koppeling.job_context_remove_order c WHERE c.subject_id = subject);
        ELSE
            RETURN NULL;
    END CASE;
END
$$;
COMMENT ON FUNCTION koppeling.job_context_of IS
    'What the worker is told of the subject of a job of one of the kinds that do not come in bulk; NULL: nothing. Read '
    'by the claim.';
