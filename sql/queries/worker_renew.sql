-- Renews a lease that has not lapsed; no row means that it has, and that the jobs may be somebody else's.
-- $1 worker id  $2 lease in ms  $3 jobs in flight  $4 true while stopping
UPDATE koppeling.worker w
SET lease_until = clock_timestamp() + make_interval(secs => $2::bigint / 1000.0),
    seen_at = clock_timestamp(), in_flight = $3::integer,
    state = CASE WHEN $4::boolean THEN 'stopping' ELSE 'active' END::koppeling.worker_state
WHERE w.id = $1::bigint AND w.state IN ('active', 'stopping') AND w.lease_until > clock_timestamp()
RETURNING w.id;
