-- The panel: connecting a shop, and what can be done with one that is connected.

CREATE OR REPLACE FUNCTION koppeling.panel_addresses(chosen text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'id', f.id::text, 'selected', coalesce(f.id::text = chosen, false),
               'text', concat_ws(', ', coalesce(f.company, f.name),
                                 nullif(concat_ws(' ', f.street, f.number, f.number_addition), ''),
                                 nullif(concat_ws(' ', f.postcode, f.city), ''), f.country)) ORDER BY f.id), '[]')
    FROM (SELECT a.* FROM koppeling.own_from_address a WHERE a.account_id = koppeling.panel_account()
          ORDER BY a.id LIMIT 200) f);
END
$$;
COMMENT ON FUNCTION koppeling.panel_addresses IS 'The sender addresses of the account: [{id, text, selected}].';

CREATE OR REPLACE FUNCTION koppeling.panel_connect(request json)
RETURNS json
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_connect'),
        'may_act', koppeling.panel_may_act(),
        'shop_url', left(koppeling.panel_given(request, 'form', 'shop_url'), 300),
        'addresses', a.list, 'has_addresses', a.list <> '[]',
        'is_new', coalesce(c.chosen = 'new', a.list = '[]'),
        'sender', (SELECT jsonb_object_agg(n.name, left(koppeling.panel_given(
                              request, 'form', 'sender_' || n.name), 100))
                   FROM unnest(ARRAY['name', 'company', 'email', 'phone', 'street', 'number', 'number_addition',
                                     'postcode', 'city', 'country']) AS n (name)),
        'once', koppeling.panel_new_key())
    FROM (SELECT koppeling.panel_given(request, 'form', 'from_address_id') AS chosen) c
    CROSS JOIN LATERAL (SELECT koppeling.panel_addresses(c.chosen) AS list) a);
COMMENT ON FUNCTION koppeling.panel_connect IS
    'Page: {title, may_act, shop_url, addresses: [{id, text, selected}], has_addresses, is_new (a new one is typed), '
    'sender: {name, company, email, phone, street, number, number_addition, postcode, city, country}, once}. The form '
    'has shop_url, sealed_token (base64), from_address_id (an id or "new"), sender_name … sender_country, once.';

CREATE OR REPLACE FUNCTION koppeling.panel_sealed(request json)
RETURNS bytea
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (SELECT CASE WHEN g.sealed ~ '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'
                    THEN decode(g.sealed, 'base64') END
        FROM (SELECT koppeling.panel_given(request, 'form', 'sealed_token') AS sealed) g);
COMMENT ON FUNCTION koppeling.panel_sealed IS 'The sealed token in a form; NULL when there is none.';

CREATE OR REPLACE FUNCTION koppeling.panel_connect_errors(request json)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    RETURN (
    SELECT jsonb_object_agg(e.field, e.words)
    FROM (
        SELECT DISTINCT ON (p.field) p.field, p.words
        FROM (SELECT koppeling.panel_given(request, 'form', 'shop_url') AS url,
                     koppeling.panel_given(request, 'form', 'from_address_id') AS sender) g
        CROSS JOIN LATERAL (
            SELECT 1, 'shop_url', koppeling.panel_text('panel_required') WHERE g.url IS NULL
            UNION ALL
            SELECT 2, 'shop_url', koppeling.panel_text('not_mijnwebwinkel_address', left(g.url, 100))
            WHERE koppeling.shop_host(g.url) IS NULL
            UNION ALL
            SELECT 1, 'token', koppeling.panel_text('panel_required')
            WHERE coalesce(length(koppeling.panel_sealed(request)), 0) = 0
            UNION ALL
            SELECT 1, 'from_address_id', koppeling.panel_text('panel_required') WHERE g.sender IS NULL
            UNION ALL
            SELECT 2, 'from_address_id', koppeling.panel_text('from_address_unknown', left(g.sender, 20))
            WHERE g.sender <> 'new' AND NOT EXISTS (
                SELECT FROM koppeling.own_from_address f
                WHERE f.id::text = g.sender AND f.account_id = koppeling.panel_account())
            UNION ALL
            SELECT 1, 'sender_' || n.name, koppeling.panel_text('panel_required')
            FROM unnest(ARRAY['street', 'number', 'postcode', 'city', 'country']) AS n (name)
            WHERE g.sender = 'new' AND koppeling.panel_given(request, 'form', 'sender_' || n.name) IS NULL
            UNION ALL
            SELECT 1, 'sender_name', koppeling.panel_text('panel_required')
            WHERE g.sender = 'new' AND koppeling.panel_given(request, 'form', 'sender_name') IS NULL
              AND koppeling.panel_given(request, 'form', 'sender_company') IS NULL
            UNION ALL
            SELECT 2, 'sender_country', koppeling.panel_text('panel_country_code')
            WHERE g.sender = 'new' AND koppeling.panel_given(request, 'form', 'sender_country') !~ '^[A-Za-z]{2}$')
            AS p (place, field, words)
        ORDER BY p.field, p.place) e);
