-- Jobs that run in a worker's name and that it does not know of: the answer to their claim was lost with the
-- connection, and the claim was committed all the same, maybe much later. They go back unattempted.
-- $1 worker id   $2 fencing tokens of all jobs that it holds
SELECT koppeling.hand_back(array_agg(j.id), array_agg(j.lease_token))
FROM koppeling.job j
WHERE j.state = 'running' AND j.worker_id = $1::bigint AND j.lease_token <> ALL ($2::bigint[]);
