-- Ends the leases of workers whose processes are certainly gone; queue_rescue then returns their jobs at once.
-- $1 worker ids
UPDATE koppeling.worker w
SET lease_until = clock_timestamp() - interval '1 microsecond', state = 'lost'
WHERE w.id = ANY ($1::bigint[]) AND w.state IN ('active', 'stopping');
