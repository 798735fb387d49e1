-- A word in the WAL that nobody reads. With synchronous replication only the true primary gets it committed: one that
-- was replaced without noticing waits for a standby that has left it.
SELECT pg_catalog.pg_logical_emit_message(true, 'koppeling', '');
