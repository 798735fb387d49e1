-- After a connection broke during a claim: if that claim was committed after all, nobody knows its jobs. The token was
-- chosen before, so they can be found; they go back unattempted.
-- $1 worker id   $2 fencing tokens of claims without an answer
UPDATE koppeling.job j
SET state = 'queued', attempt = j.attempt - 1, run_at = koppeling.shop_gate(j.integration_id, j.kind, j.run_at), worker_id = NULL, lease_token = NULL, lease_until = NULL
WHERE j.state = 'running' AND j.worker_id = $1::bigint AND j.lease_token = ANY ($2::bigint[]);
