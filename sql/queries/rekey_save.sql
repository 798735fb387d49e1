-- How many of these values were replaced; the others had been changed by somebody else.
SELECT koppeling.reseal($1::text, $2::bigint[], $3::bytea[], $4::bytea[])
