"""The checker of the chaos runs finds what it is for: each violation is seeded in a copy of the data of a calm run."""
import copy
import pathlib
import re
import socket
import sys
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]
sys.dont_write_bytecode = True

import checker  # noqa: E402
import driver  # noqa: E402
import facts  # noqa: E402
from driver import Driver  # noqa: E402
from harness.gate import ServiceGate  # noqa: E402
from harness.programs import ROOT  # noqa: E402
from world import World  # noqa: E402

# In a copy of the database, whose own constraints would stop most of them: rule and what goes wrong.
ANY_LIVE = ("INSERT INTO koppeling.job (id, kind, api_id, priority, max_attempts, state, run_at) VALUES"
            " (900001, 'ping', 0, 1, 10, 'queued', 'infinity'); INSERT INTO chaos.enqueued "
            "VALUES (900001, 'ping', NULL, 10); ")
FIRST_LABEL = "(SELECT min(id) FROM koppeling.label WHERE shipment_id IS NOT NULL)"
A_MARKED = "(SELECT min(id) FROM koppeling.imported_order WHERE mark_outcome = 'marked')"
IN_DATABASE = (
    ("order_imported_twice",
     "INSERT INTO koppeling.imported_order (integration_id, order_uuid, order_number, shop_status, weight_kg,"
     " content_hash, payload_hash) SELECT integration_id, order_uuid, order_number, 3, 1, content_hash, 0 "
     "FROM koppeling.imported_order LIMIT 1"),
    ("order_missing", "UPDATE koppeling.imported_order SET state = 'withdrawn' WHERE state = 'open'"),
    ("order_missing", "UPDATE koppeling.imported_order SET missing_since = now() WHERE state = 'open'"),
    ("order_missing", "UPDATE koppeling.imported_order SET order_uuid = gen_random_uuid() WHERE state = 'open'"),
    ("order_unexplained", "DELETE FROM koppeling.skipped_order"),
    ("order_unexplained", "INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason)"
     " SELECT integration_id, order_number, 'too_old', 'x' FROM koppeling.imported_order LIMIT 1"),
    ("order_invented", "UPDATE koppeling.imported_order SET order_number = 'nobody' WHERE state = 'open'"),
    ("test_order_touched", "UPDATE koppeling.imported_order SET order_number = '9-T' WHERE state = 'open'"),
    ("job_lost", "DELETE FROM koppeling.job_history WHERE kind = 'ping'"),
    ("job_lost", "DELETE FROM chaos.enqueued WHERE kind = 'ping'"),
    ("job_twice", "INSERT INTO koppeling.job_history SELECT * FROM koppeling.job_history WHERE kind = 'ping' LIMIT 1"),
    ("job_twice",
     "INSERT INTO koppeling.job (id, kind) SELECT id, kind FROM koppeling.job_history WHERE kind = 'ping' LIMIT 1"),
    ("poll_uncounted", "UPDATE koppeling.integration SET polls = polls + 1"),
    ("job_not_done", ANY_LIVE),
    ("job_not_done",
     ANY_LIVE + "UPDATE koppeling.job SET state = 'failed', last_error_class = 'network', last_error = 'x'"),
    ("job_not_done",
     ANY_LIVE + "UPDATE koppeling.job SET state = 'running', worker_id = (SELECT min(id) FROM koppeling.worker),"
     " lease_token = 1, lease_until = now(), started_at = now()"),
    ("job_torn", ANY_LIVE + "UPDATE koppeling.job SET state = 'running'"),
    ("job_torn", ANY_LIVE + "UPDATE koppeling.job SET lease_token = 7"),
    ("job_torn", ANY_LIVE + "UPDATE koppeling.job SET state = 'failed', last_error = NULL, last_error_class = NULL"),
    ("job_torn", "UPDATE koppeling.job_history SET worker_id = NULL"),
    ("too_many_attempts", ANY_LIVE + "UPDATE koppeling.job SET attempt = 11"),
    ("too_many_attempts", "UPDATE koppeling.job_history SET attempts = 11 WHERE kind = 'ping'"),
    ("labelled_not_marked", "UPDATE koppeling.label SET told_at = NULL"),
    ("labelled_not_marked",
     f"UPDATE koppeling.imported_order SET state = 'label_created', mark_outcome = NULL WHERE id = {A_MARKED}"),
    ("labelled_not_marked", "UPDATE koppeling.imported_order SET mark_outcome = 'not_marked', mark_reason_code = NULL"
     f" WHERE id = {A_MARKED}"),
    ("wrong_patch", "DELETE FROM koppeling.label WHERE shipment_id IS NULL"),
    ("shipment_not_once", "DELETE FROM koppeling.shipment"),
    ("shipment_not_once", "UPDATE koppeling.shipment SET external_id = NULL"),
    ("shipment_not_once", "UPDATE koppeling.shipment SET state = 'created'"),
    ("shipment_not_once", "UPDATE koppeling.shipment SET state = 'failed'"),
    ("wrong_labels", f"DELETE FROM koppeling.label WHERE id = {FIRST_LABEL}"),
    ("wrong_labels", f"UPDATE koppeling.label SET external_id = 'another' WHERE id = {FIRST_LABEL}"),
    ("wrong_labels", "INSERT INTO koppeling.label (shipment_id, order_id, environment, external_id)"
     " SELECT shipment_id, order_id, environment, external_id FROM koppeling.label LIMIT 1"),
    ("wrong_environment",
     "UPDATE koppeling.label SET environment = CASE environment WHEN 'staging' THEN 'production' ELSE 'staging'"
     " END::koppeling.environment WHERE shipment_id IS NOT NULL"),
    ("wrong_environment",
     "UPDATE koppeling.shipment SET environment = CASE environment WHEN 'staging' THEN 'production' ELSE"
     " 'staging' END::koppeling.environment"),
    ("wrong_environment", "UPDATE koppeling.job_history SET shop_environment = 'staging' WHERE kind = 'mark_shipped'"),
    ("wrong_environment",
     "UPDATE koppeling.imported_order SET marked_label_environment = CASE marked_label_environment WHEN 'staging'"
     " THEN 'production' ELSE 'staging' END::koppeling.environment WHERE state = 'marked_shipped'"),
    ("wrong_quote", "DELETE FROM koppeling.quote WHERE service = (SELECT min(service) FROM koppeling.quote)"),
    ("wrong_quote", "UPDATE koppeling.quote SET job_id = 0"),
    ("wrong_quote", "UPDATE koppeling.quote SET job_id = 0 WHERE service = (SELECT min(service) FROM koppeling.quote)"),
    ("wrong_quote", "UPDATE koppeling.job_history SET args = '{\"environment\": \"staging\"}' WHERE kind = 'quote';"
     " UPDATE koppeling.quote SET job_id = 0"),
    ("wrong_tracking", "UPDATE koppeling.label SET tracking_state = 'in_transit' WHERE tracking_state = 'delivered'"),
    ("wrong_tracking", "UPDATE koppeling.label SET track_at = now() WHERE tracking_state = 'delivered'"),
    ("wrong_tracking", "UPDATE koppeling.label SET tracked_at = now() WHERE tracked_at IS NULL"),
    ("wrong_tracking", "UPDATE koppeling.label SET tracking_state = 'delivered' WHERE shipment_id IS NULL"),
    ("pushed_not_once", "UPDATE koppeling.imported_order SET pushed_hash = NULL"),
    ("panel_label_wrong", "DELETE FROM koppeling.label WHERE panel_shipment_id IS NOT NULL"),
    ("panel_label_wrong", "UPDATE koppeling.label SET order_id = order_id + 1 WHERE panel_shipment_id IS NOT NULL"),
    ("panel_label_wrong", "UPDATE koppeling.label SET shipment_id = 1 WHERE panel_shipment_id IS NOT NULL"),
    ("label_pdf_missing", "DELETE FROM koppeling.label_document"),
    ("label_pdf_missing", "UPDATE koppeling.label_document SET content = NULL"),
    ("label_pdf_missing", "UPDATE koppeling.label_document SET content = 'x'"),
    ("acknowledged_lost", "DELETE FROM koppeling.label WHERE shipment_id IS NULL"),
    ("acknowledged_lost", "DELETE FROM koppeling.shipment"),
    ("acknowledged_lost", "DELETE FROM chaos.enqueued WHERE kind = 'ping'"),
    ("shop_not_active", "UPDATE koppeling.integration SET state = 'paused'"),
    ("worker_not_gone", "UPDATE koppeling.worker SET state = 'active'"),
)
# Triggers, keys and checks that would refuse the seeds.
UNGUARD = """
    SET session_replication_role = replica;
    DO $$
    DECLARE
        guard record;
    BEGIN
        FOR guard IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
                     WHERE connamespace IN ('koppeling'::regnamespace, 'chaos'::regnamespace) AND conparentid = 0
                       AND coninhcount = 0
                     ORDER BY contype = 'p' LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', guard.owner, guard.conname);
        END LOOP;
        FOR guard IN SELECT i.indexrelid::regclass AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                     WHERE c.relnamespace = 'koppeling'::regnamespace AND i.indisunique AND NOT c.relispartition LOOP
            EXECUTE format('DROP INDEX IF EXISTS %s', guard.name);
        END LOOP;
        FOR guard IN SELECT a.attrelid::regclass AS owner, a.attname
                     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                     WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p')
                       AND NOT c.relispartition
                       AND a.attnotnull AND a.attnum > 0 AND a.attidentity = '' LOOP
            EXECUTE format('ALTER TABLE %s ALTER %I DROP NOT NULL', guard.owner, guard.attname);
        END LOOP;
    END $$;
    ALTER TABLE koppeling.job ALTER api_id SET DEFAULT 0, ALTER priority SET DEFAULT 1,
        ALTER max_attempts SET DEFAULT 10"""


