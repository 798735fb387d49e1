-- A worker leaves: whatever it still held can run elsewhere at once (queue_rescue). $1 worker id
UPDATE koppeling.worker w
SET state = 'stopped', in_flight = 0, seen_at = clock_timestamp(),
    lease_until = clock_timestamp() - interval '1 microsecond'
WHERE w.id = $1::bigint AND w.state IN ('active', 'stopping');
