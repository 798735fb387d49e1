-- Whatever a merchant types as the address of a shop: it is understood as one host below myonline.store, or refused
-- with a reason. Nothing that is typed raises an error, and no host but the one that stands there comes out.
BEGIN;
\ir common/world.sql
SELECT no_plan();

-- Hostile addresses by hand: none of them may become a host.
CREATE TEMP TABLE hostile (typed text);
INSERT INTO hostile VALUES
    -- Another host than it seems.
    ('shop1.myonline.store@evil.example'), ('https://evil.example/@shop1.myonline.store'),
    ('https://shop1.myonline.store@evil.example'),
    ('evil.example#shop1.myonline.store'), ('evil.example?shop1.myonline.store'), ('evil.example\shop1.myonline.store'),
    ('https://evil.example\@shop1.myonline.store'), ('shop1.myonline.store.evil.example'),
    ('shop1.myonline.store%2eevil.example'),
    ('evil.example/shop1.myonline.store'), ('shop1-myonline.store'), ('shop1.myonlinexstore'), ('shop1myonline.store'),
    ('shop1.myonline.stores'),
    ('a.b.myonline.store'), ('www.shop1.myonline.store'), ('.myonline.store'), ('..myonline.store'),
    ('shop1..myonline.store'), ('*.myonline.store'),
    -- Places inside: the address is no way to make the worker call them.
    ('localhost'), ('127.0.0.1'), ('http://127.0.0.1:5432/'), ('[::1]'), ('169.254.169.254'), ('http://0x7f000001/'),
    ('file:///etc/passwd'),
    ('shop1.myonline.store:22'), ('shop1.myonline.store:443/'), ('http://shop1.myonline.store:80'),
    -- Schemes.
    ('//shop1.myonline.store'), ('https:/shop1.myonline.store'), ('https:///shop1.myonline.store'),
    ('https:shop1.myonline.store'),
    ('javascript:shop1.myonline.store'), ('httpss://shop1.myonline.store'), ('https://http://shop1.myonline.store'),
    ('https%3A//shop1.myonline.store'),
    -- More than an address.
    ('shop1.myonline.store//'), ('shop1.myonline.store/admin'), ('shop1.myonline.store/?token=x'),
    ('shop1.myonline.store/..'),
    ('shop1.myonline.store shop2.myonline.store'), (E'shop1.myonline.store\nshop2.myonline.store'),
    (E'shop1.myonline.store\r\nHost: evil.example'),
    (E'shop1\t.myonline.store'), (E'\u00A0shop1.myonline.store'), (E'shop1.myonline.store\u200B'),
    (E'\uFEFFshop1.myonline.store'),
    (E'shop1.myonline.store\x7F'), (E'shop1.myonline.store\x01'), ('shop1.myonline.store.'),
    ('''shop1.myonline.store'''), ('<shop1.myonline.store>'),
    ('shop1.myonline.store''; DROP SCHEMA koppeling CASCADE; --'), ('$(id).myonline.store'),
    ('{shop1,shop2}.myonline.store'), ('%s.myonline.store'),
    -- Letters that look like others.
    (E'sh\u043Ep1.myonline.store'), (E'shop1.my\u043Enline.store'), (E'shop1\uFF0Emyonline.store'),
    (E'shop1\u3002myonline\u3002store'),
    (E'shop1\u2024myonline.store'), (E'caf\u00E9.myonline.store'), (E'stra\u00DFe.myonline.store'),
    (E'\U0001F6D2.myonline.store'), (E'\u0130stanbul.myonline.store'),
    (E'\u212Aapper.myonline.store'), (E'\u017Fhop1.myonline.store'), (E'shop1.myonl\u0131ne.store'),
    -- Labels that are none.
    ('-.myonline.store'), ('-a.myonline.store'), ('a-.myonline.store'), ('a_b.myonline.store'), ('a b.myonline.store'),
    ('a%20b.myonline.store'),
    (repeat('a', 64) || '.myonline.store'), (repeat('a.', 200) || 'myonline.store'), (repeat('https://', 1000)),
    (repeat('x', 1000000)),
    (repeat('a', 1000000) || '.myonline.store'), (repeat(' ', 100000) || 'x' || repeat(' ', 100000));
SELECT is_empty('SELECT left(typed, 100) FROM hostile WHERE koppeling.shop_host(typed) IS NOT NULL',
    'nothing hostile is understood as a shop');
SELECT ok((SELECT count(*) FROM hostile) > 70, 'and that is a lot');

-- The limits of what is understood.
SELECT is(koppeling.shop_host(repeat('a', 63) || '.myonline.store'), repeat('a', 63) || '.myonline.store',
    'the longest name');
SELECT is(koppeling.shop_host('a.myonline.store'), 'a.myonline.store', 'the shortest');
SELECT is(koppeling.shop_host('xn--caf-dma.myonline.store'), 'xn--caf-dma.myonline.store', 'a name in punycode');

