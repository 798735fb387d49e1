-- A scheduler stops. $1 id
UPDATE koppeling.scheduler s SET stopped_at = now(), seen_at = now() WHERE s.id = $1::bigint;
