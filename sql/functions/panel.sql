-- The panel: sessions, and whose request this is.

CREATE OR REPLACE FUNCTION koppeling.panel_account()
RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT s.account_id FROM koppeling.panel_session s
        WHERE s.cookie_hash = koppeling.panel_session_hash() AND s.expires_at > now());
END
$$;
COMMENT ON FUNCTION koppeling.panel_account IS
    'The account of the session that this transaction is for; NULL: none, or operations. What the views own_… ask.';

CREATE OR REPLACE FUNCTION koppeling.panel_language()
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    RETURN CASE current_setting('koppeling.language', true) WHEN 'en' THEN 'en' ELSE 'nl' END;
END
$$;
COMMENT ON FUNCTION koppeling.panel_language IS 'The language of the session that this transaction is for.';

CREATE OR REPLACE FUNCTION koppeling.panel_may_act()
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((SELECT s.role::text NOT IN ('readonly', 'operations_readonly') FROM koppeling.panel_session s
                 WHERE s.cookie_hash = koppeling.panel_session_hash() AND s.expires_at > now()), false);
END
$$;
COMMENT ON FUNCTION koppeling.panel_may_act IS 'Whether the session that this transaction is for may change anything.';

CREATE OR REPLACE FUNCTION koppeling.panel_find_session(token_hash bytea)
RETURNS TABLE (
    person text, role text, account_id bigint, account_name text, language text, kind text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- At most once a minute, and never waiting for another request of the same session.
    UPDATE koppeling.panel_session s
    SET seen_at = now()
    WHERE s.id = (SELECT f.id FROM koppeling.panel_session f
                  WHERE f.cookie_hash = panel_find_session.token_hash AND f.seen_at < now() - interval '1 minute'
                    AND f.expires_at > now() AND (f.idle_limit IS NULL OR f.seen_at > now() - f.idle_limit)
                  FOR UPDATE SKIP LOCKED);
    RETURN QUERY
    SELECT s.person, s.role::text, s.account_id, a.name, s.language, s.kind::text
    FROM koppeling.panel_session s
    LEFT JOIN koppeling.account a ON a.id = s.account_id
    WHERE s.cookie_hash = panel_find_session.token_hash
      AND s.expires_at > now() AND (s.idle_limit IS NULL OR s.seen_at > now() - s.idle_limit);
END
$$;
COMMENT ON FUNCTION koppeling.panel_find_session IS
    'The session with this token, if there is one that has not ended, and notes that it is used.';

CREATE OR REPLACE FUNCTION koppeling.panel_calendar(language text)
RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT CASE language WHEN 'en' THEN m.en ELSE m.nl END
        FROM koppeling.message m WHERE m.code = 'panel_calendar');
END
$$;
COMMENT ON FUNCTION koppeling.panel_calendar IS 'The words that times are told with, a blank between them.';

CREATE OR REPLACE FUNCTION koppeling.panel_become(
    role text, language text, token_hash bytea, patience interval DEFAULT '2 seconds')
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    PERFORM set_config('koppeling.session', encode(token_hash, 'hex'), true),
            set_config('koppeling.language', panel_become.language, true),
            set_config('koppeling.calendar', koppeling.panel_calendar(panel_become.language), true),
            set_config('statement_timeout', extract(epoch FROM patience) || 's', true),
            set_config('lock_timeout', '1s', true),
            set_config('jit', 'off', true), set_config('timezone', 'UTC', true),
            -- The last: from here on nothing more is allowed than to whoever it is.
            set_config('role', CASE panel_become.role
                WHEN 'operations' THEN 'koppeling_panel_ops'
                WHEN 'operations_readonly' THEN 'koppeling_panel_watch'
                WHEN 'merchant' THEN 'koppeling_merchant'
                ELSE 'koppeling_reader' END, true);
END
$$;
COMMENT ON FUNCTION koppeling.panel_become IS
    'Gives this transaction the rights of a role of the panel, in the name of a session, and limits its time.';

CREATE OR REPLACE FUNCTION koppeling.panel_enter(token_hash bytea, patience interval DEFAULT '2 seconds')
RETURNS TABLE (
    person text, role text, account_id bigint, account_name text, language text)
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.person, s.role, s.account_id, s.account_name, s.language
    FROM koppeling.panel_find_session(token_hash) AS s
    CROSS JOIN LATERAL koppeling.panel_become(s.role, s.language, token_hash, patience)
    WHERE s.kind <> 'api';
