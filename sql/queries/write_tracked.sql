-- What was told of parcels: the state of each, what that means by tracking_state, and whether it is asked for again. A
-- state that is not known is kept as it is; of a label that is not known there nothing is learnt, and it is asked for
-- half as often. One that was cancelled is recorded as record_label_cancelled() does it.
-- $1 the rows of track_label jobs, with job and fencing token
WITH told AS MATERIALIZED (
    SELECT o.id AS order_id, x.label, x.known, x.state, x.words,
           -- least() would take the time of one that tells none for now.
           CASE WHEN x.at > now() THEN now() ELSE x.at END AS at
    FROM json_to_recordset($1::json) AS x (
        job bigint, token bigint, label text, known boolean, state text, words text, at timestamptz)
    JOIN koppeling.job j ON j.id = x.job AND j.lease_token = x.token
    -- The order before its labels, as whoever erases it does it.
    JOIN koppeling.imported_order o ON o.id = j.order_id AND o.erased_at IS NULL
    ORDER BY o.id
    FOR NO KEY UPDATE OF o
), meant AS (
    SELECT l.id, t.known, t.words, coalesce(t.state, l.tracking_state) AS state, t.state IS NOT NULL AS is_told,
           t.state IS DISTINCT FROM l.tracking_state AND t.state IS NOT NULL AS is_news, t.at, s.is_final,
           s.is_cancelled, s.reason_code
    FROM told t
    JOIN koppeling.label l
        ON l.order_id = t.order_id AND l.environment = 'production' AND l.external_id = t.label
    LEFT JOIN koppeling.tracking_state s ON s.code = coalesce(t.state, l.tracking_state)
)
UPDATE koppeling.label l
SET tracked_at = now(),
    tracking_state = m.state,
    tracking_at = CASE WHEN m.is_news THEN coalesce(m.at, now()) WHEN m.is_told THEN coalesce(m.at, l.tracking_at)
                       ELSE l.tracking_at END,
    tracking_seen_at = CASE WHEN m.is_news THEN now() ELSE l.tracking_seen_at END,
    tracking_text = CASE WHEN m.is_told THEN m.words ELSE l.tracking_text END,
    tracking_reason = m.reason_code,
    cancelled_at = CASE WHEN m.is_cancelled THEN coalesce(l.cancelled_at, now()) ELSE l.cancelled_at END,
    told_at = CASE WHEN m.is_cancelled THEN coalesce(l.told_at, now()) ELSE l.told_at END,
    track_at = CASE
        -- Nobody wants it any more.
        WHEN l.track_at IS NULL OR m.is_final THEN NULL
        WHEN NOT m.known THEN now() + 2 * koppeling.track_every(now() - l.created_at)
        ELSE l.track_at END
FROM meant m
WHERE l.id = m.id;
