-- Accounts at Boekuwzending: what is known of their credentials, and holding and releasing the jobs that need them.

CREATE OR REPLACE FUNCTION koppeling.park_account_jobs(account_id bigint, environment koppeling.environment)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    UPDATE koppeling.job j
    SET run_at = 'infinity'
    FROM koppeling.integration i, koppeling.api a
    WHERE i.account_id = park_account_jobs.account_id AND j.integration_id = i.id AND a.id = j.api_id
      AND a.name = 'boekuwzending' AND a.environment = park_account_jobs.environment
      AND j.state = 'queued' AND j.run_at < 'infinity';
END;
COMMENT ON FUNCTION koppeling.park_account_jobs IS
    'Moves the queued jobs that need these credentials out of the way of every claim until release_account_jobs().';

CREATE OR REPLACE FUNCTION koppeling.release_account_jobs(account_id bigint, environment koppeling.environment)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    UPDATE koppeling.job j
    SET run_at = p.run_at
    FROM (
        SELECT q.id,
               now() + make_interval(secs =>
                   (greatest(row_number() OVER (ORDER BY q.priority, q.id) - a.burst, 0)
                    / a.rate_per_second)::float8) AS run_at
        FROM koppeling.integration i
        JOIN koppeling.job q ON q.integration_id = i.id
        JOIN koppeling.api a ON a.id = q.api_id
        WHERE i.account_id = release_account_jobs.account_id AND a.name = 'boekuwzending'
          AND a.environment = release_account_jobs.environment AND q.state = 'queued' AND q.run_at = 'infinity'
          AND koppeling.job_gate(i.id, q.kind, now(), q.api_id) < 'infinity') p
    WHERE j.id = p.id;
    SELECT pg_notify('koppeling_job', '');
END;
COMMENT ON FUNCTION koppeling.release_account_jobs IS
    'Lets the jobs that were parked for these credentials run again, at the pace of the API.';

CREATE OR REPLACE FUNCTION koppeling.credentials_hold_jobs()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    IF NEW.state = 'rejected' THEN
        PERFORM koppeling.park_account_jobs(NEW.account_id, NEW.environment);
    ELSE
        PERFORM koppeling.release_account_jobs(NEW.account_id, NEW.environment);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.credentials_hold_jobs IS
    'Trigger: the jobs of an account wait while its credentials are rejected, and go on when they are known '
    'to be good.';
CREATE OR REPLACE TRIGGER credentials_hold_jobs AFTER UPDATE OF state ON koppeling.account_credentials
    FOR EACH ROW WHEN (OLD.state <> NEW.state AND NEW.state <> 'unchecked')
    EXECUTE FUNCTION koppeling.credentials_hold_jobs();

CREATE OR REPLACE FUNCTION koppeling.request_account_check(account_id bigint, environment koppeling.environment)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    -- A verification of the old credentials that waits or failed starts over; one that runs is called back, so that
    -- its result, about the old ones, is refused.
    INSERT INTO koppeling.job AS j (kind, account_id, api_id, args)
    SELECT 'verify_account', account_id, a.id,
           jsonb_build_object('account_id', account_id, 'environment', request_account_check.environment)
    FROM koppeling.api a
    WHERE a.name = 'boekuwzending' AND a.environment = request_account_check.environment
    ON CONFLICT (account_id, api_id) WHERE kind = 'verify_account' DO UPDATE
    SET state = 'queued', attempt = 0, run_at = now(), worker_id = NULL, lease_token = NULL, lease_until = NULL;
END;
COMMENT ON FUNCTION koppeling.request_account_check IS
    'Enqueues the verification of the credentials of an account; one that is under way starts over.';

