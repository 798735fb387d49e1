"""Readiness: no when there is work and nothing moves, yes when there is none or when it must wait."""
import time

from harness.case import Case, free_address, heavy

STALL_SECONDS = 5  # the least that can be set


class ReadinessCase(Case):
    def setUp(self):
        super().setUp()
        self.address = free_address()
        self.flags = (f"--metrics-address={self.address}", f"--stall-seconds={STALL_SECONDS}")

    def ready(self, address=None):
        return self.fetch(address or self.address, "/ready")

    def wait_until_not_ready(self, reason):
        self.wait_until(lambda: self.ready()[0] == 503, "it is not ready", 60)
        self.assertIn(reason, self.ready()[1])

    def wait_until_ready(self):
        self.wait_until(lambda: self.ready() == (200, "ready\n"), "it is ready", 60)

    def stays_ready(self, *addresses, seconds=3 * STALL_SECONDS):
        """For much longer than it takes to lose it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for address in addresses or (self.address,):
                self.assertEqual(self.ready(address), (200, "ready\n"))
            time.sleep(0.2)


class WorkerReadinessTest(ReadinessCase):
    def test_jobs_that_are_due_and_cannot_be_taken(self):
        """All that the worker says to the database succeeds, and nothing comes of it."""
        self.backend.value("SELECT koppeling.ping(3)")
        holder = self.session()
        holder.run("BEGIN; SELECT FROM koppeling.job FOR UPDATE")
        self.start_worker(*self.flags)
        self.assertEqual(self.ready()[0], 200)
        self.wait_until_not_ready("work is due, but no job was claimed, answered or ended for")
        self.assertEqual(len(self.jobs("ping")), 3)
        holder.run("ROLLBACK")
        self.wait_until_ready()
        self.wait_until(lambda: len(self.history("ping")) == 3, "the jobs are done")

    def test_a_lock_on_the_table_of_jobs(self):
        self.start_worker(*self.flags)
        holder = self.session()
        holder.run("BEGIN; LOCK koppeling.job IN ACCESS EXCLUSIVE MODE")
        self.wait_until_not_ready("has not exchanged anything with the database for")
        holder.run("ROLLBACK")
        self.wait_until_ready()

    def test_calls_that_all_hang(self):
        for shop in ("shop1", "shop2"):
            self.simulator.shop(shop)
        for integration in self.connect("shop1", "shop2"):
            self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        self.simulator.fault("stall", "mijnwebwinkel", times=1)
        self.start_worker(*self.flags, "--threads=1", "--in-flight=1", "--request-timeout-seconds=300")
        self.wait_until_not_ready("work is due, but no job was claimed, answered or ended for")
        self.simulator.stop()
        self.wait_until_ready()

    def test_a_poll_that_no_scheduler_looks_at(self):
        self.simulator.shop("shop1")
        self.connect("shop1")
        self.start_worker(*self.flags)
        self.assertEqual(self.ready()[0], 200)
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now() - interval '2 days'")
        self.wait_until_not_ready("a poll is overdue for 17")
        self.tick()
        self.wait_until_ready()

    @heavy
    def test_what_must_wait_is_no_reason(self):
        """Nothing to do, a blocked service, a paused shop, jobs of later."""
        self.simulator.shop("shop1")
        integration = self.connect("shop1")
        self.start_worker(*self.flags)
        self.ops.value("SELECT koppeling.block_api('mijnwebwinkel', now() + interval '1 hour')")
        self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        self.db.run("SELECT koppeling.enqueue('ping', run_at => now() + interval '1 hour')")
        self.stays_ready()
        self.assertEqual(len(self.jobs("poll")), 1)

    @heavy
    def test_two_workers_that_share_the_work_are_both_ready(self):
        other = free_address()
        self.start_worker(*self.flags)
        self.start_worker(f"--metrics-address={other}", self.flags[1])
        until = time.monotonic() + 2 * STALL_SECONDS
        while time.monotonic() < until:
            self.backend.value("SELECT koppeling.ping(1)")
            self.stays_ready(self.address, other, seconds=0.1)
        self.wait_until(lambda: self.jobs("ping") == [], "all is done")


class SchedulerReadinessTest(ReadinessCase):
    def start(self):
        self.start_scheduler(*self.flags)
        self.wait_until(lambda: self.is_served() and self.ready()[0] == 200, "it is ready")

    def is_served(self):
        try:
            return bool(self.ready())
        except OSError:
            return False

    def test_a_lock_on_the_table_of_jobs(self):
        self.start()
        holder = self.session("test_dba")
        self.db.run("BEGIN; LOCK koppeling.job IN ACCESS EXCLUSIVE MODE")
        self.wait_until_not_ready(" for ")  # no tick, or a chore fails: whichever is seen first
        self.assertIn("lock timeout", self.logs())
        self.db.run("ROLLBACK")
        self.wait_until_ready()
        done = "SELECT error IS NULL FROM koppeling.chore WHERE name = 'poll'"
        self.wait_until(lambda: holder.value(done), "it is done")

    def test_no_lock_of_another_login_stops_it(self):
        """Every login may take any advisory lock; none is needed."""
        holder = self.session("test_ops")
        holder.run("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('koppeling scheduler tick', 0))")
        self.start()
        self.stays_ready()