END
$$;
COMMENT ON FUNCTION koppeling.panel_connect_errors IS
    'What is wrong with the form that connects a shop, by field, in words; NULL: nothing.';

CREATE OR REPLACE FUNCTION koppeling.panel_connect_shop(request json)
RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    answer json := koppeling.panel_once_begin('connect', request);
    errors jsonb;
    sender bigint;
    result bigint;
BEGIN
    IF answer IS NOT NULL THEN
        RETURN answer;
    END IF;
    errors := koppeling.panel_connect_errors(request);
    IF errors IS NOT NULL THEN
        RETURN koppeling.panel_once_end(request, (koppeling.panel_connect(request)::jsonb
            || jsonb_build_object('status', 422, 'errors', errors))::json);
    END IF;
    IF koppeling.panel_given(request, 'form', 'from_address_id') = 'new' THEN
        LOOP
            INSERT INTO koppeling.from_address (
                account_id, name, company, email, phone, street, number, number_addition, postcode, city, country)
            SELECT koppeling.panel_account(), v.given[1], v.given[2], v.given[3], v.given[4], v.given[5], v.given[6],
                   v.given[7], v.given[8], v.given[9], upper(v.given[10])
            FROM (SELECT array_agg(left(koppeling.panel_given(request, 'form', 'sender_' || n.name), 100)
                                   ORDER BY n.place) AS given
                  FROM unnest(ARRAY['name', 'company', 'email', 'phone', 'street', 'number', 'number_addition',
                                    'postcode', 'city', 'country']) WITH ORDINALITY AS n (name, place)) v
            ON CONFLICT (id) DO NOTHING
            RETURNING id INTO sender;
            EXIT WHEN sender IS NOT NULL;
            -- A back end gave addresses numbers of its own, which the sequence does not know of.
            PERFORM setval(pg_get_serial_sequence('koppeling.from_address', 'id'), max(f.id))
            FROM koppeling.from_address f;
        END LOOP;
    ELSE
        sender := koppeling.panel_given(request, 'form', 'from_address_id')::bigint;
    END IF;
    result := koppeling.connect_shop(
        koppeling.panel_given(request, 'form', 'shop_url'), koppeling.panel_sealed(request), sender);
    RETURN koppeling.panel_once_end(request,
        json_build_object('go', '/integrations/' || result, 'notice', 'connecting', 'id', result::text));
END
$$;
COMMENT ON FUNCTION koppeling.panel_connect_shop IS
    'Action: connects a shop, see panel_connect(). {go, notice: connecting, id}, or {status: 422, errors: {shop_url, '
    'token, from_address_id, sender_…}} with the page as it was typed, but for the token.';

CREATE OR REPLACE FUNCTION koppeling.panel_shop_history(shop_id bigint)
RETURNS TABLE (at timestamptz, who text, action text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT a.at, a.who, a.action
    FROM koppeling.audit a
    WHERE a.subject = 'integration ' || shop_id
      AND EXISTS (SELECT FROM koppeling.integration i WHERE i.id = shop_id AND i.account_id = koppeling.panel_account())
    ORDER BY a.id DESC
    LIMIT 20;
END
$$;
COMMENT ON FUNCTION koppeling.panel_shop_history IS 'The last that was done to a shop of the account of this session.';

CREATE OR REPLACE FUNCTION koppeling.panel_integration(request json)
RETURNS json
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
    SELECT json_build_object(
        'title', s.shop ->> 'name',
        'may_act', koppeling.panel_may_act(),
        'shop', s.shop,
        'notices', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', m.code, 'text', koppeling.panel_text(m.code))
                                              ORDER BY m.code), '[]')
                    FROM koppeling.message m
                    WHERE i.state = 'active' AND m.code IN (
                        'notice_no_mail', 'notice_test_orders',
                        CASE WHEN i.mark_on_staging THEN 'notice_staging' ELSE 'notice_staging_off' END)),
        'from_address', (SELECT a ->> 'text' FROM jsonb_array_elements(koppeling.panel_addresses(NULL)) AS a
                         WHERE a ->> 'id' = i.from_address_id::text),
        'history', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                               'at', koppeling.panel_time(h.at), 'who', h.who,
                               'text', coalesce(koppeling.panel_text('panel_did_' || h.action), h.action))
                           ORDER BY h.at DESC), '[]')
                    FROM koppeling.panel_shop_history(i.id) AS h),
        'once', koppeling.panel_new_key())
    FROM koppeling.panel_shops(koppeling.panel_id(request)) AS s
    JOIN koppeling.own_integration i ON i.id = s.id
    WHERE koppeling.panel_id(request) IS NOT NULL), json_build_object('status', 404));
