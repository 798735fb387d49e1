-- Notes which functions, views and grants are in place. $1 hash of their text   $2 hash of what the database has
INSERT INTO koppeling.schema_definitions (hash, state) VALUES ($1, $2)
ON CONFLICT (one_row) DO UPDATE SET hash = excluded.hash, state = excluded.state, applied_at = now();
