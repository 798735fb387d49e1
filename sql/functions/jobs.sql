-- Jobs for the back end and for ops: enqueue, ping, retry, cancel, block.

CREATE OR REPLACE FUNCTION koppeling.shop_gate(integration_id bigint, kind text, wanted timestamptz)
RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN CASE
    WHEN integration_id IS NULL OR kind = 'verify' THEN wanted
    ELSE (
        SELECT CASE
            WHEN shop_gate.kind = 'create_shipment' AND i.restored_at IS NOT NULL
                 AND coalesce(i.last_polled_at < i.restored_at, true) THEN 'infinity'
            WHEN NOT c.calls_shop AND i.state <> 'paused' THEN wanted
            WHEN i.state = 'active' THEN greatest(wanted, i.blocked_until)
            ELSE 'infinity' END
        FROM koppeling.integration i
        CROSS JOIN (
            SELECT coalesce(
                (SELECT a.is_shop
                 FROM koppeling.job_kind k
                 JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
                 WHERE k.name = shop_gate.kind),
                true)) AS c (calls_shop)
        WHERE i.id = shop_gate.integration_id)
END;
COMMENT ON FUNCTION koppeling.shop_gate IS
    'When a job of this shop may run at the earliest: not while the shop is blocked, '
    'and never (infinity) while it is not active. One that does not call the shop waits only while it is paused, and a '
    'booking until the shop was read after a restore.';

CREATE OR REPLACE FUNCTION koppeling.job_gate(
    integration_id bigint, kind text, wanted timestamptz, api_id smallint)
RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN CASE
    WHEN EXISTS (
        SELECT FROM koppeling.api a
        JOIN koppeling.integration i ON i.id = job_gate.integration_id
        JOIN koppeling.account_credentials c ON c.account_id = i.account_id AND c.environment = a.environment
        WHERE a.id = job_gate.api_id AND a.name = 'boekuwzending' AND c.state = 'rejected')
    THEN 'infinity'
    ELSE koppeling.shop_gate(integration_id, kind, wanted)
END;
COMMENT ON FUNCTION koppeling.job_gate IS
    'When a job of this shop that calls this API may run at the earliest: as shop_gate() says, and never (infinity) '
    'while it needs credentials of the account that are rejected.';

CREATE OR REPLACE FUNCTION koppeling.retry_at(rule koppeling.retry_rule, attempt integer, retry_after_ms bigint)
RETURNS timestamptz
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN now() + greatest(
    least(rule.backoff_cap, rule.backoff_base * power(2, least(greatest(attempt - 1, 0), 20))) * (0.5 + random() / 2),
    CASE WHEN rule.honour_retry_after THEN make_interval(secs => retry_after_ms / 1000.0) END);
COMMENT ON FUNCTION koppeling.retry_at IS
    'When to try again after that attempt failed by that rule: its backoff, give or take a random half, and not before '
    'the time that the service asked for.';

CREATE OR REPLACE FUNCTION koppeling.hand_back(ids bigint[], lease_tokens bigint[])
RETURNS SETOF bigint
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    UPDATE koppeling.job j
    SET state = 'queued', attempt = j.attempt - 1,
        run_at = koppeling.job_gate(j.integration_id, j.kind, j.run_at, j.api_id),
        worker_id = NULL, lease_token = NULL, lease_until = NULL
    FROM unnest(ids, lease_tokens) AS b (id, lease_token)
    WHERE j.id = b.id AND j.lease_token = b.lease_token
    RETURNING j.id;
END;
COMMENT ON FUNCTION koppeling.hand_back IS
    'Puts jobs back that run under these fencing tokens, as if they had never been claimed; returns which. They run at '
    'once, unless their shop was paused or blocked meanwhile.';

