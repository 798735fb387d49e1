-- For the moment after an older backup was restored.

CREATE OR REPLACE FUNCTION koppeling.after_restore(taken_at timestamptz, ids_ahead bigint DEFAULT 1000000)
RETURNS TABLE (what text, count bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    alive text;
    alive_until timestamptz;
    sequence regclass;
    looked_up bigint;
    given_back bigint;
    polled bigint;
    moved bigint := 0;
BEGIN
    IF taken_at IS NULL OR taken_at > now() OR NOT isfinite(taken_at) THEN
        RAISE EXCEPTION 'say when the backup was taken: a time that is past' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF coalesce(ids_ahead, 0) NOT BETWEEN 1 AND 1000000000000 THEN
        RAISE EXCEPTION 'ids move on by 1 to 10^12, not by %', ids_ahead USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT string_agg(format('worker %s (pid %s on %s)', w.id, w.pid, w.host), ', '), max(w.lease_until)
    INTO alive, alive_until
    FROM koppeling.worker w
    WHERE w.seen_at > after_restore.taken_at AND w.state IN ('active', 'stopping') AND w.lease_until > now();
    IF alive IS NOT NULL THEN
        RAISE EXCEPTION 'stop the workers first: % works with the restored data already', alive
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = format('If none runs, it was at work while the backup was made: call again after %s.',
                                date_trunc('second', alive_until) + interval '1 second');
    END IF;
    -- Numbers that were given out since then are known elsewhere: a reference must not mean two shipments.
    FOR sequence IN
        SELECT s.oid::regclass FROM pg_class s WHERE s.relnamespace = 'koppeling'::regnamespace AND s.relkind = 'S'
    LOOP
        PERFORM setval(sequence, nextval(sequence) + ids_ahead);
        moved := moved + 1;
    END LOOP;
    -- What was not booked then may have been asked for since, at the latest a moment ago: it is looked up first, and is
    -- not asked for again before such a request can no longer be at work.
    WITH doubted AS (
        UPDATE koppeling.shipment s
        SET sent_at = now(), given_up_after = '0', not_found_after = NULL,
            state = CASE WHEN s.state = 'requested'
                              OR EXISTS (SELECT FROM koppeling.job j
                                         WHERE j.shipment_id = s.id AND j.kind = 'create_shipment')
                         THEN 'sending' ELSE s.state END
        WHERE s.external_id IS NULL
        RETURNING s.state
    )
    SELECT count(*) FILTER (WHERE d.state = 'sending') INTO looked_up FROM doubted d;
    -- The workers of that time are gone, and their jobs with them.
    UPDATE koppeling.worker w SET state = 'lost', lease_until = least(w.lease_until, now() - interval '1 microsecond')
    WHERE w.state IN ('active', 'stopping');
    SELECT count(*) INTO given_back
    FROM koppeling.hand_back(
        ARRAY(SELECT j.id FROM koppeling.job j WHERE j.state = 'running' ORDER BY j.id),
        ARRAY(SELECT j.lease_token FROM koppeling.job j WHERE j.state = 'running' ORDER BY j.id));
    -- Every shop is asked which of its orders are still open, before any is dispatched.
    UPDATE koppeling.integration i SET restored_at = now(), next_poll_at = now(), pace_at = now()
    WHERE i.state <> 'disconnected';
    GET DIAGNOSTICS polled = ROW_COUNT;
    UPDATE koppeling.job j SET run_at = 'infinity' WHERE j.kind = 'create_shipment' AND j.state = 'queued';
    PERFORM koppeling.record_audit('after_restore', 'database', jsonb_build_object(
        'taken_at', taken_at, 'ids_ahead', ids_ahead, 'looked_up', looked_up, 'given_back', given_back));
    RETURN QUERY VALUES
        ('sequences moved on', moved), ('shipments to be looked up before they are booked', looked_up),
        ('jobs given back', given_back), ('shops to be polled before anything is dispatched', polled);
END
$$;
COMMENT ON FUNCTION koppeling.after_restore IS
    'To be called once after an older backup was restored, before any daemon starts: moves all sequences on, has each '
    'shipment that was not booked when the backup was taken looked up at Boekuwzending before it is booked, gives back '
    'the jobs of the workers of that time, and has no order dispatched before its shop was polled.';

CREATE OR REPLACE FUNCTION koppeling.release_bookings()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    -- Not at once: orders that are missing from the list are looked up first.
    UPDATE koppeling.job j SET run_at = now() + interval '1 minute'
    WHERE j.integration_id = NEW.id AND j.kind = 'create_shipment' AND j.state = 'queued' AND j.run_at = 'infinity';
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.release_bookings IS
    'Trigger: after a restore, the bookings of a shop go on when it has been read.';
CREATE OR REPLACE TRIGGER release_bookings AFTER UPDATE OF last_polled_at ON koppeling.integration
    FOR EACH ROW WHEN (NEW.last_polled_at >= NEW.restored_at AND coalesce(OLD.last_polled_at < NEW.restored_at, true))
    EXECUTE FUNCTION koppeling.release_bookings();
