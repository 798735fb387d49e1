"""What was checked when an order was dispatched is checked again when the request is about to be sent; and a request
that comes twice is one request."""
import threading

from harness.booking import SERVICE, BookingCase


class DoorCase(BookingCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002)

    def block(self):
        self.ops.run("SELECT koppeling.block_api('boekuwzending', now() + interval '1 hour')")

    def unblock(self):
        self.ops.run("SELECT koppeling.block_api('boekuwzending', NULL)")
        self.db.run("UPDATE koppeling.job SET run_at = now() WHERE kind = 'create_shipment' AND run_at < 'infinity'")
        self.work()

    def withdraw(self, number):
        """The merchant cancels the order, and we hear of it."""
        self.simulator.change("shop1", str(number), status=5)
        self.poll_again(self.integration)
        self.tick()
        self.work()
        self.assertEqual(self.order(number)["state"], "withdrawn")


class NeverSentTest(DoorCase):
    def check_refused(self, shipment, reason):
        """Nothing was booked, and whoever looks sees why."""
        row = self.shipment(shipment)
        self.assertEqual((row["state"], row["sent_at"], row["external_id"]), ("failed", None, None))
        self.assertRegex(row["reason"], reason)
        self.assertEqual((self.bookings(), self.booked()), ([], []))
        failed, = self.ops.rows("SELECT * FROM koppeling.failed_job WHERE kind = 'create_shipment'")
        self.assertRegex(failed["last_error"], reason)
        self.assertEqual((failed["error_class"], failed["attempts"]), ("client_error", 1))
        return failed

    def test_no_label_is_booked_for_an_order_that_was_withdrawn_meanwhile(self):
        self.block()
        withdrawn, kept = self.dispatch(70001), self.dispatch(70002)
        self.work()
        self.withdraw(70001)
        self.unblock()
        row = self.shipment(withdrawn)
        self.assertEqual((row["state"], row["sent_at"]), ("failed", None))
        self.assertRegex(row["reason"], r"order \d+ was withdrawn \(status_changed\)")
        self.assertEqual(self.shipment(kept)["state"], "labelled")
        self.assertEqual([booked["reference"] for booked in self.booked()], [f"70002-{kept}"])
        self.assertEqual((self.order(70001)["state"], self.labels(70001)), ("withdrawn", []))
        failed, = self.ops.rows("SELECT * FROM koppeling.failed_job")
        self.assertRegex(failed["last_error"], "not booked: order .* was withdrawn")
        self.assertRegex(failed["what_to_do"], "cancel_job")

    def test_nothing_is_booked_when_the_order_is_retried_and_still_withdrawn(self):
        self.block()
        shipment = self.dispatch(70001)
        self.withdraw(70001)
        self.unblock()
        failed = self.check_refused(shipment, "withdrawn")
        self.assertTrue(self.ops.value("SELECT koppeling.retry_job(%s)", failed["id"]))
        self.work()
        self.check_refused(shipment, "withdrawn")

    def test_an_order_that_is_open_again_can_be_retried(self):
        self.block()
        shipment = self.dispatch(70001)
        self.withdraw(70001)
        self.unblock()
        failed = self.check_refused(shipment, "withdrawn")
        self.simulator.change("shop1", "70001", status=3)
        self.poll_again(self.integration)
        self.assertEqual(self.order(70001)["state"], "open")
        self.assertTrue(self.ops.value("SELECT koppeling.retry_job(%s)", failed["id"]))
        self.work()
        self.assertEqual((self.shipment(shipment)["state"], len(self.booked())), ("labelled", 1))

    def test_nothing_is_booked_for_an_address_that_was_erased(self):
        self.block()
        shipment = self.dispatch(70001)
        self.ops.run("SELECT koppeling.erase_order(%s)", self.order(70001)["id"])
        self.unblock()
        self.check_refused(shipment, "the address of order .* was erased")

    def test_nothing_is_booked_for_a_sender_that_lost_its_address(self):
        self.block()
        shipment = self.dispatch(70001)
        self.backend.run("UPDATE koppeling.from_address SET street = NULL WHERE id = 1")
        self.unblock()
        self.check_refused(shipment, "from address 1 is incomplete")

    def test_another_default_sender_does_not_stop_what_was_dispatched_from_the_first(self):
        self.block()
        shipment = self.dispatch(70001)
        self.backend.run("UPDATE koppeling.integration SET from_address_id = 2")
        self.unblock()
        self.assertEqual(self.shipment(shipment)["state"], "labelled")

    def test_nothing_is_booked_for_a_shop_that_was_disconnected(self):
        self.block()
        shipment = self.dispatch(70001)
        self.backend.run("SELECT koppeling.disconnect_shop(%s)", self.integration)
        self.unblock()
        self.assertEqual((self.shipment(shipment)["state"], self.bookings()), ("failed", []))
        # By hand, against all odds.
        self.db.run("UPDATE koppeling.shipment SET state = 'requested'")
        self.db.run("INSERT INTO koppeling.job (kind, integration_id, order_id, shipment_id)"
                    " SELECT 'create_shipment', %s, order_id, id FROM koppeling.shipment", self.integration)
        self.work()
        self.check_refused(shipment, "the shop of order .* is disconnected")

    def test_a_job_of_a_paused_shop_that_is_queued_by_hand_is_handed_back(self):
        self.block()
        shipment = self.dispatch(70001)
        self.label(self.order(70002)["id"])
        self.tick()
        self.ops.run("SELECT koppeling.pause_integration(%s, 'holiday')", self.integration)
        self.ops.run("SELECT koppeling.block_api('boekuwzending', NULL)")
        self.ops.run("UPDATE koppeling.job SET run_at = now()")
        before = len(self.simulator.requests())
        self.work()
        self.assertEqual(len(self.simulator.requests()), before, "neither the shop nor Boekuwzending is called")
        self.assertEqual({(job["kind"], job["state"], job["attempt"], job["run_at"]) for job in self.jobs()},
                         {("create_shipment", "queued", 0, "infinity"), ("mark_shipped", "queued", 0, "infinity")})
        self.ops.run("SELECT koppeling.resume_integration(%s)", self.integration)
        self.work()
        self.assertEqual((self.shipment(shipment)["state"], self.marked()), ("labelled", 1))