CREATE OR REPLACE FUNCTION koppeling.account_credentials_saved()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    place record;
BEGIN
    -- The same secret under another key is none that has to be verified.
    IF current_setting('koppeling.resealing', true) = 'on' THEN
        RETURN NULL;
    END IF;
    FOR place IN
        SELECT p.environment, p.client_id
        FROM (VALUES
            ('production'::koppeling.environment, NEW.client_id, NEW.sealed_client_secret,
             OLD.client_id, OLD.sealed_client_secret),
            ('staging', NEW.staging_client_id, NEW.staging_sealed_client_secret,
             OLD.staging_client_id, OLD.staging_sealed_client_secret))
            AS p (environment, client_id, sealed, old_client_id, old_sealed)
        WHERE (p.client_id, p.sealed) IS DISTINCT FROM (p.old_client_id, p.old_sealed)
    LOOP
        DELETE FROM koppeling.account_credentials c
        WHERE c.account_id = NEW.id AND c.environment = place.environment AND place.client_id IS NULL;
        INSERT INTO koppeling.account_credentials AS c (account_id, environment)
        SELECT NEW.id, place.environment
        WHERE place.client_id IS NOT NULL
        ON CONFLICT ON CONSTRAINT account_credentials_pkey DO UPDATE
        SET state = 'unchecked', reason_code = NULL, reason = NULL, reason_en = NULL, name = NULL,
            saved_at = now(), checked_at = NULL;
        IF place.client_id IS NOT NULL THEN
            PERFORM koppeling.request_account_check(NEW.id, place.environment);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.account_credentials_saved IS
    'Trigger: credentials that were saved, by whatever statement, are verified.';
CREATE OR REPLACE TRIGGER account_credentials_saved
    AFTER INSERT OR UPDATE OF client_id, sealed_client_secret, staging_client_id, staging_sealed_client_secret
    ON koppeling.account
    FOR EACH ROW EXECUTE FUNCTION koppeling.account_credentials_saved();

CREATE OR REPLACE FUNCTION koppeling.save_credentials(
    account_id bigint, environment koppeling.environment, client_id text, sealed_secret bytea)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF coalesce(btrim(save_credentials.client_id), '') = '' OR coalesce(length(sealed_secret), 0) = 0 THEN
        RAISE EXCEPTION 'the client id or the sealed secret is empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    UPDATE koppeling.account a
    SET client_id = CASE save_credentials.environment
            WHEN 'production' THEN btrim(save_credentials.client_id) ELSE a.client_id END,
        sealed_client_secret = CASE save_credentials.environment
            WHEN 'production' THEN sealed_secret ELSE a.sealed_client_secret END,
        staging_client_id = CASE save_credentials.environment
            WHEN 'staging' THEN btrim(save_credentials.client_id) ELSE a.staging_client_id END,
        staging_sealed_client_secret = CASE save_credentials.environment
            WHEN 'staging' THEN sealed_secret ELSE a.staging_sealed_client_secret END
    WHERE a.id = save_credentials.account_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no account %', save_credentials.account_id USING ERRCODE = 'no_data_found';
    END IF;
    PERFORM koppeling.record_audit('save_credentials', 'account ' || save_credentials.account_id,
        jsonb_build_object('environment', save_credentials.environment, 'client_id', save_credentials.client_id));
END
$$;
COMMENT ON FUNCTION koppeling.save_credentials IS
    'Gives an account credentials for an environment; they are verified at once (account_status), and jobs that wait '
    'for good ones go on. A plain UPDATE of account does the same.';

CREATE OR REPLACE FUNCTION koppeling.check_account(account_id bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    checked bigint;
BEGIN
    SELECT count(*) INTO checked
    FROM koppeling.account_credentials c,
         LATERAL koppeling.request_account_check(c.account_id, c.environment)
    WHERE c.account_id = check_account.account_id;
    PERFORM koppeling.record_audit('check_account', 'account ' || check_account.account_id,
        jsonb_build_object('environments', checked));
    RETURN checked;
END
$$;
COMMENT ON FUNCTION koppeling.check_account IS
    'Asks Boekuwzending again whose credentials an account has, in each environment for which it has any; returns how '
    'many. When they are good, its parked jobs go on.';
