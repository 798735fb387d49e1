-- The panel: lists of orders.

CREATE OR REPLACE FUNCTION koppeling.panel_my_shops()
RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN ARRAY(SELECT i.id FROM koppeling.integration i WHERE i.account_id = koppeling.panel_account() ORDER BY i.id);
END
$$;
COMMENT ON FUNCTION koppeling.panel_my_shops IS 'The shops of the account of this session.';

CREATE OR REPLACE FUNCTION koppeling.panel_my_countries()
RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN ARRAY(
    -- From each country of a shop to its next one, in the index: a few looks, however many orders there are.
    WITH RECURSIVE step AS (
        SELECT s.id, (SELECT min(coalesce(o.ship_to_country, '')) FROM koppeling.imported_order o
                      WHERE -o.integration_id = -s.id) AS country
        FROM unnest(koppeling.panel_my_shops()) AS s (id)
        UNION ALL
        SELECT p.id, (SELECT min(coalesce(o.ship_to_country, '')) FROM koppeling.imported_order o
                      WHERE -o.integration_id = -p.id AND coalesce(o.ship_to_country, '') > p.country)
        FROM step p WHERE p.country IS NOT NULL
    )
    SELECT DISTINCT p.country FROM step p WHERE p.country IS NOT NULL ORDER BY p.country);
END
$$;
COMMENT ON FUNCTION koppeling.panel_my_countries IS
    'The countries that orders of the account of this session go to; empty: one has none.';

CREATE OR REPLACE FUNCTION koppeling.panel_search(words text, shops bigint[])
RETURNS tsquery
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    SELECT string_agg('(' || a.all_words || ')', ' | ')::tsquery
    FROM unnest(shops) AS s (id)
    CROSS JOIN LATERAL (
        SELECT string_agg(quote_literal(s.id || ':' || left(w.word, 40)) || ':*', ' & ') AS all_words
        FROM (SELECT p.word
              FROM regexp_split_to_table(lower(words), '\s+') AS g (given)
              CROSS JOIN LATERAL regexp_split_to_table(
                  CASE WHEN g.given LIKE '%@%' THEN regexp_replace(g.given, '[^[:alnum:]]+', '', 'g') ELSE g.given END,
                  '[^[:alnum:]]+') AS p (word)
              WHERE length(p.word) > 2
              LIMIT 6) w) a);
COMMENT ON FUNCTION koppeling.panel_search IS
    'What order_words() of an order of these shops must fit that is looked for with these words: each is the beginning '
    'of one of its words, an e-mail address being one; shorter ones than three letters are left out. NULL: nothing '
    'can be looked for.';

CREATE OR REPLACE FUNCTION koppeling.settle_words()
RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    -- An installation that wants no search may drop the index.
    SELECT gin_clean_pending_list(i.indexrelid)
    FROM pg_index i
    WHERE i.indexrelid = to_regclass('koppeling.imported_order_words') AND i.indisvalid);
COMMENT ON FUNCTION koppeling.settle_words IS
    'Puts the words of new orders, which were put aside, in their place in the index that the search reads; how many '
    'pages of them there were.';

