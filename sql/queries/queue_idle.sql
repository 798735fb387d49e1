-- Is there anything to wait for? For --until-idle: true when nothing of these kinds is due or will be within a second,
-- and nothing is running under a live lease.
-- $1 kinds   $2 api ids   $3 priorities (of the lanes, in parallel)
SELECT NOT EXISTS (
           SELECT FROM unnest($1::text[], $2::smallint[], $3::smallint[]) AS l (kind, api_id, priority)
           JOIN koppeling.api a ON a.id = l.api_id AND coalesce(a.blocked_until <= now() + '1 second', true)
           CROSS JOIN LATERAL (
               SELECT FROM koppeling.job j
               WHERE j.state = 'queued' AND j.kind = l.kind AND j.api_id = l.api_id AND j.priority = l.priority
                 AND j.run_at <= now() + '1 second'
               LIMIT 1) due)
       AND NOT EXISTS (
           SELECT FROM koppeling.job j JOIN koppeling.worker w ON w.id = j.worker_id
           WHERE j.state = 'running' AND w.lease_until > now()) AS idle;
