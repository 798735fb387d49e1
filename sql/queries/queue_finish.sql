-- Finishes jobs that succeeded: out of the live table, into the history, in one statement. A job whose fencing token is
-- not the given one belongs to somebody else by now: it is left alone, and its id comes back.
--
-- $1 ids   $2 fencing tokens   $3 HTTP statuses   $4 label environments   $5 shop environments
-- $6 results (JSON)   $7 true: nothing changed, so leave no row unless attempts failed before
WITH finished AS (
    DELETE FROM koppeling.job j
    USING unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::koppeling.environment[], $5::koppeling.environment[],
                 $6::jsonb[], $7::boolean[])
          AS f (id, lease_token, http_status, label_environment, shop_environment, result, unremarkable)
    WHERE j.id = f.id AND j.lease_token = f.lease_token
    RETURNING j.id, j.created_at, j.started_at, j.integration_id, j.order_id, j.shipment_id, j.worker_id, j.attempt,
              j.kind, j.api_id, j.args, j.errors, f.http_status, f.label_environment, f.shop_environment, f.result,
              f.unremarkable
), service AS MATERIALIZED (
    -- Whom the jobs called. As arrays, since a join would look in the table once for each job.
    SELECT array_agg(a.id) AS ids, array_agg(a.name) AS names
    FROM koppeling.api a
    WHERE a.name <> 'local'
), kept AS (
    INSERT INTO koppeling.job_history (
        id, created_at, started_at, finished_at, integration_id, order_id, shipment_id, worker_id, outcome,
        label_environment, shop_environment, attempts, http_status, kind, api, args, result, errors)
    SELECT f.id, f.created_at, f.started_at, now(), f.integration_id, f.order_id, f.shipment_id, f.worker_id, 'done',
           f.label_environment, f.shop_environment, f.attempt, f.http_status, f.kind,
           s.names[array_position(s.ids, f.api_id)], f.args, f.result, f.errors
    FROM finished f
    CROSS JOIN service s
    WHERE NOT f.unremarkable OR f.errors IS NOT NULL
), recovered AS (
    -- An answer closes the breaker of its API. A healthy one is only looked at.
    UPDATE koppeling.api a
    SET breaker_failures = 0, breaker_shops = '{}', breaker_trips = 0, breaker_state = 'closed',
        breaker_closed_at = CASE WHEN a.breaker_state <> 'closed' THEN now() ELSE a.breaker_closed_at END,
        blocked_until = CASE WHEN a.breaker_state <> 'closed' THEN NULL ELSE a.blocked_until END,
        block_reason = CASE WHEN a.breaker_state <> 'closed' THEN NULL ELSE a.block_reason END
    WHERE (a.breaker_failures > 0 OR a.breaker_state <> 'closed')
      AND a.id IN (SELECT f.api_id FROM finished f WHERE f.http_status < 500)
)
SELECT f.id
FROM unnest($1::bigint[]) AS f (id)
WHERE (SELECT count(*) FROM finished) < cardinality($1::bigint[])
  AND f.id NOT IN (SELECT d.id FROM finished d);
