-- What the verification of a shop found. Only while it is still wanted: a shop that was disconnected or paused
-- meanwhile stays so, and one that refused its token before (recheck_at) when it cannot be reached. A shop that
-- worked before is not rejected but needs attention: its orders and waiting jobs are kept. When the same store was
-- connected before under another address (same store id), its orders move to this integration, so that nothing is
-- imported twice, and the old one ends.
-- $1 the rows of verify jobs, with job and fencing token
WITH verdict AS MATERIALIZED (
    SELECT j.integration_id, w.*
    FROM json_to_recordset($1::json) AS w (
        job bigint, token bigint, state text, reason_code text, reason text, reason_en text,
        warning text, warning_en text,
        store_id uuid, store_name text, store_domain text, region_code text, currency text, statuses jsonb)
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
), twin AS MATERIALIZED (
    SELECT DISTINCT ON (o.id) o.id AS old_id, i.id AS new_id
    FROM verdict v
    JOIN koppeling.integration i ON i.id = v.integration_id AND i.state = 'pending'
    JOIN koppeling.integration o ON o.account_id = i.account_id AND o.store_id = v.store_id AND o.id <> i.id
    WHERE v.state = 'active'
    ORDER BY o.id, i.id
), retired AS (
    UPDATE koppeling.integration o
    SET state = 'disconnected', sealed_token = NULL, store_id = NULL, reason_code = m.code,
        reason = format(m.nl, t.new_id), reason_en = format(m.en, t.new_id)
    FROM twin t, koppeling.message m
    WHERE o.id = t.old_id AND m.code = 'moved_to_other_integration'
    RETURNING o.id
), moved_orders AS (
    UPDATE koppeling.imported_order o SET integration_id = t.new_id FROM twin t WHERE o.integration_id = t.old_id
), forgotten_skips AS (
    DELETE FROM koppeling.skipped_order k USING twin t WHERE k.integration_id = t.old_id
), moved_jobs AS (
    UPDATE koppeling.job j
    SET integration_id = t.new_id, run_at = CASE WHEN j.state = 'queued' THEN least(j.run_at, now()) ELSE j.run_at END
    FROM twin t
    WHERE j.integration_id = t.old_id AND j.kind NOT IN ('verify', 'poll')
), ended_jobs AS (
    DELETE FROM koppeling.job j
    USING twin t
    WHERE j.integration_id = t.old_id AND j.kind IN ('verify', 'poll')
    RETURNING j.*
), ended_history AS (
    INSERT INTO koppeling.job_history (
        id, created_at, started_at, integration_id, worker_id, outcome, attempts, kind, api, args, result, errors)
    SELECT e.id, e.created_at, e.started_at, e.integration_id, e.worker_id, 'cancelled', e.attempt, e.kind,
           'mijnwebwinkel', e.args,
           '{"reason": "the shop was connected again under another address"}', e.errors
    FROM ended_jobs e
), changed AS (
    UPDATE koppeling.integration i
    SET state = CASE
            WHEN v.state = 'rejected' AND i.connected_at IS NOT NULL THEN 'needs_attention'
            ELSE v.state END::koppeling.integration_state,
        reason_code = v.reason_code,
        -- Refused again is still "no longer accepted".
        reason = CASE WHEN v.reason_code = i.reason_code AND i.recheck_at IS NOT NULL THEN i.reason ELSE v.reason END,
        reason_en = CASE
            WHEN v.reason_code = i.reason_code AND i.recheck_at IS NOT NULL THEN i.reason_en ELSE v.reason_en END,
        verify_warning = v.warning, verify_warning_en = v.warning_en,
        -- What a token told of a store says nothing about this shop when the token was refused.
        store_id = CASE WHEN v.state = 'active' THEN coalesce(v.store_id, i.store_id) ELSE i.store_id END,
        store_name = CASE WHEN v.state = 'active' THEN coalesce(v.store_name, i.store_name) ELSE i.store_name END,
        store_domain = CASE
            WHEN v.state = 'active' THEN coalesce(v.store_domain, i.store_domain) ELSE i.store_domain END,
        region_code = CASE WHEN v.state = 'active' THEN coalesce(v.region_code, i.region_code) ELSE i.region_code END,
        currency = CASE WHEN v.state = 'active' THEN coalesce(v.currency, i.currency) ELSE i.currency END,
        statuses = CASE WHEN v.state = 'active' THEN coalesce(v.statuses, i.statuses) ELSE i.statuses END,
        connected_at = CASE WHEN v.state = 'active' THEN coalesce(i.connected_at, now()) ELSE i.connected_at END,
        next_poll_at = CASE WHEN v.state = 'active' THEN now() ELSE i.next_poll_at END
    FROM verdict v
    -- The old row must be out of the unique index on store ids before this one comes in.
    CROSS JOIN (SELECT count(*) AS integrations FROM retired) r
    WHERE i.id = v.integration_id AND r.integrations >= 0
      AND (i.state = 'pending'
           OR (i.recheck_at IS NOT NULL AND v.state <> 'pending'
               AND v.reason_code IS DISTINCT FROM 'mijnwebwinkel_unreachable'))
    RETURNING i.id, i.state
)
UPDATE koppeling.job j
SET run_at = now() + make_interval(secs => (p.place / p.rate)::float8)
FROM (SELECT q.id,
             greatest(row_number() OVER (PARTITION BY q.integration_id ORDER BY q.id) - a.burst, 0) AS place,
             a.rate_per_second AS rate
      FROM changed c
      JOIN koppeling.job q ON q.integration_id = c.id AND q.state = 'queued' AND q.run_at = 'infinity'
      JOIN koppeling.api a ON a.id = q.api_id
      WHERE c.state = 'active') p
WHERE j.id = p.id;
