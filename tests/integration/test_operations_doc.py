"""The runbook, docs/operations.md: every statement on the page runs, as the role that it names, where it is needed."""
import re
import signal

from harness.booking import BookingCase
from harness.case import heavy
from harness.orders import order, today
from harness.programs import ROOT

PAGE = ROOT / "docs" / "operations.md"
SHOPS = ("bloemen", "boeken", "thee", "speelgoed", "kaarsen")
ROLES = {"koppeling_ops": "pg_monitor", "koppeling_backend": None, "koppeling_dba": "pg_monitor, pg_signal_backend"}


class World(BookingCase):
    """A database with all the trouble of the page, most of it made by the real programs."""

    def make_world(self):
        self.ids = {}
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '1 hour', backoff_cap = '1 hour' "
                    "WHERE error_class = 'server_error'")
        for place, shop in enumerate(SHOPS):
            self.simulator.shop(shop)
            self.simulator.add(shop, orders=[order(number=str(70001 + 100 * place + i)) for i in range(10)])
            self.ids[shop] = self.connect(shop)
        self.simulator.shop("fietsen")
        self.ids["fietsen"] = self.request_connection("fietsen", token="oud-token")
        self.simulator.add("bloemen",
                           orders=[order(number="70011", date=today(90)), order(number="70012", orderlines=[]),
                                   self.nowhere()])
        self.poll()
        self.make_shipments()
        self.make_marks()
        self.make_shops()
        self.make_lost_booking()
        self.make_dead_worker()
        self.make_database()
        self.change_keys()

    def nowhere(self):
        """An order for a street that is not told, in a country that is not known."""
        made = order(number="70013")
        made["debtor"]["address"]["delivery"] = {"name": "Fenna", "zipcode": "1234AB", "city": "Oss",
                                                 "country": "Atlantis"}
        return made

    def change_keys(self):
        """What is sealed is for another key now."""
        key = self.program("koppeling-worker", "keygen", environment={}).out.split()[3]
        settings = self.environment("test_worker", KOPPELING_SECRET_KEY=key,
                                    KOPPELING_PREVIOUS_SECRET_KEY=self.surroundings.secret_key)
        done = self.program("koppeling-worker", "rekey", environment=settings)
        self.assertEqual(done.status, 0, done.log)

    def order_id(self, number):
        return self.order(number)["id"]

    def job_of(self, number):
        return self.db.value("SELECT id FROM koppeling.job WHERE order_id = %s", self.order_id(number))

    def fault(self, *what, times=1, **more):
        self.simulator.fault(*what, times=times, path_contains="/shipments", method="POST", **more)

    def make_shipments(self):
        """70001: refused; 70002: asked for, and nobody knows; 70003, 70004: booked; 70005: booked on staging;
        70008: its services are known."""
        self.backend.value("SELECT koppeling.request_quote(%s)", self.order_id(70008))
        self.fault("status", "boekuwzending", status=422)
        self.ids["refused"] = self.book(70001)["id"]
        self.fault("reset", "boekuwzending", after_effect=True)
        self.ids["unknown"] = self.dispatch(70002)
        self.db.run("UPDATE koppeling.job SET max_attempts = 1 WHERE shipment_id = %s", self.ids["unknown"])
        self.work()
        for number in (70003, 70004):
            self.ids["printed"] = self.book(number)["id"]
        self.ids["document"] = self.backend.value("SELECT koppeling.request_label_pdf(ARRAY[%s]::bigint[])",
                                                  self.ids["printed"])
        self.work()
        self.book(70005, environment="staging")

    def make_marks(self):
        """70003: the shop refuses it; 70004: cancelled in the shop; 70005: marked by a staging label; 70006:
        withdrawn."""
        self.simulator.fault("status", "shop:bloemen", method="PATCH", path_contains="70003", status=422, times=1)
        self.simulator.change("bloemen", "70004", status=5)
        self.simulator.change("bloemen", "70006", status=5)
        self.mark()
        self.poll_again(self.ids["bloemen"])
        self.mark()

    def make_shops(self):
        """boeken refuses its token, with a label to tell; thee asks for a pause; speelgoed is down; kaarsen is
        paused."""
        self.label(self.order_id(70101), "label-boeken")
        self.simulator.shop("boeken", token_is_active=False)
        self.label(self.order_id(70201), "label-thee")
        self.simulator.fault("status", "shop:thee", status=429, retry_after=900)
        self.simulator.fault("status", "shop:speelgoed", status=503)
        for shop in ("thee", "speelgoed"):
            self.backend.value("SELECT koppeling.poll_now(%s)", self.ids[shop])
        self.mark()
        self.label(self.order_id(70401), "label-kaarsen")
        self.tick()
        self.ops.run("SELECT koppeling.pause_integration(%s, 'the merchant moves house')", self.ids["kaarsen"])

    def make_lost_booking(self):
        """70007: its job was cancelled while the request was under way."""
        self.fault("latency", "boekuwzending", ms=60000, after_effect=True)
        self.ids["lost"] = self.dispatch(70007)
        worker = self.start_worker()
        self.wait_until(lambda: self.shipment(self.ids["lost"])["state"] == "sending"
                        and len(self.booked("production")) == 4,
                        "the request is under way")
        worker.kill()
        self.ops.run("SELECT koppeling.cancel_job(%s)", self.job_of(70007))

    def make_dead_worker(self):
        """A worker died with a job in its hands, and no scheduler has looked since."""
        self.simulator.clear_faults()
        self.simulator.fault("stall", "shop:bloemen")
        self.ids["dead"] = self.backend.value("SELECT koppeling.poll_now(%s)", self.ids["bloemen"])
        worker = self.start_worker()
        self.wait_until(lambda: self.db.rows("SELECT FROM koppeling.running_job"), "the job runs")
        worker.signal(signal.SIGKILL)
        worker.wait()
        self.db.run("UPDATE koppeling.worker SET lease_until = now() - interval '95 seconds', seen_at = now() - "
                    "interval '80 seconds'"
                    " WHERE state = 'active'")

    def make_database(self):
        """A service with an open breaker, waiting pings, a long transaction, finished work without a partition."""
        self.db.run("UPDATE koppeling.api SET breaker_state = 'open', breaker_failures = 20, breaker_trips = 1, "
                    "blocked_until ="
                    " now() + interval '25 seconds', block_reason = 'breaker: cannot find the shipment: HTTP 503' "
                    "WHERE id = 3")
        self.backend.value("SELECT koppeling.ping(40)")
        self.db.run("INSERT INTO koppeling.job_history (id, created_at, finished_at, outcome, attempts, kind)"
                    " VALUES (0, now(), now() - interval '6 days', 'done', 1, 'push_order')")
        self.db.run("UPDATE koppeling.imported_order SET pushed_id = 'p' || id, watch_at = now() + interval '1 day'"
                    " WHERE state = 'open'")
        self.long = self.session("test_backend")
        self.ids["pid"] = self.long.value("SELECT pg_backend_pid()")
        self.long.run("BEGIN")
        self.long.value("SELECT count(*) FROM koppeling.job")


