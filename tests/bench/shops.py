"""Shops for the measurements: integrations made in bulk, and polls of them."""
import time

from lab import Database, Program, cpu_seconds, peak_rss_mb, rss_mb, start_simulator, tree_cpu_seconds, wait_until
from raw import raw_orders

ORDERS, ORDER_BYTES, LATENCY_MS = 20, 1000, 100
# What polls find; only with all new are orders stored. A fresh process is a worker that has imported nothing before.
# With 100 ms there are never 5,000 calls at once on two cores, so their memory is measured with slower ones. Steady is
# what a worker does all day: after some rounds each of its threads has opened the token of nearly every shop.
ALL_NEW, NONE_NEW, FRESH, STEADY, SLOW = ("all new", "none new", "none new, fresh process", "none new, steady",
                                          "none new, fresh process, calls of 1 to 3 s")
SLOW_MS, SLOW_JITTER_MS, SLOW_FROM = 2000, 1000, 5000
ROUNDS = 5
RAW_BESIDE = 400  # in flight: beside these the same rows are put in by raw SQL
# Several integrations poll one shop of the simulator: for the database and the worker they are different shops.
SIMULATED_SHOPS = 500


def simulator(lab, shops=SIMULATED_SHOPS, latency_ms=LATENCY_MS, orders=ORDERS, journal=False):
    return start_simulator(lab, "--shops", str(shops), "--orders", str(orders), "--order-bytes", str(ORDER_BYTES),
                           "--order-status", "1", "--latency-ms", str(latency_ms),
                           *(() if journal else ("--no-journal",)))


def simulated_shop(integration, first=1, simulated=SIMULATED_SHOPS):
    """Which of the simulator's shops an integration polls; those before `first` have one of their own."""
    return integration if integration < first else first + (integration - first) % simulated


def make_integrations(database, count, first=1, simulated=SIMULATED_SHOPS, interval="3 minutes"):
    """Active integrations 1..count, each with a token of its own that is sealed for its host, not yet due."""
    sealer = database.lab.sealer
    for start in range(1, count + 1, 5000):
        rows = []
        for number in range(start, min(start + 5000, count + 1)):
            host = f"bench{number}.myonline.store"
            sealed = sealer.seal(f"token-shop{simulated_shop(number, first, simulated)}", host)
            rows.append(
                f"({number},1,'{host}','{host}','\\x{sealed.hex()}',1,'active','{interval}','2100-01-01','{{1}}')")
        database.db.run("""INSERT INTO koppeling.integration
            (id, account_id, shop_url, shop_host, sealed_token, from_address_id, state, poll_interval, next_poll_at,
            open_statuses)
            OVERRIDING SYSTEM VALUE VALUES """ + ",".join(rows))
    database.db.run("VACUUM (ANALYZE) koppeling.integration")


class Cost:
    """CPU of worker, PostgreSQL and simulator, and WAL, between two moments."""

    def __init__(self, database, worker, simulator_pid):
        self._database, self._worker, self._simulator = database, worker, simulator_pid
        self._before = self._now()

    def _now(self):
        return (cpu_seconds(self._worker.pid), tree_cpu_seconds(self._database.lab.postmaster),
                cpu_seconds(self._simulator),
                float(self._database.db.value("SELECT pg_current_wal_insert_lsn() - '0/0'")))

    def per_1000(self, jobs):
        worker, postgres, played, wal = (after - before for before, after in zip(self._before, self._now()))
        return {"worker_cpu": worker * 1000 / jobs, "postgres_cpu": postgres * 1000 / jobs,
                "simulator_cpu": played * 1000 / jobs, "wal_per_job": wal / jobs}


def add_polls(db, count, ahead):
    """Polls of integrations 1..count, all due at the moment that it returns, `ahead` seconds from now."""
    row = db.row("""WITH made AS (
            INSERT INTO koppeling.job (kind, integration_id, run_at, api_id, priority, max_attempts)
            SELECT 'poll', i, now() + make_interval(secs => %s), 1, 1, 10 FROM generate_series(1, %s) i RETURNING 1)
        SELECT count(*) AS jobs, extract(epoch FROM now() + make_interval(secs => %s))::float8 AS at FROM made""",
                 ahead, count, ahead)
    return row["at"]


