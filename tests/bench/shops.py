"""Shops for the measurements: integrations made in bulk, and polls of them."""
import json
import statistics
import time

from lab import Database, Program, cpu_seconds, peak_rss_mb, start_simulator, tree_cpu_seconds, wait_until

ORDERS, ORDER_BYTES, LATENCY_MS = 20, 1000, 100
# Several integrations poll one shop of the simulator: for the database and the worker they are different shops.
SIMULATED_SHOPS = 500


def simulator(lab, shops=SIMULATED_SHOPS, latency_ms=LATENCY_MS, *options):
    return start_simulator(lab, "--shops", str(shops), "--orders", str(ORDERS), "--order-bytes", str(ORDER_BYTES),
                           "--order-status", "1", "--latency-ms", str(latency_ms), *(options or ("--no-journal",)))


def make_integrations(database, count, simulated=SIMULATED_SHOPS, interval="3 minutes"):
    """Active integrations 1..count, each with a token of its own that is sealed for its host, not yet due."""
    sealer = database.lab.sealer
    for start in range(0, count, 5000):
        rows = []
        for number in range(start, min(start + 5000, count)):
            host = f"bench{number + 1}.myonline.store"
            sealed = sealer.seal(f"token-shop{number % simulated + 1}", host)
            rows.append(f"({number + 1},1,'{host}','{host}','\\x{sealed.hex()}',1,'active','{interval}','2100-01-01','{{1}}')")
        database.db.run("""INSERT INTO koppeling.integration
            (id, account_id, shop_url, shop_host, sealed_token, from_address_id, state, poll_interval, next_poll_at, open_statuses)
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


def poll_all(database, worker, played, count):
    """Polls integrations 1..count once, all due at the same moment. Jobs/s and their cost."""
    db = database.db
    due = db.row("""WITH made AS (
            INSERT INTO koppeling.job (kind, integration_id, run_at, api_id, priority, max_attempts)
            SELECT 'poll', i, now() + interval '2 seconds', 1, 1, 10 FROM generate_series(1, %s) i RETURNING 1)
        SELECT count(*) AS jobs, (extract(epoch FROM now() + interval '2 seconds'))::float8 AS at FROM made""", count)
    db.run("VACUUM (ANALYZE) koppeling.job")
    while time.time() < due["at"]:
        time.sleep(0.005)
    cost = Cost(database, worker, played.program.pid)
    db.run("NOTIFY koppeling_job")
    wait_until(lambda: db.value("SELECT NOT EXISTS (SELECT FROM koppeling.job)"), "all shops are polled", 300, 0.1)
    costs = cost.per_1000(count)
    end = db.row("""SELECT extract(epoch FROM max(last_polled_at))::float8 AS at, count(*) AS shops
                    FROM koppeling.integration WHERE last_polled_at >= to_timestamp(%s)""", due["at"])
    assert end["shops"] == count, f"{end['shops']} of {count} shops were polled; see {worker.log_path}"
    return {"jobs_per_s": count / (end["at"] - due["at"]), **costs}


def copy_orders(database, first, last):
    """Gives integrations first..last the orders that others of the same simulated shop have imported, as far as polls look."""
    database.db.run(f"""
        INSERT INTO koppeling.imported_order (integration_id, order_uuid, order_number, shop_status, weight_kg, content_hash, payload_hash)
        SELECT i, o.order_uuid, o.order_number, o.shop_status, o.weight_kg, o.content_hash, o.payload_hash
        FROM generate_series({first}, {last}) i JOIN koppeling.imported_order o ON o.integration_id = (i - 1) % {SIMULATED_SHOPS} + 1""")


def measure_polls(lab, in_flight, threads, count, many):
    """First polls that find all orders new (`count`), then polls that find none (`many`), with the same worker."""
    played = simulator(lab)
    try:
        with Database(lab) as database:
            make_integrations(database, many)
            database.settle()
            worker = database.worker(in_flight // threads, threads, KOPPELING_MIJNWEBWINKEL_URL=played.url)
            try:
                database.wait_registered(threads)
                found = {"all new": poll_all(database, worker, played, count)}
                orders = database.db.value("SELECT count(*) FROM koppeling.imported_order")
                assert orders == count * ORDERS, f"{orders} orders of {count * ORDERS}"
                if many > count:
                    copy_orders(database, count + 1, many)
                database.db.run("VACUUM (ANALYZE) koppeling.imported_order, koppeling.integration")
                database.db.run("CHECKPOINT")
                found["none new"] = poll_all(database, worker, played, many)
                now = database.db.value("SELECT count(*) FROM koppeling.imported_order")
                assert now == many * ORDERS, f"{now} orders of {many * ORDERS}"
                for result in found.values():
                    result["rss"] = peak_rss_mb(worker.pid)
                    result["share"] = result["jobs_per_s"] / (in_flight * 1000 / LATENCY_MS)
                return found
            finally:
                worker.stop()
    finally:
        played.stop()


def measure_pick_up(lab, samples):
    """From the commit of one job to the arrival of its request, on an idle queue: ms, by the simulator's clock."""
    played = simulator(lab, 1, 0, "--threads", "1")
    try:
        with Database(lab) as database:
            make_integrations(database, 50, 1)
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
    arrivals = [parse_time(entry["time"]) for entry in played.requests(path_contains="/v1/orders")]
    assert len(arrivals) == len(times), f"{len(arrivals)} requests for {len(times)} jobs"
    # The first ones open connections and load statements.
    pairs = list(zip(times, arrivals))[20:]
    return {"after commit": [(arrival - committed) * 1000 for (_, committed), arrival in pairs],
            "after the call": [(arrival - called) * 1000 for (called, _), arrival in pairs],
            "the call": [(committed - called) * 1000 for (called, committed), _ in pairs]}


def parse_time(value):
    """The journal's time, as seconds since 1970."""
    if isinstance(value, (int, float)):
        return value / (1e6 if value > 1e14 else 1e3 if value > 1e11 else 1)
    import datetime
    return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def simulated_hour(lab, shops, speed, seconds, new_per_hour, say):
    """`shops` shops with an interval of 3 minutes / speed, for `seconds`; new orders arrive meanwhile."""
    simulated, played = 1000, None
    played = simulator(lab, simulated)
    try:
        with Database(lab) as database:
            interval = 180 / speed
            make_integrations(database, shops, simulated, f"{interval} seconds")
            return _hour(database, played, simulated, shops, interval, speed, seconds, new_per_hour, say)
    finally:
        played.stop()


def _hour(database, played, simulated, shops, interval, speed, seconds, new_per_hour, say):
    db, lab = database.db, database.lab
    worker = database.worker(200, 2, KOPPELING_MIJNWEBWINKEL_URL=played.url)
    scheduler = None
    try:
        database.wait_registered(2)
        first = poll_all(database, worker, played, shops)
        say(f"first import: {shops} shops, {first['jobs_per_s']:.0f} polls/s")
        db.run("VACUUM (ANALYZE) koppeling.imported_order, koppeling.integration, koppeling.job")
        for number in range(simulated):
            played.control("POST", f"/shops/shop{number + 1}/flow", {"per_second": new_per_hour * speed / 3600 / simulated})
        db.run("UPDATE koppeling.integration SET next_poll_at = now() + random() * poll_interval")
        db.run("VACUUM koppeling.integration")
        scheduler = programs_scheduler(database)
        time.sleep(2)
        start = {"at": time.time(), "polls": _polls(db), "orders": _orders(db), "sizes": _sizes(db)}
        cost, samples = Cost(database, worker, played.program.pid), []
        while time.time() < start["at"] + seconds:
            time.sleep(max(0.0, start["at"] + (len(samples) + 1) * 5 - time.time()))
            samples.append(_hour_sample(db, start))
        polls = samples[-1]["polls"]
        result = cost.per_1000(polls)
        result.update(polls=polls, seconds=samples[-1]["at"], orders=_orders(db) - start["orders"], samples=samples,
                      polls_per_s=polls / samples[-1]["at"], wanted_per_s=shops / interval, rss=peak_rss_mb(worker.pid),
                      scheduler_cpu=cpu_seconds(scheduler.pid), before=start["sizes"], after=_sizes(db), first=first,
                      worst_lag=max(sample["lag"] for sample in samples), shops=shops, interval=interval, speed=speed,
                      median_lag=statistics.median(sample["lag"] for sample in samples))
        return result
    finally:
        if scheduler is not None:
            scheduler.stop()
        worker.stop()


def programs_scheduler(database):
    return Program("koppeling-scheduler", ["run"], database.lab.environment(database.name, "bench_scheduler"),
                   database.lab.log_path("scheduler"))


def _polls(db):
    return int(db.value("SELECT sum(polls) FROM koppeling.integration"))


def _orders(db):
    return db.value("SELECT count(*) FROM koppeling.imported_order")


def _sizes(db):
    return json.loads(db.value("""SELECT json_object_agg(c, pg_total_relation_size(('koppeling.' || c)::regclass))::text
        FROM unnest('{job,integration,imported_order,order_line,skipped_order}'::text[]) c"""))


def _hour_sample(db, start):
    row = db.row("""SELECT count(*) AS jobs,
        coalesce(extract(epoch FROM now() - min(run_at) FILTER (WHERE state = 'queued' AND run_at <= now())), 0)::float8 AS lag,
        (SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = 'koppeling.job'::regclass) AS dead
        FROM koppeling.job""")
    return {**row, "at": time.time() - start["at"], "polls": _polls(db) - start["polls"]}
