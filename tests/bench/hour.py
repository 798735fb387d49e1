"""A simulated hour: many shops with their schedule, at a multiple of real time."""
import json
import statistics
import time

from chart import Chart
from lab import Database, cpu_seconds, peak_rss_mb, wait_until
import shops

# Each of the simulator's shops is polled by several integrations.
SIMULATED = 1000
ORDERS_A_DAY = 10
SAMPLE_S = 5
TABLES = ("job", "integration", "imported_order", "order_line")


def hour(bench):
    """Many shops with their schedule, at a multiple of real time: only when asked for (ITEM=hour)."""
    number, speed, seconds = bench.hour
    found = _measure(bench, number, speed, seconds)
    bench.result("hour", found)
    head = (f"{number:,} shops, every {180 / speed:g} s (3 minutes / {speed:g}), "
            f"{seconds} s = {seconds * speed / 60:.0f} minutes")
    bench.table((head, "value"), [
        (f"first import of 20 orders each, polls/s ({found['first_polls']:,} shops, the others were given copies of "
         "their rows)",
         f"{found['first']['jobs_per_s']:,.0f}"),
        ("polls/s: done / wanted", f"{found['polls_per_s']:,.0f} / {found['wanted_per_s']:,.0f}"),
        ("polls done, new orders imported", f"{found['polls']:,} / {found['orders']:,}"),
        ("oldest due poll, s: median / worst", f"{found['median_lag']:.2f} / {found['worst_lag']:.2f}"),
        ("worker CPU s per 1,000 polls", f"{found['worker_cpu']:.3f}"),
        ("PostgreSQL CPU s per 1,000 polls (with scheduler's statements and autovacuum)",
         f"{found['postgres_cpu']:.3f}"),
        ("WAL bytes per poll", f"{found['wal_per_job']:,.0f}"), ("worker peak MB", f"{found['rss']:.0f}"),
        *((f"table {name}, MB: before / after",
           f"{found['before'][name] / 1e6:,.1f} / {found['after'][name] / 1e6:,.1f}")
          for name in TABLES),
        ("orders in the shops, each imported once", f"{found['all_orders']:,}")])
    title = f"{number:,} shops at {speed:g} times real speed"
    bench.plot("hour", Chart(title, "seconds", "polls, thousands").lines({
        "polls done": [(s["at"], s["polls"] / 1000) for s in found["samples"]]}))
    bench.plot("hour_lag", Chart(title, "seconds", "s").lines({
        "oldest due poll": [(s["at"], s["lag"]) for s in found["samples"]]}))


def _measure(bench, number, speed, seconds):
    simulated, played = min(SIMULATED, number), None
    played = shops.simulator(bench.lab, simulated)
    try:
        with Database(bench.lab) as database:
            first = _set_up(bench, database, played, number, f"{180 / speed} seconds")
            worker = database.worker(200, 2, KOPPELING_MIJNWEBWINKEL_URL=played.url)
            scheduler = shops.start_scheduler(database)
            try:
                database.wait_registered(2)
                time.sleep(2)
                load = Hour(database, played, worker, simulated)
                found = load.run(seconds, number, speed)
                return {**found, "first": first, "first_polls": simulated, "scheduler_cpu": cpu_seconds(scheduler.pid),
                        "all_orders": load.settle(number, 180 / speed)}
            finally:
                scheduler.stop()
                worker.stop()
    finally:
        played.stop()


def _set_up(bench, database, played, number, interval):
    """Shops with tokens of their own, and their orders: imported by the worker for some, and copied from those for the
    others."""
    db, simulated = database.db, min(SIMULATED, number)
    started = time.monotonic()
    shops.make_integrations(database, number, simulated=simulated, interval=interval)
    bench.say(f"{number:,} shops made, {time.monotonic() - started:.0f} s")
    worker = database.worker(200, 2, KOPPELING_MIJNWEBWINKEL_URL=played.url)
    try:
        database.wait_registered(2)
        first = shops.poll_all(database, worker, played, simulated)
    finally:
        worker.stop()
    bench.say(f"orders of {simulated:,} shops imported, {time.monotonic() - started:.0f} s")
    _copy_rows(database, simulated, number)
    bench.say(f"orders of the others copied, {time.monotonic() - started:.0f} s")
    db.run("VACUUM (ANALYZE) koppeling.imported_order, koppeling.order_line, koppeling.job")
    db.run("CHECKPOINT")
    # Last, so that no shop is due before the scheduler runs.
    db.run("UPDATE koppeling.integration SET next_poll_at = now() + interval '2 seconds' + random() * poll_interval")
    db.run("VACUUM (ANALYZE) koppeling.integration")
    bench.say(f"set up, {time.monotonic() - started:.0f} s")
    return first


