"""The base of all integration tests: a database and a simulator of its own for each test."""
import http.client
import os
import re
import shutil
import socket
import subprocess
import unittest

from harness.cluster import Cluster
from harness.programs import BUILD, Program, run_program, wait_until
from harness.simulator import Simulator

LOG_LINES = 60


class Surroundings:
    """What the tests of one process share: a server, a template database and a key pair."""

    current = None

    def __init__(self, name):
        self.directory = BUILD / "test" / "logs" / name
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.cluster = Cluster(name)
        try:
            self.cluster.make_template(self.directory)
            keys = run_program("koppeling-worker", ["keygen"], {}, self.directory / "keygen.log").out
        except BaseException:
            self.cluster.remove()
            raise
        self.public_key, self.secret_key = (line.split(": ")[1] for line in keys.splitlines())

    def remove(self):
        self.cluster.remove()


def seal(token, public_key, shop_host=None):
    """The token as a sealed box, as a back end makes it."""
    bound = ["--for", shop_host] if shop_host else []
    done = subprocess.run([BUILD / "koppeling-worker", "seal", "--public-key", public_key, *bound],
                          input=token, stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.strip()


class Case(unittest.TestCase):
    """Daemons log in with roles that may do what a deployment lets them, and no more."""

    simulator_options = ()
    maxDiff = None

    def setUp(self):
        self.surroundings = Surroundings.current
        self.cluster = self.surroundings.cluster
        self.log_directory = self.surroundings.directory / self._testMethodName[:120]
        self.log_directory.mkdir(exist_ok=True)
        self._programs = 0
        self.database = self.cluster.new_database()
        self.addCleanup(lambda: self.cluster.drop_database(self.database))
        self.db = self.session()
        self.backend = self.session("test_backend")
        self.ops = self.session("test_ops")
        self.simulator = Simulator(self.environment(), self._log_path("simulator"), *self.simulator_options)
        self.addCleanup(self.simulator.stop)

    def session(self, user="postgres"):
        session = self.cluster.session(self.database, user)
        self.addCleanup(session.close)
        return session

    def reconnect(self):
        """New sessions, after the server was restarted."""
        self.db, self.backend, self.ops = self.session(), self.session("test_backend"), self.session("test_ops")

    def environment(self, user="postgres", **settings):
        made = {"PATH": os.environ["PATH"], "KOPPELING_DATABASE_URL": self.cluster.url(self.database, user)}
        made.update({name: value for name, value in settings.items() if value is not None})
        return made

    def worker_environment(self, **settings):
        settings.setdefault("KOPPELING_SECRET_KEY", self.surroundings.secret_key)
        return self.environment("test_worker", **{
            "KOPPELING_MIJNWEBWINKEL_URL": self.simulator.url,
            "KOPPELING_BOEKUWZENDING_URL": self.simulator.url + "/boekuwzending",
            "KOPPELING_BOEKUWZENDING_STAGING_URL": self.simulator.url + "/boekuwzending-staging",
            "KOPPELING_PARTNER_TOKEN": "partner-proef", **settings})

    def _log_path(self, name):
        self._programs += 1
        return self.log_directory / f"{self._programs:02}-{name}.log"

    # The programs.

    def work(self, *flags, seconds=90, **settings):
        """A worker that runs until there is nothing to do."""
        done = run_program("koppeling-worker", ["run", "--until-idle", *flags],
                           self.worker_environment(**settings), self._log_path("worker"), seconds)
        self.assertEqual(done.status, 0, done.log[-3000:])
        return done

    def tick(self, *flags, seconds=90, **settings):
        """A scheduler that looks once for what is due."""
        done = run_program("koppeling-scheduler", ["run", "--once", *flags],
                           self.environment("test_scheduler", **settings), self._log_path("scheduler"), seconds)
        self.assertEqual(done.status, 0, done.log[-3000:])
        return done

    def start_worker(self, *flags, **settings):
        """A worker in the background; it has registered when this returns."""
        program = Program("koppeling-worker", ["run", *flags], self.worker_environment(**settings),
                          self._log_path("worker"))
        self.addCleanup(program.stop, 15)
        wait_until(lambda: "event=registered" in program.log or not program.is_running, "the worker registers")
        self.assertTrue(program.is_running, program.log[-3000:])
        return program

    def start_scheduler(self, *flags, **settings):
        program = Program("koppeling-scheduler", ["run", *flags], self.environment("test_scheduler", **settings),
                          self._log_path("scheduler"))
        self.addCleanup(program.stop, 15)
        return program

    def panel_environment(self, **settings):
        return self.environment("test_panel", **{"KOPPELING_PANEL_INSECURE": "1",
                                                 "KOPPELING_PUBLIC_KEY": self.surroundings.public_key, **settings})

    def start_panel(self, *flags, **settings):
        """The panel in the background; returns the program and the address of its pages."""
        address = settings.setdefault("KOPPELING_PANEL_ADDRESS", "127.0.0.1:0")
        program = Program("koppeling-panel", ["run", *flags], self.panel_environment(**settings),
                          self._log_path("panel"))
        self.addCleanup(program.stop, 15)
        found = wait_until(lambda: re.search(r'event="serving pages".* port=(\d+)', program.log)
                           or not program.is_running, "the panel serves pages")
        self.assertTrue(program.is_running, program.log[-3000:])
        return program, f"{address.rsplit(':', 1)[0]}:{found.group(1)}"

    def add_person(self, login, role="merchant", account=1, language="en", password="een goed wachtwoord"):
        """Somebody who can sign in to the panel."""
        of_account = ["--account", str(account)] if account is not None else []
        done = subprocess.run([BUILD / "koppeling-panel", "add-user", login, "--role", role, *of_account,
                               "--language", language], input=password + "\n", env=self.panel_environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def program(self, name, *arguments, environment=None, seconds=30):
        """Any program, to its end."""
        return run_program(name, list(arguments), self.environment() if environment is None else environment,
                           self._log_path(name), seconds)

    # What the back end does.

    def seal(self, token, shop_host=None):
        return seal(token, self.surroundings.public_key, shop_host)

    def request_connection(self, shop="shop1", url=None, token=None, from_address=1, sealed=None):
        """Calls connect_shop() as the back end does, and returns the integration's id."""
        host = f"{shop}.myonline.store"
        sealed = sealed or self.seal(token or f"token-{shop}", host)
        return self.backend.value("SELECT koppeling.connect_shop(%s, decode(%s, 'base64'), %s)",
                                  host if url is None else url, sealed, from_address)

    def connect(self, *shops):
        """Connects shops of the simulator; returns their ids, or the id when it is one."""
        ids = [self.request_connection(shop) for shop in shops]
        self.work()
        for shop in ids:
            self.assertEqual(self.shop(shop)["state"], "active", self.shop(shop))
        return ids[0] if len(ids) == 1 else ids

    def connect_with_orders(self, shop="shop1", **what):
        """A connected shop whose orders are imported; returns its id."""
        self.simulator.shop(shop)
        integration = self.connect(shop)
        self.simulator.add(shop, **what)
        self.poll()
        return integration

    def poll(self):
        """Polls what is due: all shops that were just connected."""
        self.tick()
        return self.work()

    def poll_again(self, integration):
        self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        return self.work()

    def label(self, order_id, external_id=None, environment="production", waybill="3SPROEF1"):
        """Records a label as a back end does that makes its own; returns its id."""
        return self.backend.value("SELECT koppeling.record_label(%s, %s, %s, %s, %s)", order_id, environment,
                                  external_id or f"label-{order_id}", waybill, "https://volg.example/3SPROEF1")

    def label_all(self, environment="production"):
        """Records a label for every order that has none."""
        self.backend.run("SELECT koppeling.record_label(id, %s, 'L-' || id, '3SPROEF', NULL)"
                         " FROM koppeling.imported_order WHERE state = 'open' ORDER BY id", environment)

    def mark(self):
        """Tells the shops of the labels that there are."""
        self.tick()
        return self.work()

    # What became of it.

    def shop(self, integration):
        return self.db.row("SELECT * FROM koppeling.integration WHERE id = %s", integration)

    def order(self, number):
        return self.db.row("SELECT * FROM koppeling.imported_order WHERE order_number = %s", str(number))

    def order_ids(self):
        return self.db.column("SELECT id FROM koppeling.imported_order ORDER BY id")

    def imported(self, integration):
        """The numbers of the orders that were imported, sorted."""
        return sorted(self.db.column(
            "SELECT order_number FROM koppeling.imported_order WHERE integration_id = %s", integration))

    def marked(self, integration=None):
        """How many orders are marked shipped."""
        return self.db.value("SELECT count(*) FROM koppeling.imported_order WHERE state = 'marked_shipped'"
                             " AND (%s::bigint IS NULL OR integration_id = %s)", integration, integration)

    def skipped(self, integration):
        return {row["order_number"]: row["reason_code"] for row in self.db.rows(
            "SELECT * FROM koppeling.skipped_order WHERE integration_id = %s", integration)}

    def jobs(self, kind=None):
        return self.db.rows("SELECT * FROM koppeling.job WHERE %s::text IS NULL OR kind = %s ORDER BY id", kind, kind)

    def history(self, kind):
        return self.db.rows("SELECT * FROM koppeling.job_history WHERE kind = %s ORDER BY finished_at, id", kind)

    def wait_until(self, condition, what, seconds=30):
        return wait_until(condition, what, seconds)

    def fetch(self, address, path):
        """Status and text of a page of a program's metrics server."""
        host, port = address.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def metric(self, address, name):
        """The sum of a metric over its labels; it appears when it first counts something."""
        values = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", self.fetch(address, "/metrics")[1], re.MULTILINE)
        return sum(float(value) for value in values)

    def logs(self):
        """Everything that the programs of this test wrote."""
        paths = [path for path in sorted(self.log_directory.iterdir()) if path.suffix in (".log", ".out")]
        return "\n".join(path.read_text(errors="replace") for path in paths)

    def troubles(self):
        """The ends of the logs, for beside the traceback."""
        lines = []
        for path in sorted(self.log_directory.glob("*.log")):
            tail = path.read_text(errors="replace").splitlines()[-LOG_LINES:]
            lines += [f"--- {path.name}", *tail] if tail else []
        return "\n".join(lines)


def free_address():
    """A loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def heavy(test):
    """Marks a test that takes long, so that it starts early."""
    test.is_heavy = True
    return test
