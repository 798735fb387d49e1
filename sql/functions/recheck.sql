-- What was refused is tried again by itself, in case that it was an error of whoever refused it.

CREATE OR REPLACE FUNCTION koppeling.recheck_every(age interval)
RETURNS interval
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN coalesce(
    (SELECT r.every
     FROM koppeling.recheck_rule r
     WHERE r.age_from <= recheck_every.age
     ORDER BY r.age_from DESC
     LIMIT 1),
    (SELECT r.every FROM koppeling.recheck_rule r ORDER BY r.age_from LIMIT 1),
    interval '24 hours');
COMMENT ON FUNCTION koppeling.recheck_every IS
    'How long after a try the next one follows, by recheck_rule, when the refusal has this age.';

CREATE OR REPLACE FUNCTION koppeling.plan_recheck()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    -- A secret that cannot be read, or a token of another shop, becomes no better by itself.
    IF (NEW.state::text, NEW.reason_code)
       IN (('needs_attention', 'token_refused'), ('rejected', 'account_refused')) THEN
        NEW.refused_since := coalesce(OLD.refused_since, now());
        -- What was refused together, as in an outage, is not tried again together.
        NEW.recheck_at := now() + koppeling.recheck_every(now() - NEW.refused_since) * (0.9 + random() * 0.2);
    ELSE
        NEW.refused_since := NULL;
        NEW.recheck_at := NULL;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION koppeling.plan_recheck IS
    'Trigger: plans the next try of what was refused, and none for what was not.';
CREATE OR REPLACE TRIGGER plan_recheck BEFORE UPDATE OF state ON koppeling.account_credentials
    FOR EACH ROW EXECUTE FUNCTION koppeling.plan_recheck();
CREATE OR REPLACE TRIGGER plan_recheck BEFORE UPDATE OF state ON koppeling.integration
    FOR EACH ROW EXECUTE FUNCTION koppeling.plan_recheck();
