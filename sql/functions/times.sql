-- A clock that was ahead for a moment and was set back leaves times behind that are too far away to be meant. Nothing
-- may wait for them.

CREATE OR REPLACE FUNCTION koppeling.has_impossible_times()
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
-- Each part is a look at one end of an index; a minute is for clocks that are adjusted, and for a fail-over.
RETURN EXISTS (SELECT FROM koppeling.worker w WHERE w.seen_at > now() + interval '1 minute')
    OR EXISTS (SELECT FROM koppeling.scheduler c WHERE c.seen_at > now() + interval '1 minute')
    OR EXISTS (SELECT FROM (SELECT j.created_at FROM koppeling.job j ORDER BY j.id DESC LIMIT 1) newest
               WHERE newest.created_at > now() + interval '1 minute')
    OR EXISTS (SELECT FROM koppeling.api a
               WHERE a.breaker_state <> 'closed' AND a.blocked_until > now() + interval '2 minutes')
    OR EXISTS (SELECT FROM koppeling.integration i
               WHERE i.state = 'active' AND i.next_poll_at > now() + interval '4 minutes'
                 AND i.next_poll_at > now() + i.poll_interval * 1.1 + interval '1 minute');
COMMENT ON FUNCTION koppeling.has_impossible_times IS
    'True when something was seen, made or planned in a future that the program itself never speaks of: '
    'the clock of the server was set back.';