END
$$;
COMMENT ON FUNCTION koppeling.panel_enter IS
    'Gives this transaction the rights of whoever has the session with this token (SHA-256 of it): person, role '
    '(see the type panel_role), account, language (nl, en). No row and no rights when '
    'there is none, or it has ended. patience is how long a statement may take: more for what is done to hundreds.';

CREATE OR REPLACE FUNCTION koppeling.panel_token_enter(token_hash bytea, patience interval DEFAULT '2 seconds')
RETURNS TABLE (
    person text, role text, account_id bigint, account_name text, language text)
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.person, s.role, s.account_id, s.account_name, s.language
    FROM koppeling.panel_find_session(token_hash) AS s
    CROSS JOIN LATERAL koppeling.panel_become(s.role, s.language, token_hash, patience)
    WHERE s.kind = 'api';
END
$$;
COMMENT ON FUNCTION koppeling.panel_token_enter IS
    'As panel_enter(), for a program that shows a token of an account; a cookie is no such token, nor the other way '
    'round.';

CREATE OR REPLACE FUNCTION koppeling.panel_new_session(
    session_hash bytea, kind koppeling.panel_session_kind, who koppeling.panel_user, address text, agent text)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    INSERT INTO koppeling.panel_session (
        cookie_hash, kind, user_id, account_id, person, role, language, idle_limit, expires_at, address, agent)
    VALUES (session_hash, panel_new_session.kind, (who).id, (who).account_id, (who).login, (who).role, (who).language,
            make_interval(mins => koppeling.setting_integer('panel_idle_minutes')),
            now() + make_interval(hours => koppeling.setting_integer('panel_session_hours')),
            left(address, 100), left(agent, 300));
END;
COMMENT ON FUNCTION koppeling.panel_new_session IS 'Makes a session for somebody who was recognised.';

CREATE OR REPLACE FUNCTION koppeling.panel_wait(login_hash bytea, address text)
RETURNS integer
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    -- Behind so many free attempts each one more doubles the wait, from half a minute to a quarter of an hour.
    SELECT coalesce(max(ceil(extract(epoch FROM t.last_at + w.wait - now())))::integer, 0)
    FROM (
        SELECT count(*) AS attempts, max(a.at) AS last_at, 'panel_attempts' AS setting
        FROM koppeling.panel_attempt a
        WHERE a.login_hash = panel_wait.login_hash AND a.at > now() - interval '15 minutes'
        UNION ALL
        SELECT count(*), max(a.at), 'panel_address_attempts'
        FROM koppeling.panel_attempt a
        WHERE a.address = panel_wait.address AND a.at > now() - interval '15 minutes') t
    CROSS JOIN LATERAL (SELECT koppeling.setting_integer(t.setting) AS free) f
    CROSS JOIN LATERAL (
        SELECT least(interval '15 minutes', interval '30 seconds' * power(2, least(t.attempts - f.free, 10))) AS wait) w
    WHERE t.attempts >= f.free AND t.last_at + w.wait > now());
COMMENT ON FUNCTION koppeling.panel_wait IS
    'For how many seconds more nobody may try this login, or from this address; 0: now.';

CREATE OR REPLACE FUNCTION koppeling.panel_sign_in_begin(login text, address text)
RETURNS TABLE (user_id bigint, password_hash text, wait_seconds integer)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    hash bytea := sha256(convert_to(lower(btrim(coalesce(login, ''))), 'UTF8'));
    place text := left(coalesce(address, ''), 100);
    seconds integer;
BEGIN
    -- One at a time for a login: a hundred at once would else all be the first.
    PERFORM pg_advisory_xact_lock(hashtextextended('koppeling.panel_sign_in ' || encode(hash, 'hex'), 0));
    seconds := koppeling.panel_wait(hash, place);
    IF seconds > 0 THEN
        RETURN QUERY SELECT NULL::bigint, NULL::text, seconds;
        RETURN;
    END IF;
    -- Counted before it is known how it ends, so that giving up in the middle gains nothing.
    INSERT INTO koppeling.panel_attempt (at, login_hash, address) VALUES (clock_timestamp(), hash, place);
    RETURN QUERY
    SELECT u.id, u.password_hash, 0
    FROM (VALUES (1)) AS one
    LEFT JOIN koppeling.panel_user u ON lower(u.login) = lower(btrim(panel_sign_in_begin.login));
END
$$;
COMMENT ON FUNCTION koppeling.panel_sign_in_begin IS
    'Whether somebody may try this login from this address now (wait_seconds 0), and the hash that the password must '
    'fit; both NULL for a login that is none: verify something all the same, and call panel_sign_in_end().';