def some_order(found, test):
    return next(order for orders in found["shops"].values() for order in orders if test(order))


def two_shipments(found):
    found["booked"].append({**found["booked"][0], "id": "another"})


def nobodys_shipment(found):
    found["booked"].append({**found["booked"][0], "id": "another", "reference": "nobody-1"})


def related_to_another(found):
    found["booked"][0]["request"]["related"] = "/shipments/another"


def related_to_a_later(found):
    found["booked"][0]["request"]["related"] = "/shipments/" + found["booked"][-1]["id"]


def shop_forgot(found):
    some_order(found, lambda order: order["patch_count"])["status"] = 3


def never_patched(found):
    some_order(found, lambda order: order["patch_count"])["patch_count"] = 0


def wrong_status(found):
    some_order(found, lambda order: order["patch_count"])["patches"] = [{"status": 6}]


def test_patched(found):
    some_order(found, checker.is_test)["patch_count"] = 1


def test_asked(found):
    found["patched_paths"].append("/v1/orders/T-57")


def pushed_twice(found):
    found["pushed"].append(dict(found["pushed"][0]))


def pushed_unasked(found):
    found["pushed"].append({**found["pushed"][0], "external_id": "00000000-0000-4000-8000-000000000000"})


def moved_unheard(found):
    for shipment in found["booked"]:
        for label in shipment["labels"]:
            label["status"] = "missing"


