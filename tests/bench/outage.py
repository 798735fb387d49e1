"""An outage: one API is down for a while under a steady load of polls, while bookings go to the other one."""
import collections
import statistics
import time

from chart import Chart
from lab import Database, wait_until
import shops

# Shops that book shipments and are not polled; each has a shop of the simulator of its own.
BOOKING_SHOPS, BOOKINGS_PER_SECOND = 200, 10
STEP_S = 0.25
FAULTS = {"answers 503": {"fault": "status", "status": 503}, "answers nothing": {"fault": "stall"}}


def outage(bench):
    """One API is down under steady load and comes back: what it is asked meanwhile, and when all goes at full speed
    again."""
    number, interval, base, down, patience = (1500, 10, 4, 15, 18) if bench.quick else (6000, 20, 10, 60, 180)
    table, lifted = [], 0
    for name in FAULTS if not bench.quick else list(FAULTS)[:1]:
        runs = bench.repeat_many(f"outage, {name}",
                                 lambda: _measure(bench.lab, (number, interval), (base, down, patience), FAULTS[name]),
                                 times=None if name == "answers 503" else 1)
        figures = {key: bench.figure([run[key] for run in runs]) for key in ROWS}
        bench.result(f"outage {name}", figures)
        table.append(figures)
        lifted += sum(run["lifted"] for run in runs)
        _plot(bench, name, runs[0])
    bench.table((f"{number:,} shops, every {interval} s; down for {down} s", *list(FAULTS)[:len(table)]),
                [(what, *(figures[key].text(form) for figures in table)) for key, (what, form) in ROWS.items()])
    if lifted:
        bench.write(f"In {lifted} of the runs the API was still blocked {patience} s after its return; then the block "
                    "was lifted by hand (block_api).\n")


ROWS = {
    "before": ("polls/s before (median of windows of 1 s)", "{:,.0f}"),
    "asked": ("requests sent to the API while it was down", "{:,.0f}"),
    "asked_late": ("of these in its second half", "{:,.0f}"),
    "first": ("from its return to the first poll that it answers, s", "{:.1f}"),
    "full": ("from its return to full speed (90 % of before, over 1 s), s", "{:.1f}"),
    "gone": ("from its return until no job is left that was enqueued before, s", "{:.1f}"),
    "backlog": ("jobs that waited for it, most", "{:,.0f}"),
    "trips": ("how often the breaker opened", "{:,.0f}"),
    "block": ("its longest block, s", "{:,.0f}"),
    "failures": ("attempts that failed", "{:,.0f}"),
    "counted": ("of these counted against a job", "{:,.0f}"),
    "most_counted": ("most that were counted against one job, of 10", "{:,.0f}"),
    "given_up": ("jobs that failed for good", "{:,.0f}"),
    "booked_before": ("bookings/s at the other API: before", "{:.1f}"),
    "booked_down": ("bookings/s at the other API: while this one was down", "{:.1f}"),
    "slow_before": ("from dispatch to label, s, p95: before", "{:.2f}"),
    "slow_down": ("from dispatch to label, s, p95: while it was down", "{:.2f}"),
    "pause": ("longest pause between two bookings, s: while it was down", "{:.1f}"),
    "booked": ("shipments asked for, each booked once and each order marked once", "{:,.0f}"),
}


def _plot(bench, name, run):
    start, plot = run["samples"][0]["at"], "outage" if name == "answers 503" else "outage_stall"
    when = f"down from {run['down_at'] - start:.0f} to {run['up_at'] - start:.0f} s ({name})"
    bench.plot(plot, Chart(f"The API is {when}", "seconds", "per second").lines({
        "polls": [(at - start, rate) for at, rate in _rates(run["samples"], "polls")],
        "requests to the API that is down": [(at - start, rate) for at, rate in run["asked_rates"]]}))
    bench.plot(f"{plot}_bookings",
               Chart(f"Bookings at the other API; this one is {when}", "seconds", "per second").lines({
                   "bookings": [(at - start, rate) for at, rate in _rates(run["samples"], "booked")]}))


def _rates(samples, name, window=1.0):
    """[start, per second] over windows of a second, one for each sample."""
    found, end = [], 0
    for first in samples:
        while end < len(samples) and samples[end]["at"] < first["at"] + window:
            end += 1
        if end == len(samples):
            return found
        last = samples[end]
        found.append((first["at"], (last[name] - first[name]) / (last["at"] - first["at"])))
    return found


