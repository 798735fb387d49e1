"""The driver: makes work, breaks things and counts, round after round; all its decisions come from a seed."""
import collections
import os
import random
import resource
import signal
import time

from harness.odd import ODD, ODD_FOR_DAEMONS
from harness.orders import order
from world import SCHEDULERS, SHOPS, WORKERS

KINDS = (("normal", 78), ("test", 4), ("listed_test", 3), ("credit", 4), ("partly_credited", 4), ("no_address", 4),
         ("virtual", 2), ("old", 2))
KILLS = (("worker", 62), ("scheduler", 20), ("backend", 8), ("postmaster", 5), ("postgres_restart", 5))
TROUBLES = (("stop_worker", 25), ("stop_scheduler", 10), ("stop_backend", 6), ("terminate_backends", 25),
            ("cut_connections", 20),
            ("hold_traffic", 8), ("delay_traffic", 10), ("drop_traffic", 10), ("lose_an_answer", 20),
            ("skew_clock", 12),
            ("starve_of_descriptors", 6), ("fill_disk", 3), ("hold_rows", 20), ("set_odd_defaults", 12),
            ("set_clock_back", 8), ("restore_backup", 4))
FEW_DESCRIPTORS = 8  # fewer than a worker has open, so that it can open nothing more
STATEMENTS = ("queue_claim", "queue_finish", "worker_renew")
SKEWS = ("-3h", "+3h", "+400d", "-1d", "+30s x2")
# What a person locks who forgets that a transaction is open.
HELD = ("integration", "imported_order", "job", "label", "shipment", "worker", "api", "chore", "account")
SERVICES = ("boekuwzending", "boekuwzending-staging")

# Faults of the simulator: scope, weight and members. A fault with after_effect loses the answer to what was done.
STATUSES = [("status", {"status": status, "after_effect": effect}) for status in (500, 502, 503, 504, 408)
            for effect in (False, True)]
ANSWERS = STATUSES + [
    ("status", {"status": 429, "retry_after": "1"}), ("status", {"status": 429}),
    ("status", {"status": 429, "retry_after": "-5"}),
    ("status", {"status": 429, "retry_after": "soon"}), ("status", {"status": 503, "retry_after": "1"}),
    ("status", {"status": 302, "location": "https://elders.example/"}),
    ("html", {}), ("html", {"status": 200}), ("empty", {}), ("empty", {"after_effect": True}),
    ("reset", {}), ("reset", {"after_effect": True}), ("close", {}), ("close", {"after_effect": True}),
    ("stall", {}), ("stall", {"after_effect": True}), ("latency", {"ms": 700, "jitter_ms": 600}),
    ("latency", {"ms": 3000}), ("latency", {"ms": 3000, "after_effect": True}),
    ("truncated", {}), ("malformed", {}), ("wrong_types", {}), ("wrong_types", {"variant": "items"}),
    ("huge", {"bytes": 50_000_000, "after_effect": True}), ("deep", {"levels": 50_000}),
    ("slow_drip", {"bytes_per_second": 20}),
    ("invalid_utf8", {}), ("nul_byte", {}), ("encoded", {"variant": "gzip"}), ("encoded", {"variant": "bare_gzip"}),
]
OF_SHOPS = [("status", {"status": 401, "times": 1}),
            ("status", {"status": 200, "body": "[]", "times": 1, "method": "GET", "path_contains": "/v1/orders"})]
OF_BOOKINGS = [("late_labels", {"ms": 1500}), ("late_labels", {"ms": 4000}),
               ("late_booking", {"ms": 1000}), ("late_booking", {"ms": 4000, "variant": "reset"}),
               ("late_booking", {"ms": 4000, "variant": "stall"}),
               ("status", {"status": 422, "method": "POST", "path_contains": "/shipments", "times": 1}),
               ("status", {"status": 401, "times": 1}),
               ("status", {"status": 400, "path_contains": "/token", "times": 1})]
BOOK = {"method": "POST", "path_contains": "/shipments"}
PLACES = ({"method": "GET", "path_contains": "/v1/orders"}, {"method": "PATCH"})
BOOKING_PLACES = (BOOK, BOOK, {"method": "GET", "path_contains": "/shipments"}, {"path_contains": "/token"},
                  {"method": "POST", "path_contains": "/orders"}, {"path_contains": "/rate-request"},
                  {"path_contains": "/shipments/matrix"}, {"path_contains": "/track-and-trace/"}, {})
