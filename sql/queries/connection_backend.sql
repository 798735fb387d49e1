-- The real backend's pid. A pooler gives its clients another one: so a worker finds out that it must not prepare.
SELECT pg_catalog.pg_backend_pid();