CREATE OR REPLACE FUNCTION koppeling.panel_find_orders(filter jsonb, most integer)
RETURNS TABLE (id bigint, sort_at timestamptz, country text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shops bigint[] := koppeling.panel_my_shops();
    -- As the indexes have them.
    states integer[] := CASE coalesce(filter ->> 'state', 'open')
        WHEN 'open' THEN '{1}' WHEN 'label_created' THEN '{2}' WHEN 'marked_shipped' THEN '{3}'
        WHEN 'withdrawn' THEN '{4}' WHEN 'all' THEN '{1,2,3,4}' ELSE '{}' END;
    sort text := coalesce(filter ->> 'sort', 'newest');
    countries text[] := CASE WHEN filter ->> 'country' IS NOT NULL THEN ARRAY[filter ->> 'country']
                             WHEN sort = 'country' THEN koppeling.panel_my_countries() END;
    words tsquery;
    place text[] := string_to_array(filter ->> 'after', '~');
    after_id bigint;
    after_at timestamptz;
    after_country text := '';
    conditions text := '';
BEGIN
    IF filter ->> 'shop' IS NOT NULL THEN
        shops := ARRAY(SELECT s.id FROM unnest(shops) AS s (id) WHERE s.id::text = filter ->> 'shop');
    END IF;
    IF filter ->> 'q' IS NOT NULL THEN
        words := koppeling.panel_search(filter ->> 'q', shops);
        IF words IS NULL THEN
            RETURN;
        END IF;
    END IF;
    -- What is not a place that a page gave is the beginning.
    IF place[1] ~ '^[0-9]{1,17}$' AND place[2] ~ '^[0-9]{1,18}$' AND cardinality(place) = 3 THEN
        after_at := to_timestamp(0) + place[1]::bigint * interval '1 microsecond';
        after_id := place[2]::bigint;
        after_country := place[3];
    ELSIF sort = 'newest' THEN
        after_at := 'infinity';
        after_id := 9223372036854775807;
    ELSE
        after_at := '-infinity';
        after_id := 0;
    END IF;
    IF sort = 'country' THEN
        countries := ARRAY(SELECT c.code FROM unnest(countries) AS c (code) WHERE c.code >= after_country);
    END IF;
    conditions := concat_ws(' ',
        CASE WHEN countries IS NOT NULL THEN 'AND coalesce(o.ship_to_country, '''') = c.code' END,
        CASE WHEN filter ->> 'warning' IS NOT NULL THEN 'AND o.warnings <> ''{}''' END,
        CASE WHEN filter ->> 'warning' <> 'any' THEN 'AND o.warnings @> ARRAY[$4]' END);
    -- What is looked for by words is found first, as far as anybody would read. Otherwise, in each shop, state and
    -- country by itself the index is in the order of the list, so that as many rows are read as a page has. A count
    -- needs no order of all of them, and ends as soon as it is enough.
    RETURN QUERY EXECUTE format($query$
        WITH hit AS MATERIALIZED (
            -- Of each shop by itself: of what must have several words, the index then passes over what has only one.
            SELECT h.*
            FROM unnest($1) AS m (id)
            CROSS JOIN LATERAL (
                SELECT o.* FROM koppeling.imported_order o
                WHERE %1$L = 'hit' AND koppeling.order_words(o.integration_id, o.order_number, o.ship_to_name,
                                           o.ship_to_company, o.ship_to_postcode, o.email)
                                       @@ koppeling.panel_search($5, ARRAY[m.id])
                LIMIT 2000) h
            LIMIT 4000)
        SELECT f.id, f.sort_at, f.country
        FROM unnest($1) AS s (id)
        CROSS JOIN unnest($2) AS t (state)
        CROSS JOIN unnest(coalesce($3, ARRAY[NULL])) AS c (code)
        CROSS JOIN LATERAL (
            SELECT o.id, coalesce(o.ordered_at, o.imported_at) AS sort_at, coalesce(o.ship_to_country, '') AS country
            FROM %1$s o
            WHERE -o.integration_id = -s.id
              AND CASE o.state WHEN 'open' THEN 1 WHEN 'label_created' THEN 2 WHEN 'marked_shipped' THEN 3 ELSE 4 END
                  = t.state %2$s
              AND (coalesce(o.ordered_at, o.imported_at), o.id) %3$s
            %4$s LIMIT %5$s) f
        %6$s LIMIT %5$s $query$,
        CASE WHEN words IS NULL THEN 'koppeling.imported_order' ELSE 'hit' END,
        conditions,
        CASE sort WHEN 'newest' THEN '< ($6, $7)'
                  WHEN 'country' THEN '> (CASE WHEN c.code = $8 THEN $6 ELSE ''-infinity'' END, '
                                      'CASE WHEN c.code = $8 THEN $7 ELSE 0 END)'
                  ELSE '> ($6, $7)' END,
        format('ORDER BY coalesce(o.ordered_at, o.imported_at) %1$s, o.id %1$s',
               CASE sort WHEN 'newest' THEN 'DESC' ELSE 'ASC' END),
        most,
        CASE WHEN most > 51 AND words IS NULL THEN '' ELSE format('ORDER BY %2$s f.sort_at %1$s, f.id %1$s',
                                                CASE sort WHEN 'newest' THEN 'DESC' ELSE 'ASC' END,
                                                CASE sort WHEN 'country' THEN 'f.country,' ELSE '' END) END)
    USING shops, states, countries, filter ->> 'warning', filter ->> 'q', after_at, after_id, after_country;
END
$$;
COMMENT ON FUNCTION koppeling.panel_find_orders IS
    'Finds orders of the account of this session for a list: filter {q, shop, state (open; all), country, warning (any '
    'or a code), sort (newest, oldest, country), after}, as many as asked for, in the order of the list.';

CREATE OR REPLACE FUNCTION koppeling.panel_order_rows(ids bigint[])
RETURNS TABLE (id bigint, entry jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT o.id, jsonb_build_object(
        'id', o.id::text, 'number', o.order_number, 'name', coalesce(o.ship_to_name, o.ship_to_company),
        'company', CASE WHEN o.ship_to_name IS NOT NULL THEN o.ship_to_company END,
        'place', nullif(concat_ws(' ', o.ship_to_postcode, o.ship_to_city), ''), 'country', o.ship_to_country,
        'shop', coalesce(i.store_name, i.shop_host), 'shop_id', o.integration_id::text,
        'state', o.state, 'state_text', s.text, 'is_open', o.state = 'open',
        'tone', CASE WHEN o.state = 'withdrawn' THEN 'quiet'
                     WHEN o.state = 'open' AND o.warnings <> '{}' THEN 'warn'
                     WHEN o.state = 'open' THEN 'busy'
                     WHEN o.state = 'label_created' AND o.mark_outcome = 'not_marked' THEN 'warn'
                     ELSE 'good' END,
        'ordered', koppeling.panel_time(coalesce(o.ordered_at, o.imported_at)),
        'total', CASE WHEN o.total IS NOT NULL THEN o.total || ' ' || coalesce(o.currency, 'EUR') END,
        'amount', koppeling.panel_amount(o.total, coalesce(o.currency, 'EUR')),
        'weight_kg', o.weight_kg::text,
        'is_erased', o.erased_at IS NOT NULL,
        'is_staging', coalesce(o.marked_label_environment = 'staging', false)
                      OR EXISTS (SELECT FROM koppeling.own_label l
                                 WHERE l.order_id = o.id AND l.environment = 'staging' AND l.cancelled_at IS NULL),
        'warnings', (
            SELECT coalesce(jsonb_agg(CASE koppeling.panel_language() WHEN 'en' THEN w.en ELSE w.nl END
                                      ORDER BY w.prevents_dispatch DESC, w.code), '[]')
            FROM koppeling.order_warning w WHERE w.code = ANY (o.warnings)))
    FROM koppeling.own_order o
    JOIN koppeling.own_integration i ON i.id = o.integration_id
    LEFT JOIN (SELECT e.state, koppeling.panel_text('panel_order_' || e.state) AS text
               FROM unnest(enum_range(NULL::koppeling.order_state)) AS e (state)
               OFFSET 0) s ON s.state = o.state
    WHERE o.id = ANY (ids);
END
$$;
COMMENT ON FUNCTION koppeling.panel_order_rows IS
    'Orders in a list: {id, number, name, company, place, country, shop, shop_id, state, state_text, is_open, tone, '
    'ordered, total, amount, weight_kg, is_erased, is_staging (a label of the test environment), warnings: [text]}; '
    'of these those of the account of this session.';

CREATE OR REPLACE FUNCTION koppeling.panel_order_filter(request json)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    SELECT coalesce(jsonb_object_agg(g.name, g.value) FILTER (WHERE g.value IS NOT NULL), '{}')
    FROM (SELECT n.name, left(koppeling.panel_given(request, 'query', n.name), 200) AS value
          FROM unnest(ARRAY['q', 'shop', 'state', 'country', 'warning', 'sort', 'after']) AS n (name)) g);
END
$$;
COMMENT ON FUNCTION koppeling.panel_order_filter IS
    'What a list of orders is filtered and sorted by, from its address.';

CREATE OR REPLACE FUNCTION koppeling.panel_order_filters(filter jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN jsonb_build_object(
    'q', filter ->> 'q',
    'shops', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'value', i.id::text, 'selected', coalesce(i.id::text = filter ->> 'shop', false),
                   'text', coalesce(i.store_name, i.shop_host)) ORDER BY i.id), '[]')
        FROM koppeling.own_integration i
        WHERE i.account_id = koppeling.panel_account() AND i.shop_host IS NOT NULL),
    'states', koppeling.panel_options(ARRAY['open', 'label_created', 'marked_shipped', 'withdrawn', 'all'],
                                      'panel_order_', coalesce(filter ->> 'state', 'open')),
    'countries', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'value', c.code, 'text', c.code,
                   'selected', coalesce(c.code = filter ->> 'country', false)) ORDER BY c.code), '[]')
        FROM unnest(koppeling.panel_my_countries()) AS c (code)
        WHERE c.code <> ''),
    'warnings', (
        SELECT jsonb_agg(jsonb_build_object(
                   'value', w.code, 'text', w.words,
                   'selected', coalesce(w.code = filter ->> 'warning', false)) ORDER BY w.place, w.words)
        FROM (SELECT 0 AS place, 'any' AS code, koppeling.panel_text('panel_any_warning') AS words
              UNION ALL
              SELECT 1, m.code, CASE koppeling.panel_language() WHEN 'en' THEN m.en ELSE m.nl END
              FROM koppeling.order_warning m) w),
    'sorts', koppeling.panel_options(ARRAY['newest', 'oldest', 'country'], 'panel_sort_',
                                     coalesce(filter ->> 'sort', 'newest')));