-- Addresses made up of pieces, the same each time: what comes out stands there, and nothing else does.
SELECT setseed(0.27182818);
CREATE TEMP TABLE made AS
SELECT n, string_agg(piece, '' ORDER BY place) AS typed
FROM generate_series(1, 20000) AS n
CROSS JOIN LATERAL (
    SELECT place, (ARRAY[
        '', '', ' ', E'\t', E'\n', 'http://', 'https://', 'HTTPS://', 'ftp://', '://', ':', '/', '//', '\', '@', '#',
        '?', '.', '..', '-', '--', '_',
        '%2e', '%00', ':443', 'user:pass@', 'www.', 'a', 'Z', '9', 'shop1', 'SHOP-1', 'xn--', E'\u00E9', E'\u043E',
        E'\uFF0E', E'\u212A', E'\u017F',
        'myonline.store', '.myonline.store', '.MyOnline.Store', '.myonline.store/', 'myonline', '.store', '.example',
        '127.0.0.1', '''', '"', ';', '$', '{', '%s'
        ])[1 + floor(random() * 52)::integer] AS piece
    -- Uses n, so that each address has its own pieces.
    FROM generate_series(1, 1 + (n % 6)) AS place) pieces
GROUP BY n
UNION ALL
-- And whole addresses with one thing put in somewhere.
SELECT 20000 + n,
    overlay(address PLACING thing
        FROM 1 + floor(random() * (length(address) + 1))::integer FOR floor(random() * 2)::integer)
FROM generate_series(1, 20000) AS n
CROSS JOIN LATERAL (
    SELECT (ARRAY['https://shop1.myonline.store/', 'shop1.myonline.store', 'HTTP://Mijn-Winkel.MyOnline.Store',
        E' x9.myonline.store\n'])
        [1 + n % 4] AS address,
    (ARRAY['', '.', '/', '@', ':', '#', '?', '\', ' ', E'\n', E'\r', '-', '%', E'\u00AD', E'\u212A',
           'evil.example', 'x', '://', '..', '_', E'\u3002'])
        [1 + floor(random() * 21)::integer] AS thing) parts;

SELECT is_empty($$ SELECT typed, h FROM made, koppeling.shop_host(typed) AS h
                   WHERE h !~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.myonline\.store$' $$,
                       'what comes out is the host of a shop');
SELECT is_empty($$ SELECT typed, h FROM made, koppeling.shop_host(typed) AS h
                   WHERE translate(btrim(typed, E' \t\r\n'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')
                       NOT IN (h, h || '/', 'http://' || h, 'http://' || h || '/', 'https://' || h,
                           'https://' || h || '/') $$,
    'it is all that was typed, but for blanks, the scheme, capitals and a slash at the end');
SELECT is_empty($$ SELECT typed FROM made, koppeling.shop_host(typed) AS h WHERE koppeling.shop_host(h) <> h $$,
    'and is understood as itself');
SELECT is_empty(
    $$ SELECT typed FROM made
        WHERE typed ~* '^\s*(https?://)?[a-z0-9]+\.myonline\.store/?\s*$'
          AND length(typed) < 60 AND typed !~ '[^\x01-\x7F]'
                   AND koppeling.shop_host(typed) IS NULL
                   AND btrim(typed, E' \t\r\n') ~* '^(https?://)?[a-z0-9]+\.myonline\.store/?$' $$,
    'no plain address is refused');
SELECT ok(count(*) FILTER (WHERE h IS NOT NULL) > 500
    AND count(*) FILTER (WHERE h IS NULL) > 10000, 'many of both kinds were made')
FROM made, koppeling.shop_host(typed) AS h;

-- Connecting: an address, or a sentence that says why not; never an error, and never half an integration.
CREATE TEMP TABLE connected AS
SELECT typed, koppeling.connect_shop(typed, '\x01', 1) AS id
FROM (SELECT typed FROM hostile
    UNION ALL SELECT typed FROM made WHERE n % 37 = 0 AND koppeling.shop_host(typed) IS NULL) addresses;
SELECT is_empty(
    $$ SELECT left(c.typed, 100), i.state, i.reason_code FROM connected c JOIN koppeling.integration i USING (id)
                   WHERE i.state <> 'rejected' OR i.shop_host IS NOT NULL
                     OR i.sealed_token IS NOT NULL OR coalesce(i.reason, '') = ''
                      OR i.reason_code NOT IN ('not_mijnwebwinkel_address', 'missing_field')
                      OR length(i.shop_url) > 300 $$,
    'each is refused with a reason, and keeps no token');
SELECT is_empty($$ SELECT FROM koppeling.job j JOIN connected c ON c.id = j.integration_id $$, 'and nobody calls it');
SELECT ok((SELECT count(*) FROM connected) > 500, 'hundreds were tried');

SELECT finish();
ROLLBACK;
