-- A chore could not be done. $1 its name   $2 why
WITH free AS MATERIALIZED (
    SELECT c.name FROM koppeling.chore c WHERE c.name = $1::text FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE koppeling.chore c
SET failed_since = coalesce(c.failed_since, now()), error = $2
FROM free f
WHERE c.name = f.name;
