-- Jobs that run in a worker's name and that it does not know of: the answer to their claim was lost with the
-- connection, and the claim was committed all the same, maybe much later. They go back unattempted.
-- $1 worker id   $2 fencing tokens of all jobs that it holds
UPDATE koppeling.job j
SET state = 'queued', attempt = j.attempt - 1,
    run_at = koppeling.shop_gate(j.integration_id, j.kind, j.run_at),
    worker_id = NULL, lease_token = NULL, lease_until = NULL
WHERE j.state = 'running' AND j.worker_id = $1::bigint AND j.lease_token <> ALL ($2::bigint[]);