END
$$;
COMMENT ON FUNCTION koppeling.panel_order_filters IS
    'The fields above a list of orders: {q, shops, states, countries, warnings, sorts}, all but q as [{value, text, '
    'selected}].';

CREATE OR REPLACE FUNCTION koppeling.panel_orders(request json)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    WITH given AS (
        -- What is looked for by words is looked for once: to count it is to find it all.
        SELECT l.filter, l.filter ? 'q' AND NOT l.filter ? 'after' AS is_whole
        FROM (SELECT koppeling.panel_order_filter(request) AS filter OFFSET 0) l
    ), found AS MATERIALIZED (
        SELECT f.id, f.sort_at, f.country, f.place
        FROM given g
        CROSS JOIN LATERAL koppeling.panel_find_orders(g.filter, CASE WHEN g.is_whole THEN 1001 ELSE 51 END)
             WITH ORDINALITY AS f (id, sort_at, country, place)
    ), counted AS (
        SELECT CASE WHEN g.is_whole THEN (SELECT count(*) FROM found)
                    ELSE (SELECT count(*) FROM koppeling.panel_find_orders(g.filter - 'after' - 'sort', 1001)) END AS n
        FROM given g
    )
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_orders'),
        'may_act', koppeling.panel_may_act(),
        'orders', (
            SELECT coalesce(jsonb_agg(r.entry ORDER BY f.place), '[]')
            FROM koppeling.panel_order_rows(ARRAY(SELECT x.id FROM found x WHERE x.place <= 50)) AS r
            JOIN found f ON f.id = r.id),
        'any', EXISTS (SELECT FROM found),
        'count', CASE WHEN c.n > 1000 THEN '1000+' ELSE c.n::text END,
        'filters', koppeling.panel_order_filters(g.filter),
        'is_filtered', g.filter - 'after' - 'sort' <> '{}',
        'all_chosen', coalesce(koppeling.panel_given(request, 'query', 'choose') = 'all', false),
        'choose_all', '/orders?' || koppeling.panel_query(g.filter || '{"choose": "all"}'),
        'query', koppeling.panel_query(g.filter - 'after'),
        'first', '/orders?' || koppeling.panel_query(g.filter - 'after'),
        'next', (
            SELECT '/orders?' || koppeling.panel_query(g.filter || jsonb_build_object('after', format('%s~%s~%s',
                       (extract(epoch FROM f.sort_at) * 1000000)::bigint, f.id, f.country)))
            FROM found f
            WHERE f.place = 50 AND EXISTS (SELECT FROM found m WHERE m.place = 51)))
    FROM given g, counted c);