def _copy_rows(database, simulated, number):
    """Whole rows with their lines. As a replica does it, without checking foreign keys of rows that were checked
    once."""
    db = database.db

    def columns(table, without):
        return ", ".join(
            db.column("""SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0
            AND NOT attisdropped AND attgenerated = '' AND attname <> ALL (%s) ORDER BY attnum""", f"koppeling.{table}",
                      without))
    db.run("SET session_replication_role = replica")
    shops.copy_orders(database, simulated + 1, number, simulated=simulated,
                      columns=columns("imported_order", ["id", "integration_id"]))
    db.run("ANALYZE koppeling.imported_order")
    lines = columns("order_line", ["order_id"])
    db.run(f"""INSERT INTO koppeling.order_line (order_id, {lines})
        SELECT n.copy_id, {lines}
        FROM (SELECT c.id AS copy_id, o.id AS original_id
              FROM koppeling.imported_order c
              JOIN koppeling.imported_order o ON o.integration_id = 1 + (c.integration_id - 1) % {simulated}
                AND o.order_uuid = c.order_uuid
              WHERE c.integration_id > {simulated}) n
        JOIN koppeling.order_line l ON l.order_id = n.original_id""")
    db.run("RESET session_replication_role")


class Hour:
    """The measured part: the real scheduler and worker poll, new orders arrive."""

    def __init__(self, database, played, worker, simulated):
        self.database, self.db = database, database.db
        self.played, self.worker, self.simulated = played, worker, simulated
        self.added = 0

    def run(self, seconds, number, speed):
        start = {"at": time.time(), "polls": self._polls(), "orders": self._orders()}
        before, cost, samples = self._sizes(), shops.Cost(self.database, self.worker, self.played.program.pid), []
        # An order that is added to one of the simulator's shops is imported for number / simulated integrations.
        per_second = self.simulated * ORDERS_A_DAY / 86400 * speed
        while time.time() < start["at"] + seconds:
            time.sleep(max(0.0, min(start["at"] + (len(samples) + 1) * SAMPLE_S, start["at"] + seconds) - time.time()))
            self._add_orders(int((time.time() - start["at"]) * per_second))
            samples.append(self._sample(start))
        polls, took = samples[-1]["polls"], samples[-1]["at"]
        return {**cost.per_1000(polls), "polls": polls, "orders": self._orders() - start["orders"], "samples": samples,
                "polls_per_s": polls / took, "wanted_per_s": number * speed / 180, "rss": peak_rss_mb(self.worker.pid),
                "before": before, "after": self._sizes(), "worst_lag": max(sample["lag"] for sample in samples),
                "median_lag": statistics.median(sample["lag"] for sample in samples)}

    def settle(self, number, interval):
        """No more orders arrive. After another round of polls each shop's orders are here, and once; returns how
        many."""
        db, last = self.db, time.time()
        wait_until(lambda: db.value("SELECT min(last_polled_at) > to_timestamp(%s) FROM koppeling.integration", last),
                   "every shop is polled once more", interval * 3 + 60, 1)
        found = {row["shop"]: row["orders"] for row in db.rows(f"""
            SELECT (integration_id - 1) % {self.simulated} + 1 AS shop, count(*) AS orders FROM koppeling.imported_order
            GROUP BY 1""")}
        wanted = {shop: (shops.ORDERS + (shop <= self.added % self.simulated) + self.added // self.simulated)
                  * len(range(shop, number + 1, self.simulated)) for shop in range(1, self.simulated + 1)}
        assert found == wanted, [(shop, found.get(shop), wanted[shop])
                                 for shop in wanted if found.get(shop) != wanted[shop]][:5]
        return sum(found.values())

    def _add_orders(self, wanted):
        """To one shop after the other."""
        while self.added < wanted:
            self.played.add(f"shop{self.added % self.simulated + 1}", generate=1, status=1,
                            payload_bytes=shops.ORDER_BYTES)
            self.added += 1

    def _polls(self):
        return int(self.db.value("SELECT sum(polls) FROM koppeling.integration"))

    def _orders(self):
        return self.db.value("SELECT count(*) FROM koppeling.imported_order")

    def _sizes(self):
        return json.loads(
            self.db.value("""SELECT json_object_agg(c, pg_total_relation_size(('koppeling.' || c)::regclass))::text
            FROM unnest(%s::text[]) c""", list(TABLES)))

    def _sample(self, start):
        row = self.db.row("""SELECT count(*) AS jobs,
            coalesce(extract(epoch FROM now() - min(run_at) FILTER (WHERE state = 'queued' AND run_at <= now())),
                     0)::float8 AS lag
            FROM koppeling.job""")
        return {**row, "at": time.time() - start["at"], "polls": self._polls() - start["polls"]}
