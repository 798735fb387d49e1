-- Which of two programs with the same migrations is the newer one.
ALTER TABLE koppeling.schema_definitions
    ADD COLUMN revision integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT schema_definitions_revision_is_a_number CHECK (revision >= 0);
COMMENT ON COLUMN koppeling.schema_definitions.revision IS
    'Number of the functions, views and grants (sql/revision); a program with a lower one leaves them alone.';