CREATE OR REPLACE FUNCTION koppeling.job_subject_problem(
    kind text, integration_id bigint, order_id bigint, shipment_id bigint)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT CASE
        WHEN job_subject_problem.integration_id IS NOT NULL AND i.id IS NULL
            THEN format('there is no integration %s', job_subject_problem.integration_id)
        WHEN job_subject_problem.order_id IS NOT NULL AND o.id IS NULL
            THEN format('there is no order %s', job_subject_problem.order_id)
        WHEN job_subject_problem.shipment_id IS NOT NULL AND s.id IS NULL
            THEN format('there is no shipment %s', job_subject_problem.shipment_id)
        WHEN o.integration_id <> i.id
            THEN format('order %s is of integration %s, not of %s', o.id, o.integration_id, i.id)
        WHEN s.order_id <> o.id THEN format('shipment %s is of order %s, not of %s', s.id, s.order_id, o.id)
        WHEN kind IN ('poll', 'verify') AND i.id IS NULL THEN format('%s needs integration_id', kind)
        WHEN kind IN ('mark_shipped', 'confirm_order', 'push_order', 'remove_order', 'watch_order', 'track_label',
                      'quote')
             AND o.id IS NULL
            THEN format('%s needs order_id', kind)
        WHEN kind = 'create_shipment' AND s.id IS NULL THEN format('%s needs shipment_id', kind)
        WHEN kind = 'fetch_label' THEN 'call request_label_pdf(), which makes the document that it fetches'
        WHEN kind = 'verify_account' THEN 'call check_account()'
    END
    FROM (VALUES (1)) AS one
    LEFT JOIN koppeling.integration i ON i.id = job_subject_problem.integration_id
    LEFT JOIN koppeling.imported_order o ON o.id = job_subject_problem.order_id
    LEFT JOIN koppeling.shipment s ON s.id = job_subject_problem.shipment_id);
COMMENT ON FUNCTION koppeling.job_subject_problem IS
    'What is wrong with the subjects of a job that is to be enqueued, in words; NULL: nothing.';

