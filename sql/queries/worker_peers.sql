-- Workers of this machine that should be alive: the caller looks whether their processes are.
-- $1 host key
SELECT w.id, w.pid, w.pid_started
FROM koppeling.worker w
WHERE w.host_key = $1 AND w.state IN ('active', 'stopping') AND w.lease_until > clock_timestamp();
