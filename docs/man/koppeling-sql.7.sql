-- Writes koppeling-sql(7) from the comments in the database, so that the two cannot drift: `make manual`, held by
-- tests/sql/23_manual.sql. One column with the whole page; only names of pg_catalog and koppeling are used.
WITH escaped AS (
    -- Of running text: a backslash and a hyphen mean something to troff, and so do a point and a quote that begin a line.
    SELECT c.objoid, c.classoid, c.objsubid,
           replace(replace(replace(c.description, '\', '\e'), '-', '\-'), '…', '\[u2026]') AS words
    FROM pg_catalog.pg_description c
), function AS (
    SELECT p.oid, p.proname,
           -- Without the types of defaults, which say nothing more.
           replace(regexp_replace(pg_catalog.pg_get_function_arguments(p.oid),
                                  '::[a-z_."]+(\[\])?( with(out)? time zone)?|koppeling\.', '', 'g'), '-', '\-') AS arguments,
           replace(replace(pg_catalog.pg_get_function_result(p.oid), 'koppeling.', ''), '-', '\-') AS result,
           CASE WHEN pg_catalog.has_function_privilege('koppeling_backend', p.oid, 'EXECUTE') THEN 1
                WHEN pg_catalog.has_function_privilege('koppeling_ops', p.oid, 'EXECUTE') THEN 2
                WHEN pg_catalog.has_function_privilege('koppeling_dba', p.oid, 'EXECUTE') THEN 3 END AS part,
           (SELECT string_agg(substr(r.name, length('koppeling_') + 1), ', ' ORDER BY r.place)
            FROM unnest(ARRAY['koppeling_backend', 'koppeling_ops', 'koppeling_dba'])
                 WITH ORDINALITY AS r (name, place)
            WHERE pg_catalog.has_function_privilege(r.name, p.oid, 'EXECUTE')) AS roles
    FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = 'koppeling'::regnamespace AND p.prorettype <> 'trigger'::regtype
), relation AS (
    SELECT c.oid, c.relname, c.relkind = 'v' AS is_view
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
      AND pg_catalog.has_any_column_privilege('koppeling_backend', c.oid, 'SELECT')
), piece (part, name, text) AS (
    SELECT f.part * 10, f.proname || f.arguments,
           format(E'.TP\n\\fB%s\\fR(%s)\nReturns %s; for %s. %s',
                  f.proname, f.arguments, f.result, f.roles, e.words)
    FROM function f
    JOIN escaped e ON e.objoid = f.oid AND e.classoid = 'pg_proc'::regclass
    WHERE f.part IS NOT NULL
    UNION ALL
    SELECT CASE WHEN r.is_view THEN 40 ELSE 50 END, r.relname,
           format(E'.SS %s\n%s', r.relname, e.words)
           || (SELECT coalesce(
                          string_agg(format(E'\n.TP\n.B %s\n%s', a.attname, w.words), '' ORDER BY a.attnum)
                              FILTER (WHERE w.words IS NOT NULL),
                          E'\n.PP\nColumns: ' || string_agg(a.attname, ', ' ORDER BY a.attnum) || '.')
               FROM pg_catalog.pg_attribute a
               LEFT JOIN escaped w
                   ON w.objoid = r.oid AND w.classoid = 'pg_class'::regclass AND w.objsubid = a.attnum
               WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
                 AND a.attname NOT LIKE '%sealed%')
    FROM relation r
    JOIN escaped e ON e.objoid = r.oid AND e.classoid = 'pg_class'::regclass AND e.objsubid = 0
), heading (part, text) AS (
    VALUES
    (0, E'.\\" Made from the comments in the database by docs/man/koppeling-sql.7.sql: change those.\n'
        '.\\" Copyright (c) 2026 The Koppeling authors. MIT license.\n'
        '.TH KOPPELING\\-SQL 7 2026\\-11\\-26 "Koppeling" "Koppeling"\n.ad l\n'
        '.SH NAME\nkoppeling\\-sql \\- functions, views and tables of the schema koppeling\n'
        '.SH DESCRIPTION\nWhat a back end, people on call and DBAs use of Koppeling is SQL. '
        'Each part is for the roles that are named;\na login gets it by membership: GRANT koppeling_ops TO anna.\n'
        '.BR koppeling\\-scheduler (1)\nmakes all of it with migrate.'),
    (9, E'.SH FUNCTIONS FOR A BACK END'),
    (19, E'.SH FUNCTIONS FOR PEOPLE ON CALL'),
    (29, E'.SH FUNCTIONS FOR A DBA'),
    (39, E'.SH VIEWS'),
    (49, E'.SH TABLES\nColumns with sealed secrets are left out: only a worker reads them.'),
    (99, E'.SH SEE ALSO\n.BR koppeling\\-scheduler (1),\n.BR koppeling\\-worker (1)')
)
SELECT string_agg(regexp_replace(text, '^([''])', '\\&\1', 'gn'), E'\n' ORDER BY part, name COLLATE "C")
FROM (SELECT part, '' AS name, text FROM heading
      WHERE part IN (0, 39, 49, 99) OR part + 1 IN (SELECT p.part FROM piece p)
      UNION ALL SELECT part, name, text FROM piece) page;
