-- A scheduler is alive, and has done these chores. With synchronous replication this is also how it finds out that its
-- server was replaced without noticing: the standby that must have it does not answer.
-- $1 id   $2 host   $3 pid   $4 version   $5 seconds between two ticks   $6 names of the chores
WITH beat AS (
    INSERT INTO koppeling.scheduler AS s (id, host, pid, version, tick)
    VALUES ($1::bigint, $2, $3::integer, $4, make_interval(secs => $5::integer))
    ON CONFLICT (id) DO UPDATE SET seen_at = now(), stopped_at = NULL
), free AS MATERIALIZED (
    SELECT c.name FROM koppeling.chore c WHERE c.name = ANY ($6::text[]) FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE koppeling.chore c
SET done_at = now(), failed_since = NULL, error = NULL
FROM free f
WHERE c.name = f.name;