CREATE OR REPLACE FUNCTION koppeling.panel_sign_in_end(
    user_id bigint, ok boolean, session_hash bytea, address text, agent text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    who koppeling.panel_user;
BEGIN
    IF ok IS NOT TRUE OR panel_sign_in_end.user_id IS NULL THEN
        RETURN;
    END IF;
    UPDATE koppeling.panel_user u SET signed_in_at = now()
    WHERE u.id = panel_sign_in_end.user_id
    RETURNING u.* INTO STRICT who;
    DELETE FROM koppeling.panel_attempt a
    WHERE a.login_hash = sha256(convert_to(lower(who.login), 'UTF8'));
    PERFORM koppeling.panel_new_session(session_hash, 'person', who, panel_sign_in_end.address, agent);
    INSERT INTO koppeling.audit (who, action, subject) VALUES (who.login, 'sign_in', 'panel user ' || who.id);
END
$$;
COMMENT ON FUNCTION koppeling.panel_sign_in_end IS
    'How the attempt ended: with a right password there is a session with this token (SHA-256) from now on.';

CREATE OR REPLACE FUNCTION koppeling.panel_portal_enter(claims json, session_hash bytea)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    who koppeling.panel_user;
    ends timestamptz;
BEGIN
    -- What is no number or role is refused like what is missing.
    IF NOT coalesce(claims ->> 'exp' ~ '^[0-9]{1,12}(\.[0-9]{1,9})?$'
                    AND coalesce(claims ->> 'account', '0') ~ '^[0-9]{1,18}$'
                    AND claims ->> 'role' IN ('merchant', 'readonly', 'operations', 'operations_readonly')
                    AND length(claims ->> 'jti') BETWEEN 8 AND 200
                    AND length(btrim(claims ->> 'person')) BETWEEN 1 AND 200
                    AND coalesce(claims ->> 'language', 'nl') IN ('nl', 'en'), false) THEN
        RETURN 'incomplete';
    END IF;
    ends := to_timestamp((claims ->> 'exp')::float8);
    IF ends <= now() OR ends > now() + interval '5 minutes' THEN
        RETURN 'expired';
    END IF;
    who.role := (claims ->> 'role')::koppeling.panel_role;
    who.account_id := (claims ->> 'account')::bigint;
    who.login := btrim(claims ->> 'person');
    who.language := coalesce(claims ->> 'language', 'nl');
    IF (who.role IN ('operations', 'operations_readonly')) <> (who.account_id IS NULL)
       OR (who.account_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM koppeling.account a WHERE a.id = who.account_id)) THEN
        RETURN 'no_account';
    END IF;
    INSERT INTO koppeling.panel_portal_ticket (jti, expires_at) VALUES (claims ->> 'jti', ends)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'used';
    END IF;
    PERFORM koppeling.panel_new_session(session_hash, 'portal', who, claims ->> 'address', claims ->> 'agent');
    INSERT INTO koppeling.audit (who, action, subject, details)
    VALUES (who.login, 'sign_in', coalesce('account ' || who.account_id, 'operations'), '{"by": "portal"}');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.panel_portal_enter IS
    'Makes a session for whoever the verified token of a portal names: claims account (left out for the two roles of '
    'operations), person, role, exp (at most 5 minutes ahead), jti (good once), and if wanted language, address, '
    'agent. Returns NULL, or why not: incomplete, expired, no_account, used.';

