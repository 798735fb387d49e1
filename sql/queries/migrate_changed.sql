-- The first migration whose text is another than the one that was applied. $1 versions  $2 hash of the text of each
SELECT m.version, m.name
FROM unnest($1::integer[], $2::text[]) AS x (version, checksum)
JOIN koppeling.schema_migration m ON m.version = x.version
WHERE m.checksum <> x.checksum
ORDER BY m.version
LIMIT 1;
