"""Imported orders at Boekuwzending, for accounts that want them there: once, and as they are now."""
from harness.booking import BookingCase
from harness.orders import address

PUSHING = {"scope": "boekuwzending", "method": "POST", "path_contains": "/orders"}


class PushTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002, 70003)
        self.backend.run("UPDATE koppeling.account SET push_orders = true")

    def push(self):
        self.tick()
        return self.work("--threads=1")

    def creations(self):
        return self.simulator.requests(method="POST", path_contains="/boekuwzending/orders")

    def check_one_each(self):
        orders = self.db.rows("SELECT * FROM koppeling.imported_order ORDER BY order_number")
        there = {order["id"]: order["external_id"] for order in self.pushed() if not order["deleted"]}
        self.assertEqual({order["pushed_id"]: order["order_uuid"] for order in orders}, there)
        self.assertEqual({order["pushed_hash"] == order["content_hash"] for order in orders}, {True})

    def test_each_order_is_pushed_once(self):
        for _ in range(3):
            self.push()
        self.check_one_each()
        self.assertEqual((len(self.creations()), len(self.history("push_order"))), (3, 3))
        order = next(order["order"] for order in self.pushed() if order["order"]["reference"] == "70001")
        self.assertEqual(order["externalId"], self.order(70001)["order_uuid"])
        self.assertIn("Voorbeeldlaan", str(order))

    def test_nothing_is_pushed_for_an_account_that_does_not_want_it(self):
        self.backend.run("UPDATE koppeling.account SET push_orders = false")
        self.push()
        self.assertEqual((self.jobs("push_order"), self.pushed()), ([], []))

    def test_an_order_that_changed_is_put_again_and_no_other(self):
        self.push()
        self.simulator.change("shop1", "70002",
                              merge={"debtor": {"address": {"delivery": address(street="Nieuwstraat")}}})
        self.poll_again(self.integration)
        self.push()
        self.check_one_each()
        self.assertEqual(sorted(order["put_count"] for order in self.pushed()), [0, 0, 1])
        self.assertIn("Nieuwstraat", str([order["order"] for order in self.pushed() if order["put_count"] == 1]))
        self.assertEqual(len(self.creations()), 3)

    def test_an_order_with_a_label_is_not_pushed_any_more(self):
        self.label(self.order(70001)["id"])
        self.push()
        self.assertEqual(sorted(order["order"]["reference"] for order in self.pushed()), ["70002", "70003"])

    def test_an_order_to_a_country_that_is_not_known_is_not_in_their_list(self):
        """They would take it for the Netherlands. Whoever looks is told why; when it is put right, it goes there."""
        def send_to(country):
            self.simulator.change("shop1", "70002", merge={"debtor": {"address": {"delivery": address(
                country_code=country)}}})
            self.poll_again(self.integration)
            for _ in range(2):
                self.push()
            return {order["order"]["reference"]: order["order"] for order in self.pushed() if not order["deleted"]}
        self.assertEqual(sorted(send_to("Atlantis")), ["70001", "70003"])
        self.assertEqual(self.jobs("push_order"), [])
        reason = self.backend.row("SELECT * FROM koppeling.order_to_look_at"
                                  " WHERE reason_code = 'country_not_understood'")
        self.assertEqual((reason["order_number"], reason["detail"]), ("70002", "Atlantis"))
        self.assertIn("naar Nederland", reason["what_to_do_nl"])
        self.assertEqual(self.db.value("SELECT koppeling.push_problem(%s)", self.order(70002)["id"]),
                         "its country is not known, and there it would be taken for the Netherlands")
        self.assertEqual(send_to("BE")["70002"]["shipTo"]["address"]["country"], "BE")
        self.assertEqual(sorted(send_to("Atlantis")), ["70001", "70003"], "what was there with another country leaves")
        self.assertEqual(send_to("DE")["70002"]["shipTo"]["address"]["country"], "DE")

    def test_lost_answers_make_no_duplicates(self):
        for fault in ("reset", "close", "truncated"):
            self.simulator.fault(fault, **PUSHING, times=1, after_effect=True)
        self.push()
        self.check_one_each()
        self.assertEqual((len(self.creations()), len(self.pushed())), (3, 3))
        self.assertEqual(self.jobs("push_order"), [])

    def test_a_lost_push_that_was_not_made_is_made_again(self):
        self.simulator.fault("reset", **PUSHING, times=3)
        self.push()
        self.check_one_each()

    def test_a_killed_worker_makes_no_duplicates(self):
        self.simulator.fault("latency", **PUSHING, ms=60000, after_effect=True)
        self.tick()
        worker = self.start_worker()
        self.wait_until(lambda: len(self.creations()) == 3, "all are under way")
        worker.kill()
        self.simulator.clear_faults()
        self.work()
        self.check_one_each()
        self.assertEqual(len(self.creations()), 3)

    def test_an_order_that_was_deleted_there_is_created_again(self):
        self.push()
        self.simulator.change("shop1", "70001", merge={"debtor": {"address": {"delivery": address(number="9")}}})
        self.poll_again(self.integration)
        pushed_id = self.order(70001)["pushed_id"]
        self.simulator.fault("status", "boekuwzending", status=404, method="PUT", path_contains=pushed_id)
        self.simulator.fault("status", "boekuwzending", status=200, body="[]", method="GET", path_contains="/orders",
                             times=1)
        self.push()
        self.assertNotEqual(self.order(70001)["pushed_id"], pushed_id)

    def test_an_order_that_is_refused_waits_for_a_person_and_the_others_go_on(self):
        self.simulator.fault("status", **PUSHING, status=422, times=1)
        self.push()
        failed = self.ops.row("SELECT * FROM koppeling.failed_job")
        self.assertEqual((failed["kind"], failed["error_class"], failed["http_status"]),
                         ("push_order", "client_error", 422))
        self.assertEqual(len(self.pushed()), 2)
        self.push()
        self.assertEqual(len(self.pushed()), 2, "a failed job is not doubled by the scheduler")
        self.assertTrue(self.ops.value("SELECT koppeling.retry_job(%s)", failed["id"]))
        self.work()
        self.check_one_each()

    def test_enqueue_returns_the_live_job_of_this_very_order(self):
        self.tick()
        jobs = {job["order_id"]: job["id"] for job in self.jobs("push_order")}
        for order, job in jobs.items():
            self.assertEqual(self.backend.value("SELECT koppeling.enqueue('push_order', order_id => %s)", order), job)