def _measure(lab, load, times, fault):
    number, interval = load[0] + BOOKING_SHOPS, load[1]
    played = shops.simulator(lab, BOOKING_SHOPS + shops.SIMULATED_SHOPS, journal=True)
    try:
        with Database(lab) as database:
            _prepare(database, played, number, interval)
            worker = _start_worker(database, played)
            scheduler = shops.start_scheduler(database)
            try:
                database.wait_registered(2)
                run = Run(database, played)
                run.go_through(times, fault)
                run.settle(number)
            finally:
                scheduler.stop()
                worker.stop()
            return run.found
    finally:
        played.stop()


def _start_worker(database, played):
    return database.worker(400, 2, KOPPELING_MIJNWEBWINKEL_URL=played.url,
                           KOPPELING_BOEKUWZENDING_URL=played.url + "/boekuwzending")


def _prepare(database, played, number, interval):
    """Booking shops and polled ones with their orders imported, and an account that may book."""
    db, first = database.db, BOOKING_SHOPS + 1
    shops.make_integrations(database, number, first, interval=f"{interval} seconds")
    db.run("UPDATE koppeling.account SET client_id = 'client', sealed_client_secret = %s",
           database.lab.sealer.seal("secret"))
    worker = _start_worker(database, played)
    try:
        database.wait_registered(2)
        imported = BOOKING_SHOPS + shops.SIMULATED_SHOPS
        shops.poll_all(database, worker, played, imported)
        shops.copy_orders(database, imported + 1, number, first)
    finally:
        worker.stop()
    played.control("DELETE", "/journal")
    db.run("UPDATE koppeling.integration SET next_poll_at = now() + random() * poll_interval WHERE id >= %s", first)
    db.run("VACUUM (ANALYZE) koppeling.imported_order, koppeling.integration")


