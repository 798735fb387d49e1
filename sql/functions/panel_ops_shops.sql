-- The panel: what operations do with shops and accounts.

CREATE OR REPLACE FUNCTION koppeling.panel_ops_paused_by()
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_text('panel_paused_by', koppeling.acting());
COMMENT ON FUNCTION koppeling.panel_ops_paused_by IS 'The reason of a shop that the person of this session pauses.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_act_on_shop(request json, action text)
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    answer json := koppeling.panel_ops_once(action, request);
    id bigint := koppeling.panel_id(request);
BEGIN
    IF answer IS NOT NULL THEN
        RETURN answer;
    END IF;
    BEGIN
        CASE action
            WHEN 'shop_pause' THEN PERFORM koppeling.pause_integration(id, koppeling.panel_ops_paused_by());
            WHEN 'shop_resume' THEN PERFORM koppeling.resume_integration(id);
            WHEN 'shop_poll' THEN PERFORM koppeling.poll_now(id);
        END CASE;
    EXCEPTION
        WHEN no_data_found THEN
            RETURN koppeling.panel_ops_done(request, json_build_object('status', 404));
        WHEN object_not_in_prerequisite_state OR lock_not_available THEN
            RETURN koppeling.panel_ops_done(request, (koppeling.panel_ops_shops(request)::jsonb || jsonb_build_object(
                'status', 409, 'problem', koppeling.panel_text('panel_not_now')))::json);
    END;
    RETURN koppeling.panel_ops_done(request, json_build_object('go', '/ops/shops', 'notice', action));
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_act_on_shop IS
    'Pauses, resumes or polls a shop: what panel_ops_shop_pause() and its siblings do.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_shop_pause(request json)
RETURNS json
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_ops_act_on_shop(request, 'shop_pause');
COMMENT ON FUNCTION koppeling.panel_ops_shop_pause IS
    'Action of /ops/shops/{id}/pause: pause_integration(), with the name of the person as the reason. Form: once. '
    '{go, notice: shop_pause}; 404; 409 as panel_ops_shops() with problem when its state does not allow it.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_shop_resume(request json)
RETURNS json
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_ops_act_on_shop(request, 'shop_resume');
COMMENT ON FUNCTION koppeling.panel_ops_shop_resume IS
    'Action of /ops/shops/{id}/resume: resume_integration(). As panel_ops_shop_pause(); notice: shop_resume.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_shop_poll(request json)
RETURNS json
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
RETURN koppeling.panel_ops_act_on_shop(request, 'shop_poll');
COMMENT ON FUNCTION koppeling.panel_ops_shop_poll IS
    'Action of /ops/shops/{id}/poll: poll_now(). As panel_ops_shop_pause(); notice: shop_poll.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_accounts(request json)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    above bigint := coalesce((koppeling.panel_ids(request, 'query', 'after'))[1], 0);
BEGIN
    RETURN (
        WITH found AS MATERIALIZED (
            SELECT c.account_id, row_number() OVER (ORDER BY c.account_id) AS place
            FROM koppeling.account_credentials c
            WHERE c.state = 'rejected' AND c.account_id > above
            GROUP BY c.account_id
            ORDER BY c.account_id
            LIMIT 51
        )
        SELECT json_build_object(
            'any', EXISTS (SELECT FROM found),
            'accounts', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                           'id', a.id::text, 'name', a.name,
                           'refused', (
                               SELECT jsonb_agg(jsonb_build_object(
                                          'environment', c.environment, 'is_staging', c.environment = 'staging',
                                          'reason', CASE koppeling.panel_language() WHEN 'en' THEN c.reason_en
                                                                                    ELSE c.reason END,
                                          'checked', koppeling.panel_time(c.checked_at)) ORDER BY c.environment)
                               FROM koppeling.account_credentials c
                               WHERE c.account_id = a.id AND c.state = 'rejected')) ORDER BY f.place), '[]')
                FROM found f JOIN koppeling.account a ON a.id = f.account_id
                WHERE f.place <= 50),
            'next', (SELECT '/ops/accounts?after=' || f.account_id FROM found f
                     WHERE f.place = 50 AND EXISTS (SELECT FROM found m WHERE m.place = 51))));
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_accounts IS
    'Page of /ops/accounts?after=: accounts whose credentials were refused: {any, accounts: [{id, name, refused: '
    '[{environment, is_staging, reason, checked}]}], next}.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_account_check(request json)
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    answer json := koppeling.panel_ops_once('account_check', request);
BEGIN
    IF answer IS NOT NULL THEN
        RETURN answer;
    ELSIF koppeling.check_account(koppeling.panel_id(request)) = 0 THEN
        RETURN koppeling.panel_ops_done(request, json_build_object('status', 404));
    END IF;
    RETURN koppeling.panel_ops_done(request, json_build_object('go', '/ops/accounts', 'notice', 'account_check'));
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_account_check IS
    'Action of /ops/accounts/{id}/check: check_account(). Form: once. {go, notice: account_check}; 404.';
