-- The roles and memberships that are missing, as statements, and whether the login may make them.
WITH role (name) AS (
    SELECT unnest(ARRAY[
        'koppeling_backend', 'koppeling_ops', 'koppeling_dba', 'koppeling_worker', 'koppeling_scheduler',
        'koppeling_panel', 'koppeling_reader', 'koppeling_merchant', 'koppeling_panel_ops', 'koppeling_panel_watch'])
), member (name, of_role) AS (
    VALUES ('koppeling_panel', 'koppeling_reader'), ('koppeling_panel', 'koppeling_merchant'),
           ('koppeling_panel', 'koppeling_panel_ops'), ('koppeling_panel', 'koppeling_panel_watch'),
           ('koppeling_merchant', 'koppeling_reader'), ('koppeling_panel_ops', 'koppeling_ops')
), wanted (place, statement) AS (
    SELECT 1, format('CREATE ROLE %s NOLOGIN%s', r.name, CASE r.name WHEN 'koppeling_panel' THEN ' NOINHERIT' END)
    FROM role r
    WHERE NOT EXISTS (SELECT FROM pg_roles p WHERE p.rolname = r.name)
    UNION ALL
    SELECT 2, format('GRANT %s TO %s', m.of_role, m.name)
    FROM member m
    WHERE NOT EXISTS (
        SELECT FROM pg_auth_members a
        JOIN pg_roles p ON p.oid = a.member JOIN pg_roles o ON o.oid = a.roleid
        WHERE p.rolname = m.name AND o.rolname = m.of_role)
)
-- One after the other: both together are longer than an error may be.
SELECT (SELECT string_agg(w.statement, '; ' ORDER BY w.statement)
        FROM wanted w WHERE w.place = (SELECT min(f.place) FROM wanted f)) AS missing,
       r.rolsuper OR r.rolcreaterole AS may_create
FROM pg_roles r
WHERE r.rolname = current_user;