CREATE OR REPLACE FUNCTION koppeling.panel_proxy_enter(login text, session_hash bytea, address text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    who koppeling.panel_user;
BEGIN
    UPDATE koppeling.panel_user u SET signed_in_at = now()
    WHERE lower(u.login) = lower(panel_proxy_enter.login)
    RETURNING u.* INTO who;
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;
    PERFORM koppeling.panel_new_session(session_hash, 'person', who, panel_proxy_enter.address, NULL);
    INSERT INTO koppeling.audit (who, action, subject, details)
    VALUES (who.login, 'sign_in', 'panel user ' || who.id, '{"by": "proxy"}');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.panel_proxy_enter IS
    'Makes a session for a user of the panel whom a proxy has recognised, by login. Returns NULL, or why not: unknown '
    '(whoever the proxy lets in is not let in here for that alone).';

CREATE OR REPLACE FUNCTION koppeling.panel_sign_out(session_hash bytea, everywhere boolean)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    mine koppeling.panel_session;
    ended integer;
BEGIN
    SELECT s.* INTO mine FROM koppeling.panel_session s
    WHERE s.cookie_hash = session_hash AND s.kind <> 'api';
    DELETE FROM koppeling.panel_session s
    WHERE s.id = mine.id
       OR (everywhere AND s.kind = mine.kind AND s.person = mine.person
           AND s.user_id IS NOT DISTINCT FROM mine.user_id AND s.account_id IS NOT DISTINCT FROM mine.account_id);
    GET DIAGNOSTICS ended = ROW_COUNT;
    IF ended > 0 THEN
        INSERT INTO koppeling.audit (who, action, subject, details)
        VALUES (mine.person, 'sign_out', coalesce('account ' || mine.account_id, 'operations'),
                jsonb_build_object('sessions', ended));
    END IF;
    RETURN ended;
END
$$;
COMMENT ON FUNCTION koppeling.panel_sign_out IS 'Ends a session, or all of that person; returns how many.';

CREATE OR REPLACE FUNCTION koppeling.panel_add_user(
    login text, password_hash text, role text, account_id bigint, language text DEFAULT 'nl')
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    result bigint;
BEGIN
    IF role NOT IN ('merchant', 'readonly', 'operations', 'operations_readonly') THEN
        RAISE EXCEPTION 'there is no role "%": it is merchant, readonly, operations or operations_readonly', role
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF (role IN ('operations', 'operations_readonly')) <> (account_id IS NULL) THEN
        RAISE EXCEPTION '%', CASE WHEN account_id IS NULL THEN format('a %s needs an account', role)
                                  ELSE format('%s serves all accounts, so none is named', role) END
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF account_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM koppeling.account a WHERE a.id = panel_add_user.account_id) THEN
        RAISE EXCEPTION 'there is no account %', account_id USING ERRCODE = 'no_data_found';
    END IF;
    INSERT INTO koppeling.panel_user (login, password_hash, role, account_id, language)
    VALUES (btrim(login), panel_add_user.password_hash, panel_add_user.role::koppeling.panel_role,
            panel_add_user.account_id, coalesce(nullif(panel_add_user.language, ''), 'nl'))
    ON CONFLICT (lower(panel_user.login)) DO NOTHING
    RETURNING id INTO result;
    IF result IS NULL THEN
        RAISE EXCEPTION 'there is a user "%" already', login USING ERRCODE = 'unique_violation';
    END IF;
    PERFORM koppeling.record_audit('panel_add_user', 'panel user ' || result,
        jsonb_build_object('login', btrim(login), 'role', role, 'account_id', account_id));
    RETURN result;
END
$$;
COMMENT ON FUNCTION koppeling.panel_add_user IS
    'Adds somebody who may sign in: role merchant or readonly with an account, or operations or operations_readonly '
    'without; returns the id.';

CREATE OR REPLACE FUNCTION koppeling.panel_set_password(login text, password_hash text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    result bigint;
BEGIN
    UPDATE koppeling.panel_user u
    SET password_hash = panel_set_password.password_hash, password_changed_at = now()
    WHERE lower(u.login) = lower(btrim(panel_set_password.login))
    RETURNING u.id INTO result;
    IF result IS NULL THEN
        RAISE EXCEPTION 'there is no user "%"', login USING ERRCODE = 'no_data_found';
    END IF;
    -- Whoever knew the old one is out.
    DELETE FROM koppeling.panel_session s WHERE s.user_id = result;
    PERFORM koppeling.record_audit('panel_set_password', 'panel user ' || result);
    RETURN result;
END
$$;
COMMENT ON FUNCTION koppeling.panel_set_password IS
    'Gives somebody a new password, and ends all sessions that were begun with the old one; returns the id.';

CREATE OR REPLACE FUNCTION koppeling.panel_forget()
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    WITH sessions AS (
        DELETE FROM koppeling.panel_session s WHERE s.expires_at < now() RETURNING s.id
    ), attempts AS (
        DELETE FROM koppeling.panel_attempt a WHERE a.at < now() - interval '1 hour' RETURNING a.id
    ), tickets AS (
        DELETE FROM koppeling.panel_portal_ticket t WHERE t.expires_at < now() - interval '1 minute' RETURNING t.jti
    ), keys AS (
        DELETE FROM koppeling.panel_once o WHERE o.created_at < now() - interval '1 day' RETURNING o.key
    )
    SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM attempts) + (SELECT count(*) FROM tickets)
           + (SELECT count(*) FROM keys);
END;
COMMENT ON FUNCTION koppeling.panel_forget IS
    'Forgets sessions that have ended, and attempts, tickets and keys past their time. Returns how many.';
