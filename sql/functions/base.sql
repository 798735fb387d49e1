-- Small helpers that the other functions use.

CREATE OR REPLACE FUNCTION koppeling.setting_integer(setting_name text)
RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (SELECT s.value::integer FROM koppeling.setting s WHERE s.name = setting_name);
COMMENT ON FUNCTION koppeling.setting_integer IS 'Value of a setting that is a whole number.';

CREATE OR REPLACE FUNCTION koppeling.panel_session_hash()
RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN CASE WHEN current_setting('koppeling.session', true) ~ '^[0-9a-f]{64}$'
            THEN decode(current_setting('koppeling.session', true), 'hex') END;
END
$$;
COMMENT ON FUNCTION koppeling.panel_session_hash IS
    'Hash of the token of the session of the panel that this transaction is for; NULL: it is not for one.';

CREATE OR REPLACE FUNCTION koppeling.acting()
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
RETURN coalesce(
    (SELECT s.person FROM koppeling.panel_session s
     WHERE s.cookie_hash = koppeling.panel_session_hash() AND s.expires_at > now()),
    session_user);
COMMENT ON FUNCTION koppeling.acting IS
    'Who is at work, for the audit: the person whose session of the panel this transaction is for, else the role that '
    'is logged in.';

CREATE OR REPLACE FUNCTION koppeling.record_audit(action text, subject text, details jsonb DEFAULT '{}')
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    INSERT INTO koppeling.audit (who, action, subject, details)
    VALUES (koppeling.acting(), action, subject, jsonb_strip_nulls(details));
END;
COMMENT ON FUNCTION koppeling.record_audit IS 'Writes one audit row in the name of whoever is at work.';
