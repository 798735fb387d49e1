-- Is there work that should have been taken by now? For readiness: true when a job of these kinds has been due for
-- longer than a claim needs to come by, at an API that is not blocked. Jobs of a blocked shop are due later, and parked
-- ones never. And for how many seconds the oldest poll has been overdue that nobody even enqueued.
-- $1 kinds   $2 api ids   $3 priorities (of the lanes, in parallel)
SELECT EXISTS (
    SELECT FROM unnest($1::text[], $2::smallint[], $3::smallint[]) AS l (kind, api_id, priority)
    JOIN koppeling.api a ON a.id = l.api_id AND coalesce(a.blocked_until <= now() - interval '2 seconds', true)
    CROSS JOIN LATERAL (
        SELECT FROM koppeling.job j
        WHERE j.state = 'queued' AND j.kind = l.kind AND j.api_id = l.api_id AND j.priority = l.priority
          AND j.run_at <= now() - interval '2 seconds'
        LIMIT 1) due) AS due,
    (SELECT extract(epoch FROM greatest(now() - min(i.next_poll_at), '0'))::bigint
     FROM koppeling.integration i WHERE i.state = 'active') AS overdue_s;
