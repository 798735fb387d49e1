-- Newest migration that was applied.
SELECT coalesce(max(m.version), 0) AS version FROM koppeling.schema_migration m;