def sections(page):
    """(heading, [(role, statements)]) for every part of the page with SQL."""
    for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        blocks = []
        for block in re.findall(r"^```sql\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            first, _, rest = block.partition("\n")
            role = re.fullmatch(r"-- as (koppeling_\w+)", first)
            assert role, f"{heading}: a block must say whose it is, not {first!r}"
            blocks.append((role.group(1), split_statements(rest)))
        yield heading, blocks


def split_statements(text):
    return [statement.strip() for statement in re.split(r";[^\n]*(?:\n|$)", text) if statement.strip()]


def fill_in(statement, values):
    """psql's variables, :name and :'name', with values."""
    def value(found):
        return str(values[found.group(2)]) if not found.group(1) else f"'{values[found.group(2)]}'"
    return re.sub(r"(?<![:\w]):('?)([a-z]+)\1(?!\w)", value, statement)


class OperationsDocTest(World):
    def values(self, heading):
        """What stands for :shop, :job, :order and :shipment in this part of the page."""
        ids = self.ids
        bloemen = {"shop": ids["bloemen"], "number": 70003, "order": self.order_id(70003), "job": self.job_of(70003),
                   "shipment": ids["refused"], "pid": ids["pid"],
                   "sealed": self.seal("token-boeken", "boeken.myonline.store")}
        own = {
            "A worker died": {"job": ids["dead"]},
            "A shop refuses its token": {"shop": ids["boeken"]},
            "A shop asks for a pause": {"shop": ids["thee"], "job": self.job_of(70201)},
            "A shop cannot be reached": {"shop": ids["speelgoed"]},
            "An order does not appear": {"number": 70011},
            "An order cannot be dispatched": {"order": self.order_id(70013)},
            "Which service, and at what price": {"order": self.order_id(70008)},
            "An order is not marked shipped in the shop": {"number": 70004, "order": self.order_id(70004)},
            "Where is a parcel": {"order": self.order_id(70003)},
            "A shipment failed": {"order": self.order_id(70001), "job": self.job_of(70001)},
            "Nobody knows whether a shipment was booked": {"shipment": ids["lost"], "job": self.job_of(70002)},
            "Orders that a person must look at": {"order": self.order_id(70004)},
            "Print a label": {"shipment": self.ids["printed"], "document": self.ids["document"]},
            "A staging label marked an order": {"order": self.order_id(70005)},
            "Pause a shop": {"shop": ids["kaarsen"]},
            "Backup and restore": {"number": 70008},
            "Change keys": {"shop": ids["boeken"]},
        }
        return {**bloemen, **own.get(heading, {})}

    def sessions(self):
        """Logins as the page tells to make them."""
        made = {}
        for role, more in ROLES.items():
            login = "doc_" + role.split("_")[1]
            self.db.run(f"DROP ROLE IF EXISTS {login}; CREATE ROLE {login} LOGIN IN ROLE {role}"
                        + (f", {more}" if more else ""))
            made[role] = self.session(login)
        return made

    @heavy
    def test_every_statement_runs_and_shows_what_the_page_is_about(self):
        self.make_world()
        self.refuse_an_account()
        sessions = self.sessions()
        parts = dict(sections(PAGE.read_text()))
        self.assertGreater(len(parts), 20)
        for heading, blocks in parts.items():
            for role, statements in blocks:
                for statement in statements:
                    with self.subTest(heading=heading, statement=statement):
                        self.run_statement(sessions[role], statement, self.values(heading))

    def refuse_an_account(self):
        self.db.run("INSERT INTO koppeling.account (id, name, client_id, sealed_client_secret)"
                    " VALUES (50, 'Weg BV', 'x', 'x')")
        self.db.run("UPDATE koppeling.account_credentials c SET state = 'rejected', checked_at = now(),"
                    " reason_code = m.code, reason = m.nl, reason_en = m.en FROM koppeling.message m"
                    " WHERE m.code = 'account_refused' AND c.account_id <> 1")

    def run_statement(self, session, statement, values):
        """In a transaction of its own that is rolled back. A query of what there is must find something."""
        session.run("BEGIN")
        try:
            rows = session.rows(fill_in(statement, values))
        finally:
            session.run("ROLLBACK")
        if re.search(r"\bFROM (koppeling|pg_catalog)\.", statement) and "no rows are good" not in statement:
            self.assertGreater(len(rows), 0, "the query shows nothing")

    def test_every_link_of_the_page_leads_somewhere(self):
        page = PAGE.read_text()
        headings = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
                    for heading in re.findall(r"^## (.*)$", page, re.MULTILINE)}
        links = set(re.findall(r"\]\(#([^)]*)\)", page))
        self.assertGreater(len(links), 10)
        self.assertEqual(links - headings, set())

    def test_what_the_page_says_about_bookings_in_doubt_is_so(self):
        """Enqueued again, a shipment that was asked for is found and not booked twice."""
        self.connect_with_numbers(70001)
        self.fault("latency", "boekuwzending", ms=60000, after_effect=True)
        shipment = self.dispatch(70001)
        worker = self.start_worker()
        self.wait_until(lambda: len(self.booked()) == 1, "the request is under way")
        worker.kill()
        job = self.job_of(70001)
        self.ops.run("SELECT koppeling.cancel_job(%s)", job)
        self.backend.run("""SELECT koppeling.enqueue('create_shipment', o.integration_id, o.id, s.id)
            FROM koppeling.shipment s JOIN koppeling.imported_order o ON o.id = s.order_id WHERE s.id = %s""", shipment)
        self.simulator.clear_faults()
        self.work()
        self.assertEqual((self.shipment(shipment)["state"], len(self.booked())), ("labelled", 1))

    def test_what_the_page_says_about_missing_partitions_is_so(self):
        self.db.run("INSERT INTO koppeling.job_history (id, created_at, finished_at, outcome, attempts, kind) SELECT "
                    "i, now(),"
                    " now() - make_interval(days => i), 'done', 1, 'push_order' FROM generate_series(0, 6) AS i")
        dba = self.session("test_dba")
        self.assertGreater(dba.value("SELECT rows_without_partition FROM koppeling.queue_health"), 0)
        self.assertGreater(dba.value("SELECT koppeling.maintain_history()"), 0)
        self.assertEqual(dba.value("SELECT rows_without_partition FROM koppeling.queue_health"), 0)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.job_history"), 7)