CREATE OR REPLACE FUNCTION koppeling.mend_times()
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    mended bigint;
BEGIN
    IF NOT koppeling.has_impossible_times() THEN
        RETURN 0;
    END IF;
    WITH early_worker AS (
        -- It keeps the length of its lease: one that lives renews it in time, of one that does not it lapses then.
        UPDATE koppeling.worker w
        SET lease_until = now() + (w.lease_until - w.seen_at), seen_at = now(), started_at = least(w.started_at, now())
        FROM (SELECT x.id FROM koppeling.worker x WHERE x.seen_at > now() FOR NO KEY UPDATE SKIP LOCKED) early
        WHERE w.id = early.id
        RETURNING w.id
    ), early_job AS (
        -- What was planned by the wrong clock keeps its distance from when it was planned; a wish of somebody for next
        -- week, made before, stays a wish for next week.
        UPDATE koppeling.job j
        SET run_at = CASE
                WHEN j.state = 'queued' AND j.run_at < 'infinity'
                THEN greatest(now(), now() + (j.run_at - greatest(j.created_at, j.started_at)))
                ELSE j.run_at END,
            created_at = least(j.created_at, now()), started_at = least(j.started_at, now())
        FROM (SELECT x.id
              FROM koppeling.job x
              WHERE x.created_at > now() OR x.started_at > now()
              FOR NO KEY UPDATE SKIP LOCKED) early
        WHERE j.id = early.id
        RETURNING j.id
    ), early_shop AS (
        UPDATE koppeling.integration i
        SET next_poll_at = least(i.next_poll_at, now() + i.poll_interval * random()),
            last_polled_at = least(i.last_polled_at, now()),
            -- A pause that the shop asked for while the clock was wrong was longest an hour; one by hand has no end.
            blocked_until = CASE
                WHEN i.last_polled_at > now() AND i.blocked_until < 'infinity'
                THEN now() + least(i.blocked_until - i.last_polled_at, interval '1 hour')
                ELSE i.blocked_until END,
            pace_at = CASE WHEN i.last_polled_at > now() THEN now() ELSE i.pace_at END
        FROM (SELECT x.id
              FROM koppeling.integration x
              WHERE x.last_polled_at > now() OR x.next_poll_at > now() + x.poll_interval * 1.1 + interval '1 minute'
              FOR NO KEY UPDATE SKIP LOCKED) early
        WHERE i.id = early.id
        RETURNING i.id
    ), early_booking AS (
        -- It may have been asked for just now: it settles from now on.
        UPDATE koppeling.shipment s SET sent_at = now(), given_up_after = NULL, not_found_after = NULL
        FROM (SELECT x.id
              FROM koppeling.job b JOIN koppeling.shipment x ON x.id = b.shipment_id
              WHERE b.kind = 'create_shipment' AND x.sent_at > now()
              FOR NO KEY UPDATE OF x SKIP LOCKED) early
        WHERE s.id = early.id
        RETURNING s.id
    ), early_look AS (
        -- Nothing is planned further ahead than watch_rule says for its age.
        UPDATE koppeling.imported_order o
        SET watch_at = now() + early.every * random(), pushed_at = least(o.pushed_at, now()),
            unlabelled_since = least(o.unlabelled_since, now())
        FROM (SELECT x.id, coalesce(koppeling.watch_every(x.state <> 'open', greatest(now() - x.pushed_at, '0')),
                                    interval '1 day') AS every
              FROM koppeling.imported_order x
              WHERE x.watch_at > now()
              FOR NO KEY UPDATE SKIP LOCKED) early
        WHERE o.id = early.id AND (o.watch_at > now() + early.every * 1.1 OR o.pushed_at > now())
        RETURNING o.id
    ), early_question AS (
        -- Likewise by track_rule; half as often for what is not known there.
        UPDATE koppeling.label l
        SET track_at = now() + early.every * random()
        FROM (SELECT x.id, coalesce(koppeling.track_every(now() - x.created_at), interval '1 day') AS every
              FROM koppeling.label x
              WHERE x.track_at > now()
              FOR NO KEY UPDATE SKIP LOCKED) early
        WHERE l.id = early.id AND l.track_at > now() + early.every * 2.2
        RETURNING l.id
    ), early_payer AS (
        UPDATE koppeling.account c
        SET watch_pace_at = least(c.watch_pace_at, now()), track_pace_at = least(c.track_pace_at, now())
        FROM (SELECT x.id
              FROM koppeling.account x
              WHERE x.watch_pace_at > now() OR x.track_pace_at > now()
              FOR NO KEY UPDATE SKIP LOCKED) early
        WHERE c.id = early.id
    ), early_scheduler AS (
        UPDATE koppeling.scheduler c SET seen_at = now(), started_at = least(c.started_at, now())
        FROM (SELECT x.id FROM koppeling.scheduler x WHERE x.seen_at > now() FOR NO KEY UPDATE SKIP LOCKED) early
        WHERE c.id = early.id
    ), early_api AS (
        UPDATE koppeling.api a SET blocked_until = now() + interval '1 minute'
        FROM (SELECT x.id
              FROM koppeling.api x
              WHERE x.breaker_state <> 'closed' AND x.blocked_until > now() + interval '2 minutes'
              FOR NO KEY UPDATE SKIP LOCKED) early
        WHERE a.id = early.id
        RETURNING a.id
    )
    SELECT (SELECT count(*) FROM early_worker) + (SELECT count(*) FROM early_job)
           + (SELECT count(*) FROM early_shop) + (SELECT count(*) FROM early_booking)
           + (SELECT count(*) FROM early_look) + (SELECT count(*) FROM early_question)
           + (SELECT count(*) FROM early_api)
    INTO mended;
    -- Nothing is tried again later than recheck_rule says.
    UPDATE koppeling.integration i
    SET refused_since = least(i.refused_since, now()), recheck_at = now() + koppeling.recheck_every('0') * random()
    WHERE i.id IN (SELECT x.id FROM koppeling.integration x
                   WHERE x.recheck_at > now() + koppeling.recheck_every(greatest(now() - x.refused_since, '0')) * 1.1
                   FOR NO KEY UPDATE SKIP LOCKED);
    UPDATE koppeling.account_credentials c
    SET refused_since = least(c.refused_since, now()), recheck_at = now() + koppeling.recheck_every('0') * random()
    WHERE (c.account_id, c.environment) IN (
        SELECT x.account_id, x.environment
        FROM koppeling.account_credentials x
        WHERE x.recheck_at > now() + koppeling.recheck_every(greatest(now() - x.refused_since, '0')) * 1.1
        FOR NO KEY UPDATE SKIP LOCKED);
    PERFORM pg_notify('koppeling_job', '');
    RETURN mended;
END
$$;
COMMENT ON FUNCTION koppeling.mend_times IS
    'Brings times back that a clock which was ahead has left behind: leases, polls, jobs, blocks. Usually it looks at '
    'a few ends of indexes and does nothing; after a clock was set back it reads all live jobs once. Returns how many '
    'rows it changed.';
