-- Connecting shops, and holding and releasing their work.

CREATE OR REPLACE FUNCTION koppeling.shop_host(shop_url text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, koppeling, pg_temp
-- In the order of bytes: where a language has a small letter of its own for I, or for the sign for Kelvin, that is no
-- letter of a host.
RETURN lower(substring(btrim(shop_url, E' \t\r\n') COLLATE "C"
    FROM '(?i)^(?:https?://)?([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.myonline\.store)/?$'));
COMMENT ON FUNCTION koppeling.shop_host IS
    '{name}.myonline.store from what a merchant typed: with or without scheme, closing slash and capitals. '
    'NULL for anything else.';

CREATE OR REPLACE FUNCTION koppeling.park_jobs(integration_id bigint)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    UPDATE koppeling.job j
    SET run_at = 'infinity'
    FROM koppeling.integration i, koppeling.api a
    WHERE i.id = park_jobs.integration_id AND j.integration_id = i.id AND a.id = j.api_id
      AND j.state = 'queued' AND j.run_at < 'infinity' AND j.kind <> 'verify' AND (a.is_shop OR i.state = 'paused');
END;
COMMENT ON FUNCTION koppeling.park_jobs IS
    'Moves the queued jobs of a shop out of the way of every claim until release_jobs(): those that call it, '
    'and all when it is paused.';

CREATE OR REPLACE FUNCTION koppeling.release_jobs(integration_id bigint)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    UPDATE koppeling.job j
    SET run_at = p.run_at
    FROM (
        SELECT q.id,
               greatest(now(), i.blocked_until)
               + make_interval(secs =>
                   (greatest(row_number() OVER (ORDER BY q.id) - a.burst, 0) / a.rate_per_second)::float8) AS run_at
        FROM koppeling.job q
        JOIN koppeling.integration i ON i.id = q.integration_id
        JOIN koppeling.api a ON a.id = q.api_id
        WHERE q.integration_id = release_jobs.integration_id AND q.state = 'queued' AND q.run_at = 'infinity'
          AND koppeling.job_gate(i.id, q.kind, now(), q.api_id) < 'infinity') p
    WHERE j.id = p.id;
END;
COMMENT ON FUNCTION koppeling.release_jobs IS 'Lets the parked jobs of a shop run again, at the pace of the API.';

CREATE OR REPLACE FUNCTION koppeling.reject_connection(integration_id bigint, code text, value text)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    UPDATE koppeling.integration i
    SET state = 'rejected', reason_code = code, reason = format(m.nl, value), reason_en = format(m.en, value)
    FROM koppeling.message m
    WHERE i.id = reject_connection.integration_id AND m.code = reject_connection.code;
END;
COMMENT ON FUNCTION koppeling.reject_connection IS
    'Marks an integration as rejected, with the sentence of table message.';

CREATE OR REPLACE FUNCTION koppeling.connect_shop(shop_url text, sealed_token bytea, from_address_id bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    host text := koppeling.shop_host(shop_url);
    sender koppeling.from_address;
    missing text := concat_ws(', ',
        CASE WHEN coalesce(btrim(shop_url), '') = '' THEN 'Shop-URL' END,
        CASE WHEN coalesce(length(sealed_token), 0) = 0 THEN 'API-token' END,
        CASE WHEN from_address_id IS NULL THEN 'from address' END);
    code text;
    result bigint;
BEGIN
    SELECT f.* INTO sender FROM koppeling.from_address f WHERE f.id = connect_shop.from_address_id;
    code := CASE
        WHEN missing <> '' THEN 'missing_field'
        WHEN host IS NULL THEN 'not_mijnwebwinkel_address'
        WHEN sender.id IS NULL THEN 'from_address_unknown'
    END;
    IF code IS NOT NULL THEN
        -- Kept, so that the reason can be shown and support can see what was tried. The token is not.
        INSERT INTO koppeling.integration AS i (
            account_id, shop_url, from_address_id, state, reason_code, reason, reason_en)
        VALUES (sender.account_id, left(connect_shop.shop_url, 300), sender.id, 'rejected', code, '', '')
        RETURNING i.id INTO result;
        PERFORM koppeling.reject_connection(result, code, CASE code
            WHEN 'missing_field' THEN missing
            WHEN 'not_mijnwebwinkel_address' THEN left(connect_shop.shop_url, 100)
            ELSE connect_shop.from_address_id::text END);
    ELSE
        -- A shop that was here before keeps its row, and with it its orders.
        INSERT INTO koppeling.integration AS i (
            account_id, shop_url, shop_host, sealed_token, from_address_id, import_since)
        VALUES (sender.account_id, connect_shop.shop_url, host, connect_shop.sealed_token, sender.id,
                (now() AT TIME ZONE 'Europe/Amsterdam')::date - koppeling.setting_integer('first_import_days'))
        ON CONFLICT (account_id, shop_host) DO UPDATE
        SET shop_url = excluded.shop_url, sealed_token = excluded.sealed_token,
            from_address_id = excluded.from_address_id,
            state = 'pending', reason_code = NULL, reason = NULL, reason_en = NULL, blocked_until = NULL
        RETURNING i.id INTO result;
        PERFORM koppeling.park_jobs(result);
        PERFORM koppeling.request_verification(result);
    END IF;
    PERFORM koppeling.record_audit('connect_shop', 'integration ' || result,
        jsonb_build_object('shop_host', host, 'from_address_id', from_address_id, 'reason_code', code));
    RETURN result;
END
$$;
COMMENT ON FUNCTION koppeling.connect_shop IS
    'Connects a shop and returns its integration id at once; the state goes from pending to active or rejected (with '
    'reason and reason_en). A shop that was connected before is revived with its orders.';

CREATE OR REPLACE FUNCTION koppeling.request_verification(integration_id bigint)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    -- A verification of the old token that waits or failed starts over; one that runs is called back, so that its
    -- result, about the old token, is refused.
    INSERT INTO koppeling.job AS j (kind, integration_id)
    VALUES ('verify', integration_id)
    ON CONFLICT (integration_id) WHERE kind = 'verify' DO UPDATE
    SET state = 'queued', attempt = 0, run_at = now(), worker_id = NULL, lease_token = NULL, lease_until = NULL;
END;
COMMENT ON FUNCTION koppeling.request_verification IS
    'Enqueues the verification of a shop; one that is under way starts over.';

CREATE OR REPLACE FUNCTION koppeling.find_integration(integration_id bigint)
RETURNS koppeling.integration
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    found_row koppeling.integration;
BEGIN
    SELECT i.* INTO found_row
    FROM koppeling.integration i
    WHERE i.id = find_integration.integration_id
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no integration %', integration_id USING ERRCODE = 'no_data_found';
    END IF;
    RETURN found_row;
END
$$;
COMMENT ON FUNCTION koppeling.find_integration IS 'The row, locked; a clear error when there is none.';

CREATE OR REPLACE FUNCTION koppeling.replace_token(id bigint, sealed_token bytea)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    shop koppeling.integration := koppeling.find_integration(id);
BEGIN
    IF coalesce(length(sealed_token), 0) = 0 THEN
        RAISE EXCEPTION 'the sealed token is empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF shop.shop_host IS NULL OR shop.account_id IS NULL OR shop.from_address_id IS NULL THEN
        RAISE EXCEPTION 'integration % was refused before it had a token: %', id, shop.reason_en
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Connect the shop again with connect_shop().';
    END IF;
    UPDATE koppeling.integration i
    SET sealed_token = replace_token.sealed_token,
        state = 'pending', reason_code = NULL, reason = NULL, reason_en = NULL,
        blocked_until = NULL
    WHERE i.id = replace_token.id;
    PERFORM koppeling.park_jobs(id);
    PERFORM koppeling.request_verification(id);
    PERFORM koppeling.record_audit('replace_token', 'integration ' || id, jsonb_build_object('was', shop.state));
END
$$;
COMMENT ON FUNCTION koppeling.replace_token IS
    'Gives a shop a new token and verifies it; when it is good, polls and waiting jobs go on.';

CREATE OR REPLACE FUNCTION koppeling.disconnect_shop(id bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    shop koppeling.integration := koppeling.find_integration(id);
    cancelled bigint;
BEGIN
    UPDATE koppeling.integration i
    SET state = 'disconnected', sealed_token = NULL, reason_code = NULL, reason = NULL, reason_en = NULL
    WHERE i.id = disconnect_shop.id;
    cancelled := koppeling.cancel_jobs(
        ARRAY(
            SELECT j.id
            FROM koppeling.job j
            WHERE j.integration_id = disconnect_shop.id
              -- Nor does what was pushed stay there: nobody would hear any more that it was cancelled, or shipped.
              AND j.kind <> 'remove_order'
              -- What Boekuwzending was asked for may exist, and be paid: that is still looked up.
              AND NOT EXISTS (SELECT FROM koppeling.shipment s
                              WHERE s.id = j.shipment_id AND s.state IN ('sending', 'created'))
            FOR UPDATE),
        'the shop was disconnected');
    PERFORM koppeling.record_audit('disconnect_shop', 'integration ' || id,
        jsonb_build_object('was', shop.state, 'cancelled_jobs', cancelled));
END
$$;
COMMENT ON FUNCTION koppeling.disconnect_shop IS
    'Stops everything for a shop and forgets its token; orders and labels stay, and what Boekuwzending was asked for '
    'is still looked up. Open orders that were pushed to Boekuwzending are taken back. connect_shop() revives it.';

CREATE OR REPLACE FUNCTION koppeling.poll_now(id bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    shop koppeling.integration := koppeling.find_integration(id);
    job_id bigint;
BEGIN
    IF shop.state <> 'active' THEN
        RAISE EXCEPTION 'integration % is %, so it is not polled', id, shop.state
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = coalesce(shop.reason_en, 'See koppeling.integration_status.');
    END IF;
    INSERT INTO koppeling.job AS j (kind, integration_id, run_at, priority)
    VALUES ('poll', id, greatest(now(), shop.blocked_until), 0)
    ON CONFLICT (integration_id) WHERE kind = 'poll' DO UPDATE
    SET state = 'queued', attempt = 0, priority = 0, run_at = excluded.run_at
    WHERE j.state <> 'running'
    RETURNING j.id INTO job_id;
    IF job_id IS NULL THEN
        SELECT j.id INTO job_id FROM koppeling.job j WHERE j.integration_id = poll_now.id AND j.kind = 'poll';
    END IF;
    PERFORM koppeling.record_audit('poll_now', 'integration ' || id, jsonb_build_object('job_id', job_id));
    RETURN job_id;
END
$$;
COMMENT ON FUNCTION koppeling.poll_now IS
    'Polls a shop now, ahead of others; returns the job. A poll that runs already is returned as it is.';

CREATE OR REPLACE FUNCTION koppeling.pause_integration(id bigint, reason text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    shop koppeling.integration := koppeling.find_integration(id);
BEGIN
    IF shop.state NOT IN ('active', 'pending', 'needs_attention', 'paused') THEN
        RAISE EXCEPTION 'integration % is %, so there is nothing to pause', id, shop.state
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    UPDATE koppeling.integration i
    SET state = 'paused', reason_code = 'paused',
        reason = pause_integration.reason, reason_en = pause_integration.reason
    WHERE i.id = pause_integration.id;
    PERFORM koppeling.park_jobs(id);
    PERFORM koppeling.record_audit('pause_integration', 'integration ' || id,
        jsonb_build_object('was', shop.state, 'reason', reason));
END
$$;
COMMENT ON FUNCTION koppeling.pause_integration IS
    'Holds all work of a shop, with a reason, until resume_integration().';

CREATE OR REPLACE FUNCTION koppeling.resume_integration(id bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    shop koppeling.integration := koppeling.find_integration(id);
BEGIN
    IF shop.state NOT IN ('paused', 'needs_attention') THEN
        RAISE EXCEPTION 'integration % is %, so there is nothing to resume', id, shop.state
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF shop.state = 'paused' AND shop.connected_at IS NOT NULL THEN
        UPDATE koppeling.integration i
        SET state = 'active', reason_code = NULL, reason = NULL, reason_en = NULL, next_poll_at = now()
        WHERE i.id = resume_integration.id;
        PERFORM koppeling.release_jobs(id);
    ELSE
        -- The shop refused us, or never accepted us: ask it again before anything else is sent.
        UPDATE koppeling.integration i
        SET state = 'pending', reason_code = NULL, reason = NULL, reason_en = NULL
        WHERE i.id = resume_integration.id;
        PERFORM koppeling.request_verification(id);
    END IF;
    PERFORM koppeling.record_audit('resume_integration', 'integration ' || id, jsonb_build_object('was', shop.state));
END
$$;
COMMENT ON FUNCTION koppeling.resume_integration IS
    'Lets the work of a paused shop go on; one that needs attention is verified first.';

CREATE OR REPLACE FUNCTION koppeling.poll_warning(list_ends jsonb, gone_orders bigint, known_orders bigint)
RETURNS TABLE (nl text, en text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
BEGIN ATOMIC
    WITH said AS (
        SELECT e.place, m.nl, m.en, e.first_number, e.second_number
        FROM (
            SELECT 1, 'orders_vanished', gone_orders, known_orders
            WHERE gone_orders IS NOT NULL
            UNION ALL
            SELECT 2, 'list_short', sum((l.value ->> 'count')::bigint), sum((l.value ->> 'listed')::bigint)
            FROM jsonb_each(list_ends) AS l
            WHERE l.value -> 'count' <> 'null'
            HAVING bool_or((l.value ->> 'count')::bigint > (l.value ->> 'listed')::bigint)
            UNION ALL
            SELECT 3, 'list_repeats', max((l.value ->> 'listed')::bigint), NULL
            FROM jsonb_each(list_ends) AS l
            WHERE l.value -> 'repeats' = 'true'
            HAVING count(*) > 0) AS e (place, code, first_number, second_number)
        JOIN koppeling.message m ON m.code = e.code)
    SELECT string_agg(format(s.nl, s.first_number, s.second_number), ' ' ORDER BY s.place),
           string_agg(format(s.en, s.first_number, s.second_number), ' ' ORDER BY s.place)
    FROM said s;
END;
COMMENT ON FUNCTION koppeling.poll_warning IS
    'What a poll has to say to the merchant: orders that vanished at once (NULL: none), lists that are shorter than '
    'their counts or never end. NULL: nothing.';

CREATE OR REPLACE FUNCTION koppeling.forget_skipped_orders()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    DELETE FROM koppeling.skipped_order k
    WHERE k.integration_id = NEW.id AND k.reason_code IN ('too_old', 'not_paid');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.forget_skipped_orders IS
    'Trigger: orders that were not imported because of a setting of the shop are looked at again when it changes.';
CREATE OR REPLACE TRIGGER forget_skipped_orders AFTER UPDATE OF import_since, paid_only ON koppeling.integration
    FOR EACH ROW WHEN ((OLD.import_since, OLD.paid_only) IS DISTINCT FROM (NEW.import_since, NEW.paid_only))
    EXECUTE FUNCTION koppeling.forget_skipped_orders();

CREATE OR REPLACE FUNCTION koppeling.poll_at_new_interval()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    NEW.next_poll_at := least(NEW.next_poll_at, now() + NEW.poll_interval);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION koppeling.poll_at_new_interval IS
    'Trigger: a shorter poll_interval holds at once, not only after the slot that was planned.';
CREATE OR REPLACE TRIGGER poll_at_new_interval BEFORE UPDATE OF poll_interval ON koppeling.integration
    FOR EACH ROW WHEN (OLD.poll_interval IS DISTINCT FROM NEW.poll_interval)
    EXECUTE FUNCTION koppeling.poll_at_new_interval();
