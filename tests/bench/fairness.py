"""Fairness: one shop with tens of thousands of labels beside many shops with one each."""
import collections
import time

from lab import Database, wait_until
import shops

PHASES = {
    "alone": "no other shop has any",
    "beside": "recorded together with all of the big shop's, behind them",
    "behind": "all that the big shop still has is overdue, as after a long block, so the scheduler spreads it again",
}
PEAK = ("p50", 0.5), ("p95", 0.95), ("most", 1)


def fairness(bench):
    """One shop with tens of thousands of labels to tell beside many shops with one each, recorded at the same
    moment."""
    big, small, seconds = (1000, 200, 3) if bench.quick else (50000, 1000, 20)
    runs = bench.repeat_many("fairness", lambda: _measure(bench.lab, big, small, seconds))
    table = []
    for phase, meaning in PHASES.items():
        figures = {}
        for what in ("told", "queued"):
            figures[what] = [bench.figure([shops.quantile(run[phase][what], share) for run in runs]) for _,
                             share in PEAK]
        bench.result(f"fairness {phase}", figures)
        table.append((f"{phase}: {meaning}",
                      *(figure.text("{:.2f}") for what in ("told", "queued") for figure in figures[what])))
    bench.table((f"{small:,} shops with one label each", *(f"from label to told, s: {name}" for name, _ in PEAK),
                 *(f"from enqueued to done, s: {name}" for name, _ in PEAK)), table)
    pace, rest = (bench.figure([run[name] for run in runs]) for name in ("pace", "rest"))
    bench.result("fairness big", (pace, rest))
    bench.table((f"the big shop, with {big:,} labels", "value"), [
        (f"orders told per second, over {seconds} s after its burst (api.rate_per_second is {runs[0]['wanted']:g})",
         pace.text("{:,.1f}")),
        ("orders told per second without a pace", rest.text("{:,.0f}")),
        ("orders of all shops, each marked once", f"{big + len(PHASES) * small:,}")])


def _measure(lab, big, small, seconds):
    """The small shops are 1..small and have an order for each phase; the big one comes after them."""
    played = shops.simulator(lab, small, orders=len(PHASES))
    try:
        with Database(lab) as database:
            played.shop(f"shop{small + 1}", token=f"token-shop{small + 1}")
            played.add(f"shop{small + 1}", generate=big, status=1, payload_bytes=shops.ORDER_BYTES)
            shops.make_integrations(database, small + 1, simulated=small + 1)
            _take_orders(database, played)
            worker = database.worker(400, 2, KOPPELING_MIJNWEBWINKEL_URL=played.url)
            scheduler = shops.start_scheduler(database)
            try:
                database.wait_registered(2)
                found = {phase: run(database, small, seconds) for phase,
                         run in (("alone", _alone), ("beside", _beside))}
                found["behind"] = _behind(database, small)
                wanted, hurried = _hurry(database, small)
                wait_until(lambda: database.db.value("SELECT NOT EXISTS (SELECT FROM koppeling.job)"), "all are told",
                           600, 0.5)
                _assert_told(database, played, big + len(PHASES) * small)
            finally:
                scheduler.stop()
                worker.stop()
            return {**found, "pace": found["beside"]["pace"], "rest": _rate(database, small, hurried), "wanted": wanted}
    finally:
        played.stop()


def _take_orders(database, played):
    """Puts what the shops have into the database, as an import would; `reference` says which phase an order is for."""
    effects, rows = played.control("GET", "/effects")["shops"], []
    for shop, found in effects.items():
        number = int(shop.removeprefix("shop"))
        for place, order in enumerate(found["orders"]):
            phase = list(PHASES)[place] if number < len(effects) else "big"
            rows.append(f"({number},'{order['uuid']}','{order['number']}',1,1,'',0,'{phase}')")
    for start in range(0, len(rows), 10000):
        database.db.run("""INSERT INTO koppeling.imported_order
            (integration_id, order_uuid, order_number, shop_status, weight_kg, content_hash, payload_hash, reference)
            VALUES """ + ",".join(rows[start:start + 10000]))
    database.db.run("VACUUM (ANALYZE) koppeling.imported_order")


