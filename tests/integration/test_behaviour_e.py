"""What is imported, from which shop, and what becomes of it there (docs/reference/rules.md#which-orders-are-imported).

Those about labels and about telling the shop are in test_behaviour_e_labels.py.
"""
from harness.booking import BookingCase
from harness.orders import address, order, today


class ImportRowsTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1")

    def test_row_test_order_skipped_counted_and_never_patched(self):
        """Whether the shop hides test orders when it is asked to, or lists them all the same."""
        self.simulator.add("shop1", generate=2, kind="test")
        integration = self.connect("shop1")
        self.simulator.add("shop1", orders=[order(number="70001")])
        self.poll()
        self.lying_list([order(number="T-57"), order(number="58-T")])
        self.poll_again(integration)
        self.assertEqual(self.imported(integration), ["70001"])
        self.assertEqual(self.skipped(integration), {"T-57": "test_order", "58-T": "test_order"})
        self.assertEqual(self.db.value("SELECT skipped_orders FROM koppeling.integration_status"), 2,
                         "they are counted")
        for request in self.simulator.requests("shop1", path_contains="/v1/orders"):
            self.assertIn("test=false", request["query"])
        self.label_all()
        self.mark()
        counts = self.simulator.patch_counts("shop1")
        self.assertEqual({number for number, count in counts.items() if count > 0}, {"70001"})

    def test_row_token_revoked_disabled_or_wrong_needs_attention_until_it_is_replaced(self):
        integration = self.connect_with_orders(generate=3)
        self.label_all()
        for status in (401, 403):
            with self.subTest(status=status):
                self.simulator.fault("status", "shop:shop1", status=status)
                self.tick()
                self.work()
                self.poll_is_refused(integration)
                self.simulator.clear_faults()
                self.backend.run("SELECT koppeling.replace_token(%s, decode(%s, 'base64'))", integration,
                                 self.seal("token-shop1", "shop1.myonline.store"))
                self.work()
                self.assertEqual(self.shop(integration)["state"], "active")
                self.db.run("UPDATE koppeling.label SET told_at = NULL")
        self.work()
        self.assertEqual(self.marked(integration), 3)

    def poll_is_refused(self, integration):
        shop = self.shop(integration)
        self.assertEqual((shop["state"], shop["reason_code"]), ("needs_attention", "token_refused"))
        self.assertTrue(shop["reason"] and shop["reason_en"])
        self.assertEqual(len(self.imported(integration)), 3, "imported orders are kept")
        asked = len(self.simulator.requests("shop1"))
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.tick()
        self.work()
        self.assertEqual(len(self.simulator.requests("shop1")), asked, "it is left alone")

    def test_row_shop_down_5xx_or_429_is_retried_without_an_alarm(self):
        integration = self.connect_with_orders(generate=1)
        polled = self.shop(integration)["last_polled_at"]
        for settings in ({"status": 503}, {"status": 500}):
            self.simulator.fault("status", "shop:shop1", times=1, **settings)
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '1 hour', backoff_cap = '1 hour'"
                    " WHERE error_class = 'server_error'")
        self.poll_again(integration)
        shop = self.shop(integration)
        self.assertEqual((shop["state"], shop["reason"], shop["last_polled_at"]), ("active", None, polled))
        status = self.db.row("SELECT * FROM koppeling.integration_status")
        self.assertIn("trying again", status["condition"])
        self.assertEqual(self.db.rows("SELECT * FROM koppeling.failed_job"), [],
                         "no alarm before all attempts are used")
        self.simulator.fault("status", "shop:shop1", status=429, retry_after=300, times=1)
        self.simulator.add("shop1", generate=1)
        self.hasten()
        self.work()  # a second 5xx
        self.hasten()
        self.work()  # 429: a pause
        self.assertIn("the shop asked for a pause", self.db.value("SELECT condition FROM koppeling.integration_status"))
        self.db.run("UPDATE koppeling.integration SET blocked_until = NULL")
        self.hasten()
        self.work()
        self.assertEqual(len(self.imported(integration)), 2)
        self.assertGreater(self.shop(integration)["last_polled_at"], polled)

    def test_row_same_order_polled_again_makes_no_duplicate(self):
        integration = self.connect_with_orders(generate=5)
        before = self.order_ids()
        self.poll_again(integration)
        known = order(number="70001")
        self.lying_list([known, known])
        self.poll_again(integration)
        self.assertEqual(self.order_ids()[:5], before)
        self.assertEqual(len(self.order_ids()), 6)
        with self.assertRaisesRegex(Exception, "imported_order_identity"):
            self.db.run("INSERT INTO koppeling.imported_order (integration_id, order_uuid, order_number, shop_status, "
                        "weight_kg,"
                        " content_hash, payload_hash) SELECT integration_id, order_uuid, '1', 1, 1, '', 0"
                        " FROM koppeling.imported_order LIMIT 1")

    def test_row_order_edited_after_import_is_updated_without_a_label_and_flagged_with_one(self):
        integration = self.connect_with_orders(orders=[order(number="70001"), order(number="70002")])
        self.book(70002)
        moved = {"debtor": {"address": {"delivery": address(street="Nieuwstraat", number="7 A")}},
                 "orderlines": [{**order()["orderlines"][0], "quantity": 9}]}
        for number in ("70001", "70002"):
            self.simulator.change("shop1", number, merge=moved)
        self.poll_again(integration)
        fresh, labelled = self.order(70001), self.order(70002)
        self.assertEqual((fresh["ship_to_street"], fresh["ship_to_number"], fresh["ship_to_number_addition"]),
                         ("Nieuwstraat", "7", "A"))
        self.assertEqual(self.db.value("SELECT quantity FROM koppeling.order_line WHERE order_id = %s", fresh["id"]), 9)
        self.assertEqual((labelled["ship_to_street"], labelled["state"]), ("Voorbeeldlaan", "label_created"))
        self.assertIsNotNone(labelled["changed_after_label_at"], "the merchant sees: changed after label")

    def test_row_bad_single_order_is_recorded_and_the_others_are_imported(self):
        self.simulator.add("shop1", orders=[order(number="70001"), order(number="70002", debtor=[]), 5, []])
        self.simulator.add("shop1", raw='{"number": 70003, "status": 3, "debtor": ', status=3)
        self.simulator.add("shop1", orders=[order(number="70004", weight="-3")])
        integration = self.connect("shop1")
        self.poll()
        self.assertIn("70001", self.imported(integration))
        self.assertIn("70004", self.imported(integration))
        self.assertEqual(self.skipped(integration)["70002"], "no_address")
        for row in self.db.rows("SELECT * FROM koppeling.skipped_order"):
            self.assertTrue(row["reason"], row)

    def test_row_only_virtual_goods_or_no_lines_are_not_imported(self):
        integration = self.connect("shop1")
        virtual = self.simulator.add("shop1", generate=2, kind="virtual", status=3)
        shipping = {"id": "s", "type": "shipping", "quantity": 1, "weight": 0}
        self.simulator.add("shop1", orders=[order(number="70001", orderlines=[]),
                                            order(number="70002", orderlines=[shipping])])
        self.poll()
        self.assertEqual(self.imported(integration), [])
        self.assertEqual(self.skipped(integration), dict.fromkeys([*virtual, "70001", "70002"], "nothing_to_ship"))

    def test_row_pickup_in_store_and_status_6_are_not_imported(self):
        integration = self.connect("shop1")
        pickup = self.simulator.add("shop1", generate=2, kind="pickup", status=3)
        self.simulator.add("shop1", orders=[order(status=6), order(number="70001")])
        self.poll()
        self.assertEqual(self.imported(integration), ["70001"])
        self.assertEqual(self.skipped(integration), dict.fromkeys(pickup, "nothing_to_ship"))

    def test_row_unpaid_orders_are_open_by_default_and_paid_only_is_a_setting(self):
        self.simulator.add("shop1", orders=[order(number="70001", status=1), order(number="70002", status=3)])
        integration = self.connect("shop1")
        self.poll()
        self.assertEqual(self.imported(integration), ["70001", "70002"])
        self.backend.run("UPDATE koppeling.integration SET paid_only = true")
        self.simulator.add("shop1", orders=[order(number="70003", status=1), order(number="70004", status=3)])
        self.poll_again(integration)
        self.assertEqual(self.imported(integration), ["70001", "70002", "70004"])
        self.assertEqual(self.skipped(integration), {"70003": "not_paid"})
        self.backend.run("UPDATE koppeling.integration SET paid_only = false")
        self.poll_again(integration)
        self.assertEqual(self.imported(integration), ["70001", "70002", "70003", "70004"])

    def test_row_first_poll_of_an_old_shop_goes_back_30_days_or_as_far_as_is_set(self):
        for days in (1, 29, 31, 400):
            self.simulator.add("shop1", orders=[order(number=str(70000 + days), date=today(days))])
        integration = self.connect("shop1")
        self.poll()
        self.assertEqual(self.imported(integration), ["70001", "70029"])
        self.assertEqual(self.skipped(integration), {"70031": "too_old", "70400": "too_old"})
        self.backend.run("UPDATE koppeling.integration SET import_since = current_date - 40")
        self.poll_again(integration)
        self.assertEqual(self.imported(integration), ["70001", "70029", "70031"])
        self.assertEqual(self.skipped(integration), {"70400": "too_old"})


