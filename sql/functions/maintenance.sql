-- Keeping the tables healthy; called by the scheduler.

CREATE OR REPLACE FUNCTION koppeling.take_orders(ids bigint[], most integer)
RETURNS SETOF bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    SELECT o.id FROM koppeling.imported_order o WHERE o.id = ANY (ids)
    ORDER BY o.id
    LIMIT most
    FOR NO KEY UPDATE SKIP LOCKED;
END;
COMMENT ON FUNCTION koppeling.take_orders IS
    'For the scheduler: locks those of these orders that nobody else has in hand, and returns them.';

CREATE OR REPLACE FUNCTION koppeling.release_forgotten_jobs()
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    WITH forgotten AS MATERIALIZED (
        SELECT j.id
        FROM koppeling.job j JOIN koppeling.integration i ON i.id = j.integration_id
        WHERE i.state = 'active' AND j.state = 'queued' AND j.run_at = 'infinity'
          AND koppeling.job_gate(i.id, j.kind, now(), j.api_id) < 'infinity'
        FOR NO KEY UPDATE OF j SKIP LOCKED
    ), released AS (
        UPDATE koppeling.job j SET run_at = now() FROM forgotten f WHERE j.id = f.id RETURNING j.id
    )
    SELECT count(*) FROM released;
END;
COMMENT ON FUNCTION koppeling.release_forgotten_jobs IS
    'Lets jobs run that were parked in the very moment in which their shop came back, '
    'so that release_jobs() did not see them. Returns how many.';

