-- Notes a migration. $1 version  $2 name
INSERT INTO koppeling.schema_migration (version, name) VALUES ($1::integer, $2);