END
$$;
COMMENT ON FUNCTION koppeling.panel_orders IS
    'Page of /orders?q=&shop=&state=&country=&warning=&sort=&after=&choose=(all): {title, may_act, orders: [see '
    'panel_order_rows()], any, count (to "1000+"), filters: see panel_order_filters(), is_filtered, all_chosen '
    '(of this page), choose_all (the address for that), query (the filter, to be given on), first, next}. '
    'Without a state open orders are listed.';

CREATE OR REPLACE FUNCTION koppeling.panel_find_skipped(
    shop text, number text, before_at timestamptz, before_number text)
RETURNS TABLE (
    integration_id bigint, order_number text, reason_code text, reason text, seen_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m.id, k.order_number, k.reason_code, k.reason, k.seen_at
    FROM unnest(koppeling.panel_my_shops()) AS m (id)
    CROSS JOIN LATERAL (
        SELECT s.order_number, s.reason_code, s.reason, s.seen_at
        FROM koppeling.skipped_order s
        WHERE -s.integration_id = -m.id AND (s.seen_at, s.order_number) < (before_at, before_number)
          AND number IS NULL
        ORDER BY s.seen_at DESC, s.order_number DESC
        LIMIT 51) k
    WHERE shop IS NULL OR m.id::text = shop
    UNION ALL
    SELECT m.id, s.order_number, s.reason_code, s.reason, s.seen_at
    FROM unnest(koppeling.panel_my_shops()) AS m (id)
    JOIN koppeling.skipped_order s ON s.integration_id = m.id AND s.order_number = number
    WHERE shop IS NULL OR m.id::text = shop
    ORDER BY 5 DESC, 2 DESC
    LIMIT 51;
END
$$;
COMMENT ON FUNCTION koppeling.panel_find_skipped IS
    'Orders of the account of this session that were not imported, the last seen first: a page and one more, or those '
    'with a number.';

CREATE OR REPLACE FUNCTION koppeling.panel_not_imported(request json)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    WITH given AS (
        SELECT g.shop, g.number,
               CASE WHEN g.place[1] ~ '^[0-9]{1,17}$' AND cardinality(g.place) = 2
                    THEN to_timestamp(0) + g.place[1]::bigint * interval '1 microsecond'
                    ELSE 'infinity' END AS before_at,
               coalesce(g.place[2], '') AS before_number
        FROM (SELECT koppeling.panel_given(request, 'query', 'shop') AS shop,
                     koppeling.panel_given(request, 'query', 'q') AS number,
                     string_to_array(koppeling.panel_given(request, 'query', 'after'), '~') AS place) g
    ), listed AS MATERIALIZED (
        SELECT k.*, i.id AS shop_id, coalesce(i.store_name, i.shop_host) AS shop,
               row_number() OVER (ORDER BY k.seen_at DESC, k.order_number DESC) AS place
        FROM given g
        CROSS JOIN LATERAL koppeling.panel_find_skipped(g.shop, g.number, g.before_at, g.before_number) AS k
        JOIN koppeling.own_integration i ON i.id = k.integration_id
    )
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_not_imported'),
        'q', g.number,
        'shops', koppeling.panel_order_filters(jsonb_strip_nulls(jsonb_build_object('shop', g.shop))) -> 'shops',
        'any', EXISTS (SELECT FROM listed),
        'orders', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'number', l.order_number, 'shop', l.shop, 'shop_id', l.shop_id::text,
                       'reason_code', l.reason_code, 'reason', koppeling.panel_text('panel_skip_' || l.reason_code),
                       'detail', l.reason, 'seen', koppeling.panel_time(l.seen_at)) ORDER BY l.place), '[]')
            FROM listed l WHERE l.place <= 50),
        'next', (
            SELECT '/orders/not-imported?' || koppeling.panel_query(jsonb_build_object(
                       'shop', coalesce(g.shop, ''), 'q', coalesce(g.number, ''), 'after', format('%s~%s',
                       (extract(epoch FROM l.seen_at) * 1000000)::bigint, l.order_number)))
            FROM listed l WHERE l.place = 50 AND EXISTS (SELECT FROM listed m WHERE m.place = 51)))
    FROM given g);
