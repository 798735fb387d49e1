-- What failed attempts say about the shop that they called, in a flight before queue_fail. One that asks for a pause is
-- blocked until then; one that refuses its token needs attention. Either way its queued jobs that would call it are
-- moved out of the way of every claim: to the end of the pause, or to infinity.
--
-- $1 ids   $2 fencing tokens   $3 error classes   $4 what the shop asked us to wait, in ms (NULL: nothing)
WITH report AS MATERIALIZED (
    SELECT j.integration_id,
           CASE WHEN r.blocks_shop THEN koppeling.retry_at(r, j.attempt, f.retry_after_ms) END AS until,
           CASE WHEN j.kind <> 'verify' THEN r.shop_reason_code END AS reason_code
    FROM unnest($1::bigint[], $2::bigint[], $3::koppeling.error_class[], $4::bigint[])
         AS f (id, lease_token, error_class, retry_after_ms)
    JOIN koppeling.retry_rule r ON r.error_class = f.error_class AND (r.blocks_shop OR r.shop_reason_code IS NOT NULL)
    JOIN koppeling.job j ON j.id = f.id AND j.lease_token = f.lease_token
    JOIN koppeling.api a ON a.id = j.api_id AND a.is_shop
    FOR NO KEY UPDATE OF j
), shop AS MATERIALIZED (
    -- What is paused, disconnected or being verified stays so.
    SELECT i.id, s.until, m.code, m.nl, m.en
    FROM (SELECT r.integration_id, max(r.until) AS until, max(r.reason_code) AS reason_code
          FROM report r
          GROUP BY r.integration_id) s
    JOIN koppeling.integration i ON i.id = s.integration_id
    LEFT JOIN koppeling.message m ON m.code = s.reason_code AND i.state = 'active'
    FOR NO KEY UPDATE OF i
), held AS (
    UPDATE koppeling.integration i
    SET blocked_until = greatest(i.blocked_until, s.until),
        state = CASE WHEN s.code IS NULL THEN i.state ELSE 'needs_attention' END,
        reason_code = coalesce(s.code, i.reason_code),
        reason = coalesce(s.nl, i.reason),
        reason_en = coalesce(s.en, i.reason_en)
    FROM shop s
    WHERE i.id = s.id
    RETURNING i.id, CASE WHEN i.state = 'needs_attention' THEN 'infinity' ELSE i.blocked_until END AS until
)
UPDATE koppeling.job q
SET run_at = h.until
FROM held h
CROSS JOIN koppeling.api a
WHERE q.integration_id = h.id AND q.state = 'queued' AND q.run_at < h.until AND q.kind <> 'verify'
  AND a.id = q.api_id AND a.is_shop;