def note_forgotten(found):
    found["ledger"]["notes"].append(57)


def other_label_there(found):
    found["booked"][0]["labels"][0]["id"] = "another"


def leaked(found):
    found["leaks"].append(("the partner token", "a table"))


def crashed(found):
    found["program_troubles"].append("a worker was ended by signal 11")


ELSEWHERE = (
    ("shipment_not_once", two_shipments), ("shipment_not_once", nobodys_shipment), ("labelled_not_marked", shop_forgot),
    ("wrong_relation", related_to_another), ("wrong_relation", related_to_a_later),
    ("labelled_not_marked", never_patched), ("wrong_patch", wrong_status), ("test_order_touched", test_patched),
    ("test_order_touched", test_asked), ("pushed_not_once", pushed_twice), ("pushed_not_once", pushed_unasked),
    ("wrong_labels", other_label_there), ("wrong_tracking", moved_unheard), ("acknowledged_lost", note_forgotten),
    ("secret_seen", leaked),
    ("program_failed", crashed),
)


def make_calm_work(world):
    """A bit of everything, and nothing is broken."""
    driver = Driver(world, 7)
    driver.start()
    for shop, kind, count in (("shop1", "normal", 6), ("shop2", "normal", 9), ("shop1", "test", 2),
                              ("shop2", "no_address", 2)):
        for number in world.simulator.add(shop, generate=count, kind=kind):
            world.ledger["kinds"][f"{shop}/{number}"] = kind
    deadline = time.monotonic() + 30
    ids = []
    while len(ids) < 15:
        assert time.monotonic() < deadline, "the orders are not imported"
        time.sleep(0.2)
        ids = [row["id"] for row in world.sql("SELECT id FROM koppeling.imported_order ORDER BY integration_id, id")]
    for order_id in (*ids[:3], *ids[6:9]):
        driver.dispatch(order_id)
    for order_id in (ids[0], ids[0], ids[6]):
        driver.dispatch(order_id)
    assert world.sql("SELECT koppeling.request_quote(id) FROM koppeling.imported_order", user="chaos_backend")
    for order_id in (*ids[3:5], *ids[9:11]):
        driver.record_label(order_id)
    for driven, ask in (("panel", driver.make_label_in_panel), ("documents", driver.request_label_pdf)):
        while not world.ledger[driven]:
            assert time.monotonic() < deadline, f"nothing for the {driven}"
            time.sleep(0.2)
            ask()
    assert world.sql("SELECT koppeling.ping(20)", user="chaos_backend")
    world.ledger["pings"] += 20


class CheckerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World("chaos-checker")
        cls.addClassCleanup(cls.world.close)
        make_calm_work(cls.world)
        assert cls.world.settle(60) is not None, "the calm run did not settle"
        cls.facts = cls.world.collect(cls.world.finish())
        session = cls.world.server.session()
        session.run("CREATE DATABASE copy TEMPLATE postgres")
        session.close()
        cls.copy = cls.world.server.session("copy")
        cls.addClassCleanup(cls.copy.close)
        cls.copy.run(UNGUARD)

    def found(self, changed):
        return {name for name, _ in checker.check(changed)}

    def test_a_calm_run_has_no_violation(self):
        self.assertEqual(checker.check(self.facts), [])
        self.assertEqual(checker.check({**copy.deepcopy(self.facts), **facts.read_database(self.copy)}), [])

    def test_violations_in_the_database_are_found(self):
        for rule, seed in IN_DATABASE:
            with self.subTest(rule=rule, seed=seed):
                self.copy.run("BEGIN")
                try:
                    self.copy.run(seed)
                    read = facts.read_database(self.copy)
                finally:
                    self.copy.run("ROLLBACK")
                self.assertIn(rule, self.found({**copy.deepcopy(self.facts), **read}))

    def test_violations_seen_by_the_services_are_found(self):
        for rule, seed in ELSEWHERE:
            with self.subTest(rule=rule, seed=seed.__name__):
                changed = copy.deepcopy(self.facts)
                seed(changed)
                self.assertIn(rule, self.found(changed))

    def test_every_rule_has_a_seeded_violation(self):
        self.assertEqual({rule.__name__ for rule in checker.RULES}, {rule for rule, _ in IN_DATABASE + ELSEWHERE})

    def test_secrets_are_found_in_logs_and_dumps(self):
        secret = self.world.secrets["the partner token"]
        for text in (f"token={secret}", f"\\x{secret.encode().hex()}"):
            self.assertEqual(facts.find_secrets([("a log", text)], self.world.secrets),
                             [("the partner token", "a log")])
        self.assertIn("INSERT INTO koppeling.imported_order", self.world.dump)

    def test_defects_are_found_in_logs(self):
        directory = self.world.directory / "seeded"
        directory.mkdir()
        (directory / "1-worker0.log").write_text(
            'level=info event=x\nlevel=error thread=main event="a job gave up and waits for a person"\n'
            "level=error event=y\n")
        self.assertEqual(list(facts.find_defects(directory)), ["1-worker0.log: level=error event=y"])


class DriverTest(unittest.TestCase):
    def test_every_fault_of_the_simulator_is_armed(self):
        known = re.findall(r'^ +\{"(\w+)", FAULT_', (ROOT / "tests/simulator/fault_kinds.c").read_text(), re.MULTILINE)
        self.assertGreater(len(known), 10)
        self.assertEqual({name for name, _ in driver.ANSWERS + driver.OF_SHOPS + driver.OF_BOOKINGS}, set(known))

    def test_every_trouble_can_be_made(self):
        self.assertEqual([name for name, _ in driver.TROUBLES if not callable(getattr(Driver, name, None))], [])

    def test_a_rule_with_a_violation_makes_a_run_fail(self):
        self.assertEqual([name for name, _ in checker.check({})], ["inconsistent"] * len(checker.RULES))


class GateTest(unittest.TestCase):
    """Through a gate before a server that says everything back."""

    def setUp(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        threading.Thread(target=self.echo, args=(server,), daemon=True).start()
        self.gate = ServiceGate(server.getsockname()[1])
        self.addCleanup(self.gate.close)
        host, port = self.gate.url.removeprefix("http://").split(":")
        self.client = socket.create_connection((host, int(port)), timeout=20)
        self.addCleanup(self.client.close)
        self.assertEqual(self.ask(b"one"), b"one")

    @staticmethod
    def echo(server):
        connection, _ = server.accept()
        with connection:
            while chunk := connection.recv(100):
                connection.sendall(chunk)

    def ask(self, text):
        self.client.sendall(text)
        return self.client.recv(100)

    def hears_nothing(self):
        self.client.settimeout(0.3)
        try:
            return self.client.recv(100) is None
        except TimeoutError:
            return True
        finally:
            self.client.settimeout(20)

    def test_what_is_held_arrives_later(self):
        self.gate.hold()
        self.client.sendall(b"two")
        self.assertTrue(self.hears_nothing())
        self.gate.let_through()
        self.assertEqual(self.client.recv(100), b"two")

    def test_what_is_delayed_takes_longer(self):
        self.gate.delay(0.2)
        started = time.monotonic()
        self.assertEqual(self.ask(b"two"), b"two")
        self.assertGreaterEqual(time.monotonic() - started, 0.4)  # there and back

    def test_what_is_dropped_never_arrives(self):
        self.assertEqual(self.gate.drop(lambda: True), 1)
        self.client.sendall(b"two")
        self.assertTrue(self.hears_nothing())
        self.gate.let_through()
        self.assertEqual(self.client.recv(100), b"")

    def test_what_is_cut_ends(self):
        self.assertEqual(self.gate.cut(lambda: True), 1)
        self.assertEqual(self.client.recv(100), b"")


if __name__ == "__main__":
    unittest.main()
