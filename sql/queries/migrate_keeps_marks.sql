-- Whether the database is new enough to keep what a migration was.
SELECT EXISTS (SELECT FROM pg_attribute a
               WHERE a.attrelid = to_regclass('koppeling.schema_migration') AND a.attname = 'serves_from') AS keeps;