def _label(db, phase):
    db.run("""SELECT count(koppeling.record_label(o.id, 'production', 'bench-' || o.id, NULL, NULL))
              FROM (SELECT o.id FROM koppeling.imported_order o WHERE o.reference = %s ORDER BY o.id) o""", phase)


def _wait_told(database, phase, small):
    wait_until(lambda: database.db.value("""SELECT count(*) FROM koppeling.imported_order
        WHERE reference = %s AND state = 'marked_shipped'""", phase) == small, f"the small shops are told ({phase})",
               600, 0.5)


def _delays(database, phase, committed):
    """Seconds from the commit of the labels, and from the scheduler's tick, until each small shop's job was done."""
    rows = database.db.rows("""
        SELECT extract(epoch FROM h.finished_at)::float8 AS done,
            extract(epoch FROM h.finished_at - h.created_at)::float8 AS queued
        FROM koppeling.job_history h JOIN koppeling.imported_order o ON o.id = h.order_id
        WHERE h.kind = 'mark_shipped' AND o.reference = %s""", phase)
    return {"told": [row["done"] - committed for row in rows], "queued": [row["queued"] for row in rows],
            "at": committed}


def _alone(database, small, _seconds):
    _label(database.db, "alone")
    committed = time.time()
    _wait_told(database, "alone", small)
    return _delays(database, "alone", committed)


def _beside(database, small, seconds):
    db = database.db
    db.run("BEGIN")
    _label(db, "big")
    _label(db, "beside")
    db.run("COMMIT")
    committed = time.time()
    _wait_told(database, "beside", small)
    # When the burst is over, the big shop goes at its pace.
    wait_until(lambda: _told(db, small) >= db.value("SELECT burst FROM koppeling.api WHERE id = 1"),
               "the burst is over", 60, 0.1)
    time.sleep(0.5)
    before = _told(db, small), time.time()
    time.sleep(seconds)
    pace = (_told(db, small) - before[0]) / (time.time() - before[1])
    return {**_delays(database, "beside", committed), "pace": pace}


def _behind(database, small):
    db = database.db
    db.run("BEGIN")
    db.run("UPDATE koppeling.job SET run_at = run_at - interval '1 day' WHERE integration_id = %s", small + 1)
    _label(db, "behind")
    db.run("COMMIT")
    committed = time.time()
    _wait_told(database, "behind", small)
    return _delays(database, "behind", committed)


def _hurry(database, small):
    """Lets the big shop go as fast as the worker can: at its pace it would take three quarters of an hour."""
    wanted = float(database.db.value("SELECT rate_per_second FROM koppeling.api WHERE id = 1"))
    database.db.run("UPDATE koppeling.api SET rate_per_second = 100000")
    database.db.run("UPDATE koppeling.job SET run_at = now() WHERE integration_id = %s AND state = 'queued'", small + 1)
    return wanted, time.time()


def _told(db, small):
    return db.value("SELECT count(*) FROM koppeling.job_history WHERE integration_id = %s", small + 1)


def _rate(database, small, since):
    return database.db.value("""SELECT count(*) / extract(epoch FROM max(finished_at) - to_timestamp(%s))::float8
        FROM koppeling.job_history WHERE integration_id = %s AND finished_at > to_timestamp(%s)""", since, small + 1,
                             since)


def _assert_told(database, played, orders):
    row = database.db.row("""SELECT count(*) AS jobs, count(DISTINCT order_id) AS orders, max(attempts) AS attempts,
        count(*) FILTER (WHERE outcome <> 'done') AS undone FROM koppeling.job_history WHERE kind = 'mark_shipped'""")
    assert row == {"jobs": orders, "orders": orders, "attempts": 1, "undone": 0}, row
    patches = collections.Counter(order["patch_count"] for shop in played.control("GET", "/effects")["shops"].values()
                                  for order in shop["orders"])
    assert patches == {1: orders}, patches
