-- What a migration was when it was applied, and which programs it leaves able to work.
-- serves: programs from 0023
ALTER TABLE koppeling.schema_migration
    ADD COLUMN checksum    text,
    ADD COLUMN serves_from integer,
    ADD CONSTRAINT schema_migration_checksum_is_a_hash CHECK (checksum ~ '^[0-9a-f]{32}$'),
    ADD CONSTRAINT schema_migration_serves_older_ones CHECK (serves_from <= version);
COMMENT ON COLUMN koppeling.schema_migration.checksum IS
    'Hash of its text when it was applied; migrate refuses to go on when the program has another text. '
    'Of those that were applied before there was this column: the text that the next migrate had.';
COMMENT ON COLUMN koppeling.schema_migration.serves_from IS
    'Programs that know the schema up to this version may still start on a database that has this migration. '
    'NULL: only those that have it themselves.';
