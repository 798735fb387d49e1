"""Tokens and personal data stay where they belong."""
import json
import os
import re
import resource
import signal
import subprocess
import tempfile
import threading
import uuid

from harness.booking import BookingCase
from harness.case import free_address, seal
from harness.leaks import forms, leaks, process_list
from harness.orders import address, order
from harness.programs import BUILD, SANITIZERS, wait_until

# With characters that look otherwise in a URL and in JSON; too short to be taken for tokens by their look.
TOKEN = "kanarietoken/7f+3a91"
PARTNER = "kanariepartner/52+c"
CLIENT = "kanarieclient/61+fe"
BEARER = "kanariebearer/9b+04"
PERSON = {"name": "Kanarie van der Proef", "street": "Kanariestraat", "city": "Kanariestad", "phone": "0687654321",
          "zipcode": "9876KA"}
EMAIL = "kanarie.proef@example.org"
TRACES = re.compile(r"kanarie(?!token|partner|client|bearer)|0687654321|\+31687654321|9876 ?KA", re.IGNORECASE)


class SecretsTest(BookingCase):
    """Everything that can go wrong goes wrong once, with tokens and people that are easy to recognise."""

    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1", token=TOKEN)
        self.simulator.settings(partner_token=PARTNER)
        self.simulator.control("POST", "/accounts", {"client_id": "client", "client_secret": CLIENT})
        self.give_credentials(CLIENT)
        self.secrets = {"KOPPELING_PARTNER_TOKEN": PARTNER}
        kanarie = order(number="70001", comments={"customer": "Kanarie zingt", "internal": "kanarie"})
        kanarie["debtor"] = {"email": EMAIL, "address": {"invoice": address(**PERSON), "delivery": address(**PERSON)}}
        homeless = {**kanarie, "number": "70002",
                    "debtor": {"email": EMAIL, "address": {"invoice": {"name": PERSON["name"]}}},
                    "uuid": "2" * 8 + "-2222-4222-8222-" + "2" * 12}
        self.simulator.add("shop1", orders=[kanarie, homeless])
        self.simulator.add("shop1", raw='{"number": "70003", "uuid": "kanarie", "status": 3, "debtor": "kanarie"}',
                           status=3)
        self.simulator.add("shop1", raw='{"kanarie": "kanarie",}', status=3)
        self.integration = self.request_connection(token=TOKEN)

    def run_into_everything(self):
        self.worker_log = self.work("--log-level=debug", **self.secrets).log
        said = "Kanarie van der Proef"
        answers = (
            ("malformed", {}), ("truncated", {}), ("reset", {}),
            ("html", {"body": f"<p>{said}</p>"}),
            ("status", {"status": 200, "body": json.dumps({"name": said})}),
            ("status", {"status": 302, "location": f"https://elders.example/?token={TOKEN}"}),
            # Answers that echo what they were asked with.
            ("status", {"status": 500, "body": json.dumps({"title": f"bad token={TOKEN}"})}),
            ("status", {"status": 500, "body": json.dumps({"title": f"bad query {forms(TOKEN)['percent-encoded']}"})}),
            ("status", {"status": 500, "body": json.dumps({"title": f"the token {TOKEN} is bad"})}),
            ("status", {"status": 503, "body": json.dumps({"title": "No.", "detail": f"({PARTNER})"})}),
            ("status", {"status": 400, "body": json.dumps({"title": f"the name '{said}' is bad", "detail": EMAIL})}))
        for fault, settings in answers:
            self.simulator.fault(fault, "shop:shop1", times=1, **settings)
            self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
            self.work("--log-level=debug", **self.secrets)
        # Also a refused connection, with an address that curl will complain about.
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.work("--log-level=debug", KOPPELING_MIJNWEBWINKEL_URL="http://127.0.0.1:1", **self.secrets)
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.work("--log-level=debug", "--log-format=json", **self.secrets)
        self.assertEqual(self.imported(self.integration), ["70001"])
        # The database refuses a write with that person in it.
        self.db.run("ALTER TABLE koppeling.imported_order ADD CONSTRAINT refuse_all CHECK (state <> 'marked_shipped')")
        self.label(self.order(70001)["id"])
        self.tick()
        self.work("--log-level=debug", **self.secrets)
        self.assertEqual([job["state"] for job in self.jobs("mark_shipped")], ["failed"])
        self.simulator.shop("shop1", token_is_active=False)
        self.db.run("UPDATE koppeling.job SET state = 'queued'")
        self.work("--log-level=debug", **self.secrets)
        self.assertEqual(self.shop(self.integration)["state"], "needs_attention")

    def dump(self, *flags):
        """The data of the database as text."""
        return subprocess.run(["pg_dump", "--data-only", "--inserts", *flags,
                               self.cluster.url(self.database, "postgres")],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout

    def run_into_bookings(self):
        """Booked with a bearer token that is refused, echoed back, and then a good one; refused credentials too."""
        self.simulator.control("POST", "/accounts", {"client_id": "client", "client_secret": CLIENT})
        booking = {"path_contains": "/shipments", "times": 1}
        asking = {"method": "POST", "path_contains": "/token", "times": 1}
        shipment = self.dispatch(70001)
        for status in (400, 401, 500):
            self.simulator.fault("status", "boekuwzending", status=status, body=json.dumps(
                {"error": f"bad secret {CLIENT} of client", "error_description": f"client_secret={CLIENT}"}), **asking)
            self.db.run("UPDATE koppeling.job SET state = 'queued', run_at = now()")
            self.work("--log-level=debug", **self.secrets)
            self.know_credentials()
        self.simulator.clear_faults()
        self.simulator.fault("status", "boekuwzending", status=200, body=json.dumps(
            {"token_type": "Bearer", "expires_in": 3600, "access_token": BEARER}), **asking)
        self.simulator.fault("status", "boekuwzending", status=503, body=json.dumps(
            {"title": f"bad bearer {BEARER}", "detail": f"the token: {BEARER}"}), **booking)
        self.db.run("UPDATE koppeling.job SET state = 'queued', run_at = now()")
        self.retry_until_done()
        self.assertEqual(self.shipment(shipment)["state"], "labelled", self.shipment(shipment))

    def watch_activity(self, done):
        """What the database is asked, as its administrator sees it, until `done` is set."""
        watcher, seen = self.session(), set()
        while not done.is_set():
            seen.update(watcher.column("SELECT concat_ws(' ', application_name, query) FROM pg_stat_activity"))
            done.wait(0.02)
        self.activity = "\n".join(seen)

    def gather(self):
        """Runs into everything, and collects all that it leaves behind: {place: text}."""
        # As talkative as a server can be.
        for setting in ("log_statement = 'all'", "log_min_duration_statement = 0", "log_parameter_max_length = -1",
                        "log_parameter_max_length_on_error = -1", "log_error_verbosity = 'verbose'"):
            self.db.run(f"ALTER DATABASE {self.database} SET {setting}")
        address, done = free_address(), threading.Event()
        watching = threading.Thread(target=self.watch_activity, args=(done,))
        watching.start()
        try:
            self.run_into_everything()
            self.simulator.shop("shop1", token_is_active=True)
            self.run_into_bookings()
            worker = self.start_worker("--log-level=debug", f"--metrics-address={address}", **self.secrets)
            self.backend.value("SELECT koppeling.replace_token(%s, decode(%s, 'base64'))", self.integration,
                               seal(TOKEN, self.surroundings.public_key))
            self.wait_until(lambda: self.shop(self.integration)["state"] == "active", "the shop is connected again")
            pages = "\n".join(self.fetch(address, page)[1] for page in ("/metrics", "/live", "/ready"))
            processes = process_list()
            worker.stop()
        finally:
            done.set()
            watching.join()
        whole = subprocess.run(["pg_dump", self.cluster.url(self.database, "postgres")], stdout=subprocess.PIPE,
                               check=True)
        return {"logs": self.logs(), "rows": self.dump(), "dump": whole.stdout.decode(), "metrics": pages,
                "server log": self.cluster.server_log.read_text(errors="replace"),
                "process list": processes, "pg_stat_activity": self.activity}

    def test_a_token_stands_in_no_log_table_metric_or_process_list(self):
        places = self.gather()
        secrets = {"token": TOKEN, "partner token": PARTNER, "client secret": CLIENT, "bearer token": BEARER,
                   "secret key": self.surroundings.secret_key}
        self.assertEqual(leaks(secrets, places), [])
        # There was something to look at, and the echoes were recorded without the secrets.
        for place, words in {"logs": "cannot list the orders", "rows": "Kanariestraat",
                             "dump": "CREATE TABLE koppeling.job ",
                             "metrics": "koppeling_jobs_ended_total", "server log": "connect_shop",
                             "process list": "koppeling-worker", "pg_stat_activity": "koppeling-worker"}.items():
            self.assertTrue(words in places[place], place)
        for secret in (TOKEN, PARTNER, BEARER):
            self.assertTrue(" " + "." * len(secret) in places["rows"], secret)
        self.assertTrue(" " + "." * len(CLIENT) in places["logs"])

    def test_a_secret_that_leaks_is_found(self):
        """In each form, and in each place. A secret of its own: the process list is that of all tests."""
        for secret in (TOKEN, PARTNER, CLIENT, BEARER, self.surroundings.secret_key):
            for form, text in forms(secret).items():
                self.assertIn(("it", form, "there"), leaks({"it": secret}, {"there": f"a=1 {text} b=2"}))
        planted = f"geplant/{uuid.uuid4().hex}"
        self.db.run(f"ALTER DATABASE {self.database} SET log_statement = 'all'")
        self.session().run("INSERT INTO koppeling.audit (action, subject, details) VALUES ('x', 'y', %s)",
                           {"token": planted})
        (self.log_directory / "99-planted.log").write_text(f"url=/v1/store?token={forms(planted)['percent-encoded']}")
        process = subprocess.Popen(["sh", "-c", "read line; : $0", planted], stdin=subprocess.PIPE)
        try:
            places = {"logs": self.logs(), "rows": self.dump(), "process list": process_list(),
                      "server log": self.cluster.server_log.read_text(errors="replace")}
        finally:
            process.communicate(b"\n")
        self.assertEqual({place for _, _, place in leaks({"planted": planted}, places)}, set(places))

    def test_personal_data_stands_with_the_orders_and_nowhere_else(self):
        self.run_into_everything()
        elsewhere = self.dump("--exclude-table=koppeling.imported_order", "--exclude-table=koppeling.order_line")
        self.assertIn("INSERT INTO koppeling.job_history", elsewhere)
        self.assertIn("INSERT INTO koppeling.skipped_order", elsewhere)
        for text in (elsewhere, self.logs()):
            self.assertEqual([line[:300] for line in text.splitlines() if TRACES.search(line)], [])

    def test_a_token_stands_in_no_process_list_and_no_environment(self):
        self.simulator.settings(latency_ms=1500)
        worker = self.start_worker(KOPPELING_PARTNER_TOKEN=PARTNER)
        scheduler = self.start_scheduler()
        self.wait_until(lambda: self.simulator.requests(), "a call is under way")
        for program in (worker, scheduler):
            for name in ("cmdline", "environ"):
                text = self.read_of(program, name)
                for secret in (TOKEN, PARTNER, self.surroundings.secret_key):
                    self.assertNotIn(secret.encode(), text, (name, secret))
        self.assertIn(b"run", open(f"/proc/{worker.pid}/cmdline", "rb").read())

    def read_of(self, program, name):
        """A file of /proc about it. What may not be dumped is for root to read, so others find no secret there."""
        try:
            with open(f"/proc/{program.pid}/{name}", "rb") as file:
                return file.read()
        except PermissionError:
            self.assertNotEqual(os.geteuid(), 0)
            return b""

    def die(self, number, command, directory, **settings):
        """Starts a program where core files are welcome and kills it; tells whether one was written."""
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        path = os.path.join(directory, "log")
        with open(path, "wb") as log:
            process = subprocess.Popen(command, cwd=directory, stdin=subprocess.PIPE, stderr=log,
                                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, unlimited),
                                       **settings)
        with process:
            try:
                wait_until(lambda: b"registered" in open(path, "rb").read(), "it works")
                # Even when somebody who may do so allows it again.
                subprocess.run(["prlimit", f"--pid={process.pid}", "--core=unlimited"], stderr=subprocess.DEVNULL)
                process.send_signal(number)
                end = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            finally:
                process.kill()
        # A sanitizer takes some signals and ends with its own code (tests/analysis/sanitized).
        self.assertIn(end.si_status, (number, 1, 66) if SANITIZERS else (number,))
        return end.si_code == os.CLD_DUMPED

    def test_a_worker_that_crashes_leaves_no_core_file(self):
        try:
            resource.prlimit(os.getpid(), resource.RLIMIT_CORE,
                             (resource.getrlimit(resource.RLIMIT_CORE)[0], resource.RLIM_INFINITY))
        except (PermissionError, ValueError):
            self.skipTest("core files are forbidden here in any case")
        environment = self.worker_environment(**self.secrets)
        for number in (signal.SIGABRT, signal.SIGSEGV):
            with self.subTest(signal=number), tempfile.TemporaryDirectory() as directory:
                self.assertFalse(self.die(number, [BUILD / "koppeling-worker", "run"], directory, env=environment))
                self.assertEqual(os.listdir(directory), ["log"])
                # Another program does leave one, unless this machine forbids it.
                talks = ["sh", "-c", "echo registered >&2; read line"]
                if self.die(number, talks, directory) and open("/proc/sys/kernel/core_pattern").read()[0] not in "|/":
                    self.assertGreater(len(os.listdir(directory)), 1)

    def test_a_worker_may_not_be_dumped_or_read(self):
        worker = self.start_worker()
        with open(f"/proc/{worker.pid}/limits") as file:
            limit = next(line for line in file if line.startswith("Max core file size"))
        self.assertEqual(limit.split()[4:6], ["0", "0"])
        # A process that may not be dumped belongs to root, whoever runs it.
        self.assertEqual(os.stat(f"/proc/{worker.pid}/environ").st_uid, 0)

    def test_secrets_may_come_from_files(self):
        paths = {}
        for name, value in (("KOPPELING_SECRET_KEY", self.surroundings.secret_key),
                            ("KOPPELING_PARTNER_TOKEN", PARTNER)):
            paths[name + "_FILE"] = str(self.log_directory / name.lower())
            with open(paths[name + "_FILE"], "w") as file:
                file.write(value + "\n")
        self.work(KOPPELING_SECRET_KEY=None, KOPPELING_PARTNER_TOKEN=None, **paths)
        self.assertEqual(self.shop(self.integration)["state"], "active")

    def test_the_simulator_saw_the_tokens_that_nobody_else_may_see(self):
        self.work(**self.secrets)
        self.assertEqual(self.shop(self.integration)["state"], "active")
        self.assertEqual({request["status"] for request in self.simulator.requests()}, {200})
