"""What a person must look at is in one view, and leaves it when it is put right or was looked at."""
import re

from harness.booking import BookingCase
from harness.case import free_address
from harness.orders import address, order


class OrderToLookAtTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_orders(orders=[order(number=str(70001 + place)) for place in range(4)])

    def reasons(self):
        """What there is to look at, as the backend sees it: order numbers and codes."""
        return [(row["order_number"], row["reason_code"]) for row in self.backend.rows(
            "SELECT * FROM koppeling.order_to_look_at ORDER BY order_number, reason_code")]

    def change(self, number, **what):
        self.simulator.change("shop1", str(number), **what)

    def deliver(self, number):
        """Books it, and the shop is told."""
        self.book(number)
        self.mark()

    def test_an_order_that_goes_well_is_never_shown(self):
        self.deliver(70001)
        self.poll_again(self.integration)
        self.assertEqual((self.order(70001)["state"], self.reasons()), ("marked_shipped", []))

    def test_what_was_changed_after_the_label(self):
        self.book(70001)
        self.book(70002)
        self.change(70001, merge={"orderlines": [{"type": "article", "quantity": 2, "description": "Theepot - groot"}]})
        self.change(70002, merge={"debtor": {"address": {"delivery": address(street="Elders")}}})
        self.poll_again(self.integration)
        self.assertEqual(self.reasons(), [("70001", "goods_changed"), ("70002", "address_changed")])
        self.mark()
        self.assertEqual(self.reasons(), [("70001", "goods_changed"), ("70002", "address_changed")], "marked or not")
        row, = self.backend.rows("SELECT * FROM koppeling.order_to_look_at WHERE order_number = '70001'")
        self.assertEqual((row["reason_nl"], row["reason_en"]),
                         ("de artikelen zijn in de winkel gewijzigd nadat het label was gemaakt",
                          "the goods were changed in the shop after the label was made"))
        self.assertEqual((row["shop"], row["order_id"], row["since"]),
                         ("shop1.myonline.store", self.order(70001)["id"], self.order(70001)["changed_after_label_at"]))

    def test_a_shop_that_does_not_want_the_mark(self):
        """Cancelled after the label was bought; and refused by the shop with an error."""
        self.book(70001)
        self.change(70001, status=5)
        self.book(70002)
        self.simulator.fault("status", "shop:shop1", method="PATCH", path_contains="70002", status=422, times=1)
        self.mark()
        self.assertEqual(self.reasons(), [("70001", "mark_refused"), ("70002", "mark_failed")])
        details = self.backend.column("SELECT detail FROM koppeling.order_to_look_at ORDER BY order_number")
        self.assertIn("status is 5", details[0])
        self.assertIn("HTTP 422", details[1])
        self.change(70001, status=3)
        self.backend.value("SELECT koppeling.enqueue('mark_shipped', order_id => %s)", self.order(70001)["id"])
        self.ops.value("SELECT koppeling.retry_failed(kind => 'mark_shipped')")
        self.work()
        self.assertEqual(self.reasons(), [], "both are marked after all")

    def test_an_order_that_was_set_back_to_open(self):
        self.deliver(70001)
        self.change(70001, status=1)
        self.poll_again(self.integration)
        self.assertEqual(self.reasons(), [("70001", "reopened")])
        self.change(70001, status=2)
        self.poll_again(self.integration)
        self.assertEqual(self.reasons(), [])

    def test_a_label_that_was_bought_and_then_cancelled(self):
        self.deliver(70001)
        self.backend.value("SELECT koppeling.record_label_cancelled('production', %s)",
                           self.labels(70001)[0]["external_id"])
        self.simulator.fault("late_labels", "boekuwzending", ms=500, times=1)
        shipment = self.book(70002)
        self.simulator.cancel_labels(shipment["external_id"])
        self.retry_until_done()
        self.mark()
        self.assertEqual(self.reasons(), [("70001", "label_cancelled"), ("70002", "label_cancelled")])
        self.book(70002)
        self.mark()
        self.assertEqual(self.reasons(), [("70001", "label_cancelled")], "a new label settles it")

    def test_a_staging_label_on_an_order_of_a_real_shop(self):
        self.book(70001, environment="staging")
        self.mark()
        self.book(70002, environment="staging")
        self.assertEqual(self.reasons(), [("70001", "staging_label"), ("70002", "staging_label")])
        self.book(70001)
        self.assertEqual(self.reasons(), [("70002", "staging_label")])

    def test_open_orders_with_warnings(self):
        self.change(70001, merge={"weight": "twaalf", "price": {"total": "veel"}})
        self.poll_again(self.integration)
        self.assertEqual(self.reasons(), [("70001", "amount_not_understood"), ("70001", "weight_not_understood")])
        self.deliver(70001)
        self.assertEqual(self.reasons(), [], "they are about open orders")

    def test_a_person_looks_and_it_is_settled_until_something_new_happens(self):
        self.deliver(70001)
        self.change(70001, status=1)
        self.poll_again(self.integration)
        looked = self.ops.value("SELECT koppeling.order_was_looked_at(%s)", self.order(70001)["id"])
        self.assertEqual((looked, self.reasons()), (1, []))
        self.poll_again(self.integration)
        self.assertEqual(self.reasons(), [], "nothing new")
        self.change(70001, status=2)
        self.poll_again(self.integration)
        self.change(70001, status=1)
        self.poll_again(self.integration)
        self.assertEqual(self.reasons(), [("70001", "reopened")], "set back once more")

    def gauges(self, address):
        """The counts by reason that a scheduler shows."""
        text = self.fetch(address, "/metrics")[1]
        return {reason: int(count) for reason, count in re.findall(
            r'^koppeling_orders_to_look_at{reason="(\w+)"} (\d+)$', text, re.MULTILINE)}

    def start_watching(self):
        address = free_address()
        scheduler = self.start_scheduler(KOPPELING_METRICS_ADDRESS=address)
        self.wait_until(lambda: scheduler.is_running and "event=started" in scheduler.log, "it runs")
        self.wait_until(lambda: self.gauges(address), "it has counted")
        return scheduler, address

    def test_the_scheduler_counts_them_by_reason(self):
        self.change(70003, merge={"weight": "twaalf"})
        self.change(70004, merge={"weight": "dertien", "price": {"total": "veel"}})
        self.poll_again(self.integration)
        self.book(70001, environment="staging")
        self.deliver(70002)
        self.change(70002, status=1)
        self.poll_again(self.integration)
        scheduler, address = self.start_watching()
        second, other_address = self.start_watching()
        for counts in (self.gauges(address), self.gauges(other_address)):
            self.assertEqual(
                {reason: count for reason, count in counts.items() if count > 0},
                {"weight_not_understood": 2, "amount_not_understood": 1, "staging_label": 1, "reopened": 1})
            self.assertEqual(set(counts), set(self.db.column(
                "SELECT code FROM koppeling.order_reason UNION SELECT code FROM koppeling.order_warning")),
                "a reason without orders is shown too")
        second.stop()
        self.backend.run("SELECT koppeling.order_was_looked_at(order_id) FROM koppeling.order_to_look_at")
        self.wait_until(lambda: set(self.gauges(address).values()) == {0}, "it counts again")
        self.assertEqual(scheduler.stop().status, 0)

    def test_a_count_that_takes_too_long_is_put_off_and_the_ticks_go_on(self):
        """Somebody changes the table of the reasons and does not come to an end."""
        locker = self.session()
        locker.run("BEGIN; LOCK TABLE koppeling.order_reason")
        address = free_address()
        scheduler = self.start_scheduler(KOPPELING_METRICS_ADDRESS=address)
        self.wait_until(lambda: "counting for the metrics is put off" in scheduler.log, "it gives up")
        ticks = self.metric(address, "koppeling_ticks_total")
        self.wait_until(lambda: self.metric(address, "koppeling_ticks_total") > ticks, "it ticks on")
        self.assertEqual(self.gauges(address), {})
        self.assertNotIn("cannot tick", scheduler.log)
