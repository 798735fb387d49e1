-- Small helpers that the other functions use.

CREATE OR REPLACE FUNCTION koppeling.setting_integer(setting_name text)
RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (SELECT s.value::integer FROM koppeling.setting s WHERE s.name = setting_name);
COMMENT ON FUNCTION koppeling.setting_integer IS 'Value of a setting that is a whole number.';

CREATE OR REPLACE FUNCTION koppeling.record_audit(action text, subject text, details jsonb DEFAULT '{}')
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    INSERT INTO koppeling.audit (action, subject, details) VALUES (action, subject, jsonb_strip_nulls(details));
END;
COMMENT ON FUNCTION koppeling.record_audit IS 'Writes one audit row in the name of the role that is logged in.';
