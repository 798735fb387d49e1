"""Results that come too late, since the jobs are somebody else's by then, are counted as refused and nothing else."""
import signal

from harness.case import Case, free_address

ORDERS = 8


class RefusedResultsTest(Case):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_orders(generate=ORDERS)
        self.label_all()
        self.tick()
        self.db.run("UPDATE koppeling.job SET run_at = now()")  # not at the pace of the API
        self.address = free_address()
        self.simulator.settings(latency_ms=1500)

    def counted(self, outcome):
        name = f'koppeling_jobs_ended_total{{outcome="{outcome}"}} '
        lines = self.fetch(self.address, "/metrics")[1].splitlines()
        return int(next(line for line in lines if line.startswith(name))[len(name):])

    def start(self, *flags):
        worker = self.start_worker("--threads=1", f"--metrics-address={self.address}", *flags)
        self.wait_until(lambda: len(self.simulator.requests("shop1")) >= ORDERS, "the calls are under way")
        return worker

    def take_the_jobs_away(self):
        """As a rescue and another worker would have; they run under another token."""
        self.db.run("UPDATE koppeling.job SET lease_token = lease_token + 1 WHERE state = 'running'")

    def check_refused(self):
        self.wait_until(lambda: self.metric(self.address, "koppeling_results_refused_total") == ORDERS,
                        "all results are refused")
        self.assertEqual(self.counted("abandoned"), ORDERS)
        for outcome in ("done", "failed", "released"):
            self.assertEqual(self.counted(outcome), 0, outcome)
        self.assertEqual(self.metric(self.address, "koppeling_jobs_in_flight"), 0)

    def test_late_successes(self):
        self.start()
        self.take_the_jobs_away()
        self.check_refused()
        self.assertEqual(self.marked(), 0)

    def test_late_failures(self):
        self.simulator.fault("status", "shop:shop1", status=500)
        self.start()
        self.take_the_jobs_away()
        self.check_refused()
        self.assertEqual({job["last_error"] for job in self.jobs("mark_shipped")}, {None})

    def test_late_releases(self):
        worker = self.start("--grace-seconds=3")
        self.simulator.settings(latency_ms=60000)
        # The reads have ended, and the calls that follow them will not.
        self.wait_until(lambda: len(self.simulator.requests("shop1", method="PATCH")) == ORDERS,
                        "the marks are under way")
        self.take_the_jobs_away()
        worker.signal(signal.SIGTERM)
        self.wait_until(lambda: "results came too late and were refused" in worker.log, "they are refused")
        self.assertEqual({job["state"] for job in self.jobs("mark_shipped")}, {"running"}, "and left alone")
