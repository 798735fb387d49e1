-- Claims due jobs for one worker, and reads what their kinds need to know.
--
-- Each lane is one range of the index job_claim, walked in the order of that index and no further than the limit. Lanes
-- of a blocked API are not visited; when the pause of an open breaker has run out, one claim takes a probe: a single
-- job, and the next one is let through after the same pause, whether or not there is an answer by then. What may leave
-- something in doubt is no probe more often than each half minute, nor while something else is due. After an answer
-- the claims grow from a few jobs, twice as many each second. The lower bounds ($7, $8) are where this worker's
-- last claim in the lane ended: index entries of jobs that were finished since, but cannot be vacuumed yet, are not
-- walked again.
--
-- $1 worker id         $2 fencing token for this batch      $3 most jobs
-- $4 kinds             $5 api ids           $6 priorities   (of the lanes, in parallel)
-- $7 run_at (UTC) of the last job claimed in the lane   $8 its id
-- $9 most jobs of the API of the lane: a worker holds so many of each at most, so that one that hangs holds up no other
WITH me AS MATERIALIZED (
    -- A worker whose lease has lapsed gets nothing.
    SELECT w.id, w.lease_until
    FROM koppeling.worker w
    WHERE w.id = $1::bigint AND w.state = 'active' AND w.lease_until > clock_timestamp()
), probe AS (
    UPDATE koppeling.api a
    SET breaker_state = 'half_open', blocked_until = now() + a.breaker_pause,
        breaker_doubt_at = CASE WHEN c.may_leave_doubt THEN now() ELSE a.breaker_doubt_at END
    FROM (SELECT b.id, due.kind, due.priority, due.may_leave_doubt
          FROM koppeling.api b
          CROSS JOIN LATERAL (
              SELECT l.kind, l.priority, k.may_leave_doubt
              FROM unnest($4::text[], $5::smallint[], $6::smallint[], $9::integer[])
                   AS l (kind, api_id, priority, room)
              JOIN koppeling.job_kind k ON k.name = l.kind
              CROSS JOIN LATERAL (
                  SELECT FROM koppeling.job j
                  WHERE j.state = 'queued' AND j.kind = l.kind AND j.api_id = l.api_id AND j.priority = l.priority
                    AND j.run_at <= now()
                  LIMIT 1) head
              WHERE l.api_id = b.id AND l.room > 0
                AND NOT (k.may_leave_doubt
                         AND coalesce(b.breaker_doubt_at BETWEEN now() - interval '30 seconds' AND now(), false))
              ORDER BY k.may_leave_doubt, l.priority
              LIMIT 1) due
          WHERE b.breaker_state <> 'closed' AND b.blocked_until <= now()) c
    -- Once more, since another claim may have been faster.
    WHERE a.id = c.id AND a.breaker_state <> 'closed' AND a.blocked_until <= now() AND EXISTS (SELECT FROM me)
    RETURNING a.id, c.kind, c.priority
), lane AS MATERIALIZED (
    SELECT l.kind, l.api_id, l.priority, l.room, l.after_run_at AT TIME ZONE 'UTC' AS after_run_at, l.after_id,
           -- Whose secret the job needs: the shop's own, or that of its account for an environment of Boekuwzending.
           a.is_shop, CASE WHEN a.name = 'boekuwzending' THEN a.environment END AS account_environment,
           CASE WHEN a.breaker_state <> 'closed' THEN 1
                WHEN a.breaker_closed_at BETWEEN now() - interval '8 seconds' AND now()
                    THEN least(l.room, 8 * 2 ^ floor(extract(epoch FROM now() - a.breaker_closed_at)))
                ELSE l.room END AS most
    FROM unnest($4::text[], $5::smallint[], $6::smallint[], $7::timestamp[], $8::bigint[], $9::integer[])
         AS l (kind, api_id, priority, after_run_at, after_id, room)
    JOIN koppeling.api a ON a.id = l.api_id
        AND CASE WHEN a.breaker_state = 'closed' THEN coalesce(a.blocked_until <= now(), true)
                 ELSE (a.id, l.kind, l.priority) IN (SELECT p.id, p.kind, p.priority FROM probe p) END
    CROSS JOIN LATERAL (
        SELECT j.run_at
        FROM koppeling.job j
        WHERE j.state = 'queued' AND j.kind = l.kind AND j.api_id = l.api_id AND j.priority = l.priority
          AND j.run_at <= now() AND (j.run_at, j.id) > (l.after_run_at AT TIME ZONE 'UTC', l.after_id)
        ORDER BY j.run_at, j.id
        LIMIT 1) head
    WHERE l.room > 0 AND EXISTS (SELECT FROM me)
    ORDER BY l.priority, head.run_at
), found AS MATERIALIZED (
    SELECT due.id, l.api_id, l.room, l.is_shop, l.account_environment
    FROM lane l
    CROSS JOIN LATERAL (
        SELECT j.id
        FROM koppeling.job j
        WHERE j.state = 'queued' AND j.kind = l.kind AND j.api_id = l.api_id AND j.priority = l.priority
          AND j.run_at <= now() AND (j.run_at, j.id) > (l.after_run_at, l.after_id)
        ORDER BY j.run_at, j.id
        LIMIT l.most
        FOR UPDATE SKIP LOCKED) due
    LIMIT $3::integer
), picked AS MATERIALIZED (
    -- Of an API with several lanes too many were found, each having been walked as far as there is room.
    SELECT p.id, p.is_shop, p.account_environment
    FROM (SELECT f.*, row_number() OVER (PARTITION BY f.api_id ORDER BY f.place) AS number
          FROM (SELECT found.*, row_number() OVER () AS place FROM found) f) p
    WHERE p.number <= p.room
    ORDER BY p.place
), claimed AS (
    UPDATE koppeling.job j
    SET state = 'running', attempt = j.attempt + 1, started_at = now(),
        worker_id = me.id, lease_until = me.lease_until, lease_token = $2::bigint
    FROM picked, me
    WHERE j.id = picked.id
    RETURNING j.id, j.kind, j.api_id, j.priority, j.run_at, j.attempt, j.args,
              j.integration_id, j.order_id, j.shipment_id, j.account_id, picked.is_shop, picked.account_environment
)
SELECT c.id, c.kind, c.api_id, c.priority, c.run_at AT TIME ZONE 'UTC' AS run_at, c.attempt, c.args,
       CASE WHEN c.integration_id IS NOT NULL THEN coalesce(
           (SELECT x.context FROM koppeling.job_context_in_bulk x
            WHERE x.kind = c.kind AND x.subject_id = coalesce(c.shipment_id, c.order_id, c.integration_id)),
           koppeling.job_context_of(c.kind, coalesce(c.shipment_id, c.order_id, c.integration_id))) END AS context,
       i.shop_host,
       CASE WHEN c.is_shop THEN i.sealed_token
            WHEN c.account_environment = 'production' THEN a.sealed_client_secret
            WHEN c.account_environment = 'staging' THEN a.staging_sealed_client_secret END AS sealed_secret,
       CASE c.account_environment
            WHEN 'production' THEN a.client_id
            WHEN 'staging' THEN a.staging_client_id END AS client_id,
       -- Queued, by hand perhaps, before or although its shop went out of order: see shop_gate().
       coalesce(c.kind <> 'verify' AND i.state <> 'active' AND (c.is_shop OR i.state = 'paused'), false)
       -- Or before its account was refused: see job_gate().
       OR (i.id IS NOT NULL AND c.account_environment IS NOT NULL AND EXISTS (
           SELECT FROM koppeling.account_credentials k
           WHERE k.account_id = a.id AND k.environment = c.account_environment AND k.state = 'rejected')) AS is_held,
       (date_part('epoch', now() - c.run_at) * 1000000)::bigint AS waited_us
FROM claimed c
LEFT JOIN koppeling.integration i ON i.id = c.integration_id
LEFT JOIN koppeling.account a ON a.id = coalesce(c.account_id, i.account_id) AND c.account_environment IS NOT NULL;