class SentTest(DoorCase):
    """What was sent may exist: it is looked up before anything is concluded."""

    def send_and_lose(self, after_effect):
        """The request is sent and its answer is lost; what comes after that is blocked."""
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '1 hour', backoff_cap = '1 hour'")
        self.simulator.fault("reset", "boekuwzending", method="POST", path_contains="/shipments", times=1,
                             after_effect=after_effect)
        shipment = self.dispatch(70001)
        self.work()
        self.assertEqual(self.shipment(shipment)["state"], "sending")
        return shipment

    def look_up(self):
        self.age_requests(3600)
        self.hasten()
        self.work()

    def test_what_was_booked_before_the_order_was_withdrawn_is_found(self):
        shipment = self.send_and_lose(after_effect=True)
        self.withdraw(70001)
        self.look_up()
        self.assertEqual((self.shipment(shipment)["state"], len(self.booked())), ("labelled", 1))
        self.assertEqual((len(self.labels(70001)), self.order(70001)["state"]), (1, "label_created"))

    def test_what_was_not_booked_is_not_booked_after_that(self):
        shipment = self.send_and_lose(after_effect=False)
        self.withdraw(70001)
        self.look_up()
        row = self.shipment(shipment)
        self.assertEqual((row["state"], row["sent_at"], self.booked()), ("failed", None, []))
        self.assertRegex(row["reason"], "was withdrawn")
        self.assertEqual(len(self.bookings()), 1, "the one that was lost")

    def test_what_was_booked_is_looked_up_although_the_shop_was_disconnected(self):
        shipment = self.send_and_lose(after_effect=True)
        waiting = self.dispatch(70002)
        self.backend.run("SELECT koppeling.disconnect_shop(%s)", self.integration)
        self.assertEqual((self.shipment(shipment)["state"], self.shipment(waiting)["state"]), ("sending", "failed"))
        self.look_up()
        self.assertEqual((self.shipment(shipment)["state"], len(self.booked()), self.jobs()), ("labelled", 1, []))


class PushedTest(DoorCase):
    """The list of orders at Boekuwzending costs no money, but must not show who has left."""

    def push_meanwhile(self):
        self.block()
        self.backend.run("UPDATE koppeling.account SET push_orders = true")
        self.tick()
        self.assertEqual(len(self.jobs("push_order")), 2)

    def let_go(self):
        self.ops.run("SELECT koppeling.block_api('boekuwzending', NULL)")
        self.work()
        self.assertEqual([order["order"]["reference"] for order in self.pushed()], ["70002"])
        job, = [job for job in self.history("push_order") if job["order_id"] == self.order(70001)["id"]]
        self.assertEqual(job["result"]["how"], "not_pushed")
        return job["result"]["reason"]

    def test_an_order_that_was_withdrawn_meanwhile_is_not_pushed(self):
        self.push_meanwhile()
        self.withdraw(70001)
        self.assertEqual(self.let_go(), "it was withdrawn")

    def test_an_order_that_was_erased_meanwhile_is_not_pushed(self):
        self.push_meanwhile()
        self.ops.run("SELECT koppeling.erase_order(%s)", self.order(70001)["id"])
        self.assertEqual(self.let_go(), "its personal data was erased")

    def test_an_order_that_got_a_label_meanwhile_is_not_pushed(self):
        self.push_meanwhile()
        self.label(self.order(70001)["id"])
        self.assertEqual(self.let_go(), "it has a label")