END
$$;
COMMENT ON FUNCTION koppeling.panel_integration IS
    'Page of /integrations/{id}: {title, may_act, shop: see panel_shops(), notices: [{code, text}], from_address, '
    'history: [{at, who, text}], once}; follow by itself while shop.is_pending or shop.is_polling.';

CREATE OR REPLACE FUNCTION koppeling.panel_act_on_shop(request json, action text)
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    shop_id bigint := koppeling.panel_id(request);
    answer json;
BEGIN
    IF NOT EXISTS (SELECT FROM koppeling.own_integration i
                   WHERE i.id = shop_id AND i.account_id = koppeling.panel_account()) THEN
        RETURN json_build_object('status', 404);
    END IF;
    answer := koppeling.panel_once_begin('integration_' || action, request);
    IF answer IS NOT NULL THEN
        RETURN answer;
    END IF;
    BEGIN
        IF action = 'pause' THEN
            PERFORM koppeling.pause_integration(shop_id, coalesce(
                left(koppeling.panel_given(request, 'form', 'reason'), 200),
                koppeling.panel_text('panel_paused_by', koppeling.acting())));
        ELSIF action = 'resume' THEN
            PERFORM koppeling.resume_integration(shop_id);
        ELSIF action = 'poll' THEN
            PERFORM koppeling.poll_now(shop_id);
        ELSIF action = 'disconnect' THEN
            PERFORM koppeling.disconnect_shop(shop_id);
        ELSIF coalesce(length(koppeling.panel_sealed(request)), 0) > 0 THEN
            PERFORM koppeling.replace_token(shop_id, koppeling.panel_sealed(request));
        ELSE
            RETURN koppeling.panel_once_end(request, (koppeling.panel_integration(request)::jsonb || jsonb_build_object(
                'status', 422, 'errors', jsonb_build_object('token', koppeling.panel_text('panel_required'))))::json);
        END IF;
    EXCEPTION WHEN object_not_in_prerequisite_state THEN
        RETURN koppeling.panel_once_end(request, (koppeling.panel_integration(request)::jsonb || jsonb_build_object(
            'status', 409, 'problem', koppeling.panel_text('panel_not_now')))::json);
    END;
    RETURN koppeling.panel_once_end(request,
        json_build_object('go', '/integrations/' || shop_id, 'notice', 'integration_' || action));
END
$$;
COMMENT ON FUNCTION koppeling.panel_act_on_shop IS
    'What panel_integration_pause() and its siblings do: {go, notice: integration_<action>}; 404, or 409 with a '
    'problem in words and the page.';

CREATE OR REPLACE FUNCTION koppeling.panel_integration_pause(request json)
RETURNS json
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_act_on_shop(request, 'pause');
COMMENT ON FUNCTION koppeling.panel_integration_pause IS 'Action: holds the work of a shop. Form: reason, once.';

CREATE OR REPLACE FUNCTION koppeling.panel_integration_resume(request json)
RETURNS json
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_act_on_shop(request, 'resume');
COMMENT ON FUNCTION koppeling.panel_integration_resume IS
    'Action: lets a shop go on, see resume_integration(). Form: once.';

CREATE OR REPLACE FUNCTION koppeling.panel_integration_poll(request json)
RETURNS json
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_act_on_shop(request, 'poll');
COMMENT ON FUNCTION koppeling.panel_integration_poll IS 'Action: fetches the orders of a shop now. Form: once.';

CREATE OR REPLACE FUNCTION koppeling.panel_integration_token(request json)
RETURNS json
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_act_on_shop(request, 'token');
COMMENT ON FUNCTION koppeling.panel_integration_token IS
    'Action: gives a shop a new token. Form: sealed_token (base64), once. 422 with errors {token} without one.';

CREATE OR REPLACE FUNCTION koppeling.panel_integration_disconnect(request json)
RETURNS json
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_act_on_shop(request, 'disconnect');
COMMENT ON FUNCTION koppeling.panel_integration_disconnect IS 'Action: disconnects a shop. Form: once.';