class LeavingRowsTest(BookingCase):
    """Orders that are no longer in the list of open orders."""

    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(*range(70001, 70009))

    def poll_and_confirm(self):
        self.poll_again(self.integration)
        self.tick()
        self.work()

    def test_row_order_cancelled_credited_archived_or_shipped_in_the_shop_itself_is_withdrawn(self):
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

    def test_row_order_that_leaves_the_list_with_a_label_is_only_flagged(self):
        self.label(self.order(70001)["id"])
        self.simulator.change("shop1", "70001", status=5)
        self.poll_and_confirm()
        self.assertEqual(self.order(70001)["state"], "label_created")
        self.mark()
        row = self.order(70001)
        self.assertEqual((row["state"], row["mark_outcome"], row["mark_reason_code"]),
                         ("label_created", "not_marked", "status_changed"))

    def test_row_order_disappears_because_of_a_failed_or_partial_poll_nothing_is_withdrawn(self):
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
        for _ in range(2):  # both statuses: a well-formed list, with nothing in it
            self.lying_list([])
        self.poll_again(self.integration)
        self.tick()
        self.assertEqual(len(self.jobs("confirm_order")), count)
        self.hasten()
        self.work("--kinds=confirm_order")
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.imported_order WHERE state = 'open'"), count)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.imported_order WHERE missing_since IS NOT NULL"),
                         0)


