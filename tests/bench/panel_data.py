"""What the panel is measured with: a merchant with a million orders, and ten million rows of history. All in a few
statements, and indexes made when the rows are there."""
import re

import shops

# One in so many orders is of this kind; the rest was shipped long ago.
OPEN, LABELLED, WITHDRAWN, WARNED, WITH_LABEL = 20, 100, 25, 100, 10
SHOPS, OTHER_SHOPS = 3, 1000
FIRST_JOB = 100000000  # of the live ones: above all of the history
FAILED, QUEUED = 3000, 50000
HISTORY_DAYS = 5

NAMES = """(SELECT ARRAY['Noor', 'Daan', 'Fenna', 'Sem', 'Lotte', 'Bram', 'Saar', 'Thijs', 'Roos', 'Jurre'])"""
FAMILIES = """(SELECT ARRAY['Jansen', 'Bakker', 'Visser', 'Smit', 'Mulder', 'Dekker', 'Brouwer', 'Vos', 'Peeters',
                            'Maes', 'Kok', 'Post', 'Prins', 'Kuipers', 'Blom', 'Hoekstra', 'Koster', 'Verbeek', 'Zwart',
                            'Schipper'])"""
ORDERS = f"""
    INSERT INTO koppeling.imported_order (
        id, integration_id, order_uuid, order_number, state, ordered_at, shop_status, paid, ship_to_name,
        ship_to_street, ship_to_number, ship_to_postcode, ship_to_city, ship_to_country, email, phone, weight_kg, total,
        currency, content_hash, payload_hash, imported_at, changed_at, warnings, withdrawn_at, withdrawn_reason,
        marked_at, marked_label_environment, mark_outcome)
    SELECT n, 1 + n % {SHOPS}, md5(n::text)::uuid, (10000000 + n)::text, s.state, t.at, 3, true,
           f.names[1 + n % 10] || ' ' || f.families[1 + n / 10 % 20], 'Pakketpad', (1 + n % 300)::text,
           (1000 + n % 9000) || ' ' || chr(65 + n % 26) || chr(65 + n / 26 % 26), 'Amsterdam',
           CASE WHEN n % 5 < 4 THEN 'NL' WHEN n % 10 < 9 THEN 'BE' ELSE 'DE' END,
           'klant' || n || '@example.org', '+31201234567', 1.5, 25 + n % 100, 'EUR', '\\x00', n, t.at, t.at,
           CASE WHEN n % {WARNED} = 7 THEN '{{phone_not_understood}}'::text[] ELSE '{{}}' END,
           CASE WHEN s.state = 'withdrawn' THEN t.at END, CASE WHEN s.state = 'withdrawn' THEN 'x' END,
           CASE WHEN s.state = 'marked_shipped' THEN t.at END,
           CASE WHEN s.state = 'marked_shipped' THEN 'production'::koppeling.environment END,
           CASE WHEN s.state = 'marked_shipped' THEN 'marked' END
    FROM generate_series(1, ROWS) AS n
    CROSS JOIN (SELECT {NAMES} AS names, {FAMILIES} AS families) f
    CROSS JOIN LATERAL (SELECT now() - (ROWS - n) * interval '30 seconds' AS at) t
    CROSS JOIN LATERAL (
        SELECT CASE WHEN n % {OPEN} = 1 THEN 'open' WHEN n % {LABELLED} = 2 THEN 'label_created'
                    WHEN n % {WITHDRAWN} = 3 THEN 'withdrawn' ELSE 'marked_shipped' END::koppeling.order_state AS state)
        s"""
LABELS = f"""
    INSERT INTO koppeling.label (order_id, environment, external_id, waybill, created_at, told_at)
    SELECT o.id, 'production', 'label-' || o.id, '3S' || o.id, o.ordered_at, o.ordered_at
    FROM koppeling.imported_order o
    WHERE o.state IN ('label_created', 'marked_shipped') AND o.id / {LABELLED} % {WITH_LABEL} = 0"""