CREATE OR REPLACE FUNCTION koppeling.enqueue(
    kind text,
    integration_id bigint DEFAULT NULL,
    order_id bigint DEFAULT NULL,
    shipment_id bigint DEFAULT NULL,
    args jsonb DEFAULT NULL,
    run_at timestamptz DEFAULT now(),
    priority integer DEFAULT NULL,
    max_attempts integer DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    job_id bigint;
    problem text;
BEGIN
    IF NOT EXISTS (SELECT FROM koppeling.job_kind k WHERE k.name = enqueue.kind) THEN
        RAISE EXCEPTION 'unknown job kind "%"', kind
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Known kinds: ' || (SELECT string_agg(k.name, ', ' ORDER BY k.name) FROM koppeling.job_kind k);
    END IF;
    -- What follows from the narrower subject need not be said.
    order_id := coalesce(
        order_id, (SELECT s.order_id FROM koppeling.shipment s WHERE s.id = enqueue.shipment_id));
    integration_id := coalesce(
        integration_id, (SELECT o.integration_id FROM koppeling.imported_order o WHERE o.id = enqueue.order_id));
    problem := CASE
        WHEN priority NOT BETWEEN 0 AND 2 THEN format('priority is 0, 1 or 2, not %s', priority)
        WHEN max_attempts NOT BETWEEN 1 AND 32767 THEN format('max_attempts is 1 to 32767, not %s', max_attempts)
        ELSE koppeling.job_subject_problem(kind, integration_id, order_id, shipment_id) END;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'cannot enqueue %: %', kind, problem USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO koppeling.job AS j (kind, integration_id, order_id, shipment_id, args, run_at, priority, max_attempts)
    VALUES (kind, integration_id, order_id, shipment_id, args,
            koppeling.shop_gate(integration_id, kind, coalesce(nullif(run_at, '-infinity'), now())), priority,
            max_attempts)
    ON CONFLICT DO NOTHING
    RETURNING j.id INTO job_id;
    IF job_id IS NULL THEN
        -- There is a live one for this subject already: that is the answer.
        SELECT j.id INTO job_id
        FROM koppeling.job j
        WHERE j.kind = enqueue.kind
          AND CASE
                  WHEN enqueue.kind IN (
                      'mark_shipped', 'confirm_order', 'push_order', 'remove_order', 'watch_order', 'track_label')
                      THEN j.order_id = enqueue.order_id
                  WHEN enqueue.kind = 'quote'
                      THEN j.order_id = enqueue.order_id AND j.args IS NOT DISTINCT FROM enqueue.args
                  WHEN enqueue.kind = 'create_shipment' THEN j.shipment_id = enqueue.shipment_id
                  WHEN enqueue.kind IN ('poll', 'verify') THEN j.integration_id = enqueue.integration_id
              END;
    END IF;
    IF job_id IS NULL THEN
        -- Neither: the number that the sequence gave was taken, or the live one has ended this very moment.
        RAISE EXCEPTION 'cannot enqueue %: it was refused as a duplicate, but there is no other', kind
            USING ERRCODE = 'unique_violation',
                  HINT = 'Try again. If it stays so, ids were given by hand: SELECT setval(pg_get_serial_sequence('
                         '''koppeling.job'', ''id''), (SELECT max(id) FROM koppeling.job));';
    END IF;
    RETURN job_id;
END
$$;
COMMENT ON FUNCTION koppeling.enqueue IS
    'Enqueues a job and returns its id; when its subject has a live job of this kind, returns that one. Order and shop '
    'follow from the shipment, the shop from the order. run_at is a wish: a blocked shop waits longer; -infinity is '
    'now, infinity until somebody says otherwise.';

CREATE OR REPLACE FUNCTION koppeling.ping(n integer DEFAULT 1)
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    WITH made AS (
        INSERT INTO koppeling.job (kind, api_id, priority, max_attempts)
        SELECT k.name, a.id, k.priority, k.max_attempts
        FROM koppeling.job_kind k
        JOIN koppeling.api a ON a.name = k.api AND a.environment = 'production'
        CROSS JOIN generate_series(1, n)
        WHERE k.name = 'ping'
        RETURNING id)
    SELECT count(*) FROM made;
END;
COMMENT ON FUNCTION koppeling.ping IS
    'Enqueues n jobs that do nothing: a canary for the whole path, and the benchmark of the queue. Returns how many.';

CREATE OR REPLACE FUNCTION koppeling.find_job(id bigint)
RETURNS koppeling.job
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    found_row koppeling.job;
BEGIN
    SELECT j.* INTO found_row FROM koppeling.job j WHERE j.id = find_job.id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no live job %', id
            USING ERRCODE = 'no_data_found', HINT = 'Finished jobs are in koppeling.job_history.';
    END IF;
    RETURN found_row;
END
$$;
COMMENT ON FUNCTION koppeling.find_job IS 'The row, locked; a clear error when there is none.';

CREATE OR REPLACE FUNCTION koppeling.retry_job(id bigint)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    job koppeling.job := koppeling.find_job(id);
BEGIN
    IF job.state = 'running' THEN
        RAISE NOTICE 'job % is running: nothing to do', id;
        RETURN false;
    END IF;
    UPDATE koppeling.job j
    SET state = 'queued', attempt = 0, run_at = koppeling.job_gate(j.integration_id, j.kind, now(), j.api_id)
    WHERE j.id = retry_job.id;
    PERFORM pg_notify('koppeling_job', '');
    PERFORM koppeling.record_audit('retry_job', 'job ' || id,
        jsonb_build_object('kind', job.kind, 'was', job.state, 'error_class', job.last_error_class));
    RETURN true;
END
$$;
COMMENT ON FUNCTION koppeling.retry_job IS
    'Runs a failed or waiting job now, with all its attempts. False when it is running.';

CREATE OR REPLACE FUNCTION koppeling.failed_at(job koppeling.job)
RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN coalesce((job.errors -> -1 ->> 'at')::timestamptz, job.started_at, job.created_at);
COMMENT ON FUNCTION koppeling.failed_at IS
    'When a failed job failed, as failed_job shows it and retry_failed() takes it.';

CREATE OR REPLACE FUNCTION koppeling.retry_failed(
    kind text DEFAULT NULL,
    integration_id bigint DEFAULT NULL,
    error_class koppeling.error_class DEFAULT NULL,
    failed_since timestamptz DEFAULT NULL,
    per_second numeric DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    retried bigint;
BEGIN
    WITH chosen AS (
        SELECT j.id, j.integration_id, j.kind, j.api_id,
               row_number() OVER (PARTITION BY j.api_id, j.integration_id ORDER BY j.id) - 1 AS place
        FROM koppeling.job j
        WHERE j.state = 'failed'
          AND (retry_failed.kind IS NULL OR j.kind = retry_failed.kind)
          AND (retry_failed.integration_id IS NULL OR j.integration_id = retry_failed.integration_id)
          AND (retry_failed.error_class IS NULL OR j.last_error_class = retry_failed.error_class)
          AND (retry_failed.failed_since IS NULL OR koppeling.failed_at(j) >= retry_failed.failed_since))
    UPDATE koppeling.job j
    SET state = 'queued', attempt = 0,
        -- Spread per shop, so that a redrive of thousands does not fall on one shop at once.
        run_at = koppeling.job_gate(j.integration_id, j.kind, now(), j.api_id)
                 + make_interval(secs => (c.place / coalesce(per_second, a.rate_per_second))::float8)
    FROM chosen c JOIN koppeling.api a ON a.id = c.api_id
    WHERE j.id = c.id;
    GET DIAGNOSTICS retried = ROW_COUNT;
    PERFORM pg_notify('koppeling_job', '');
    PERFORM koppeling.record_audit('retry_failed', 'jobs', jsonb_build_object(
        'kind', kind, 'integration_id', integration_id, 'error_class', error_class,
        'failed_since', failed_since, 'per_second', per_second, 'retried', retried));
    RETURN retried;
END
$$;
COMMENT ON FUNCTION koppeling.retry_failed IS
    'Retries failed jobs by kind, shop, error class or time (NULL: all), '
    'spread per shop at per_second or at the pace of the API. Returns how many.';

CREATE OR REPLACE FUNCTION koppeling.cancel_jobs(ids bigint[], why text)
RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    WITH taken AS (
        DELETE FROM koppeling.job j WHERE j.id = ANY (ids) RETURNING j.*
    ), kept AS (
        INSERT INTO koppeling.job_history (
            id, created_at, started_at, integration_id, order_id, shipment_id, worker_id, outcome, attempts, kind,
            api, args, result, errors)
        SELECT t.id, t.created_at, t.started_at, t.integration_id, t.order_id, t.shipment_id, t.worker_id, 'cancelled',
               t.attempt, t.kind, (SELECT a.name FROM koppeling.api a WHERE a.id = t.api_id), t.args,
               jsonb_build_object('reason', why), t.errors
        FROM taken t
    ), told AS (
        -- A person decided that the shop is not told: without this the scheduler would enqueue it again.
        UPDATE koppeling.label l SET told_at = now()
        FROM taken t WHERE t.kind = 'mark_shipped' AND l.order_id = t.order_id AND l.told_at IS NULL
    ), noted AS (
        UPDATE koppeling.imported_order o
        SET mark_outcome = 'not_marked', mark_reason_code = 'cancelled_job', mark_reason = why,
            mark_refused_at = now()
        FROM taken t WHERE t.kind = 'mark_shipped' AND o.id = t.order_id AND o.state = 'label_created'
    ), given_up AS (
        UPDATE koppeling.shipment s SET state = 'failed', reason = why
        FROM taken t WHERE t.kind = 'create_shipment' AND s.id = t.shipment_id AND s.state = 'requested'
    ), left_there AS (
        -- Likewise: what a person leaves at Boekuwzending is no longer ours to take back.
        UPDATE koppeling.imported_order o
        SET pushed_id = NULL, pushed_hash = NULL, push_asked_at = NULL, watch_at = NULL
        FROM taken t WHERE t.kind = 'remove_order' AND o.id = t.order_id
    )
    SELECT count(*) FROM taken;
END;
COMMENT ON FUNCTION koppeling.cancel_jobs IS
    'Moves live jobs to job_history as cancelled and records what that means for their orders.';

CREATE OR REPLACE FUNCTION koppeling.cancel_job(id bigint)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    job koppeling.job := koppeling.find_job(id);
BEGIN
    PERFORM koppeling.cancel_jobs(ARRAY[id], 'cancelled by ' || koppeling.acting());
    PERFORM koppeling.record_audit('cancel_job', 'job ' || id, jsonb_build_object('kind', job.kind, 'was', job.state));
    RETURN true;
END
$$;
COMMENT ON FUNCTION koppeling.cancel_job IS
    'Takes a live job out and keeps it in job_history as cancelled. A call that is under way is not undone, '
    'but its result is refused.';

CREATE OR REPLACE FUNCTION koppeling.block_api(
    name text, until timestamptz, environment koppeling.environment DEFAULT NULL, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    blocked bigint;
BEGIN
    until := nullif(until, '-infinity');
    UPDATE koppeling.api a
    SET blocked_until = until,
        block_reason = CASE WHEN until > now() THEN coalesce(block_api.reason, 'blocked by ' || koppeling.acting()) END,
        breaker_state = 'closed', breaker_failures = 0, breaker_shops = '{}', breaker_trips = 0
    WHERE a.name = block_api.name AND (block_api.environment IS NULL OR a.environment = block_api.environment);
    GET DIAGNOSTICS blocked = ROW_COUNT;
    IF blocked = 0 THEN
        RAISE EXCEPTION 'there is no API "%"', name
            USING ERRCODE = 'invalid_parameter_value', HINT = 'See the table koppeling.api.';
    END IF;
    PERFORM pg_notify('koppeling_job', '');
    PERFORM koppeling.record_audit('block_api', 'api ' || name,
        jsonb_build_object('until', until, 'environment', environment, 'reason', reason));
    RETURN blocked;
END
$$;
COMMENT ON FUNCTION koppeling.block_api IS
    'No job of this API is claimed before until (infinity: before it is lifted); NULL or a past time lifts the block. '
    'Both environments unless one is named.';
