-- Hash of the functions, views, triggers and grants as they are, and of the roles that there are. Grants to others are
-- none of our business.
SELECT md5(string_agg(s.line, E'\n' ORDER BY s.line COLLATE "C")) AS state
FROM (
    -- The body of a function that is kept parsed, and the text of a view, are written otherwise after a restore.
    SELECT format('function %s returns %s %s %s %s', p.oid::regprocedure, pg_get_function_result(p.oid), p.prosecdef,
                  p.proconfig, CASE WHEN p.prosqlbody IS NULL THEN md5(p.prosrc) END) AS line
    FROM pg_proc p
    WHERE p.pronamespace = to_regnamespace('koppeling') AND p.prokind = 'f'
    UNION ALL
    SELECT format('view %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = to_regnamespace('koppeling') AND c.relkind = 'v'
    UNION ALL
    SELECT format('trigger %s %s', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = to_regnamespace('koppeling') AND NOT c.relispartition AND NOT t.tgisinternal
    UNION ALL
    SELECT format('member %s of %s', m.rolname, r.rolname)
    FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles r ON r.oid = a.roleid
    WHERE m.rolname LIKE 'koppeling\_%' AND r.rolname LIKE 'koppeling\_%'
    UNION ALL
    SELECT format('role %s', r.rolname) FROM pg_roles r WHERE r.rolname LIKE 'koppeling\_%'
    UNION ALL
    SELECT format('grant %s on %s to %s', g.privilege_type, o.name, coalesce(r.rolname, 'public'))
    FROM (
        SELECT 'schema' AS name, n.nspacl AS acl FROM pg_namespace n WHERE n.nspname = 'koppeling'
        UNION ALL
        SELECT c.relname, c.relacl FROM pg_class c
        WHERE c.relnamespace = to_regnamespace('koppeling') AND NOT c.relispartition
        UNION ALL
        SELECT c.relname || '.' || a.attname, a.attacl FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = to_regnamespace('koppeling') AND NOT c.relispartition AND NOT a.attisdropped
        UNION ALL
        SELECT p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner)) FROM pg_proc p
        WHERE p.pronamespace = to_regnamespace('koppeling')) o
    CROSS JOIN LATERAL aclexplode(o.acl) g
    LEFT JOIN pg_roles r ON r.oid = g.grantee
    WHERE g.grantee = 0 OR r.rolname LIKE 'koppeling\_%') s;
