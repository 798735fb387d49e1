-- Hash of the functions, views and grants that were put in place, and of what the database then had, and their number;
-- no row: none were.
SELECT d.hash, d.state, d.revision FROM koppeling.schema_definitions d;
