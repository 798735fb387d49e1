-- Whether there is a schema of our name, and whether any migration was ever applied to it. Asked of the catalog itself:
-- what a session remembers of names may be older than the lock that it has just been given.
SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'koppeling' AND c.relname = 'schema_migration') AS exists,
       EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'koppeling') AS has_schema;
