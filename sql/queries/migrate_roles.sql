-- The roles that are missing, as statements, and whether the login may make them.
SELECT string_agg('CREATE ROLE ' || w.name || ' NOLOGIN', '; ' ORDER BY w.name) AS missing, me.may_create
FROM (SELECT r.rolsuper OR r.rolcreaterole AS may_create FROM pg_roles r WHERE r.rolname = current_user) me
LEFT JOIN (
    SELECT x.name
    FROM unnest(ARRAY['koppeling_backend', 'koppeling_ops', 'koppeling_dba', 'koppeling_worker', 'koppeling_scheduler'])
         AS x (name)
    WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = x.name)) w ON true
GROUP BY me.may_create;
