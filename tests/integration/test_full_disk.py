"""The database's disk is full: what is said, and that all goes on when there is room again."""
import copy
import datetime
import re

from harness.case import Case, Surroundings, heavy
from harness.durable import DurableCluster
from harness.programs import Program

UNAVAILABLE = 69
REFUSED = re.compile(r'^time=(\S+) .*thread=worker0 event="the database refused a batch".* sqlstate=53100 .*No space '
                     r'left', re.MULTILINE)
JOBS = 20000  # their history needs more room than the files have left


class FullDiskTest(Case):
    """With a server of its own."""

    def setUp(self):
        shared = Surroundings.current
        cluster = DurableCluster(f"{shared.directory.name}-disk")
        self.addCleanup(cluster.remove)
        if not cluster.has_disk:
            self.skipTest("a tmpfs can be mounted by root only")
        cluster.make_template(shared.directory)
        Surroundings.current = copy.copy(shared)
        Surroundings.current.cluster = cluster
        try:
            super().setUp()
        finally:
            Surroundings.current = shared

    @heavy
    def test_work_waits_for_room_and_is_done_once(self):
        worker = self.start_worker()
        holder = self.session()
        holder.run("BEGIN; LOCK koppeling.job IN SHARE ROW EXCLUSIVE MODE")  # nothing is claimed until the disk is full
        holder.value("SELECT koppeling.ping(%s)", JOBS)
        self.cluster.fill_disk()
        holder.run("COMMIT")
        self.wait_until(lambda: "No space left on device" in worker.log or "it is unknown whether" in worker.log,
                        "there is no room", 60)
        self.assertTrue(worker.is_running)
        self.cluster.free_disk()
        self.cluster.ensure_up()
        self.reconnect()
        self.wait_until(lambda: self.jobs() == [], "all is done", 90)
        self.assertEqual(self.db.row("SELECT count(*) AS rows, count(DISTINCT id) AS jobs FROM koppeling.job_history"),
                         {"rows": JOBS, "jobs": JOBS})
        self.assertEqual(worker.stop().status, 0)
        self.assertNotIn("level=error", worker.log)

    @heavy
    def test_a_worker_that_starts_then_waits_with_patience(self):
        """It once tried again 20 times a second, and filled the logs."""
        self.backend.value("SELECT koppeling.ping(5)")
        self.cluster.fill_disk()
        worker = Program("koppeling-worker", ["run"], self.worker_environment(), self._log_path("worker"))
        self.addCleanup(worker.kill)
        self.wait_until(lambda: len(REFUSED.findall(worker.log)) >= 7, "it was refused again and again", 60)
        times = [datetime.datetime.fromisoformat(text[:-1]) for text in REFUSED.findall(worker.log)]
        self.assertGreater((times[6] - times[5]).total_seconds(), 1)
        self.cluster.free_disk()
        self.wait_until(lambda: len(self.history("ping")) == 5, "all is done", 60)
        self.assertEqual(worker.stop().status, 0)

    def test_a_migration_that_finds_no_room_can_be_repeated(self):
        self.db.run("DROP SCHEMA koppeling CASCADE")
        self.db.run("CHECKPOINT")
        self.cluster.fill_disk()
        done = self.program("koppeling-scheduler", "migrate")
        self.assertEqual(done.status, UNAVAILABLE, done.log)
        self.assertIn("cannot ", done.log)
        self.cluster.free_disk()
        self.cluster.ensure_up()
        self.reconnect()
        self.assertEqual(self.program("koppeling-scheduler", "migrate").status, 0)
        self.work()
