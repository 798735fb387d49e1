-- The panel: oneself, and the tokens of an account.

CREATE OR REPLACE FUNCTION koppeling.panel_me(request json)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_me'),
        'person', s.person, 'role', s.role, 'role_text', koppeling.panel_text('panel_role_' || s.role),
        'account', a.name, 'may_act', koppeling.panel_may_act(),
        'has_password', s.user_id IS NOT NULL,
        'languages', koppeling.panel_options(ARRAY['nl', 'en'], 'panel_language_', s.language),
        'sessions', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'at', koppeling.panel_time(o.created_at), 'seen', koppeling.panel_time(o.seen_at),
                       'address', o.address, 'agent', o.agent, 'is_this', o.id = s.id) ORDER BY o.seen_at DESC), '[]')
            FROM (SELECT m.* FROM koppeling.panel_session m
                  WHERE m.kind = s.kind AND m.person = s.person AND m.user_id IS NOT DISTINCT FROM s.user_id
                    AND m.account_id IS NOT DISTINCT FROM s.account_id AND m.expires_at > now()
                  ORDER BY m.seen_at DESC LIMIT 50) o),
        'tokens', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'id', t.id::text, 'name', t.person, 'role', t.role,
                       'role_text', koppeling.panel_text('panel_role_' || t.role),
                       'created', koppeling.panel_time(t.created_at), 'seen', koppeling.panel_time(t.seen_at),
                       'expires', koppeling.panel_time(t.expires_at)) ORDER BY t.id), '[]')
            FROM koppeling.panel_session t
            WHERE t.kind = 'api' AND t.account_id = s.account_id AND s.role = 'merchant' AND t.expires_at > now()),
        'has_tokens', s.role = 'merchant',
        'once', koppeling.panel_new_key())
    FROM koppeling.panel_session s
    LEFT JOIN koppeling.account a ON a.id = s.account_id
    WHERE s.cookie_hash = koppeling.panel_session_hash());
END
$$;
COMMENT ON FUNCTION koppeling.panel_me IS
    'Page of /me: {title, person, role, role_text, account, may_act, has_password, languages: [{value, text, '
    'selected}], sessions: [{at, seen, address, agent, is_this}], has_tokens, tokens: [{id, name, role, role_text, '
    'created, seen, expires}], once}.';

CREATE OR REPLACE FUNCTION koppeling.panel_me_language(request json)
RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    wanted text := koppeling.panel_given(request, 'form', 'language');
BEGIN
    IF wanted IS NULL OR wanted NOT IN ('nl', 'en') THEN
        RETURN json_build_object('status', 422, 'errors', json_build_object(
            'language', koppeling.panel_text('panel_choose')));
    END IF;
    WITH mine AS (
        UPDATE koppeling.panel_session s SET language = wanted
        WHERE s.cookie_hash = koppeling.panel_session_hash()
        RETURNING s.user_id)
    UPDATE koppeling.panel_user u SET language = wanted FROM mine m WHERE u.id = m.user_id;
    RETURN json_build_object('go', '/me', 'notice', 'language_changed');
END
$$;
COMMENT ON FUNCTION koppeling.panel_me_language IS
    'Action of /me/language: form language (nl, en). {go, notice: language_changed}. Also of whoever may only look.';

CREATE OR REPLACE FUNCTION koppeling.panel_token_add(request json)
RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    answer json := koppeling.panel_once_begin('token_add', request);
    called text := koppeling.panel_given(request, 'form', 'name');
    hash text := koppeling.panel_given(request, 'form', 'token_hash');
    days numeric := koppeling.panel_number(koppeling.panel_given(request, 'form', 'days'), 1, 3650, true);
    made bigint;
BEGIN
    IF answer IS NOT NULL THEN
        RETURN answer;
    END IF;
    IF koppeling.panel_account() IS NULL OR hash IS NULL OR hash !~ '^[0-9a-f]{64}$' THEN
        RETURN koppeling.panel_once_end(request, json_build_object('status', 400));
    END IF;
    IF called IS NULL OR length(called) > 100 THEN
        RETURN koppeling.panel_once_end(request, (koppeling.panel_me(request)::jsonb || jsonb_build_object(
            'status', 422, 'errors', jsonb_build_object('name', koppeling.panel_text('panel_required'))))::json);
    END IF;
    INSERT INTO koppeling.panel_session (
        cookie_hash, kind, account_id, person, role, language, expires_at)
    VALUES (decode(hash, 'hex'), 'api', koppeling.panel_account(), called,
            CASE koppeling.panel_given(request, 'form', 'role') WHEN 'merchant' THEN 'merchant' ELSE 'readonly' END
                ::koppeling.panel_role,
            koppeling.panel_language(),
            coalesce(now() + make_interval(days => days::integer), 'infinity'))
    RETURNING id INTO made;
    PERFORM koppeling.record_audit('token_add', 'account ' || koppeling.panel_account(),
        jsonb_build_object('token', made, 'name', called));
    RETURN koppeling.panel_once_end(request, json_build_object('go', '/me', 'notice', 'token_added', 'id', made::text));
END
$$;
COMMENT ON FUNCTION koppeling.panel_token_add IS
    'Action of /me/tokens: gives a program a token of the account. Form: name, role (merchant; else it only looks), '
    'days (none: without an end), token_hash (SHA-256 in hex, put there by the panel, which shows the token once), '
    'once.';

CREATE OR REPLACE FUNCTION koppeling.panel_token_remove(request json)
RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    IF NOT koppeling.panel_may_act() THEN
        RETURN json_build_object('status', 403);
    END IF;
    DELETE FROM koppeling.panel_session t
    WHERE t.id = koppeling.panel_id(request) AND t.kind = 'api' AND t.account_id = koppeling.panel_account();
    IF NOT FOUND THEN
        RETURN json_build_object('status', 404);
    END IF;
    PERFORM koppeling.record_audit('token_remove', 'account ' || koppeling.panel_account(),
        jsonb_build_object('token', koppeling.panel_id(request)));
    RETURN json_build_object('go', '/me', 'notice', 'token_removed');
END
$$;
COMMENT ON FUNCTION koppeling.panel_token_remove IS
    'Action of /me/tokens/{id}/remove: a token of the account is good no longer. {go, notice: token_removed}.';
