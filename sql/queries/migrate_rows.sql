-- The same for rows to which everything else refers.
-- $1 true: remember those that this transaction made (the first time: all that are there); false: say which are missing
WITH present (name, made_by) AS MATERIALIZED (
    SELECT format('api %s %s', a.name, a.environment), a.xmin FROM koppeling.api a
    UNION ALL SELECT format('job_kind %s', k.name), k.xmin FROM koppeling.job_kind k
    UNION ALL SELECT format('retry_rule %s', r.error_class), r.xmin FROM koppeling.retry_rule r
    UNION ALL SELECT format('setting %s', s.name), s.xmin FROM koppeling.setting s
    UNION ALL SELECT format('message %s', m.code), m.xmin FROM koppeling.message m
    UNION ALL SELECT format('chore %s', c.name), c.xmin FROM koppeling.chore c
), gone AS (
    DELETE FROM koppeling.schema_object s
    WHERE $1::boolean AND s.kind = 'row' AND NOT EXISTS (SELECT FROM present p WHERE p.name = s.name)
), added AS (
    INSERT INTO koppeling.schema_object (kind, name)
    SELECT 'row', p.name FROM present p
    WHERE $1::boolean
      AND (p.made_by = pg_current_xact_id()::xid
           OR NOT EXISTS (SELECT FROM koppeling.schema_object x WHERE x.kind = 'row'))
    ON CONFLICT (kind, name) DO NOTHING
)
SELECT s.kind, s.name, s.statement
FROM koppeling.schema_object s
WHERE NOT $1::boolean AND s.kind = 'row' AND NOT EXISTS (SELECT FROM present p WHERE p.name = s.name)
ORDER BY s.name;
