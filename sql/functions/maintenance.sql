-- Keeping the tables healthy; called by the scheduler.

CREATE OR REPLACE FUNCTION koppeling.release_forgotten_jobs()
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    WITH released AS (
        UPDATE koppeling.job j SET run_at = now()
        FROM koppeling.integration i
        WHERE i.id = j.integration_id AND i.state = 'active' AND j.state = 'queued' AND j.run_at = 'infinity'
        RETURNING j.id)
    SELECT count(*) FROM released;
END;
COMMENT ON FUNCTION koppeling.release_forgotten_jobs IS
    'Lets jobs run that were parked in the very moment in which their shop came back, '
    'so that release_jobs() did not see them. Returns how many.';

CREATE OR REPLACE FUNCTION koppeling.ensure_history_partition(day date)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
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

CREATE OR REPLACE FUNCTION koppeling.maintain_history()
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    oldest text := 'job_history_' || to_char(today - koppeling.setting_integer('history_days'), 'YYYYMMDD');
    partition_name text;
    missed date;
    changed integer := 0;
BEGIN
    FOR days IN 0..3 LOOP
        changed := changed + koppeling.ensure_history_partition(today + days)::integer;
    END LOOP;
    -- Days on which no scheduler ran: what was finished then leaves the net, so that it is dropped in its time.
    FOR missed IN SELECT DISTINCT (h.finished_at AT TIME ZONE 'UTC')::date FROM koppeling.job_history_default h LOOP
        changed := changed + koppeling.ensure_history_partition(missed)::integer;
    END LOOP;
    FOR partition_name IN
        SELECT c.relname
        FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
        WHERE h.inhparent = 'koppeling.job_history'::regclass
          AND c.relname ~ '^job_history_[0-9]{8}$' AND c.relname < oldest
    LOOP
        EXECUTE format('DROP TABLE koppeling.%I', partition_name);
        changed := changed + 1;
    END LOOP;
    -- Kinds with a shorter memory. The window keeps this from reading all partitions each time.
    DELETE FROM koppeling.job_history h
    USING koppeling.job_kind k
    WHERE k.history_days IS NOT NULL AND h.kind = k.name
      AND h.finished_at < now() - make_interval(days => k.history_days)
      AND h.finished_at >= now() - make_interval(days => k.history_days + 3);
    DELETE FROM koppeling.worker w
    WHERE w.state IN ('stopped', 'lost')
      AND w.seen_at < now() - make_interval(days => koppeling.setting_integer('worker_days'))
      AND NOT EXISTS (SELECT FROM koppeling.job j WHERE j.worker_id = w.id AND j.state = 'running');
    RETURN changed;
END
$$;
COMMENT ON FUNCTION koppeling.maintain_history IS
    'Makes the partitions of the next days, drops those older than setting history_days, forgets old workers. '
    'Returns how many partitions changed.';
