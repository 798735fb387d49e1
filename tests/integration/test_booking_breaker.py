"""Boekuwzending is down: its breaker opens, one job at a time looks whether it is back, and no job is to blame."""
from harness.booking import SERVICE, BookingCase
from harness.orders import order

LIMIT = 6


class BookingBreakerTest(BookingCase):
    def setUp(self):
        super().setUp()
        names = [f"shop{number}" for number in range(1, 5)]
        for place, name in enumerate(names):
            self.simulator.shop(name)
            self.simulator.add(name, orders=[order(number=str(70001 + 10 * place + i)) for i in range(5)])
        self.connect(*names)
        self.poll()
        self.db.run("UPDATE koppeling.api SET breaker_limit = %s, breaker_pause = '1 minute'", LIMIT)

    def api(self, api_id=2):
        return self.db.row("SELECT *, blocked_until > now() AS is_blocked,"
                           " extract(epoch FROM blocked_until - now())::float8 AS blocked_s FROM koppeling.api "
                           "WHERE id = %s", api_id)

    def dispatch_all(self):
        return self.backend.column("SELECT koppeling.dispatch_order(%s::bigint[], %s)", self.order_ids(), SERVICE)

    def asked(self):
        return len(self.simulator.requests(path_contains="/boekuwzending/"))

    def go_down(self):
        """The service fails until its breaker is open, with 20 shipments waiting."""
        self.simulator.fault("reset", "boekuwzending")
        self.dispatch_all()
        self.work("--threads=1", "--in-flight=4")
        self.assertEqual((self.api()["breaker_state"], self.api()["is_blocked"]), ("open", True), self.api())

    def end_block(self):
        self.db.run("UPDATE koppeling.api SET blocked_until = now() WHERE id = 2")

    def test_the_breaker_opens_and_attempts_are_not_burnt(self):
        self.go_down()
        asked = self.asked()
        api = self.api()
        self.assertIn("breaker: ", api["block_reason"])
        self.assertLess(api["blocked_s"], 61)
        self.hasten()
        self.work()
        self.assertEqual(self.asked(), asked, "it is left alone")
        attempts = self.db.column("SELECT attempt FROM koppeling.job WHERE kind = 'create_shipment' ORDER BY 1")
        self.assertEqual(len(attempts), 20)
        self.assertLessEqual(sum(attempts), 2 * LIMIT + 4, "only those before it was known to be down")
        self.assertEqual({job["state"] for job in self.jobs("create_shipment")}, {"queued"})
        self.assertEqual([self.api(other)["breaker_state"] for other in (1, 3)], ["closed", "closed"])

    def test_one_probe_at_a_time_whoever_looks(self):
        self.go_down()
        before = sum(self.db.column("SELECT attempt FROM koppeling.job"))
        self.simulator.clear_faults()
        self.simulator.fault("status", "boekuwzending", status=503, ms=1000)
        self.hasten()
        asked = self.asked()
        self.end_block()
        workers = [self.start_worker() for _ in range(2)]
        self.wait_until(lambda: self.asked() == asked + 1, "a probe is under way")
        self.assertEqual(self.api()["breaker_state"], "half_open")
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.running_job"), 1)
        self.wait_until(lambda: self.api()["breaker_state"] == "open", "the probe fails")
        for worker in workers:
            worker.stop()
        self.assertEqual(self.asked(), asked + 1)
        api = self.api()
        self.assertEqual(api["breaker_trips"], 2)
        self.assertGreater(api["blocked_s"], 30, "the next one goes a pause after the last one")
        self.assertEqual(sum(self.db.column("SELECT attempt FROM koppeling.job")), before,
                         "a probe that fails is no attempt")

    def test_after_the_recovery_everything_is_booked_once(self):
        self.go_down()
        self.simulator.clear_faults()
        self.age_requests()
        self.hasten()
        self.end_block()
        worker = self.start_worker()
        self.wait_until(lambda: self.jobs("create_shipment") == [], "all are booked")
        worker.stop()
        api = self.api()
        self.assertEqual((api["breaker_state"], api["blocked_until"], api["block_reason"], api["breaker_failures"],
                          api["breaker_trips"]),
                         ("closed", None, None, 0, 0))
        self.assertEqual((len(self.booked()), {booked["created_with_this_reference"] for booked in self.booked()}),
                         (20, {1}))

    def test_a_probe_that_waits_for_its_labels_shows_that_the_service_is_back(self):
        self.go_down()
        self.simulator.clear_faults()
        self.simulator.fault("late_labels", "boekuwzending", ms=3600000)
        self.age_requests()
        self.hasten()
        self.end_block()
        self.work()
        self.assertEqual(self.api()["breaker_state"], "closed")
        self.assertEqual(len(self.booked()), 20)

    def test_refusals_are_no_sign_of_trouble(self):
        self.simulator.fault("status", "boekuwzending", status=422, path_contains="/shipments")
        self.dispatch_all()
        self.work()
        self.assertEqual((self.api()["breaker_state"], self.api()["breaker_failures"]), ("closed", 0))
        self.assertEqual(len(self.db.rows("SELECT * FROM koppeling.failed_job")), 20)
