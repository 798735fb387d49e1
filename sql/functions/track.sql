-- Where parcels are: which labels are tracked, and how often.

CREATE OR REPLACE FUNCTION koppeling.track_every(age interval)
RETURNS interval
-- Not in SQL: a trigger calls it for each label, and a function in SQL would be planned each time.
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT r.every
        FROM koppeling.track_rule r
        -- Below the least age its row counts.
        ORDER BY r.age_from <= track_every.age DESC, CASE WHEN r.age_from <= track_every.age THEN r.age_from END DESC,
                 r.age_from
        LIMIT 1);
END
$$;
COMMENT ON FUNCTION koppeling.track_every IS
    'How long after it was asked where a parcel is the next question follows, by track_rule; NULL: none does.';

CREATE OR REPLACE FUNCTION koppeling.label_track()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    NEW.track_at := CASE
        WHEN NEW.environment <> 'production' THEN NEW.track_at
        WHEN NEW.cancelled_at IS NOT NULL THEN NULL
        WHEN TG_OP = 'UPDATE' THEN NEW.track_at
        -- Only what has an id of theirs can be asked for.
        WHEN NEW.external_id ~ '^[A-Za-z0-9_-]{1,60}$'
             AND (SELECT c.track_labels FROM koppeling.account c
                  WHERE c.id = (SELECT i.account_id FROM koppeling.integration i
                                WHERE i.id = (SELECT o.integration_id FROM koppeling.imported_order o
                                              WHERE o.id = NEW.order_id AND o.erased_at IS NULL)))
        THEN now() + koppeling.track_every(now() - NEW.created_at) END;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION koppeling.label_track IS
    'Trigger: a label of an account that wants it is tracked from when it is recorded, and not once it is cancelled. '
    'What was made on staging never moves, so it never is.';
CREATE OR REPLACE TRIGGER label_track BEFORE INSERT OR UPDATE OF cancelled_at ON koppeling.label
    -- Without a condition: to show one (migrate_state.sql) PostgreSQL locks the table, and a scheduler that starts
    -- would wait for whoever holds it.
    FOR EACH ROW EXECUTE FUNCTION koppeling.label_track();

CREATE OR REPLACE FUNCTION koppeling.track_labels_changed()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    UPDATE koppeling.label l
    SET track_at = CASE WHEN NEW.track_labels THEN
            -- Not all at once.
            now() + koppeling.track_every(now() - l.created_at) * random() END
    FROM koppeling.integration i, koppeling.imported_order o
    WHERE i.account_id = NEW.id AND o.integration_id = i.id AND l.order_id = o.id
      AND CASE WHEN NEW.track_labels THEN
              l.track_at IS NULL AND l.environment = 'production' AND l.cancelled_at IS NULL AND o.erased_at IS NULL
              AND l.external_id ~ '^[A-Za-z0-9_-]{1,60}$'
              AND koppeling.track_every(now() - l.created_at) IS NOT NULL
              AND NOT EXISTS (SELECT FROM koppeling.tracking_state s WHERE s.code = l.tracking_state AND s.is_final)
          ELSE l.track_at IS NOT NULL END;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.track_labels_changed IS
    'Trigger: labels of the account that are young enough are tracked, or none is any more.';
CREATE OR REPLACE TRIGGER track_labels_changed AFTER UPDATE OF track_labels ON koppeling.account
    FOR EACH ROW WHEN (OLD.track_labels <> NEW.track_labels)
    EXECUTE FUNCTION koppeling.track_labels_changed();