CREATE OR REPLACE FUNCTION koppeling.ensure_history_partition(day date)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
-- The limits of a partition are written and read as text.
SET DateStyle = 'ISO, YMD'
SET TimeZone = 'UTC'
AS $$
DECLARE
    partition_name text := 'job_history_' || to_char(day, 'YYYYMMDD');
    day_start timestamptz := day::timestamp AT TIME ZONE 'UTC';
    day_end timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass('koppeling.' || partition_name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format(
        'CREATE TABLE koppeling.%I (LIKE koppeling.job_history INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
        partition_name);
    EXECUTE format('COMMENT ON TABLE koppeling.%I IS %L', partition_name, 'Jobs finished on ' || day || ' (UTC).');
    -- Rows of that day that fell into the net move over, so that the partition can be attached.
    EXECUTE format(
        'WITH moved AS (
             DELETE FROM koppeling.job_history_default WHERE finished_at >= %1$L AND finished_at < %2$L RETURNING *)
         INSERT INTO koppeling.%3$I SELECT * FROM moved', day_start, day_end, partition_name);
    EXECUTE format('ALTER TABLE koppeling.job_history ATTACH PARTITION koppeling.%I FOR VALUES FROM (%L) TO (%L)',
        partition_name, day_start, day_end);
    RETURN true;
END
$$;
COMMENT ON FUNCTION koppeling.ensure_history_partition IS
    'Makes the partition of job_history for one day (UTC); false when it exists.';

CREATE OR REPLACE FUNCTION koppeling.make_history_partitions(OUT changed integer, OUT trouble text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    wanted date;
BEGIN
    changed := 0;
    FOR wanted IN
        SELECT today + n FROM generate_series(0, 3) AS n
        UNION
        -- Days on which no scheduler ran: what was finished then leaves the net, so that it is dropped in its time.
        SELECT (h.finished_at AT TIME ZONE 'UTC')::date FROM koppeling.job_history_default h
        ORDER BY 1
    LOOP
        BEGIN
            changed := changed + koppeling.ensure_history_partition(wanted)::integer;
        EXCEPTION
        -- The lock is on the whole history: the others would wait for it too.
        WHEN lock_not_available THEN
            RAISE;
        WHEN OTHERS THEN
            trouble := concat_ws('; ', trouble, format('cannot make the partition of %s: %s', wanted, SQLERRM));
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION koppeling.make_history_partitions IS
    'Makes the partitions of today and the next days, and of days whose rows fell into the net. '
    'One that cannot be made stops no other: trouble says why.';

CREATE OR REPLACE FUNCTION koppeling.drop_old_history(OUT changed integer, OUT trouble text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    oldest text := 'job_history_' || to_char(today - koppeling.setting_integer('history_days'), 'YYYYMMDD');
    partition_name text;
    detail text;
BEGIN
    changed := 0;
    FOR partition_name IN
        SELECT c.relname
        FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
        WHERE h.inhparent = 'koppeling.job_history'::regclass
          AND c.relname ~ '^job_history_[0-9]{8}$' AND c.relname < oldest
        ORDER BY c.relname
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE koppeling.%I', partition_name);
            changed := changed + 1;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
            trouble := concat_ws('; ', trouble, concat_ws(': ', SQLERRM, nullif(detail, '')));
        END;
    END LOOP;
    -- Kinds with a shorter memory. The window keeps this from reading all partitions each time.
    DELETE FROM koppeling.job_history h
    USING koppeling.job_kind k
    WHERE k.history_days IS NOT NULL AND h.kind = k.name
      AND h.finished_at < now() - make_interval(days => k.history_days)
      AND h.finished_at >= now() - make_interval(days => k.history_days + 3);
END
$$;
COMMENT ON FUNCTION koppeling.drop_old_history IS
    'Drops the partitions older than setting history_days, and what kinds with a shorter memory finished. '
    'One that cannot be dropped stops no other: trouble says why.';

CREATE OR REPLACE FUNCTION koppeling.forget_processes()
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    WITH long_ago AS (
        SELECT now() - make_interval(days => koppeling.setting_integer('worker_days')) AS at
    ), gone AS MATERIALIZED (
        SELECT w.id
        FROM koppeling.worker w, long_ago
        WHERE w.state IN ('stopped', 'lost') AND w.seen_at < long_ago.at
          AND NOT EXISTS (SELECT FROM koppeling.job j WHERE j.worker_id = w.id AND j.state = 'running')
        FOR UPDATE OF w SKIP LOCKED
    ), workers AS (
        DELETE FROM koppeling.worker w USING gone g WHERE w.id = g.id RETURNING w.id
    ), schedulers AS (
        DELETE FROM koppeling.scheduler s USING long_ago WHERE s.seen_at < long_ago.at RETURNING s.id
    )
    SELECT (SELECT count(*) FROM workers) + (SELECT count(*) FROM schedulers);
END;
COMMENT ON FUNCTION koppeling.forget_processes IS
    'Deletes the rows of workers and schedulers that were last seen before setting worker_days. Returns how many.';

CREATE OR REPLACE FUNCTION koppeling.maintain_history()
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    made record;
    dropped record;
BEGIN
    SELECT m.* INTO made FROM koppeling.make_history_partitions() AS m;
    SELECT d.* INTO dropped FROM koppeling.drop_old_history() AS d;
    PERFORM koppeling.forget_processes();
    IF made.trouble IS NOT NULL OR dropped.trouble IS NOT NULL THEN
        RAISE WARNING '%', concat_ws('; ', made.trouble, dropped.trouble);
    END IF;
    RETURN made.changed + dropped.changed;
END
$$;
COMMENT ON FUNCTION koppeling.maintain_history IS
    'Makes the partitions of the next days, drops those older than setting history_days, forgets old workers. '
    'What cannot be done is a warning and stops nothing else. Returns how many partitions changed.';

CREATE OR REPLACE FUNCTION koppeling.refresh_statistics()
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_class c
        WHERE c.oid = 'koppeling.job'::regclass
          AND pg_stat_get_live_tuples(c.oid) > 10 * greatest(c.reltuples, 0) + 200)
    THEN
        RETURN 0;
    END IF;
    -- Not while somebody vacuums it, which tells the planner as well.
    ANALYZE (SKIP_LOCKED) koppeling.job;
    RETURN 1;
END
$$;
COMMENT ON FUNCTION koppeling.refresh_statistics IS
    'Counts the live jobs anew when there are ten times as many as the planner knows of, as after a quiet hour in '
    'which a vacuum found none: with "no rows" it would compare each job with each. Whether it did.';
