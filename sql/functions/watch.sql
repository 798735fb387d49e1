-- Pushed orders: where they stand, and when somebody looks at them.

CREATE OR REPLACE FUNCTION koppeling.watch_every(has_label boolean, age interval)
RETURNS interval
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT r.every
    FROM koppeling.watch_rule r
    WHERE r.has_label = watch_every.has_label
    -- Below the least age its row counts.
    ORDER BY r.age_from <= watch_every.age DESC, CASE WHEN r.age_from <= watch_every.age THEN r.age_from END DESC,
             r.age_from
    LIMIT 1);
COMMENT ON FUNCTION koppeling.watch_every IS
    'How long after a look the next one follows, by watch_rule; NULL: none does.';

CREATE OR REPLACE FUNCTION koppeling.push_environment_changed()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    -- Open orders are put there as well.
    UPDATE koppeling.imported_order o
    SET pushed_hash = NULL
    FROM koppeling.integration i
    WHERE i.account_id = NEW.id AND o.integration_id = i.id AND o.state = 'open' AND o.pushed_id IS NOT NULL
      AND o.pushed_environment <> NEW.push_environment;
    -- Whoever is to push them needs the credentials of that environment.
    UPDATE koppeling.job j
    SET api_id = a.id
    FROM koppeling.integration i, koppeling.job_kind k, koppeling.api a
    WHERE i.account_id = NEW.id AND j.integration_id = i.id AND j.kind = 'push_order'
      AND k.name = j.kind AND a.name = k.api AND a.environment = NEW.push_environment AND j.api_id <> a.id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.push_environment_changed IS
    'Trigger: the open orders of an account follow it to the other environment.';
CREATE OR REPLACE TRIGGER push_environment_changed AFTER UPDATE OF push_environment ON koppeling.account
    FOR EACH ROW WHEN (OLD.push_environment <> NEW.push_environment)
    EXECUTE FUNCTION koppeling.push_environment_changed();

CREATE OR REPLACE FUNCTION koppeling.pushed_environment_changed()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    UPDATE koppeling.job j
    SET api_id = a.id
    FROM koppeling.job_kind k, koppeling.api a
    WHERE j.order_id = NEW.id AND j.kind IN ('watch_order', 'remove_order')
      AND k.name = j.kind AND a.name = k.api AND a.environment = NEW.pushed_environment AND j.api_id <> a.id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.pushed_environment_changed IS
    'Trigger: a look at an order that stands in the other environment now needs the credentials of that one.';
CREATE OR REPLACE TRIGGER pushed_environment_changed AFTER UPDATE OF pushed_environment ON koppeling.imported_order
    FOR EACH ROW WHEN (OLD.pushed_environment <> NEW.pushed_environment)
    EXECUTE FUNCTION koppeling.pushed_environment_changed();
