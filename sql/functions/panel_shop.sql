-- The panel: shops.

CREATE OR REPLACE FUNCTION koppeling.panel_shop_facts()
RETURNS TABLE (id bigint, open_orders bigint, poll_state text, poll_error text, poll_started boolean, verify_error text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT i.id,
           -- In the order of the index of the list, so that no more is read than is counted.
           (SELECT count(*) FROM (
                SELECT FROM koppeling.imported_order o
                WHERE -o.integration_id = -i.id
                  AND CASE o.state WHEN 'open' THEN 1 WHEN 'label_created' THEN 2 WHEN 'marked_shipped' THEN 3
                                   ELSE 4 END = 1
                ORDER BY coalesce(o.ordered_at, o.imported_at), o.id
                LIMIT 1001) AS counted),
           p.state::text, p.last_error,
           coalesce(p.state = 'running' OR (p.state = 'queued' AND p.priority = 0), false), v.last_error
    FROM koppeling.integration i
    LEFT JOIN koppeling.job p ON p.kind = 'poll' AND p.integration_id = i.id
    LEFT JOIN koppeling.job v ON v.kind = 'verify' AND v.integration_id = i.id
    WHERE i.account_id = koppeling.panel_account();
END
$$;
COMMENT ON FUNCTION koppeling.panel_shop_facts IS
    'Of each shop of the account of this session: open orders (counted to 1001), and how its poll and verification '
    'stand. Jobs are not for merchants to read, so this looks for them.';

CREATE OR REPLACE FUNCTION koppeling.panel_shops(only_id bigint DEFAULT NULL)
RETURNS TABLE (id bigint, is_gone boolean, shop jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT i.id, i.state = 'disconnected',
           jsonb_build_object(
               'id', i.id::text,
               'host', coalesce(i.shop_host, i.shop_url), 'name', coalesce(i.store_name, i.shop_host, i.shop_url),
               'state', i.state, 'state_text', koppeling.panel_text('panel_state_' || i.state),
               'tone', CASE WHEN i.state = 'active' AND (f.poll_state = 'failed' OR i.warning IS NOT NULL) THEN 'warn'
                            WHEN i.state = 'active' THEN 'good'
                            WHEN i.state = 'pending' THEN 'busy'
                            WHEN i.state IN ('rejected', 'needs_attention') THEN 'bad'
                            ELSE 'quiet' END,
               'condition', CASE
                   WHEN i.state = 'active' AND i.blocked_until > now() AND i.blocked_until < 'infinity'
                       THEN koppeling.panel_text('panel_shop_waits',
                                to_char(i.blocked_until AT TIME ZONE 'Europe/Amsterdam', 'HH24:MI'))
                   WHEN i.state = 'active' AND i.blocked_until > now() THEN koppeling.panel_text('panel_shop_blocked')
                   WHEN i.state = 'active' AND f.poll_state = 'failed' THEN koppeling.panel_text('panel_shop_failing')
                   WHEN i.state = 'active' AND f.poll_error IS NOT NULL THEN koppeling.panel_text('panel_shop_trying')
                   WHEN i.state = 'active' AND i.last_polled_at IS NULL THEN koppeling.panel_text('panel_shop_first')
                   WHEN i.state = 'active' THEN koppeling.panel_text('panel_shop_fine')
                   WHEN i.state = 'pending' THEN koppeling.panel_text('panel_shop_pending')
                   ELSE koppeling.panel_text('panel_shop_' || i.state) END,
               'reason', CASE koppeling.panel_language() WHEN 'en' THEN i.reason_en ELSE i.reason END,
               'warning', CASE koppeling.panel_language() WHEN 'en' THEN i.warning_en ELSE i.warning END,
               'is_pending', i.state = 'pending', 'is_active', i.state = 'active', 'is_polling', f.poll_started,
               'last_polled', koppeling.panel_time(i.last_polled_at),
               'next_poll', CASE WHEN i.state = 'active' THEN koppeling.panel_time(i.next_poll_at) END,
               'open_orders', CASE WHEN f.open_orders > 1000 THEN '1000+' ELSE f.open_orders::text END,
               'can_poll', i.state = 'active' AND m.may,
               'can_pause', i.state IN ('active', 'pending', 'needs_attention') AND m.may,
               'can_resume', i.state IN ('paused', 'needs_attention') AND m.may,
               'can_replace_token', i.shop_host IS NOT NULL AND i.from_address_id IS NOT NULL
                                    AND i.state <> 'disconnected' AND m.may,
               'needs_token', i.state IN ('rejected', 'needs_attention') AND i.shop_host IS NOT NULL
                              AND i.from_address_id IS NOT NULL AND m.may,
               'can_disconnect', i.state <> 'disconnected' AND m.may)
    FROM koppeling.own_integration i
    JOIN koppeling.panel_shop_facts() AS f ON f.id = i.id
    CROSS JOIN (SELECT koppeling.panel_may_act() AS may) m
    WHERE only_id IS NULL OR i.id = only_id;
END
$$;
COMMENT ON FUNCTION koppeling.panel_shops IS
    'The shops of the account of this session, as pages show them: {id, host, name, state, state_text, tone (good, '
    'busy, warn, bad, quiet), condition, reason, warning, is_pending, is_active, is_polling, last_polled, next_poll, '
    'open_orders, can_poll, can_pause, can_resume, can_replace_token, needs_token (that is what to do), '
    'can_disconnect}.';

CREATE OR REPLACE FUNCTION koppeling.panel_integrations(request json)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_integrations'),
        'may_act', koppeling.panel_may_act(),
        'any', count(*) > 0,
        'any_pending', coalesce(bool_or((s.shop ->> 'is_pending')::boolean), false),
        'shops', coalesce(json_agg(s.shop ORDER BY s.is_gone, s.id), '[]'))
    FROM koppeling.panel_shops() AS s);
END
$$;
COMMENT ON FUNCTION koppeling.panel_integrations IS
    'Page: {title, may_act, any, any_pending (follow by itself), shops: [see panel_shops()]}.';
