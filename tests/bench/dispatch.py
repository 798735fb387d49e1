"""A person does not wait: from dispatch_order() to the booking's request, alone, under bulk load, and while a service
hangs."""
import time

from lab import Database, wait_until
from outage import BOOKING_SHOPS
import shops

PHASES = {
    "alone": "nothing else to do",
    "load": "while shops are polled and labels are told",
    "hanging": "the same, and Boekuwzending's staging hangs with jobs for it",
}
STEP_S = 0.1
SHARES = 0.5, 0.95, 0.99


def dispatch(bench):
    """A dispatch each 100 ms: from the call of dispatch_order() to the arrival of the booking's request."""
    size = {"shops": 400, "labels": 2000, "hanging": 100, "samples": 30} if bench.quick else {
        "shops": 2170, "labels": 10000, "hanging": 1000, "samples": 300}
    runs = bench.repeat_many("dispatch", lambda: _measure(bench.lab, size))
    table = []
    for phase, meaning in PHASES.items():
        figures = [bench.figure([shops.quantile(run[phase], share) for run in runs]) for share in SHARES]
        bench.result(f"dispatch {phase}", figures)
        table.append((f"{phase}: {meaning}", *(figure.text("{:.1f}") for figure in figures)))
    bench.table((f"{size['shops']:,} shops polled each 10 s, {size['labels']:,} labels; ms", "p50", "p95", "p99"),
                table)
    bench.table(("what went on meanwhile", "per second"), [
        (what, bench.figure([run[name] for run in runs]).text("{:,.0f}"))
        for name, what in (("polls", "polls under load"), ("marks", "labels told under load"),
                           ("polls_hanging", "polls while staging hangs"))])


def _measure(lab, size):
    number = BOOKING_SHOPS + max(size["shops"], shops.SIMULATED_SHOPS)
    played = shops.simulator(lab, BOOKING_SHOPS + shops.SIMULATED_SHOPS, journal=True)
    try:
        with Database(lab) as database:
            _prepare(database, played, number)
            worker = _start_worker(database, played)
            try:
                database.wait_registered(2)
                return Run(database, played, size).go()
            finally:
                worker.stop()
    finally:
        played.stop()


def _start_worker(database, played):
    return database.worker(400, 2, KOPPELING_MIJNWEBWINKEL_URL=played.url,
                           KOPPELING_BOEKUWZENDING_URL=played.url + "/boekuwzending",
                           KOPPELING_BOEKUWZENDING_STAGING_URL=played.url + "/boekuwzending-staging")


def _prepare(database, played, number):
    """All orders imported, and an account that may book."""
    shops.make_integrations(database, number, BOOKING_SHOPS + 1, interval="10 seconds")
    secret = database.lab.sealer.seal("secret")
    database.db.run("UPDATE koppeling.account SET client_id = 'client', sealed_client_secret = %s,"
                    " staging_client_id = 'client', staging_sealed_client_secret = %s", secret, secret)
    worker = _start_worker(database, played)
    try:
        database.wait_registered(2)
        imported = BOOKING_SHOPS + shops.SIMULATED_SHOPS
        shops.poll_all(database, worker, played, imported)
        shops.copy_orders(database, imported + 1, number, BOOKING_SHOPS + 1)
    finally:
        worker.stop()
    database.db.run("VACUUM (ANALYZE) koppeling.imported_order, koppeling.integration")


class Run:
    """The phases, one after the other."""

    def __init__(self, database, played, size):
        self.database, self.db, self.played, self.size = database, database.db, played, size
        self.orders = self.db.column("SELECT id FROM koppeling.imported_order WHERE integration_id <= %s"
                                     " ORDER BY order_number, id", BOOKING_SHOPS)

    def go(self):
        self._sample(10)  # opens connections and loads statements
        found = {"alone": self._sample(self.size["samples"])}
        scheduler = shops.start_scheduler(self.database)
        try:
            self._load()
            before = self._counts()
            found["load"] = self._sample(self.size["samples"])
            found["polls"], found["marks"] = self._rates(before)
            self._hang()
            before = self._counts()
            found["hanging"] = self._sample(self.size["samples"])
            found["polls_hanging"], _ = self._rates(before)
        finally:
            scheduler.stop()
        return found

    def _load(self):
        """Polls are due all the time, and labels are told."""
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now() + random() * poll_interval"
                    " WHERE id > %s AND id <= %s", BOOKING_SHOPS, BOOKING_SHOPS + self.size["shops"])
        told = """SELECT count(koppeling.record_label(o.id, 'production', 'L-' || o.id, '3SPROEF', NULL))
            FROM (SELECT id FROM koppeling.imported_order WHERE integration_id > %s ORDER BY id LIMIT %s) o"""
        self.db.run(told, BOOKING_SHOPS, self.size["labels"])
        wait_until(lambda: self.db.value("SELECT EXISTS (SELECT FROM koppeling.label WHERE told_at IS NOT NULL)"),
                   "labels are told")

    def _hang(self):
        self.played.fault(scope="boekuwzending-staging", fault="stall")
        taken = [self.orders.pop() for _ in range(self.size["hanging"])]
        self.db.run("SELECT koppeling.dispatch_order(%s::bigint[], 'postnl-pakket', environment => 'staging')", taken)
        wait_until(lambda: self.db.value("SELECT count(*) FROM koppeling.job WHERE state = 'running' AND api_id ="
                                         " (SELECT id FROM koppeling.api WHERE name = 'boekuwzending'"
                                         " AND environment = 'staging')") >= min(self.size["hanging"], 200),
                   "calls to staging hang")

    def _counts(self):
        row = self.db.row("SELECT (SELECT sum(polls)::bigint FROM koppeling.integration) AS polls,"
                          " (SELECT count(*) FROM koppeling.label WHERE told_at IS NOT NULL) AS marks")
        return time.time(), row["polls"], row["marks"]

    def _rates(self, before):
        after = self._counts()
        return [(later - earlier) / (after[0] - before[0]) for earlier, later in zip(before[1:], after[1:])]

    def _sample(self, count):
        """ms from the call to the request, each; requests come in the order of the calls, which are 100 ms apart."""
        called = []
        self.played.control("DELETE", "/journal")
        for _ in range(count):
            order = self.orders.pop()
            called.append(time.time())
            self.db.run("SELECT koppeling.dispatch_order(%s, 'postnl-pakket')", order)
            time.sleep(max(0, called[-1] + STEP_S - time.time()))
        arrived = []

        def have_arrived():
            arrived[:] = [entry["at"] for entry in self.played.requests(method="POST", path_contains="/shipments")
                          if entry["api"] == "boekuwzending"]
            return len(arrived) >= count
        wait_until(have_arrived, "all are asked for", 60, 0.2)
        return [(at - call) * 1000 for call, at in zip(called, sorted(arrived))]
