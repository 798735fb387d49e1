"""Reads what the checker needs: from the database, the simulator, and everything that could hold a secret."""
import pathlib
import re
import subprocess

QUERIES = {
    "integrations": """
        SELECT i.id, i.shop_host, i.state, i.reason_code, i.polls, a.push_orders
        FROM koppeling.integration i JOIN koppeling.account a ON a.id = i.account_id ORDER BY i.id""",
    "orders": """
        SELECT id, integration_id, order_uuid, order_number, state, missing_since IS NOT NULL AS missing, mark_outcome,
               mark_reason_code, mark_reason, marked_label_environment,
               coalesce(pushed_hash = content_hash, false) AS push_is_current
        FROM koppeling.imported_order ORDER BY id""",
    "skipped": "SELECT integration_id, order_number, reason_code FROM koppeling.skipped_order",
    "shipments": """
        SELECT id, order_id, environment, label_count, state, external_id, reason
        FROM koppeling.shipment ORDER BY id""",
    "labels": """
        SELECT l.id, l.shipment_id, l.order_id, l.environment, l.external_id, l.usable_with_distributor,
               l.told_at IS NOT NULL AS told, a.track_labels, l.tracking_state, l.track_at IS NOT NULL AS is_tracked,
               num_nonnulls(l.track_at, l.tracked_at, l.tracking_state) > 0 AS was_tracked
        FROM koppeling.label l
        JOIN koppeling.imported_order o ON o.id = l.order_id
        JOIN koppeling.integration i ON i.id = o.integration_id
        JOIN koppeling.account a ON a.id = i.account_id ORDER BY l.id""",
    "documents": """
        SELECT s.id, s.shipment_ids, s.state, s.reason, substr(d.content, 1, 5) = '%PDF-'::bytea AS is_pdf,
               (SELECT array_agg(l.waybill ORDER BY l.id) FROM koppeling.label l
                WHERE l.shipment_id = ANY (d.shipment_ids) AND position(l.waybill::bytea IN d.content) = 0) AS absent
        FROM koppeling.label_document d JOIN koppeling.label_document_status s ON s.id = d.id ORDER BY d.id""",
    "quotes": "SELECT order_id, environment, service, job_id FROM koppeling.quote ORDER BY order_id, service",
    "quoted": """
        SELECT h.id, h.order_id, a.environment, (h.result ->> 'services')::integer AS services
        FROM koppeling.job_history h
        JOIN koppeling.api a ON a.environment::text = coalesce(h.args ->> 'environment', 'production')
                                AND a.name = 'boekuwzending'
        WHERE h.kind = 'quote' AND h.outcome = 'done' AND h.result ? 'services' ORDER BY h.id""",
    "jobs": """
        SELECT j.id, j.kind, j.state, j.attempt, j.run_at <= now() AS due, j.run_at = 'infinity' AS parked, j.worker_id,
               j.lease_token, j.lease_until, j.integration_id, j.last_error_class, j.last_error,
               CASE WHEN w.id IS NULL THEN 'none' WHEN w.lease_until > now() THEN 'live' ELSE 'lapsed' END AS lease
        FROM koppeling.job j LEFT JOIN koppeling.worker w ON w.id = j.worker_id ORDER BY j.id""",
    "history": """
        SELECT id, kind, outcome, order_id, attempts, label_environment, shop_environment, worker_id, started_at,
            finished_at
        FROM koppeling.job_history ORDER BY id""",
    "enqueued": "SELECT id, kind, integration_id, max_attempts FROM chaos.enqueued ORDER BY id",
    "workers": """
        SELECT id, state, CASE WHEN lease_until > now() THEN 'live' ELSE 'lapsed' END AS lease
        FROM koppeling.worker ORDER BY id""",
}
# Every job that was ever inserted, in the transaction that inserted it; ids that were drawn in vain are not in it.
LOG_OF_JOBS = """
    CREATE SCHEMA chaos;
    CREATE TABLE chaos.enqueued (id bigint PRIMARY KEY, kind text, integration_id bigint, max_attempts integer);
    CREATE FUNCTION chaos.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO chaos.enqueued VALUES (NEW.id, NEW.kind, NEW.integration_id, NEW.max_attempts);
        RETURN NULL;
    END $$;
    CREATE TRIGGER chaos_note AFTER INSERT ON koppeling.job FOR EACH ROW EXECUTE FUNCTION chaos.note();
    CREATE TABLE chaos.written (note bigint PRIMARY KEY);
    GRANT USAGE ON SCHEMA chaos TO koppeling_backend;
    GRANT INSERT ON chaos.written TO koppeling_backend"""
# A poll that changed nothing is counted, not kept (write_polled.sql); a look that saw nothing new is with the order, a
# question that was told nothing new with its labels.
WITHOUT_TRACE = ("poll", "watch_order", "track_label")
# What the log calls an error is a defect, but that a job gave up, as some do when services answer what they like.
DEFECT = re.compile(r'level=error(?!.* event="a job gave up)|claimed a job of an unknown kind|AddressSanitizer|'
                    r'runtime error|Assertion', re.IGNORECASE)


def read_database(session):
    facts = {name: session.rows(query) for name, query in QUERIES.items()}
    facts["notes"] = session.column("SELECT note FROM chaos.written")
    facts["staging_marked"] = session.column("SELECT id FROM koppeling.staging_marked_order")
    return facts


def read_simulator(simulator):
    effects = simulator.control("GET", "/effects")["shops"]
    return {
        "shops": {shop: found["orders"] for shop, found in effects.items()},
        "booked": simulator.control("GET", "/shipments"),
        "pushed": simulator.control("GET", "/orders-pushed"),
        "patched_paths": [request["path"] for request in simulator.requests(method="PATCH")],
    }


def find_secrets(texts, secrets):
    """Which secret stands where; texts are (place, text)."""
    return [(name, place) for place, text in texts for name, secret in secrets.items()
            if secret in text or secret.encode().hex() in text]


def dump(url):
    return subprocess.run(["pg_dump", "--inserts", url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                          text=True).stdout


def texts_of(directory, server_log):
    for path in [*sorted(pathlib.Path(directory).iterdir()), pathlib.Path(server_log)]:
        if path.suffix in (".log", ".out") or path == pathlib.Path(server_log):
            yield path.name, path.read_text(errors="replace")


def find_defects(directory):
    """Lines of the programs' logs that tell of a defect of ours."""
    logs = pathlib.Path(directory)
    for path in sorted(logs.glob("*-worker*.log")) + sorted(logs.glob("*-scheduler*.log")):
        for line in path.read_text(errors="replace").splitlines():
            if DEFECT.search(line):
                yield f"{path.name}: {line[:300]}"