END
$$;
COMMENT ON FUNCTION koppeling.panel_not_imported IS
    'Page of /orders/not-imported?shop=&q=(number)&after=: {title, q, shops, any, orders: [{number, shop, shop_id, '
    'reason_code, reason, detail, seen}], next}.';

CREATE OR REPLACE FUNCTION koppeling.panel_concerns(only_order bigint DEFAULT NULL)
RETURNS TABLE (order_id bigint, reason_code text, since timestamptz, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.order_id, c.reason_code, c.since,
           CASE c.reason_code
               WHEN 'mark_refused' THEN o.mark_reason
               WHEN 'country_not_understood' THEN o.ship_to_country_given END
    FROM koppeling.order_concern c
    JOIN koppeling.imported_order o ON o.id = c.order_id
    WHERE c.integration_id = ANY (koppeling.panel_my_shops()) AND (only_order IS NULL OR c.order_id = only_order)
    ORDER BY c.since DESC, c.order_id DESC, c.reason_code
    LIMIT 1001;
END
$$;
COMMENT ON FUNCTION koppeling.panel_concerns IS
    'Why a person must look at which orders of the account of this session, the newest first, at most 1001.';

CREATE OR REPLACE FUNCTION koppeling.panel_attention(request json)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
    WITH page AS (
        SELECT CASE WHEN koppeling.panel_given(request, 'query', 'after') ~ '^[0-9]{1,4}$'
                    THEN koppeling.panel_given(request, 'query', 'after')::integer ELSE 0 END AS start
    ), concern AS MATERIALIZED (
        SELECT c.order_id, c.reason_code, c.since, c.detail, c.place
        FROM koppeling.panel_concerns() WITH ORDINALITY AS c (order_id, reason_code, since, detail, place)
    )
    SELECT json_build_object(
        'title', koppeling.panel_text('panel_attention'),
        'may_act', koppeling.panel_may_act(),
        'any', EXISTS (SELECT FROM concern),
        'count', (SELECT CASE WHEN count(*) > 1000 THEN '1000+' ELSE count(*)::text END FROM concern),
        'concerns', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'order', r.entry,
                       'reason_code', c.reason_code, 'since', koppeling.panel_time(c.since), 'detail', c.detail,
                       'reason', CASE koppeling.panel_language() WHEN 'en' THEN w.en ELSE w.nl END,
                       'what_to_do', CASE koppeling.panel_language() WHEN 'en' THEN w.what_to_do_en
                                                                     ELSE w.what_to_do_nl END) ORDER BY c.place), '[]')
            FROM concern c
            JOIN koppeling.panel_order_rows(ARRAY(
                SELECT x.order_id FROM concern x WHERE x.place > p.start AND x.place <= p.start + 50)) AS r
                ON r.id = c.order_id
            LEFT JOIN (SELECT n.code, n.nl, n.en, n.what_to_do_nl, n.what_to_do_en FROM koppeling.order_reason n
                       UNION ALL
                       SELECT g.code, g.nl, g.en, g.what_to_do_nl, g.what_to_do_en FROM koppeling.order_warning g) w
                ON w.code = c.reason_code
            WHERE c.place > p.start AND c.place <= p.start + 50),
        'once', gen_random_uuid()::text,
        'next', (SELECT '/orders/attention?after=' || p.start + 50
                 WHERE EXISTS (SELECT FROM concern c WHERE c.place > p.start + 50 AND p.start < 950)))
    FROM page p);
END
$$;
COMMENT ON FUNCTION koppeling.panel_attention IS
    'Page of /orders/attention?after=: {title, may_act, any, count, concerns: [{order: see panel_order_rows(), '
    'reason_code, reason, detail, since, what_to_do}], once, next}.';
