-- A worker thread takes a lease. $1 host  $2 host key  $3 pid  $4 start time of the process  $5 thread  $6 version  $7
-- lease in ms
INSERT INTO koppeling.worker (host, host_key, pid, pid_started, thread, version, lease_until)
VALUES ($1, $2, $3::integer, $4::bigint, $5::smallint, $6,
        clock_timestamp() + make_interval(secs => $7::bigint / 1000.0))
RETURNING id;
