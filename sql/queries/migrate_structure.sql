-- What the migrations made and is no longer there: after a restore that was not whole, or by hand. What a migration
-- makes is remembered in its own transaction, so that an index of somebody else is none of our business.
-- $1 true: remember what this transaction made (the first time: all that is there); false: say what is missing
WITH ours AS (
    SELECT c.oid, c.relname FROM pg_class c
    WHERE c.relnamespace = to_regnamespace('koppeling') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
), present (kind, name, statement, made_by) AS MATERIALIZED (
    SELECT 'column', format('%s.%s', o.relname, a.attname), NULL, a.xmin
    FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'index', c.relname, pg_get_indexdef(c.oid), c.xmin
    FROM ours o JOIN pg_index i ON i.indrelid = o.oid AND i.indisvalid JOIN pg_class c ON c.oid = i.indexrelid
    WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 'constraint', format('%s.%s', o.relname, k.conname),
           format('ALTER TABLE koppeling.%I ADD CONSTRAINT %I %s', o.relname, k.conname, pg_get_constraintdef(k.oid)),
           k.xmin
    FROM ours o JOIN pg_constraint k ON k.conrelid = o.oid AND k.contype <> 'n'
    UNION ALL
    SELECT 'value', format('%s.%s', t.typname, e.enumlabel),
           format('ALTER TYPE koppeling.%I ADD VALUE %L', t.typname, e.enumlabel), e.xmin
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
    WHERE t.typnamespace = to_regnamespace('koppeling')
    UNION ALL
    SELECT 'partition', c.relname, NULL, c.xmin
    FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
    WHERE h.inhparent = to_regclass('koppeling.job_history') AND c.relname = 'job_history_default'
), gone AS (
    DELETE FROM koppeling.schema_object s
    WHERE $1::boolean AND s.kind <> 'row'
      AND NOT EXISTS (SELECT FROM present p WHERE p.kind = s.kind AND p.name = s.name)
), added AS (
    INSERT INTO koppeling.schema_object AS s (kind, name, statement)
    SELECT p.kind, p.name, p.statement FROM present p
    WHERE $1::boolean
      AND (p.made_by = pg_current_xact_id()::xid
           OR NOT EXISTS (SELECT FROM koppeling.schema_object x WHERE x.kind <> 'row'))
    ON CONFLICT (kind, name) DO UPDATE SET statement = excluded.statement
)
SELECT s.kind, s.name, s.statement
FROM koppeling.schema_object s
WHERE NOT $1::boolean AND s.kind <> 'row'
  AND NOT EXISTS (SELECT FROM present p WHERE p.kind = s.kind AND p.name = s.name)
ORDER BY s.kind, s.name;
