-- As whom this program is logged in, and whether that may do what it must and no more.
-- $1 the role that it needs, such as koppeling_scheduler
WITH role_name AS (
    SELECT r.name, p.oid, p.rolsuper, p.rolcanlogin, p.rolinherit
    FROM unnest(ARRAY['koppeling_backend', 'koppeling_ops', 'koppeling_dba', 'koppeling_worker', 'koppeling_scheduler',
                      'koppeling_panel', 'koppeling_reader', 'koppeling_merchant', 'koppeling_panel_ops',
                      'koppeling_panel_watch'])
         AS r (name)
    LEFT JOIN pg_catalog.pg_roles p ON p.rolname = r.name
), becomes AS (
    -- The panel is one of the last four for the length of a request, and has their rights only then.
    SELECT b.role, b.of_role
    FROM (VALUES
        ('koppeling_panel', 'koppeling_reader'), ('koppeling_panel', 'koppeling_merchant'),
        ('koppeling_panel', 'koppeling_panel_ops'), ('koppeling_panel', 'koppeling_panel_watch'),
        ('koppeling_merchant', 'koppeling_reader'), ('koppeling_panel_ops', 'koppeling_ops')) AS b (role, of_role)
    JOIN role_name r ON r.name = b.role
    JOIN role_name o ON o.name = b.of_role
    WHERE r.oid IS NOT NULL AND o.oid IS NOT NULL
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members a WHERE a.member = r.oid AND a.roleid = o.oid)
), login AS (
    SELECT p.rolsuper, coalesce(pg_has_role(p.oid, (SELECT n.oid FROM role_name n WHERE n.name = $1::text), 'USAGE'),
                                false) AS is_member
    FROM pg_catalog.pg_roles p
    WHERE p.rolname = current_user
), creator AS (
    SELECT string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, ', ') AS names
    FROM pg_catalog.pg_namespace n
    CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
    WHERE n.nspname = 'koppeling' AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
)
SELECT f.level, f.topic, f.finding, f.advice
FROM login l
CROSS JOIN creator c
CROSS JOIN LATERAL (VALUES
    (1, CASE WHEN NOT EXISTS (SELECT FROM role_name n WHERE n.oid IS NULL) THEN 'ok' ELSE 'problem' END, 'roles',
     coalesce('these roles are missing: '
              || (SELECT string_agg(n.name, ', ' ORDER BY n.name) FROM role_name n WHERE n.oid IS NULL),
              format('the %s roles are there', (SELECT count(*) FROM role_name))),
     'Run koppeling-scheduler migrate as the owner of the database: it makes the roles and grants.'),
    (2, CASE WHEN EXISTS (SELECT FROM role_name n WHERE n.rolsuper OR n.rolcanlogin) THEN 'warning' ELSE 'ok' END,
     'roles', CASE WHEN EXISTS (SELECT FROM role_name n WHERE n.rolsuper OR n.rolcanlogin)
                   THEN 'a role of ours may log in or is a superuser' ELSE 'none of them may log in' END,
     'People and daemons have logins of their own that are members: ALTER ROLE ... NOLOGIN NOSUPERUSER.'),
    (3, CASE WHEN EXISTS (SELECT FROM becomes) THEN 'problem'
             WHEN EXISTS (SELECT FROM role_name n WHERE n.name = 'koppeling_panel' AND n.rolinherit) THEN 'warning'
             ELSE 'ok' END, 'roles',
     CASE WHEN EXISTS (SELECT FROM becomes)
          THEN (SELECT string_agg(format('%s is no member of %s', b.role, b.of_role), ', ' ORDER BY b.role, b.of_role)
                FROM becomes b)
          WHEN EXISTS (SELECT FROM role_name n WHERE n.name = 'koppeling_panel' AND n.rolinherit)
          THEN 'koppeling_panel has the rights of merchants and operations all the time'
          ELSE 'the panel can become a merchant or operations, and is neither by itself' END,
     CASE WHEN EXISTS (SELECT FROM becomes)
          THEN (SELECT string_agg(format('GRANT %s TO %s;', b.of_role, b.role), ' ' ORDER BY b.role, b.of_role)
                FROM becomes b)
          ELSE 'ALTER ROLE koppeling_panel NOINHERIT;' END),
    (4, CASE WHEN NOT l.is_member THEN 'problem' WHEN l.rolsuper THEN 'warning' ELSE 'ok' END, 'login',
     CASE WHEN NOT l.is_member THEN format('%s is no member of %s', current_user, $1::text)
          WHEN l.rolsuper THEN format('%s is a superuser', current_user)
          ELSE format('%s is a member of %s', current_user, $1::text) END,
     CASE WHEN NOT l.is_member THEN format('GRANT %s TO %I;', $1::text, current_user)
          ELSE 'A daemon needs no superuser: give it a login of its own that is a member of ' || $1::text || '.' END),
    (5, CASE WHEN c.names IS NULL THEN 'ok' ELSE 'problem' END, 'grants',
     coalesce('others may make things in the schema koppeling: ' || c.names,
              'nobody but its owner may make things in the schema koppeling'),
     'REVOKE CREATE ON SCHEMA koppeling FROM them: what is put there is called with the rights of the owner.'))
    AS f (place, level, topic, finding, advice)
ORDER BY f.place;
