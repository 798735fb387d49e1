"""What was pushed to Boekuwzending leaves its list again when it must not be shipped from there."""
from harness.booking import BookingCase

PUSHING = {"scope": "boekuwzending", "method": "POST", "path_contains": "/orders"}


class TakeBackTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002)
        self.backend.run("UPDATE koppeling.account SET push_orders = true")

    def push(self):
        self.tick()
        self.work()

    def there(self):
        """The numbers of the orders that stand in the list at Boekuwzending."""
        return sorted(order["order"]["reference"] for order in self.pushed() if not order["deleted"])

    def withdraw(self, number):
        self.simulator.change("shop1", str(number), status=5)
        self.poll_again(self.integration)
        self.tick()
        self.work()
        self.assertEqual(self.order(number)["state"], "withdrawn")

    def take_back(self):
        self.tick()
        self.work()
        self.assertEqual(self.jobs("remove_order"), [])

    def deletions(self):
        return self.simulator.requests(method="DELETE", path_contains="/orders")

    def how(self):
        return [job["result"]["how"] for job in self.history("remove_order")]

    def check_forgotten(self, number):
        order = self.order(number)
        self.assertEqual([order[name] for name in ("pushed_id", "pushed_hash", "push_asked_at", "take_back_since")],
                         [None] * 4)

    def test_a_withdrawn_order_leaves_the_list_and_comes_back_when_it_is_open_again(self):
        self.push()
        self.assertEqual(self.there(), ["70001", "70002"])
        self.withdraw(70001)
        self.take_back()
        self.assertEqual((self.there(), self.how()), (["70002"], ["removed"]))
        self.check_forgotten(70001)
        self.take_back()
        self.assertEqual(len(self.deletions()), 1)
        self.simulator.change("shop1", "70001", status=3)
        self.poll_again(self.integration)
        self.push()
        self.assertEqual(self.there(), ["70001", "70002"])

    def test_an_erased_order_leaves_the_list(self):
        self.push()
        self.assertTrue(self.backend.value("SELECT koppeling.erase_order(%s)", self.order(70001)["id"]))
        self.take_back()
        self.assertEqual((self.there(), self.how()), (["70002"], ["removed"]))
        self.check_forgotten(70001)

    def test_orders_that_are_erased_by_age_leave_the_list(self):
        self.push()
        self.simulator.fault("status", "boekuwzending", status=503, method="DELETE")
        self.withdraw(70001)
        self.push()
        self.db.run("UPDATE koppeling.imported_order SET changed_at = now() - interval '1 year',"
                    " withdrawn_at = now() - interval '1 year' WHERE state = 'withdrawn'")
        self.assertEqual(self.db.value("SELECT koppeling.erase_by_age()"), 1)
        order = self.order(70001)
        self.assertEqual((order["ship_to_name"], order["pushed_id"] is not None), (None, True))
        self.simulator.clear_faults()
        self.ops.run("SELECT koppeling.block_api('boekuwzending', NULL)")
        self.ops.run("SELECT koppeling.retry_failed()")
        self.hasten()
        self.work()
        self.assertEqual((self.there(), self.how()), (["70002"], ["removed"]), self.jobs())
        self.check_forgotten(70001)

    def test_an_order_that_we_dispatched_leaves_the_list(self):
        self.push()
        self.assertEqual(self.book(70001)["state"], "labelled")
        self.take_back()
        self.assertEqual((self.there(), self.how()), (["70002"], ["removed"]))
        self.check_forgotten(70001)

    def test_an_order_with_a_staging_shipment_stays_since_it_was_not_shipped(self):
        self.push()
        self.assertEqual(self.book(70001, environment="staging")["state"], "labelled")
        self.take_back()
        self.assertEqual((self.there(), self.how()), (["70001", "70002"], []))

    def test_orders_of_a_shop_that_is_disconnected_leave_the_list_and_come_back(self):
        self.push()
        self.backend.run("SELECT koppeling.disconnect_shop(%s)", self.integration)
        self.take_back()
        self.assertEqual(self.there(), [])
        self.assertEqual(self.connect("shop1"), self.integration)
        self.push()
        self.assertEqual(self.there(), ["70001", "70002"])

    def test_what_is_gone_already_is_success(self):
        self.push()
        order = self.order(70001)
        self.simulator.fault("status", "boekuwzending", status=404, path_contains=order["pushed_id"])
        self.withdraw(70001)
        self.take_back()
        self.assertEqual((self.how(), self.deletions()), (["not_there"], []))
        self.check_forgotten(70001)

    def test_an_order_of_somebody_else_is_never_deleted(self):
        self.push()
        self.db.run("UPDATE koppeling.imported_order SET pushed_id = %s WHERE order_number = '70001'",
                    self.order(70002)["pushed_id"])
        self.withdraw(70001)
        self.take_back()
        self.assertEqual((self.how(), self.deletions()), (["not_ours"], []))
        self.assertEqual(self.there(), ["70001", "70002"])

    def test_a_push_that_lands_after_the_withdrawal_is_taken_back(self):
        self.simulator.fault("latency", **PUSHING, ms=4000)
        self.tick()
        worker = self.start_worker()
        self.wait_until(lambda: self.simulator.requests(method="POST", path_contains="/orders"), "it is under way")
        self.db.run("UPDATE koppeling.imported_order SET state = 'withdrawn', withdrawn_at = now(),"
                    " withdrawn_reason = 'cancelled' WHERE order_number = '70001'")
        self.tick()
        self.assertEqual(self.jobs("remove_order"), [], "not while it is being pushed")
        self.wait_until(lambda: self.jobs("push_order") == [], "it landed")
        worker.stop()
        self.assertEqual(self.there(), ["70001", "70002"])
        self.simulator.clear_faults()
        self.take_back()
        self.assertEqual((self.there(), self.how()), (["70002"], ["removed"]))

    def test_a_push_whose_answer_was_lost_is_taken_back_too(self):
        self.simulator.fault("latency", **PUSHING, ms=60000, after_effect=True)
        self.tick()
        worker = self.start_worker()
        self.wait_until(lambda: len(self.there()) == 2, "both were made")
        worker.kill()
        self.simulator.clear_faults()
        self.db.run("UPDATE koppeling.imported_order SET state = 'withdrawn', withdrawn_at = now(),"
                    " withdrawn_reason = 'cancelled'")
        self.push()
        self.assertEqual((len(self.there()), self.jobs("remove_order")), (2, []), "it may still be at work")
        self.db.run("UPDATE koppeling.imported_order SET push_asked_at = push_asked_at - interval '1 hour'")
        self.take_back()
        self.assertEqual((self.there(), self.how()), ([], ["removed", "removed"]))
        self.check_forgotten(70001)

    def test_troubles_are_tried_again(self):
        self.push()
        self.simulator.fault("reset", "boekuwzending", method="DELETE", times=1, after_effect=True)
        self.withdraw(70001)
        self.take_back()
        self.assertEqual(self.there(), ["70002"])
        self.check_forgotten(70001)

    def test_what_a_person_leaves_there_stays(self):
        self.push()
        self.db.run("SELECT koppeling.block_api('boekuwzending', 'infinity')")
        self.withdraw(70001)
        self.tick()
        job, = self.jobs("remove_order")
        self.ops.run("SELECT koppeling.cancel_job(%s)", job["id"])
        self.db.run("SELECT koppeling.block_api('boekuwzending', NULL)")
        self.take_back()
        self.assertEqual(self.there(), ["70001", "70002"])
