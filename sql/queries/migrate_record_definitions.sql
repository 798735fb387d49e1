-- Notes which functions, views and grants are in place. $1 hash of their text   $2 hash of what the database has
-- $3 number of the functions, views and grants
INSERT INTO koppeling.schema_definitions (hash, state, revision) VALUES ($1, $2, $3)
ON CONFLICT (one_row) DO UPDATE
SET hash = excluded.hash, state = excluded.state, revision = excluded.revision, applied_at = now();
