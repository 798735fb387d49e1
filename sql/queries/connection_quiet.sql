-- For migrations: no notices about what did not exist yet, no odd search path.
SET client_min_messages = warning;
SET search_path = pg_catalog, pg_temp;
