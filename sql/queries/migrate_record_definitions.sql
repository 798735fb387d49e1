-- Notes which functions, views and grants are in place. $1 hash
INSERT INTO koppeling.schema_definitions (hash) VALUES ($1)
ON CONFLICT (one_row) DO UPDATE SET hash = excluded.hash, applied_at = now();