def wait_until_due(due):
    while time.time() < due:
        time.sleep(0.005)


def poll_due(db, due, count):
    """Waits for polls that were due at a moment; when the last ended."""
    db.run("NOTIFY koppeling_job")
    wait_until(lambda: db.value("SELECT NOT EXISTS (SELECT FROM koppeling.job)"), "all shops are polled", 300, 0.1)
    end = db.row("""SELECT extract(epoch FROM max(last_polled_at))::float8 AS at, count(*) AS shops
                    FROM koppeling.integration WHERE last_polled_at >= to_timestamp(%s)""", due)
    assert end["shops"] == count, f"{end['shops']} of {count} shops were polled; see the worker's log"
    return end["at"]


def poll_all(database, worker, played, count):
    """Polls integrations 1..count once, all due at the same moment. Jobs/s and their cost."""
    due = add_polls(database.db, count, 1 if count <= 5000 else 2)
    database.db.run("VACUUM (ANALYZE) koppeling.job")
    wait_until_due(due)
    cost = Cost(database, worker, played.program.pid)
    ended = poll_due(database.db, due, count)
    return {"jobs_per_s": count / (ended - due), **cost.per_1000(count)}


LOOKED_AT = "order_uuid, order_number, shop_status, weight_kg, content_hash, payload_hash"


def copy_orders(database, start, last, first=1, simulated=SIMULATED_SHOPS, columns=LOOKED_AT):
    """Gives integrations start..last the orders that others of the same simulated shop have imported, as far as polls
    look."""
    database.db.run(f"""
        INSERT INTO koppeling.imported_order (integration_id, {columns})
        SELECT i, {columns}
        FROM generate_series({start}, {last}) i
        JOIN koppeling.imported_order o ON o.integration_id = {first} + (i - {first}) % {simulated}""")
    # What was proven of the list comes along: the first poll of a shop is not what these measure.
    database.db.run(f"""
        UPDATE koppeling.integration i
        SET list_ends = o.list_ends, list_ends_at = o.list_ends_at, listed_whole_at = o.listed_whole_at
        FROM koppeling.integration o
        WHERE i.id BETWEEN {start} AND {last} AND o.id = {first} + (i.id - {first}) % {simulated}""")


def import_orders(database, played, imported, many):
    """Polls integrations 1..imported, and gives those up to `many` copies of what came."""
    worker = start_poller(database, played.url, 200, 2)
    try:
        poll_all(database, worker, played, imported)
    finally:
        worker.stop()
    copy_orders(database, imported + 1, many)
    database.db.run("VACUUM (ANALYZE) koppeling.imported_order, koppeling.integration")


def measure_polls(lab, in_flight, threads, count, many):
    """Polls that find all orders new (`count`), then none (`many`) with the same worker, then none with another, again
    and again."""
    played, shape = simulator(lab), (in_flight, threads)
    try:
        with Database(lab) as database:
            make_integrations(database, many)
            database.settle()
            found = _first_polls(database, played, shape, count, many)
            found[FRESH], found[STEADY] = _fresh_polls(database, played, shape, many, LATENCY_MS, ROUNDS)
            if in_flight >= SLOW_FROM:
                played.settings(latency_ms=SLOW_MS, jitter_ms=SLOW_JITTER_MS)
                found[SLOW], _ = _fresh_polls(database, played, shape, many, SLOW_MS, 1)
            assert_orders(database, many)
            if in_flight == RAW_BESIDE:
                found[ALL_NEW].update(raw_orders(database, count))
            return found
    finally:
        played.stop()


def _first_polls(database, played, shape, count, many):
    worker = start_poller(database, played.url, *shape)
    try:
        found = {ALL_NEW: _polls_at(database, worker, played, count)}
        assert_orders(database, count)
        copy_orders(database, count + 1, many)
        database.db.run("VACUUM (ANALYZE) koppeling.imported_order, koppeling.integration")
        database.db.run("CHECKPOINT")
        found[NONE_NEW] = _polls_at(database, worker, played, many)
    finally:
        worker.stop()
    for figures in found.values():
        figures["share"] = figures["jobs_per_s"] * LATENCY_MS / 1000 / shape[0]
    return found


