-- Hash of the functions, views and grants that are in place; no row: none are.
SELECT d.hash FROM koppeling.schema_definitions d;
