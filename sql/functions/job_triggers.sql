-- What the database itself keeps right about jobs, whoever writes them.

CREATE OR REPLACE FUNCTION koppeling.job_fill_in()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    defaults koppeling.job_kind;
BEGIN
    SELECT * INTO defaults FROM koppeling.job_kind k WHERE k.name = NEW.kind;
    NEW.priority := coalesce(NEW.priority, defaults.priority, 1);
    NEW.max_attempts := coalesce(NEW.max_attempts, defaults.max_attempts, 10);
    IF NEW.api_id IS NULL THEN
        SELECT a.id INTO NEW.api_id
        FROM koppeling.api a
        WHERE a.name = coalesce(defaults.api, 'local')
          AND a.environment = coalesce(
              (SELECT s.environment
               FROM koppeling.shipment s
               WHERE s.id = NEW.shipment_id AND defaults.api = 'boekuwzending'),
              CASE WHEN NEW.kind = 'quote' THEN (NEW.args ->> 'environment')::koppeling.environment END,
              -- Where the order is to stand, or stands.
              (SELECT CASE NEW.kind WHEN 'push_order' THEN c.push_environment
                                    WHEN 'watch_order' THEN o.pushed_environment
                                    WHEN 'remove_order' THEN o.pushed_environment END
               FROM koppeling.imported_order o
               JOIN koppeling.integration i ON i.id = o.integration_id
               JOIN koppeling.account c ON c.id = i.account_id
               WHERE o.id = NEW.order_id AND defaults.api = 'boekuwzending'),
              'production');
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION koppeling.job_fill_in IS
    'Trigger: completes a job that was inserted by hand from the defaults of its kind.';
CREATE OR REPLACE TRIGGER job_fill_in BEFORE INSERT ON koppeling.job
    FOR EACH ROW WHEN (NEW.api_id IS NULL OR NEW.priority IS NULL OR NEW.max_attempts IS NULL)
    EXECUTE FUNCTION koppeling.job_fill_in();

CREATE OR REPLACE FUNCTION koppeling.job_change_by_hand()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    -- Whoever ran it has lost it: a late result carries a token that is no longer there.
    NEW.worker_id := NULL;
    NEW.lease_token := NULL;
    NEW.lease_until := NULL;
    IF NEW.state = 'failed' THEN
        NEW.last_error_class := coalesce(NEW.last_error_class, 'client_error');
        NEW.last_error := coalesce(NEW.last_error, 'set to failed by hand');
        -- When that was, for failed_job and retry_failed().
        NEW.errors := coalesce(NEW.errors, '[]') || jsonb_build_object(
            'attempt', NEW.attempt, 'at', now(), 'class', NEW.last_error_class, 'error', 'set to failed by hand');
        RETURN NEW;
    END IF;
    IF OLD.state = 'failed' THEN
        NEW.attempt := 0;
    END IF;
    IF NEW.run_at = OLD.run_at THEN
        NEW.run_at := now();
    END IF;
    PERFORM pg_notify('koppeling_job', '');
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION koppeling.job_change_by_hand IS
    'Trigger: makes a plain UPDATE of state whole: lease cleared, attempts reset, run_at now, workers woken.';
-- The engine's own changes clear worker_id themselves and never touch a failed job, so they do not pay for this.
CREATE OR REPLACE TRIGGER job_change_by_hand BEFORE UPDATE OF state ON koppeling.job
    FOR EACH ROW WHEN (
        (OLD.state = 'failed' AND NEW.state = 'queued')
        OR (OLD.state = 'running' AND NEW.state <> 'running' AND NEW.worker_id IS NOT NULL)
        OR (OLD.state = 'queued' AND NEW.state = 'failed'))
    EXECUTE FUNCTION koppeling.job_change_by_hand();

CREATE OR REPLACE FUNCTION koppeling.job_wake_workers()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    -- Constant payload: notifications of one transaction collapse into one.
    PERFORM pg_notify('koppeling_job', '');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.job_wake_workers IS 'Trigger: one NOTIFY koppeling_job per inserting statement.';
CREATE OR REPLACE TRIGGER job_wake_workers AFTER INSERT ON koppeling.job
    FOR EACH STATEMENT EXECUTE FUNCTION koppeling.job_wake_workers();
