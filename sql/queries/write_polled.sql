-- A poll walked all open orders of a shop to the end. Orders that are open here and were not in the list are noted as
-- missing: a confirm_order job looks why before anything is withdrawn. An order that was read again is not missing,
-- even when its bytes, and so its hash, were other ones. When most orders of a shop are gone at once, it is rather the
-- list that is wrong: then they wait for a second poll to agree, and those that it finds again are not missing.
-- What was proven of the ends of the lists is kept for the next polls. A walk that began at a date left out nothing
-- that is known here, only what is too old (job_context).
--
-- Nearly all polls have none of this to say, and pay for none of it: the steps are materialized, so that each begins
-- with those that do.
-- $1 the rows of poll jobs, with job and fencing token
WITH polled AS MATERIALIZED (
    SELECT j.integration_id, j.started_at, w.written, w.skipped, w.missing, w.reread, w.ends,
           w.start_date IS NULL AS is_whole,
           i.vanished_at IS NOT NULL AS was_in_doubt,
           i.list_ends AS known_ends,
           CASE WHEN w.ends IS NOT NULL THEN
               (SELECT count(*) FROM jsonb_object_keys(w.ends))
               = (SELECT count(DISTINCT s) FROM unnest(i.open_statuses) AS s) END AS proves_all
    FROM json_to_recordset($1::json) AS w (
        job bigint, token bigint, seen integer, skipped integer, written integer, missing text, reread uuid[],
        ends jsonb, start_date date)
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
    JOIN koppeling.integration i ON i.id = j.integration_id
), unseen AS MATERIALIZED (
    SELECT p.integration_id, p.reread, ('x' || substr(p.missing, place, 16))::bit(64)::bigint AS payload_hash
    FROM polled p
    CROSS JOIN LATERAL generate_series(1, length(p.missing), 16) AS place
    WHERE p.missing <> ''
), gone AS MATERIALIZED (
    SELECT o.id, o.integration_id, o.missing_since IS NULL AS is_news
    FROM unseen u
    -- Each by itself, whatever the statistics say of the table. OFFSET keeps the planner from turning it round.
    CROSS JOIN LATERAL (
        SELECT o.id, o.integration_id, o.missing_since
        FROM koppeling.imported_order o
        WHERE o.integration_id = u.integration_id AND o.payload_hash = u.payload_hash AND o.state = 'open'
          AND o.order_uuid <> ALL (coalesce(u.reread, '{}'))
        OFFSET 0) o
), vanished AS MATERIALIZED (
    -- At least five, and more than two of three that were here before the poll: half of a shop's orders may well be
    -- shipped elsewhere in one go.
    SELECT p.integration_id, g.orders AS gone_orders, k.orders AS known_orders
    FROM (SELECT gone.integration_id, count(*) AS orders FROM gone WHERE gone.is_news GROUP BY gone.integration_id) g
    JOIN polled p ON p.integration_id = g.integration_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS orders
        FROM koppeling.imported_order o
        WHERE o.integration_id = p.integration_id AND o.state = 'open' AND o.missing_since IS NULL
          AND o.imported_at < p.started_at) k
    WHERE g.orders >= 5 AND g.orders * 3 > k.orders * 2
), missed AS (
    -- Not a condition, since there is an index of open orders, and these few are looked up by their key.
    UPDATE koppeling.imported_order o
    SET missing_since = CASE WHEN o.state = 'open' THEN now() ELSE o.missing_since END
    FROM gone g
    WHERE g.is_news AND o.id = g.id
), returned AS MATERIALIZED (
    SELECT o.id
    FROM polled p
    -- By shop: there may be many missing orders of others.
    CROSS JOIN LATERAL (
        SELECT o.id, o.missing_since
        FROM koppeling.imported_order o
        WHERE o.integration_id = p.integration_id AND o.state = 'open'
        OFFSET 0) o
    WHERE p.was_in_doubt AND o.missing_since IS NOT NULL AND NOT EXISTS (SELECT FROM gone g WHERE g.id = o.id)
), found_again AS (
    UPDATE koppeling.imported_order o
    SET missing_since = NULL
    FROM returned r
    WHERE o.id = r.id
), closed_again AS (
    -- Set back to open after it was marked, and now out of the list again.
    UPDATE koppeling.imported_order o
    SET reopened_at = NULL
    FROM unseen u
    WHERE o.integration_id = u.integration_id AND o.state = 'marked_shipped' AND o.reopened_at IS NOT NULL
      AND o.payload_hash = u.payload_hash AND o.order_uuid <> ALL (coalesce(u.reread, '{}'))
), news AS MATERIALIZED (
    SELECT p.integration_id, v.gone_orders, v.known_orders, p.proves_all,
           CASE WHEN p.proves_all THEN p.ends ELSE coalesce(p.known_ends || p.ends, p.known_ends) END AS list_ends
    FROM polled p
    LEFT JOIN vanished v ON v.integration_id = p.integration_id
    WHERE p.ends IS NOT NULL OR p.was_in_doubt OR v.integration_id IS NOT NULL
), warned AS MATERIALIZED (
    SELECT n.*, said.nl, said.en
    FROM news n
    CROSS JOIN LATERAL koppeling.poll_warning(n.list_ends, n.gone_orders, n.known_orders) AS said
)
UPDATE koppeling.integration i
SET last_polled_at = now(), polls = i.polls + 1,
    unchanged_polls = i.unchanged_polls + CASE WHEN p.written = 0 AND p.skipped = 0 THEN 1 ELSE 0 END,
    list_ends = coalesce(n.list_ends, i.list_ends),
    list_ends_at = CASE WHEN n.proves_all THEN now() ELSE i.list_ends_at END,
    listed_whole_at = CASE WHEN p.is_whole THEN now() ELSE i.listed_whole_at END,
    vanished_at = CASE WHEN n.gone_orders IS NOT NULL THEN now() END,
    poll_warning = CASE WHEN n.integration_id IS NULL THEN i.poll_warning ELSE n.nl END,
    poll_warning_en = CASE WHEN n.integration_id IS NULL THEN i.poll_warning_en ELSE n.en END
FROM polled p
LEFT JOIN warned n ON n.integration_id = p.integration_id
WHERE i.id = p.integration_id;
