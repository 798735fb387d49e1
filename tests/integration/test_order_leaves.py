"""Orders that are no longer in the list of open orders: absence proves nothing."""
from harness.booking import BookingCase


class LeavingTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(*range(70001, 70009))

    def poll_and_confirm(self):
        self.poll_again(self.integration)
        self.tick()
        self.work()

    def test_order_cancelled_credited_archived_or_shipped_in_the_shop_itself_is_withdrawn(self):
        self.simulator.change("shop1", "70001", status=5)
        self.simulator.change("shop1", "70002", archived=True)
        self.simulator.change("shop1", "70003", status=2)
        self.simulator.delete("shop1", "70004")
        self.simulator.change("shop1", "70005", status=10)
        self.poll_and_confirm()
        found = {row["order_number"]: (row["state"], row["withdrawn_reason"]) for row in self.db.rows(
            "SELECT * FROM koppeling.imported_order ORDER BY order_number")}
        self.assertEqual(found, {
            "70001": ("withdrawn", "status_changed"), "70002": ("withdrawn", "archived"),
            "70003": ("withdrawn", "shipped_elsewhere"), "70004": ("withdrawn", "deleted"),
            "70005": ("withdrawn", "status_changed"), "70006": ("open", None), "70007": ("open", None),
            "70008": ("open", None)})
        reads = {number: effect["get_count"] for number, effect in self.simulator.orders("shop1").items()}
        self.assertEqual([reads[number] for number in ("70001", "70002", "70003", "70005", "70006")], [1, 1, 1, 1, 0],
                         "a confirming GET for each that is missing, and for no other")
        with self.assertRaisesRegex(Exception, "was withdrawn"):
            self.dispatch(70001)
        self.simulator.change("shop1", "70001", status=3)
        self.poll_and_confirm()
        self.assertEqual(self.order(70001)["state"], "open", "it is back when the shop lists it again")

    def test_order_that_leaves_the_list_with_a_label_is_only_flagged(self):
        self.label(self.order(70001)["id"])
        self.simulator.change("shop1", "70001", status=5)
        self.poll_and_confirm()
        self.assertEqual(self.order(70001)["state"], "label_created")
        self.mark()
        row = self.order(70001)
        self.assertEqual((row["state"], row["mark_outcome"], row["mark_reason_code"]),
                         ("label_created", "not_marked", "status_changed"))

    def test_order_disappears_because_of_a_failed_or_partial_poll_nothing_is_withdrawn(self):
        """A walk that did not reach the end says nothing; a complete one that lies is not believed without a GET."""
        self.simulator.add("shop1", generate=150, status=3)
        self.poll_again(self.integration)
        count = len(self.order_ids())
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '1 hour', backoff_cap = '1 hour'")
        for fault in ({"fault": "status", "status": 500}, {"fault": "truncated"}, {"fault": "malformed"}):
            self.simulator.fault(scope="shop:shop1", path_contains="/v1/orders", times=1, **fault)
            self.poll_again(self.integration)
            self.simulator.clear_faults()
            self.tick()
            self.assertEqual(self.jobs("confirm_order"), [], fault)
        self.db.run("UPDATE koppeling.integration SET blocked_until = NULL")
        self.lying_list([], times=0)  # well-formed lists with nothing in them
        self.poll_again(self.integration)
        self.tick()
        self.assertEqual(self.jobs("confirm_order"), [], "all at once: a second poll must agree")
        self.poll_again(self.integration)
        self.tick()
        self.assertEqual(len(self.jobs("confirm_order")), count)
        self.simulator.clear_faults()
        self.hasten()
        self.work("--kinds=confirm_order")
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.imported_order WHERE state = 'open'"), count)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.imported_order WHERE missing_since IS NOT NULL"),
                         0)
