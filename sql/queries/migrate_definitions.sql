-- Hash of the functions, views and grants that were put in place, and of what the database then had; no row: none were.
SELECT d.hash, d.state FROM koppeling.schema_definitions d;
