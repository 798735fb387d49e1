-- What a person wants to hear of is noted where it becomes so, whichever statement made it so.

CREATE OR REPLACE FUNCTION koppeling.breaker_changed()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    noted koppeling.event;
BEGIN
    IF NEW.breaker_state = 'closed' THEN
        SELECT * INTO noted
        FROM koppeling.event e
        WHERE e.api_id = NEW.id AND e.what = 'breaker_opened'
        ORDER BY e.id DESC LIMIT 1;
    END IF;
    INSERT INTO koppeling.event (what, api_id, reason, lasted)
    VALUES (CASE NEW.breaker_state WHEN 'open' THEN 'breaker_opened' WHEN 'half_open' THEN 'breaker_half_open'
                 ELSE 'breaker_closed' END,
            NEW.id, CASE WHEN NEW.breaker_state = 'open' THEN NEW.block_reason END,
            greatest(now() - noted.at, '0'));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.breaker_changed IS 'Trigger: notes that a breaker opened, is tried, or closed.';
-- Of an outage once each: the probes that fail meanwhile are no news.
CREATE OR REPLACE TRIGGER breaker_changed AFTER UPDATE OF breaker_state ON koppeling.api
    FOR EACH ROW WHEN (
        (OLD.breaker_state = 'closed') <> (NEW.breaker_state = 'closed')
        OR (OLD.breaker_state = 'open' AND NEW.breaker_state = 'half_open' AND NEW.breaker_trips <= 1))
    EXECUTE FUNCTION koppeling.breaker_changed();

CREATE OR REPLACE FUNCTION koppeling.shop_condition_changed()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    noted koppeling.event;
BEGIN
    IF NEW.state = 'needs_attention' THEN
        INSERT INTO koppeling.event (what, integration_id, reason)
        VALUES ('shop_needs_attention', NEW.id, NEW.reason_en);
        RETURN NULL;
    END IF;
    -- By way of a verification, most likely, of another token.
    SELECT * INTO noted
    FROM koppeling.event e
    WHERE e.integration_id = NEW.id AND e.what IN ('shop_needs_attention', 'shop_is_well')
    ORDER BY e.id DESC LIMIT 1;
    IF noted.what = 'shop_needs_attention' THEN
        INSERT INTO koppeling.event (what, integration_id, lasted)
        VALUES ('shop_is_well', NEW.id, greatest(now() - noted.at, '0'));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.shop_condition_changed IS
    'Trigger: notes that a shop came to need a person, or is well again.';
CREATE OR REPLACE TRIGGER shop_condition_changed AFTER UPDATE OF state ON koppeling.integration
    FOR EACH ROW WHEN (OLD.state <> NEW.state AND NEW.state IN ('needs_attention', 'active'))
    EXECUTE FUNCTION koppeling.shop_condition_changed();

CREATE OR REPLACE FUNCTION koppeling.account_condition_changed()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    noted koppeling.event;
BEGIN
    IF NEW.state = 'rejected' THEN
        INSERT INTO koppeling.event (what, account_id, environment, reason)
        VALUES ('account_refused', NEW.account_id, NEW.environment, NEW.reason_en);
        RETURN NULL;
    END IF;
    SELECT * INTO noted
    FROM koppeling.event e
    WHERE e.account_id = NEW.account_id AND e.environment = NEW.environment
    ORDER BY e.id DESC LIMIT 1;
    IF noted.what = 'account_refused' THEN
        INSERT INTO koppeling.event (what, account_id, environment, lasted)
        VALUES ('account_is_well', NEW.account_id, NEW.environment, greatest(now() - noted.at, '0'));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.account_condition_changed IS
    'Trigger: notes that Boekuwzending refused the credentials of an account, or accepts them again.';
CREATE OR REPLACE TRIGGER account_condition_changed AFTER UPDATE OF state ON koppeling.account_credentials
    FOR EACH ROW WHEN (OLD.state <> NEW.state AND NEW.state IN ('rejected', 'active'))
    EXECUTE FUNCTION koppeling.account_condition_changed();

CREATE OR REPLACE FUNCTION koppeling.job_gave_up()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    INSERT INTO koppeling.event (what, job_id, kind, integration_id, order_id, account_id, reason, call)
    VALUES ('job_gave_up', NEW.id, NEW.kind, NEW.integration_id, NEW.order_id, NEW.account_id,
            concat_ws(': ', NEW.last_error_class, NEW.last_error), NEW.errors -> -1 ->> 'call');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.job_gave_up IS 'Trigger: notes that a job gave up and waits for a person.';
-- The condition is all that other updates pay for it.
CREATE OR REPLACE TRIGGER job_gave_up AFTER UPDATE OF state ON koppeling.job
    FOR EACH ROW WHEN (NEW.state = 'failed' AND OLD.state <> 'failed')
    EXECUTE FUNCTION koppeling.job_gave_up();

CREATE OR REPLACE FUNCTION koppeling.take_events(most integer)
RETURNS TABLE (id bigint, what text, at timestamptz, lasted_us bigint, api text, shop text, account_id bigint,
               environment text, kind text, job_id bigint, order_id bigint, call text, reason text)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    WITH untold AS MATERIALIZED (
        SELECT e.id FROM koppeling.event e WHERE e.told_at IS NULL ORDER BY e.id LIMIT most FOR UPDATE SKIP LOCKED
    ), told AS (
        UPDATE koppeling.event e SET told_at = now() FROM untold u WHERE e.id = u.id RETURNING e.*
    )
    SELECT t.id, t.what, t.at, (date_part('epoch', t.lasted) * 1000000)::bigint, a.name || '_' || a.environment,
           i.shop_host, t.account_id, t.environment::text, t.kind, t.job_id, t.order_id, t.call, t.reason
    FROM told t
    LEFT JOIN koppeling.api a ON a.id = t.api_id
    LEFT JOIN koppeling.integration i ON i.id = t.integration_id
    ORDER BY t.id;
END;
COMMENT ON FUNCTION koppeling.take_events IS
    'For a scheduler: the oldest events that no log was told of, as told from now on.';

CREATE OR REPLACE FUNCTION koppeling.forget_events()
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM koppeling.event e
        WHERE e.at < now() - make_interval(days => koppeling.setting_integer('event_days'))
        RETURNING e.id
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION koppeling.forget_events IS 'Deletes events older than setting event_days. Returns how many.';