class Run:
    """The load and what is seen of it: samples of the database, and the simulator's journal."""

    def __init__(self, database, played):
        self.database, self.db, self.played = database, database.db, played
        self.samples, self.dispatched, self.found = [], 0, {}
        self.orders = self.db.column("SELECT id FROM koppeling.imported_order WHERE integration_id <= %s "
                                     "ORDER BY order_number, id",
                                     BOOKING_SHOPS)

    def _step(self):
        """Dispatches what is due and looks at the tables."""
        wanted = int((time.time() - self.start) * BOOKINGS_PER_SECOND)
        assert wanted <= len(self.orders), "there are no more orders to dispatch"
        if wanted > self.dispatched:
            self.db.run("SELECT koppeling.dispatch_order(%s::bigint[], 'postnl-pakket')",
                        self.orders[self.dispatched:wanted])
            self.dispatched = wanted
        row = self.db.row("""SELECT (SELECT sum(polls)::bigint FROM koppeling.integration) AS polls,
            (SELECT count(*) FROM koppeling.job_history WHERE kind = 'create_shipment') AS booked,
            count(*) FILTER (WHERE j.state = 'queued' AND j.api_id = 1) AS waiting,
            count(*) FILTER (WHERE j.state = 'failed') AS failed,
            count(*) FILTER (WHERE j.created_at < to_timestamp(%s)) AS old, max(a.trips) AS trips, max(a.block) AS block
            FROM (SELECT breaker_trips AS trips, coalesce(extract(epoch FROM blocked_until - now()), 0)::float8 AS block
                  FROM koppeling.api WHERE id = 1) a LEFT JOIN koppeling.job j ON true""", self.found.get("up_at", 0))
        self.samples.append({**row, "at": time.time()})
        time.sleep(STEP_S)

    def _steps(self, seconds):
        end = time.time() + seconds
        while time.time() < end:
            self._step()

    def go_through(self, times, fault):
        """Steady for a while, then down, then up until all that waited is done and a bit longer."""
        base, down, patience = times
        wait_until(lambda: self.db.value("SELECT sum(polls) FROM koppeling.integration")
                   > BOOKING_SHOPS + shops.SIMULATED_SHOPS,
                   "shops are polled")
        time.sleep(1)
        self.start = time.time()
        self._steps(base)
        self.found["down_at"] = time.time()
        self.played.fault(scope="mijnwebwinkel", **fault)
        self._steps(down)
        self.found["up_at"] = time.time()
        self.played.clear_faults()
        self.found["lifted"] = False
        self._step()
        while self.samples[-1]["old"] > 0:
            self._step()
            if self.samples[-1]["at"] > self.found["up_at"] + patience and not self.found["lifted"]:
                self.db.run("SELECT koppeling.block_api('mijnwebwinkel', NULL)")
                self.found["lifted"] = True
            assert time.time() < self.found["up_at"] + patience + 120, f"not over it: {self.samples[-1]}"
        self._steps(3)

    def settle(self, number):
        """No more load: everything ends, and everything is there once."""
        db = self.db
        db.run("UPDATE koppeling.integration SET next_poll_at = '2100-01-01'")
        wait_until(lambda: db.value("SELECT NOT EXISTS (SELECT FROM koppeling.job) AND NOT EXISTS "
                                    "(SELECT FROM koppeling.label WHERE told_at IS NULL)"), "everything is done", 120,
                   0.2)
        orders = db.row("SELECT count(*) AS all, count(*) FILTER (WHERE state = 'marked_shipped') AS marked "
                        "FROM koppeling.imported_order")
        assert orders == {"all": number * shops.ORDERS, "marked": self.dispatched}, orders
        shipments = self.played.control("GET", "/shipments")
        assert len(shipments) == self.dispatched, len(shipments)
        assert {s["created_with_this_reference"] for s in shipments} == {1}, len(shipments)
        patches = collections.Counter(order["patch_count"]
                                      for shop in self.played.control("GET", "/effects")["shops"].values()
                                      for order in shop["orders"])
        assert patches.pop(1) == self.dispatched and set(patches) == {0}, patches
        self._read_journal()
        self._read_load()
        self._read_history()

    def _read_load(self):
        down_at, up_at, rates = self.found["down_at"], self.found["up_at"], _rates(self.samples, "polls")
        before = statistics.median(rate for at, rate in rates if at + 1 < down_at)
        full = [at for at, rate in rates if at >= up_at + self.found["first"] and rate >= 0.9 * before]
        booked = _rates(self.samples, "booked")
        self.found.update(
            samples=self.samples, before=before, full=full[0] - up_at,
            gone=next(s["at"] for s in self.samples if s["at"] > up_at and s["old"] == 0) - up_at,
            trips=max(s["trips"] for s in self.samples), block=max(s["block"] for s in self.samples),
            backlog=max(s["waiting"] for s in self.samples), given_up=max(s["failed"] for s in self.samples),
            booked=self.dispatched,
            booked_before=statistics.mean(rate for at, rate in booked if at + 1 < down_at),
            booked_down=statistics.mean(rate for at, rate in booked if down_at <= at < up_at - 1))

    def _read_journal(self):
        """What the API that was down was asked."""
        down_at, up_at = self.found["down_at"], self.found["up_at"]
        requests = [entry for entry in self.played.requests() if entry["api"] == "mijnwebwinkel"]
        asked = [entry["at"] for entry in requests if down_at <= entry["at"] < up_at]
        seconds = collections.Counter(int(at - down_at) for at in asked)
        self.found.update(
            asked=len(asked), asked_late=len([at for at in asked if at >= (down_at + up_at) / 2]),
            asked_rates=[(down_at + second + 0.5, seconds[second]) for second in range(int(up_at - down_at))],
            first=min(entry["at"] for entry in requests if entry["at"] >= up_at and entry["status"] == 200) - up_at)

    def _read_history(self):
        row = self.db.row(
            """SELECT coalesce(sum(jsonb_array_length(errors)), 0)::bigint AS failures,
            sum(attempts - 1)::bigint AS counted,
            max(attempts - 1) AS most_counted FROM koppeling.job_history WHERE api = 'mijnwebwinkel'""")
        booked = self.db.rows(
            """SELECT extract(epoch FROM created_at)::float8 AS at, extract(epoch FROM finished_at)::float8 AS done
            FROM koppeling.job_history WHERE kind = 'create_shipment' ORDER BY finished_at""")
        down_at, up_at = self.found["down_at"], self.found["up_at"]
        ends = [down_at, *(b["done"] for b in booked if down_at <= b["done"] < up_at), up_at]
        self.found.update(row, pause=max(after - before for before, after in zip(ends, ends[1:])),
                          slow_before=shops.quantile([b["done"] - b["at"] for b in booked if b["at"] < down_at], 0.95),
                          slow_down=shops.quantile([b["done"] - b["at"] for b in booked if down_at <= b["at"] < up_at],
                                                   0.95))