def _fresh_polls(database, played, shape, many, latency_ms, times):
    """The first and the last of some rounds of polls."""
    worker = start_poller(database, played.url, *shape)
    try:
        rounds = [_polls_at(database, worker, played, many) for _ in range(times)]
    finally:
        worker.stop()
    for figures in rounds:
        figures["share"] = figures["jobs_per_s"] * latency_ms / 1000 / shape[0]
    return rounds[0], rounds[-1]


def _orders(database):
    return database.db.value("SELECT count(*) FROM koppeling.imported_order")


def assert_orders(database, polled):
    orders = _orders(database)
    assert orders == polled * ORDERS, f"{orders} orders of {polled * ORDERS}"


def start_poller(database, url, in_flight, threads, **settings):
    """A worker whose threads are registered; it calls the simulator at `url`."""
    worker = database.worker(in_flight // threads, threads, KOPPELING_MIJNWEBWINKEL_URL=url, **settings)
    try:
        database.wait_registered(threads)
        return worker
    except BaseException:
        worker.stop()
        raise


def _polls_at(database, worker, played, amount):
    """Polls `amount` shops once; with their rates goes what the worker needed in memory, and how many calls were open
    at once."""
    at_rest, before = rss_mb(worker.pid), _orders(database)
    played.control("DELETE", "/counters")
    found = poll_all(database, worker, played, amount)
    return {**found, "at_rest": at_rest, "rss": peak_rss_mb(worker.pid),
            "stored": (_orders(database) - before) / amount * found["jobs_per_s"],
            "at_once": played.control("GET", "/counters")["max_in_flight"]}


def write_raw(bench, figures):
    """Polls that find all new beside their ceiling; the ratio is taken within each run."""
    pairs = list(zip(figures["jobs_per_s"].values, figures["raw_per_s"].values))
    ratio = bench.figure([ours / raw for ours, raw in pairs])
    bench.result("raw orders", (figures["jobs_per_s"], figures["raw_per_s"], ratio))
    bench.table(("orders and lines of polls, all new", "polls/s", "PostgreSQL CPU s per 1,000"), [
        (f"polled, {RAW_BESIDE} in flight", figures["jobs_per_s"].text("{:,.0f}"),
         figures["postgres_cpu"].text("{:.3f}")),
        ("the same rows by INSERT ... SELECT", figures["raw_per_s"].text("{:,.0f}"),
         figures["raw_cpu"].text("{:.3f}")),
        ("ratio", ratio.text("{:.0%}"),
         f"{figures['postgres_cpu'].median / figures['raw_cpu'].median:.1f}x")])


def measure_pick_up(lab, samples):
    """From the commit of one job to the arrival of its request, on an idle queue: ms, by the simulator's clock."""
    played = simulator(lab, 1, 0, journal=True)
    try:
        with Database(lab) as database:
            make_integrations(database, 50, simulated=1)
            worker = database.worker(400, 2, KOPPELING_MIJNWEBWINKEL_URL=played.url)
            try:
                database.wait_registered(2)
                return _pick_up_samples(database, played, samples)
            finally:
                worker.stop()
    finally:
        played.stop()


def _pick_up_samples(database, played, samples):
    db, times = database.db, []
    for number in range(samples + 20):
        called = time.time()
        db.run("SELECT koppeling.enqueue('poll', %s)", number % 50 + 1)
        times.append((called, time.time()))
        time.sleep(0.05)
    arrivals = [entry["at"] for entry in played.requests(path_contains="/v1/orders")
                if not entry["path"].endswith("/count")]
    assert len(arrivals) == len(times), f"{len(arrivals)} requests for {len(times)} jobs"
    # The first ones open connections and load statements.
    pairs = list(zip(times, arrivals))[20:]
    return {"after commit": [(arrival - committed) * 1000 for (_, committed), arrival in pairs],
            "after the call": [(arrival - called) * 1000 for (called, _), arrival in pairs],
            "the call": [(committed - called) * 1000 for (called, committed), _ in pairs]}


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def start_scheduler(database):
    return Program("koppeling-scheduler", ["run"], database.lab.environment(database.name, "bench_scheduler"),
                   database.lab.log_path("scheduler"))
