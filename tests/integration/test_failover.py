"""What a failover looks like from here: servers that stand still, and commits that the next primary may not have.

tests/chaos/failover does it with a real cluster.
"""
import pathlib
import socket
import subprocess
import tempfile

from harness.case import Case, heavy
from harness.programs import ROOT
from harness.gate import DatabaseGate

LISTENING = ("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'koppeling-worker/listener'"
             " AND datname = current_database() AND backend_start > %s::timestamptz")

TICKED = "SELECT FROM koppeling.scheduler WHERE seen_at > now() - interval '3 seconds'"


class SilentServerTest(Case):
    def url(self, directory, user):
        """Two hosts: this one first, then the real one."""
        return f"host={directory},{self.cluster.socket_directory} user={user} dbname={self.database} connect_timeout=2"

    def test_a_host_that_takes_connections_and_says_nothing_is_passed_over(self):
        with tempfile.TemporaryDirectory(dir=self.cluster.socket_directory) as directory, \
                socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(pathlib.Path(directory) / ".s.PGSQL.5432"))
            silent.listen(64)
            scheduler = self.start_scheduler(KOPPELING_DATABASE_URL=self.url(directory, "test_scheduler"))
            worker = self.start_worker(KOPPELING_DATABASE_URL=self.url(directory, "test_worker"))
            self.wait_until(lambda: "event=started" in scheduler.log, "the scheduler starts")
            self.backend.value("SELECT koppeling.ping(5)")
            self.wait_until(lambda: self.jobs("ping") == [], "the worker works")
            self.assertEqual((worker.stop().status, scheduler.stop().status), (0, 0))

    @heavy
    def test_a_server_that_freezes_is_left_for_the_next_one(self):
        self.simulator.shop("shop1")
        shop = self.connect("shop1")
        gate = DatabaseGate(self.cluster.socket_directory)
        self.addCleanup(gate.close)
        scheduler = self.start_scheduler(KOPPELING_DATABASE_URL=self.url(gate.directory, "test_scheduler"))
        worker = self.start_worker(KOPPELING_DATABASE_URL=self.url(gate.directory, "test_worker"))
        self.wait_until(lambda: self.shop(shop)["last_polled_at"] is not None, "they work")
        self.wait_until(lambda: self.db.value(LISTENING, "-infinity") == 1, "the worker listens")
        gate.hold()
        frozen = self.db.value("SELECT clock_timestamp()")
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now() WHERE id = %s", shop)
        self.backend.value("SELECT koppeling.ping(5)")
        self.wait_until(lambda: self.jobs("ping") == [], "the worker goes on elsewhere", seconds=90)
        self.wait_until(lambda: self.db.value("SELECT last_polled_at > %s::timestamptz FROM koppeling.integration",
                                              frozen),
                        "so does the scheduler", seconds=90)
        self.wait_until(lambda: self.db.value(LISTENING, frozen) == 1, "and the listener", seconds=90)
        self.assertTrue(worker.is_running and scheduler.is_running)
        self.assertNotIn("lease", "".join(line for line in worker.log.splitlines() if "level=warning" in line))

    @heavy
    def test_a_server_that_freezes_during_maintenance_is_left_too(self):
        gate = DatabaseGate(self.cluster.socket_directory)
        self.addCleanup(gate.close)
        blocker = self.session()
        blocker.run("BEGIN")
        blocker.run("LOCK TABLE koppeling.job_history_default")
        scheduler = self.start_scheduler(KOPPELING_DATABASE_URL=self.url(gate.directory, "test_scheduler"))
        self.wait_until(lambda: self.db.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                              " AND datname = current_database()") > 0,
                        "the maintenance waits for the lock")
        gate.hold()
        blocker.run("COMMIT")
        self.wait_until(lambda: "cannot tick" in scheduler.log, "the scheduler looks elsewhere", seconds=90)
        self.wait_until(lambda: self.db.rows(TICKED),
                        "it goes on there")
        self.assertTrue(scheduler.is_running)


class UnreplicatedCommitTest(Case):
    """A commit waits for a standby that is not there; whoever cancels the wait turns it into a success."""

    def setUp(self):
        super().setUp()
        self.db.run("SET synchronous_commit = local")
        self.addCleanup(self.end_waiting)

    def set_standby(self, name):
        self.db.run(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        self.db.run("SELECT pg_reload_conf()")
        self.wait_until(lambda: self.db.value("SHOW synchronous_standby_names") == name, "the server knows")

    def end_waiting(self):
        self.set_standby("")

    def waiting(self):
        return self.db.column("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' "
                              "AND usename = 'test_worker'"
                              " AND datname = current_database()")

    def test_a_commit_whose_wait_was_cancelled_counts_as_unknown(self):
        worker = self.start_worker("--threads=1")
        self.set_standby("nobody")
        self.db.value("SELECT koppeling.ping(3)")
        pid, = self.wait_until(self.waiting, "the worker's claim waits for the standby")
        self.db.run("SELECT pg_cancel_backend(%s)", pid)
        self.wait_until(lambda: "it is unknown whether the last transaction was committed" in worker.log,
                        "the worker notices")
        self.assertIn("the commit was not replicated", worker.log)
        self.end_waiting()
        self.wait_until(lambda: self.jobs("ping") == [], "the jobs are done")
        self.assertEqual(len(self.history("ping")), 3)
        self.assertEqual(worker.stop().status, 0)

    @heavy
    def test_a_scheduler_whose_server_was_replaced_without_noticing_looks_for_another(self):
        """Nothing is due, and still it notices that nobody acknowledges what it writes."""
        scheduler = self.start_scheduler()
        self.wait_until(lambda: "event=started" in scheduler.log, "it starts")
        self.set_standby("nobody")
        self.wait_until(lambda: "cannot tick" in scheduler.log, "it does not wait for ever", seconds=90)
        self.end_waiting()
        self.wait_until(lambda: self.db.rows(TICKED),
                        "it ticks", seconds=60)
        self.assertTrue(scheduler.is_running)


class TemplatesTest(Case):
    """The files of deploy/ha; that they work is what tests/chaos/failover shows."""

    def render(self, settings, *node):
        (self.log_directory / "settings").write_text(settings)
        return subprocess.run([ROOT / "deploy/ha/render", self.log_directory / "settings", self.log_directory / "made",
                               *node],
                              stderr=subprocess.PIPE, check=False, text=True)

    def test_a_setting_without_a_value_is_named(self):
        done = self.render((ROOT / "deploy/ha/settings.example").read_text(), "1")
        self.assertEqual(done.returncode, 65)
        self.assertIn("SUPERUSER_PASSWORD has no value", done.stderr)
        self.assertFalse((self.log_directory / "made/patroni.yml").exists())

    def test_all_is_filled_in_and_a_host_may_have_its_own_value(self):
        settings = (ROOT / "deploy/ha/settings.example").read_text()
        settings += "SUPERUSER_PASSWORD=abc\nREPLICATION_PASSWORD=def\nNODE2_POSTGRES_PORT=5999\n"
        for node in ("1", "2", "3", ""):
            done = self.render(settings, *filter(None, [node]))
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            made = {path.name: path for path in (self.log_directory / "made").iterdir()}
            for path in made.values():
                self.assertNotIn("${", path.read_text())
                self.assertEqual(path.stat().st_mode & 0o077, 0, "passwords are for nobody else")
            port = 5999 if node == "2" else 5432
            if node:
                self.assertIn(f"listen: '10.0.0.1{node}:{port}'", made["patroni.yml"].read_text())
        self.assertIn("server db2 10.0.0.12:5999 check port 8008", made["haproxy.cfg"].read_text())
