"""What `make chaos` has found, each as a case of its own."""
from harness.case import Case


class BrokenAnswerTest(Case):
    def test_an_order_whose_numbers_came_as_objects_is_read_again_and_marked(self):
        """`{"credited_order_number": {"value": 0}}` was once taken for a credit, and the shop was never told."""
        self.connect_with_orders(generate=12)
        self.label_all()
        self.simulator.fault("wrong_types", "shop:shop1", method="GET", path_contains="/v1/orders/", times=12)
        self.mark()
        self.assertEqual((self.marked(), self.jobs()), (12, []))
        self.assertEqual({error["class"] for job in self.history("mark_shipped") for error in job["errors"] or []}, {"unreadable"})
        self.assertEqual({order["status"] for order in self.simulator.orders("shop1").values()}, {2})