class LinkRowsTest(BookingCase):
    """The same shop again."""

    def disconnect(self, integration):
        self.backend.run("SELECT koppeling.disconnect_shop(%s)", integration)
        self.assertEqual(self.shop(integration)["state"], "disconnected")

    def test_row_integration_removed_and_linked_again_reuses_the_old_rows(self):
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

    def test_row_integration_removed_and_linked_again_under_another_host_moves_the_orders(self):
        old, new = self.move(disconnects=True)
        self.check_moved(old, new, self.order_ids())

    def test_row_shop_changed_domain_is_the_same_shop_by_its_store_id(self):
        """The merchant connects the new address while the old one is still connected; work that waits goes along."""
        old, new = self.move(disconnects=False)
        shop = self.shop(old)
        self.assertEqual(shop["reason_code"], "moved_to_other_integration")
        self.assertIn(str(new), shop["reason"])
        self.check_moved(old, new, self.order_ids())

    def test_row_shop_changed_domain_takes_failed_and_waiting_work_along(self):
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

    def test_row_shop_closed_needs_attention_and_keeps_its_orders(self):
        """A shop that is gone refuses the token, or its store cannot be found."""
        integration = self.connect_with_numbers(70001)
        self.simulator.control("DELETE", "/shops/shop1")
        self.poll_again(integration)
        self.assertEqual(self.shop(integration)["state"], "needs_attention")
        self.assertEqual(self.imported(integration), ["70001"])
