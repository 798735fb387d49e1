"""The clock of the database server was a day ahead for a moment and was set back: what it left behind keeps nobody
waiting. The programs work as ever; the times are moved in the tables, which is all that such a clock leaves."""
from harness.case import Case


class ClockTest(Case):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_orders(generate=3)

    def day_ahead(self, table, *columns):
        self.db.run(f"UPDATE koppeling.{table} SET " + ", ".join(f"{c} = {c} + interval '1 day'" for c in columns))

    def test_polls_go_on(self):
        self.day_ahead("integration", "next_poll_at", "last_polled_at", "pace_at")
        self.simulator.add("shop1", generate=2)
        self.db.run("UPDATE koppeling.integration SET poll_interval = '1 second'")
        self.day_ahead("integration", "next_poll_at")  # which follows the interval at once
        self.assertIn("the clock of the database was set back", self.tick().log)
        self.wait_until(lambda: self.tick() and self.work() and len(self.imported(self.integration)) == 5,
                        "the shop is polled again", 15)

    def test_the_jobs_of_a_dead_worker_are_returned(self):
        self.label_all()
        self.tick()
        self.simulator.settings(latency_ms=3000)
        worker = self.start_worker("--lease-seconds=5")
        self.wait_until(lambda: len(self.simulator.requests("shop1", path_contains="/v1/orders/")) >= 3, "it works")
        worker.kill()
        self.day_ahead("worker", "seen_at", "lease_until", "started_at")
        self.day_ahead("job", "created_at", "started_at", "run_at", "lease_until")
        self.wait_until(lambda: self.tick() and {job["state"] for job in self.jobs("mark_shipped")} == {"queued"},
                        "its jobs are queued again when its lease would have lapsed", 30)
        self.simulator.settings(latency_ms=0)
        self.wait_until(lambda: self.work() and self.marked() == 3, "and done")

    def test_a_breaker_is_probed(self):
        self.db.run("UPDATE koppeling.api SET breaker_state = 'open', blocked_until = now() + interval '1 day' "
                    "WHERE name = 'mijnwebwinkel'")
        self.tick()
        self.assertLess(self.db.value("SELECT extract(epoch FROM blocked_until - now())::float8 FROM koppeling.api "
                                      "WHERE name = 'mijnwebwinkel'"), 61)
