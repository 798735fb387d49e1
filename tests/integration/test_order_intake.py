"""Which orders become rows, and once (docs/reference/rules.md#which-orders-are-imported)."""
from harness.booking import BookingCase
from harness.orders import address, order, today


class IntakeTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1")

    def test_test_order_skipped_counted_and_never_patched(self):
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

    def test_same_order_polled_again_makes_no_duplicate(self):
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

    def test_order_edited_after_import_is_updated_without_a_label_and_flagged_with_one(self):
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

    def test_bad_single_order_is_recorded_and_the_others_are_imported(self):
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

    def test_only_virtual_goods_or_no_lines_are_not_imported(self):
        integration = self.connect("shop1")
        virtual = self.simulator.add("shop1", generate=2, kind="virtual", status=3)
        shipping = {"id": "s", "type": "shipping", "quantity": 1, "weight": 0}
        self.simulator.add("shop1", orders=[order(number="70001", orderlines=[]),
                                            order(number="70002", orderlines=[shipping])])
        self.poll()
        self.assertEqual(self.imported(integration), [])
        self.assertEqual(self.skipped(integration), dict.fromkeys([*virtual, "70001", "70002"], "nothing_to_ship"))

    def test_pickup_in_store_and_status_6_are_not_imported(self):
        integration = self.connect("shop1")
        pickup = self.simulator.add("shop1", generate=2, kind="pickup", status=3)
        self.simulator.add("shop1", orders=[order(status=6), order(number="70001")])
        self.poll()
        self.assertEqual(self.imported(integration), ["70001"])
        self.assertEqual(self.skipped(integration), dict.fromkeys(pickup, "nothing_to_ship"))

    def test_unpaid_orders_are_open_by_default_and_paid_only_is_a_setting(self):
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

    def test_first_poll_of_an_old_shop_goes_back_30_days_or_as_far_as_is_set(self):
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
