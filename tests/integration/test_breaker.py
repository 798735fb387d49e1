"""When the API is down for everybody, it is left alone for a while; the jobs are not to blame."""
from harness.case import Case


class BreakerTest(Case):
    def setUp(self):
        super().setUp()
        names = [f"shop{number}" for number in range(1, 6)]
        for name in names:
            self.simulator.shop(name)
            self.simulator.add(name, generate=3)
        self.shops = self.connect(*names)
        self.db.run("UPDATE koppeling.api SET breaker_limit = 6, breaker_pause = '1 minute'")

    def api(self):
        return self.db.row("SELECT * FROM koppeling.api WHERE name = 'mijnwebwinkel'")

    def go_down(self):
        """The API fails for all shops until its breaker is open."""
        self.simulator.fault("status", "mijnwebwinkel", status=500)
        self.tick()
        self.work()
        api = self.api()
        self.assertEqual((api["breaker_state"], self.db.value("SELECT %s::timestamptz > now()", api["blocked_until"])),
                         ("open", True), api)
        return len(self.simulator.requests())

    def test_an_api_that_fails_for_all_shops_is_left_alone(self):
        asked = self.go_down()
        self.assertLessEqual(asked, 2 * len(self.shops) + 15)
        self.work()
        self.assertEqual(len(self.simulator.requests()), asked)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.job WHERE state = 'queued'"), len(self.shops))
        self.assertTrue(self.api()["block_reason"])
        self.assertEqual(self.db.value("SELECT blocked_apis FROM koppeling.queue_health"), 1)

    def test_what_was_under_way_when_it_opened_does_not_open_it_again(self):
        self.db.run("UPDATE koppeling.api SET breaker_limit = 3")
        self.simulator.fault("status", "shop:shop5", status=503, ms=1500)
        self.simulator.fault("status", "mijnwebwinkel", status=503)
        self.tick()
        self.work()
        api = self.api()
        self.assertEqual((api["breaker_state"], api["breaker_trips"]), ("open", 1), api)
        self.assertEqual([job["attempt"] for job in self.jobs() if job["integration_id"] == self.shops[4]], [0])

    def test_after_the_block_one_job_looks_whether_it_is_up_again(self):
        asked = self.go_down()
        self.db.run("UPDATE koppeling.api SET blocked_until = now()")
        self.work()
        self.assertEqual(len(self.simulator.requests()), asked + 1)
        self.assertEqual(self.api()["breaker_state"], "open")

    def test_when_the_api_is_up_again_everything_goes_on(self):
        self.go_down()
        self.simulator.clear_faults()
        self.db.run("UPDATE koppeling.api SET blocked_until = now()")
        worker = self.start_worker()
        self.wait_until(lambda: self.jobs() == [], "all shops are polled")
        worker.stop()
        self.assertEqual(self.api()["breaker_state"], "closed")
        self.assertEqual(len(self.order_ids()), 15)

    def test_while_it_hangs_a_job_looks_again_and_again_and_then_all_goes_on(self):
        asked = self.go_down()
        self.db.run("UPDATE koppeling.api SET breaker_pause = '1 second', blocked_until = now()")
        self.db.run("UPDATE koppeling.job SET run_at = now() WHERE state = 'queued'")
        self.simulator.clear_faults()
        self.simulator.fault("stall", "mijnwebwinkel")
        worker = self.start_worker()
        self.wait_until(lambda: len(self.simulator.requests()) >= asked + 3, "three look, though none got an answer")
        self.assertEqual(self.api()["breaker_state"], "half_open")
        self.simulator.clear_faults()
        self.wait_until(lambda: len(self.order_ids()) >= 3 or self.errors_late(), "another is polled")
        self.assertEqual(self.errors_late(), 0, "before those that hang have given up")
        self.assertEqual(self.api()["breaker_state"], "closed")
        worker.kill()

    def errors_late(self):
        """Attempts that gave up."""
        return self.db.value("SELECT count(*) FROM koppeling.job WHERE last_error_class = 'timeout'")

    def test_one_broken_shop_does_not_stop_the_others(self):
        self.simulator.fault("status", "shop:shop1", status=500)
        self.tick()
        self.work()
        self.assertEqual(self.api()["breaker_state"], "closed")
        self.assertEqual(len(self.order_ids()), 12)

    def test_ops_can_lift_the_block(self):
        self.go_down()
        self.simulator.clear_faults()
        self.ops.run("SELECT koppeling.block_api('mijnwebwinkel', NULL)")
        self.work()
        self.assertEqual((self.api()["breaker_state"], self.jobs()), ("closed", []))