# Where a parcel may be before it arrives; the last is a state that nobody knows.
STATES = ("scanned", "in_transit", "at_customs", "missing", "rejected", "return_in_transit", "op_zee")
PARCELS = (None, None, '[{"weight": 2.5}]',
           '[{"quantity": 2, "weight": 1, "length": 40, "width": 30, "height": 20}, {}]')


def weighted(rng, table):
    return rng.choices([name for name, _ in table], [weight for _, weight in table])[0]


class Driver:
    def __init__(self, world, seed):
        self.world = world
        self.rng = random.Random(seed)
        self.kills, self.troubles, self.faults = collections.Counter(), collections.Counter(), collections.Counter()
        self.skipped = {}  # what cannot be done here, and why
        self.misfits = []  # programs that ended by a signal that was not ours
        self._later = []  # (when, what to call)
        self._new = self.rng.sample([name for name, _ in TROUBLES], len(TROUBLES))  # not made yet
        self._changed = set()
        self._tests = 0
        if world.libfaketime is None:
            self.skipped["skew_clock"] = "libfaketime is not installed (apt install faketime)"
        if not world.server.has_disk:
            self.skipped["fill_disk"] = "a tmpfs can be mounted by root only"

    # A round.

    def start(self):
        """Starts everything and waits until the shops are connected."""
        world = self.world
        world.start_missing()
        deadline = time.monotonic() + 30
        while True:
            rows = world.sql("SELECT count(*) AS shops FROM koppeling.integration WHERE state = 'active'")
            if rows and rows[0]["shops"] == len(SHOPS):
                return
            assert time.monotonic() < deadline, "the shops are not connected"
            time.sleep(0.1)

    def round(self, number):
        self.make_work()
        self.arm_faults()
        if self.rng.random() < 0.4:
            self.make_trouble()
        time.sleep(self.rng.uniform(0.05, 0.45))
        self.kill()
        self.world.server.ensure_up()
        self.do_what_is_due()
        self.watch()
        self.world.start_missing()
        if number % 12 == 11:
            self.world.simulator.clear_faults()
            self.world.do_what_people_do()

    def end(self):
        for _, action in self._later:
            action()
        self._later = []

    def do_what_is_due(self):
        now = time.monotonic()
        for when, action in self._later:
            if when <= now:
                action()
        self._later = [entry for entry in self._later if entry[0] > now]

    def watch(self):
        """A program may give up when the database is away; it must not crash."""
        for program in self.world.workers + self.world.schedulers:
            status = program.process.poll() if program is not None else None
            if status is not None and status < 0 and status != -signal.SIGKILL:
                self.misfits.append(f"{program.log_path.name} was ended by signal {-status}")

    # Work.

    def make_work(self):
        rng, world = self.rng, self.world
        for _ in range(rng.choice((1, 2, 3))):
            shop, kind = rng.choice(SHOPS), weighted(rng, KINDS)
            what = {"generate": 1, "kind": kind}
            if kind == "listed_test":  # one that the shop lists although nobody asked for test orders
                self._tests += 1
                what = {"order": order(number=f"{9000 + self._tests}-T-")}
            for number in world.simulator.add(shop, **what):
                world.ledger["kinds"][f"{shop}/{number}"] = kind
        open_orders = world.sql("SELECT o.id, o.order_number, i.shop_host FROM koppeling.imported_order o"
                           " JOIN koppeling.integration i ON i.id = o.integration_id"
                           " WHERE o.state = 'open' AND NOT EXISTS (SELECT FROM koppeling.shipment s "
                           "WHERE s.order_id = o.id)"
                           " ORDER BY o.id LIMIT 20") or []
        for row in open_orders:
            dice = rng.random()
            if dice < 0.5 and rng.random() < 0.6:
                self.request_quote(row["id"])
            if dice < 0.35:
                self.dispatch(row["id"])
                if rng.random() < 0.3:  # another label before the first is booked
                    self.dispatch(row["id"])
            elif dice < 0.6:
                self.record_label(row["id"])
            elif dice < 0.63:
                self.change_in_shop(row)
        if rng.random() < 0.4:
            self.make_label_in_panel()
        if rng.random() < 0.3:
            self.request_label_pdf()
        if rng.random() < 0.4:
            self.move_parcels()
        if rng.random() < 0.2 and world.sql("SELECT koppeling.ping(20)", user="chaos_backend"):
            world.ledger["pings"] += 20
        if rng.random() < 0.1:  # more labels for an order that has one
            again = world.sql("SELECT id FROM koppeling.imported_order WHERE state = 'marked_shipped' ORDER BY id DESC "
                              "LIMIT 1")
            if again:
                self.dispatch(again[0]["id"])

    def dispatch(self, order_id):
        """By a service that was offered, if somebody asked: another one would be refused."""
        environment, parcels = self.rng.choice(("production", "production", "staging")), self.rng.choice(PARCELS)
        rows = self.world.sql("SELECT koppeling.dispatch_order(%s, coalesce("
                              "(SELECT service FROM koppeling.services_for(%s, %s) LIMIT 1), 'dhl-standaard'),"
                              " %s, 'package', %s, parcels => %s) AS id",
                              order_id, order_id, environment, 1 if parcels else self.rng.choice((1, 1, 2, 3)),
                              environment, parcels, user="chaos_backend")
        if rows:
            self.world.ledger["dispatches"].append({"shipment_id": rows[0]["id"], "order_id": order_id,
                                                    "environment": environment})

    def make_label_in_panel(self):
        """Somebody sees an order in the panel of Boekuwzending that has no label there, and makes one."""
        in_panel = [order for order in self.world.simulator.control("GET", "/orders-pushed")
                    if not order["deleted"] and not order["order"]["shipments"]]
        if not in_panel:
            return
        order = self.rng.choice(in_panel)
        try:
            made = self.world.simulator.make_label(order["id"], labels=self.rng.choice((1, 1, 2)),
                                                   late_ms=self.rng.choice((0, 0, 1500)))
        except AssertionError:  # it was taken back at this moment
            return
        self.world.ledger["panel"].append({"order_uuid": order["external_id"], "environment": order["environment"],
                                           "pushed_id": order["id"], "shipment": made["id"]})

    def request_label_pdf(self):
        """Of a shipment or two that have their labels."""
        rows = self.world.sql("SELECT s.id, i.account_id, s.environment FROM koppeling.shipment s"
                              " JOIN koppeling.imported_order o ON o.id = s.order_id"
                              " JOIN koppeling.integration i ON i.id = o.integration_id"
                              " WHERE s.state = 'labelled' ORDER BY s.id DESC LIMIT 20")
        if not rows:
            return
        first = self.rng.choice(rows)
        fitting = [row["id"] for row in rows if (row["account_id"], row["environment"], row["id"] != first["id"])
                   == (first["account_id"], first["environment"], True)]
        shipments = [first["id"], *self.rng.sample(fitting, min(len(fitting), self.rng.choice((0, 0, 1))))]
        done = self.world.sql("SELECT koppeling.request_label_pdf(%s::bigint[]) AS id", shipments, user="chaos_backend")
        if done:
            self.world.ledger["documents"].append({"id": done[0]["id"], "shipments": shipments})

    def request_quote(self, order_id):
        self.world.sql("SELECT koppeling.request_quote(%s, %s, weight_kg => %s)", order_id,
                       self.rng.choice(("production", "production", "staging")), self.rng.choice((None, 1, 12, 5000)),
                       user="chaos_backend")

    def move_parcels(self):
        """Some parcels are elsewhere by now, and for some it is time to ask."""
        for row in self.world.sql("UPDATE koppeling.label SET track_at = now() WHERE track_at IS NOT NULL"
                                  " AND random() < 0.3 RETURNING external_id, shipment_id") or []:
            if row["shipment_id"] is not None:
                self.world.simulator.move_parcel(row["external_id"], self.rng.choice(STATES))

    def record_label(self, order_id):
        label = {"order_id": order_id, "environment": self.rng.choice(("production", "staging")),
                 "external_id": f"eigen-{order_id}"}
        if self.world.sql("SELECT koppeling.record_label(%s, %s, %s, '3SPROEF', NULL)", order_id, label["environment"],
                          label["external_id"], user="chaos_backend"):
            self.world.ledger["labels"].append(label)

    def change_in_shop(self, row):
        """The merchant cancels an order, or it vanishes."""
        shop, number = row["shop_host"].split(".")[0], row["order_number"]
        cancels = self.rng.random() < 0.7
        if (shop, number) in self._changed:  # and it was not noticed yet
            return
        if cancels:
            self.world.simulator.change(shop, number, status=6)
        else:
            self.world.simulator.delete(shop, number)
        self._changed.add((shop, number))

    # Faults of the services.

    def arm_faults(self):
        rng = self.rng
        for _ in range(rng.choice((0, 1, 1, 2))):
            if rng.random() < 0.5:
                scope = rng.choice(("mijnwebwinkel", *(f"shop:{shop}" for shop in SHOPS)))
                fault, members = rng.choice(ANSWERS * 3 + OF_SHOPS * 2)
                place = rng.choice(PLACES)
            else:
                scope = rng.choice(SERVICES)
                fault, members = rng.choice(ANSWERS * 2 + OF_BOOKINGS * 3)
                place = {} if fault.startswith("late_") else rng.choice(BOOKING_PLACES)
            self.world.simulator.fault(fault, scope, **{"times": rng.choice((1, 1, 2, 4)), **place, **members})
            name = f"status {members['status']}" if fault == "status" else fault
            self.faults[name + (" after effect" if members.get("after_effect") else "")] += 1

    # Kills.

    def kill(self):
        kind = weighted(self.rng, KILLS)
        if {"worker": self.kill_worker, "scheduler": self.kill_scheduler, "backend": self.kill_backend,
            "postmaster": self.kill_postmaster, "postgres_restart": self.restart_postgres}[kind]():
            self.kills[kind] += 1

    def kill_worker(self):
        return _kill_program(self.world.workers[self.rng.randrange(WORKERS)])

    def kill_scheduler(self):
        return _kill_program(self.world.schedulers[self.rng.randrange(SCHEDULERS)])

    def kill_backend(self):
        """Also one that writes or checks, and serves nobody. PostgreSQL then ends all connections and recovers."""
        rows = self.world.sql("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() ORDER BY pid") or []
        return bool(rows) and _send(self.rng.choice(rows)["pid"], signal.SIGKILL)

    def kill_postmaster(self):
        killed = _send(self.world.server.postmaster, signal.SIGKILL)
        time.sleep(0.1)
        return killed

    def restart_postgres(self):
        try:
            self.world.server.restart()
        except Exception:  # ensure_up() goes on trying
            return False
        return True

    # Other troubles.

    def make_trouble(self):
        """One that was not made yet in a third of the cases, so that a short run knows them all."""
        kind = self._new[-1] if self._new and self.rng.random() < 0.33 else weighted(self.rng, TROUBLES)
        made = kind not in self.skipped and getattr(self, kind)()
        if made:
            self.troubles[kind] += 1
        if (made or kind in self.skipped) and kind in self._new:
            self._new.remove(kind)

    def later(self, seconds, action):
        self._later.append((time.monotonic() + seconds, action))

    def stop_worker(self):
        """For longer than its lease, sometimes for longer than a lookup waits for a shipment."""
        return self.stop_program(self.world.workers[self.rng.randrange(WORKERS)], self.rng.choice((2, 6, 7, 8, 18)))

    def stop_scheduler(self):
        """It may stand still in a transaction meanwhile."""
        return self.stop_program(self.world.schedulers[self.rng.randrange(SCHEDULERS)], self.rng.choice((1, 3, 8)))

    def stop_program(self, program, seconds):
        if program is None or not program.is_running:
            return False
        program.signal(signal.SIGSTOP)
        self.later(seconds, lambda: program.signal(signal.SIGCONT))
        return True

    def stop_backend(self):
        """One session of the server stands still, with the locks that it has."""
        rows = self.world.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
                              "AND pid <> pg_backend_pid()"
                              " ORDER BY state = 'idle', pid LIMIT 3")
        pid = self.rng.choice(rows)["pid"] if rows else None
        if not _send(pid, signal.SIGSTOP):
            return False
        time.sleep(self.rng.uniform(0.3, 1.5))
        _send(pid, signal.SIGCONT)
        return True

    def terminate_backends(self):
        whom = self.rng.choice(("chaos_worker", "chaos_scheduler", "%"))
        share = self.rng.choice((0.3, 1))
        return bool(self.world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE %s"
                                   " AND pid <> pg_backend_pid() AND random() < %s", whom, share))

    def cut_connections(self):
        share = self.rng.choice((0.4, 1))
        return self.rng.choice(self.world.gates).cut(lambda: self.rng.random() < share) > 0

    def hold_traffic(self):
        gate = self.rng.choice(self.world.gates)
        gate.hold()
        self.later(self.rng.choice((1, 3, 7)), gate.let_through)
        return True

    def delay_traffic(self):
        gate = self.rng.choice(self.world.gates)
        gate.delay(self.rng.choice((0.02, 0.2, 0.8)))
        self.later(self.rng.choice((1, 3)), gate.let_through)
        return True

    def drop_traffic(self):
        gate, share = self.rng.choice(self.world.gates), self.rng.choice((0.4, 1))
        self.later(self.rng.choice((1, 3, 7)), gate.let_through)
        return gate.drop(lambda: self.rng.random() < share) > 0

    def lose_an_answer(self):
        self.world.gates[0].cut_after(self.rng.choice(STATEMENTS))
        return True

    def starve_of_descriptors(self):
        """A worker can open nothing for a while: no connection, no call."""
        program = self.world.workers[self.rng.randrange(WORKERS)]
        if program is None or not program.is_running:
            return False
        before = resource.prlimit(program.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS, before[1]))
        self.later(self.rng.choice((1, 3)), lambda: _set_descriptors(program, before))
        return True

    def skew_clock(self):
        slot, skew = self.rng.randrange(WORKERS), self.rng.choice(SKEWS)
        program = self.world.workers[slot]
        if program is not None:
            program.kill()
        self.world.start_worker(slot, skew)
        return True

    def hold_rows(self):
        """Somebody leaves a transaction open that has locked some rows of a table, or one shop's pause."""
        table, seconds = self.rng.choice(HELD), self.rng.choice((1, 3, 8))
        strength = self.rng.choice(("UPDATE", "UPDATE", "NO KEY UPDATE", "SHARE"))
        statement = (f"SELECT FROM koppeling.{table} TABLESAMPLE BERNOULLI ({self.rng.choice((5, 30, 100))})"
                     f" FOR {strength} SKIP LOCKED")
        if self.rng.random() < 0.2:
            statement = f"SELECT koppeling.pause_integration({self.rng.choice((1, 2, 3, 4))}, 'forgotten')"
        session = self.world.open_session(f"BEGIN; SET LOCAL lock_timeout = '300ms'; {statement}")
        if session is not None:
            self.later(seconds, session.close)
        return session is not None

    def set_odd_defaults(self):
        """A DBA changes defaults of the daemons' roles; each new session has them."""
        chosen = self.rng.sample(sorted({**ODD, **ODD_FOR_DAEMONS}.items()), 8)
        roles = self.rng.choice((("chaos_worker",), ("chaos_scheduler",), ("chaos_worker", "chaos_scheduler")))
        for role in roles:
            for name, value in chosen:
                self.world.sql(f"ALTER ROLE {role} SET {name} = {value}")
            self.world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", role)
            self.later(self.rng.choice((3, 10)), lambda role=role: self.world.sql(f"ALTER ROLE {role} RESET ALL"))
        return True

    def set_clock_back(self):
        """What the clock of the server leaves behind when it was ahead for a moment."""
        return self.world.shift_times(self.rng.choice(("1 hour", "1 day", "400 days")), self.rng.choice((0.3, 1)))

    def restore_backup(self):
        """The database goes back by some seconds, in which workers went on and nobody asked for anything."""
        return self.world.restore_older_backup(self.rng.uniform(0.5, 3))

    def fill_disk(self):
        server = self.world.server
        try:
            server.fill_disk()
            for _ in range(3):
                self.world.sql("SELECT pg_switch_wal()")
                self.world.sql("SELECT koppeling.ping(1)", user="chaos_backend")
            time.sleep(self.rng.uniform(0.5, 2))
        finally:
            server.free_disk()
        return True


def _kill_program(program):
    """True when it was running."""
    if program is None or not program.is_running:
        return False
    program.kill()
    return True


def _set_descriptors(program, limits):
    if program.is_running:
        resource.prlimit(program.pid, resource.RLIMIT_NOFILE, limits)


def _send(pid, number):
    """True when the process was there."""
    if pid is None:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
