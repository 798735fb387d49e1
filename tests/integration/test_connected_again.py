"""A shop that is connected again, here or at another address, is the same shop: no order is imported twice."""
from harness.booking import BookingCase


class ConnectedAgainTest(BookingCase):
    def disconnect(self, integration):
        self.backend.run("SELECT koppeling.disconnect_shop(%s)", integration)
        self.assertEqual(self.shop(integration)["state"], "disconnected")

    def test_integration_removed_and_linked_again_reuses_the_old_rows(self):
        integration = self.connect_with_numbers(70001, 70002, 70003)
        self.book(70002)
        self.mark()
        before = self.db.rows("SELECT id, order_number, state, imported_at FROM koppeling.imported_order ORDER BY id")
        self.disconnect(integration)
        self.assertEqual(self.connect("shop1"), integration)
        self.poll()
        self.assertEqual(
            self.db.rows("SELECT id, order_number, state, imported_at FROM koppeling.imported_order ORDER BY id"),
            before)

    def move(self, disconnects):
        """The store of shop1 gets another address: the same store id answers there; returns old and new integration."""
        old = self.connect_with_numbers(70001, 70002, 70003)
        store = self.shop(old)["store_id"]
        self.book(70002)
        if disconnects:
            self.disconnect(old)
        self.simulator.shop("shop1", primary_domain="https://shop9.myonline.store")
        new = self.request_connection(token="token-shop1", url="shop9.myonline.store",
                                      sealed=self.seal("token-shop1", "shop9.myonline.store"))
        self.work()
        self.assertEqual((self.shop(new)["state"], self.shop(new)["store_id"]), ("active", store), self.shop(new))
        return old, new

    def check_moved(self, old, new, before):
        self.poll()
        self.poll_again(new)
        self.assertEqual((self.imported(old), self.imported(new)), ([], ["70001", "70002", "70003"]))
        self.assertEqual(self.order_ids(), before, "none is imported twice")
        shop = self.shop(old)
        self.assertEqual((shop["state"], shop["sealed_token"], shop["store_id"]), ("disconnected", None, None))
        self.assertEqual(self.db.rows("SELECT * FROM koppeling.job WHERE integration_id = %s", old), [])
        self.tick()
        self.work()
        self.assertEqual(self.order(70002)["state"], "marked_shipped", "its label is told at the new address")

    def test_integration_removed_and_linked_again_under_another_host_moves_the_orders(self):
        old, new = self.move(disconnects=True)
        self.check_moved(old, new, self.order_ids())

    def test_shop_changed_domain_is_the_same_shop_by_its_store_id(self):
        """The merchant connects the new address while the old one is still connected; work that waits goes along."""
        old, new = self.move(disconnects=False)
        shop = self.shop(old)
        self.assertEqual(shop["reason_code"], "moved_to_other_integration")
        self.assertIn(str(new), shop["reason"])
        self.check_moved(old, new, self.order_ids())

    def test_shop_changed_domain_takes_failed_and_waiting_work_along(self):
        old = self.connect_with_numbers(70001, 70002)
        self.label_all()
        self.simulator.fault("status", "shop:shop1", method="PATCH", path_contains="70001", status=422)
        self.simulator.fault("status", "shop:shop1", path_contains="70002", status=429, retry_after=900)
        self.mark()
        self.assertEqual(sorted(job["state"] for job in self.jobs("mark_shipped")), ["failed", "queued"])
        self.backend.value("SELECT koppeling.poll_now(%s)", old)
        self.simulator.clear_faults()
        new = self.request_connection(token="token-shop1", url="shop9.myonline.store",
                                      sealed=self.seal("token-shop1", "shop9.myonline.store"))
        self.simulator.shop("shop1", primary_domain="https://shop9.myonline.store")
        self.work("--kinds=verify")
        self.assertEqual(self.shop(new)["state"], "active", self.shop(new))
        self.assertEqual(self.db.rows("SELECT kind, state FROM koppeling.job WHERE integration_id = %s", old), [])
        self.assertEqual(self.ops.value("SELECT koppeling.retry_failed()"), 1)
        self.work()
        self.assertEqual(self.marked(new), 2)
