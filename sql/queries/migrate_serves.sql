-- Whether each migration that a program does not know leaves it able to work. $1 newest version that it knows
SELECT NOT EXISTS (SELECT FROM koppeling.schema_migration m
                   WHERE m.version > $1::integer AND coalesce(m.serves_from, m.version) > $1::integer) AS serves;
