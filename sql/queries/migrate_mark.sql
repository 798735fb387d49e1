-- Notes what the migrations are that have no mark yet. $1 versions  $2 hash of the text of each  $3 the oldest programs
-- that each serves, NULL where it serves none but its own
UPDATE koppeling.schema_migration m
SET checksum = x.checksum, serves_from = x.serves_from
FROM unnest($1::integer[], $2::text[], $3::integer[]) AS x (version, checksum, serves_from)
WHERE m.version = x.version AND m.checksum IS NULL;
