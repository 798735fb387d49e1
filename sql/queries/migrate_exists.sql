-- Whether there is a schema of our name, and whether any migration was ever applied to it.
SELECT to_regclass('koppeling.schema_migration') IS NOT NULL AS exists,
       to_regnamespace('koppeling') IS NOT NULL AS has_schema;