LIVE = f"""
    INSERT INTO koppeling.job (
        id, kind, api_id, integration_id, priority, max_attempts, run_at, state, attempt, last_error_class, last_error,
        errors, order_id)
    SELECT {FIRST_JOB} + n, k.kind, k.api_id, CASE k.kind WHEN 'poll' THEN n ELSE 1 + n % {SHOPS} END, 1, 10,
           now() - interval '1 minute', s.state, CASE s.state WHEN 'failed' THEN 10 ELSE 0 END,
           CASE WHEN s.state = 'failed' THEN e.class END, CASE WHEN s.state = 'failed' THEN 'HTTP 503' END,
           CASE WHEN s.state = 'failed' THEN jsonb_build_array(jsonb_build_object(
               'attempt', 10, 'at', now() - n * interval '2 seconds', 'class', e.class, 'error', 'HTTP 503')) END,
           CASE k.kind WHEN 'poll' THEN NULL ELSE n END
    FROM generate_series(1, ROWS) AS n
    CROSS JOIN LATERAL (SELECT CASE WHEN n <= {FAILED} THEN 'failed' ELSE 'queued' END::koppeling.job_state AS state) s
    CROSS JOIN LATERAL (SELECT CASE WHEN n % 2 = 0 THEN 'server_error' ELSE 'timeout' END::koppeling.error_class
                               AS class) e
    CROSS JOIN LATERAL (SELECT CASE WHEN n <= 500 THEN 'poll' ELSE 'mark_shipped' END AS kind, 1 AS api_id) k"""
HISTORY = f"""
    INSERT INTO koppeling.job_history (
        id, created_at, started_at, finished_at, integration_id, order_id, worker_id, outcome, label_environment,
        shop_environment, attempts, http_status, kind, api, result, errors)
    SELECT n, t.at - interval '3 seconds', t.at - interval '1 second', t.at, 1 + n % {OTHER_SHOPS}, n % 1000000, 1,
           CASE WHEN n % 1000 = 1 THEN 'cancelled' ELSE 'done' END::koppeling.job_outcome, 'production', 'production',
           1 + (n % 50 = 2)::integer, 200, CASE WHEN n % 3 = 0 THEN 'mark_shipped' ELSE 'poll' END, 'mijnwebwinkel',
           '{{"orders": 20, "new": 1}}',
           CASE WHEN n % 50 = 2 THEN '[{{"attempt": 1, "class": "server_error", "error": "HTTP 503"}}]'::jsonb END
    FROM generate_series(1, ROWS) AS n
    CROSS JOIN LATERAL (SELECT now() - (ROWS - n) * interval '{HISTORY_DAYS} days' / ROWS AS at) t"""


class WithoutIndexes:
    """Puts aside the indexes of a table that no constraint needs, and makes them again at the end."""

    def __init__(self, db, table):
        self._db, self._table = db, table

    def __enter__(self):
        self._definitions = self._db.rows(
            """SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS words
               FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
               WHERE i.indrelid = %s::regclass
                 AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)""", self._table)
        for index in self._definitions:
            self._db.run(f"DROP INDEX koppeling.{index['name']}")

    def __exit__(self, *_):
        for index in self._definitions:
            self._db.run(re.sub(r" ON ONLY ", " ON ", index["words"]))


def _run(db, statement, rows=0):
    db.run(statement.replace("ROWS", str(rows)))


def make(database, orders, history):
    """Account 1 with three shops and all orders, a thousand shops of others, live jobs and the history."""
    db = database.db
    shops.make_integrations(database, OTHER_SHOPS)
    # Each of the others has one shop.
    db.run("INSERT INTO koppeling.account (id, name, push_orders)"
           " SELECT n, 'Winkel ' || n, false FROM generate_series(%s, %s) AS n", SHOPS + 1, OTHER_SHOPS)
    db.run("UPDATE koppeling.integration SET account_id = id WHERE id > %s", SHOPS)
    db.run("UPDATE koppeling.integration SET state = 'needs_attention', reason = 'x', reason_en = 'x',"
           " reason_code = 'token_refused' WHERE id % 10 = 9")
    # Labels may be asked for.
    db.run("UPDATE koppeling.account SET client_id = 'client', sealed_client_secret = '\\x00' WHERE id = 1;"
           "DELETE FROM koppeling.job;"
           "UPDATE koppeling.account_credentials SET state = 'active', checked_at = now()")
    # As if restored: no trigger and no foreign key looks at the rows.
    db.run("SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '512MB';"
           "SET max_parallel_maintenance_workers = 2")
    with WithoutIndexes(db, "koppeling.imported_order"):
        _run(db, ORDERS, orders)
    db.run("SELECT setval('koppeling.imported_order_id_seq', %s)", orders)
    _run(db, LABELS)
    _run(db, LIVE, FAILED + QUEUED)
    make_history(db, history)
    db.run("RESET ALL")
    db.run("VACUUM (ANALYZE) koppeling.imported_order, koppeling.label, koppeling.job")
    db.run("ANALYZE koppeling.job_history")
    db.run("CHECKPOINT")


def make_history(db, rows):
    """Of the last five days, in the order of time, as it comes."""
    for day in range(HISTORY_DAYS, -1, -1):
        db.run("SELECT koppeling.ensure_history_partition((now() AT TIME ZONE 'UTC')::date - %s)", day)
    with WithoutIndexes(db, "koppeling.job_history"):
        _run(db, HISTORY, rows)