class ClickedTwiceTest(DoorCase):
    def test_a_double_click_buys_one_shipment(self):
        first = self.dispatch(70001, request_key="click-1")
        self.assertEqual(self.dispatch(70001, request_key="click-1"), first)
        self.work()
        self.assertEqual(self.dispatch(70001, request_key="click-1"), first, "nor later, when the label is made")
        self.work()
        self.assertEqual((len(self.booked()), len(self.labels(70001)), self.shipment(first)["state"]),
                         (1, 1, "labelled"))
        self.assertNotEqual(self.dispatch(70001, request_key="click-2"), first)
        self.work()
        self.assertEqual(len(self.booked()), 2, "more labels are a request of their own")

    def test_a_key_that_was_used_for_something_else_is_refused_in_words(self):
        self.dispatch(70001, request_key="click-1")
        with self.assertRaisesRegex(Exception, 'request key "click-1" was used for order .*, not for order'):
            self.dispatch(70002, request_key="click-1")
        with self.assertRaisesRegex(Exception, 'request key "click-1" was used for another shipment of order'):
            self.dispatch(70001, request_key="click-1", label_count=2)
        self.work()
        self.assertEqual(len(self.booked()), 1)

    def test_the_form_without_a_key_is_called_as_ever(self):
        order = self.order(70001)["id"]
        for call in ("%s, %s", "%s, %s, 1", "%s, %s, 1, 'package'", "%s, %s, 1, 'package', 'production'"):
            self.assertIsNotNone(self.backend.value(f"SELECT koppeling.dispatch_order({call})", order, SERVICE))
        self.assertEqual(len(self.backend.column("SELECT koppeling.dispatch_order(ARRAY[%s]::bigint[], %s)", order,
                                                 SERVICE)), 1)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.shipment"), 5)

    def at_once(self, *orders):
        """One session asks and does not commit yet, another one asks with the same key; what the second gets."""
        first, second = self.session("test_backend"), self.session("test_backend")
        call = "SELECT koppeling.dispatch_order(%s, %s, request_key => 'click-1')"
        answers = []

        def ask():
            try:
                answers.append(second.value(call, orders[1], SERVICE))
            except Exception as refusal:
                answers.append(str(refusal))

        first.run("BEGIN")
        shipment = first.value(call, orders[0], SERVICE)
        asking = threading.Thread(target=ask)
        asking.start()
        self.wait_until(lambda: self.db.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0,
                        "the second one waits")
        self.assertEqual(answers, [])
        first.run("COMMIT")
        asking.join(30)
        self.work()
        self.assertEqual((len(self.booked()), self.db.value("SELECT count(*) FROM koppeling.shipment")), (1, 1))
        return shipment, answers[0]

    def test_two_clicks_at_once_buy_one_shipment(self):
        order = self.order(70001)["id"]
        first, second = self.at_once(order, order)
        self.assertEqual(first, second)

    def test_two_orders_at_once_under_one_key_are_not_both_sent(self):
        first, second = self.at_once(self.order(70001)["id"], self.order(70002)["id"])
        self.assertRegex(str(second), 'request key "click-1" was used for order')

    def test_a_key_of_a_call_that_was_rolled_back_is_free(self):
        session = self.session("test_backend")
        session.run("BEGIN")
        session.value("SELECT koppeling.dispatch_order(%s, %s, request_key => 'click-1')", self.order(70001)["id"],
                      SERVICE)
        session.run("ROLLBACK")
        shipment = self.dispatch(70002, request_key="click-1")
        self.assertEqual(self.shipment(shipment)["order_id"], self.order(70002)["id"])

    def test_a_list_that_comes_twice_buys_each_shipment_once(self):
        call = "SELECT koppeling.dispatch_order(%s::bigint[], %s, request_key => 'list')"
        first = self.backend.column(call, self.order_ids(), SERVICE)
        self.assertEqual(self.backend.column(call, self.order_ids(), SERVICE), first)
        self.work()
        self.assertEqual(len(self.booked()), 2)
