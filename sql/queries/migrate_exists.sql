-- Whether any migration was ever applied.
SELECT to_regclass('koppeling.schema_migration') IS NOT NULL AS exists;
