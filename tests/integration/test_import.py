"""Importing open orders: what comes in, what does not and why, and what a poll writes."""
import json

from harness.case import Case
from harness.orders import address, fixture, order, today

# Of every row that a poll may write: which transaction wrote this version.
VERSIONS = """
    SELECT 'order' AS kind, id::text AS id, xmin::text AS version FROM koppeling.imported_order
    UNION ALL SELECT 'line', order_id || '/' || position, xmin::text FROM koppeling.order_line
    UNION ALL SELECT 'skipped', order_number, xmin::text FROM koppeling.skipped_order
    UNION ALL SELECT 'history', id::text, xmin::text FROM koppeling.job_history
    ORDER BY 1, 2"""

SKIPPED_KINDS = {"credit": "credit_order", "pickup": "nothing_to_ship", "virtual": "nothing_to_ship",
                 "no_address": "no_address", "old": "too_old"}


class ImportTest(Case):
    def list_instead(self, orders, **fault):
        """The shop answers its next request for a list with these orders, whatever it was asked for."""
        self.simulator.fault("status", "shop:shop1", path_contains="/v1/orders", status=200,
                             body=json.dumps(orders), **{"times": 1, **fault})

    def test_every_open_order_in_any_shape_becomes_one_row(self):
        integration = self.connect_with_orders(generate=300)
        numbers = sorted(self.simulator.orders("shop1"))
        self.assertEqual(self.imported(integration), numbers)
        self.assertEqual(self.skipped(integration), {})
        rows = self.db.rows("SELECT * FROM koppeling.imported_order")
        for row in rows:
            with self.subTest(number=row["order_number"]):
                self.assertEqual(row["state"], "open")
                self.assertEqual(row["payload"]["uuid"], row["order_uuid"])
                self.assertIn(row["shop_status"], (1, 3))
                self.assertTrue(row["ship_to_name"] or row["ship_to_company"])
                self.assertTrue(row["ship_to_street"] and row["ship_to_city"] and row["ship_to_country"])
                self.assertEqual(row["currency"], "EUR")
        self.assertEqual(self.db.value("""
            SELECT count(*) FROM koppeling.imported_order o
            WHERE NOT EXISTS (SELECT FROM koppeling.order_line l WHERE l.order_id = o.id)"""), 0)

    def test_an_order_is_stored_with_its_address_lines_and_totals(self):
        integration = self.connect_with_orders(order=order(
            number="70001", reference="PO-7", business_model="B2B", comments={"customer": "Bij de buren"},
            orderlines=[
                {"id": "l1", "type": "article", "quantity": 3, "weight": "1.5", "description": "Kop",
                 "price": {"amount_including_tax": "30.00"}, "articles": [{"sku": "K-1"}]},
                {"id": "l2", "type": "shipping", "quantity": 1, "weight": 0},
                {"id": "l3", "type": "custom", "quantity": 1, "weight": "2", "description": "Maatwerk"}]))
        row = self.order(70001)
        self.assertEqual(
            {name: row[name] for name in ("ship_to_name", "ship_to_street", "ship_to_number", "ship_to_number_addition",
                                          "ship_to_postcode", "ship_to_city", "ship_to_country", "email", "phone",
                                          "currency", "reference", "customer_comment", "paid", "private_address")},
            {"ship_to_name": "Fenna Testveld", "ship_to_street": "Voorbeeldlaan", "ship_to_number": "14",
             "ship_to_number_addition": "bis", "ship_to_postcode": "3511ZZ", "ship_to_city": "Utrecht",
             "ship_to_country": "NL", "email": "fenna@example.org", "phone": "+31612345678", "currency": "EUR",
             "reference": "PO-7", "customer_comment": "Bij de buren", "paid": True, "private_address": True})
        self.assertEqual((float(row["weight_kg"]), float(row["total"])), (0.85, 50.0))
        self.assertEqual(row["ordered_at"][:10], today())
        lines = self.db.rows("SELECT * FROM koppeling.order_line ORDER BY position")
        self.assertEqual([(line["line_id"], line["kind"], line["quantity"], line["sku"], float(line["weight_kg"]))
                          for line in lines],
                         [("l1", "article", 3, "K-1", 0.5), ("l3", "custom", 1, None, 2.0)])
        self.assertEqual(self.db.column("SELECT order_number FROM koppeling.open_order WHERE integration_id = %s",
                                        integration), ["70001"])

    def test_an_order_is_imported_once_however_often_it_is_polled(self):
        integration = self.connect_with_orders(generate=20)
        before = self.order_ids()
        for _ in range(3):
            self.poll_again(integration)
        self.assertEqual(self.order_ids(), before)

    def test_an_order_that_stands_twice_in_the_list_is_imported_once(self):
        integration = self.connect_with_orders(generate=1)
        twice = order(number="70002")
        self.list_instead([twice, twice, {**twice, "weight": "7"}])
        self.poll_again(integration)
        self.assertEqual(len(self.db.rows("SELECT FROM koppeling.imported_order WHERE order_number = '70002'")), 1)

    def test_two_shops_with_the_same_order_numbers_keep_them_apart(self):
        for shop in ("shop1", "shop2"):
            self.simulator.shop(shop)
            self.simulator.add(shop, orders=[order(number="1"), order(number="2")])
        first, second = self.connect("shop1", "shop2")
        self.poll()
        self.assertEqual((self.imported(first), self.imported(second)), (["1", "2"], ["1", "2"]))

    def test_a_poll_that_finds_nothing_new_writes_nothing(self):
        integration = self.connect_with_orders(generate=120)
        for kind in SKIPPED_KINDS:
            self.simulator.add("shop1", generate=3, kind=kind, status=3)
        self.simulator.add("shop1", raw='{"number": "70100", "uuid": "no-uuid", "status": 3}', status=3)
        self.simulator.add("shop1", raw='{"no": "order",}', status=3)
        self.poll_again(integration)
        self.assertEqual(sorted(set(self.skipped(integration).values())),
                         sorted({*SKIPPED_KINDS.values(), "unreadable"}))
        before, polls = self.db.rows(VERSIONS), self.shop(integration)["polls"]
        self.assertGreater(len(before), 240)
        self.poll_again(integration)
        self.assertEqual(self.db.rows(VERSIONS), before)
        shop = self.shop(integration)
        self.assertEqual((shop["polls"], shop["unchanged_polls"]), (polls + 1, 1))

    def test_orders_that_cannot_be_shipped_are_recorded_with_the_reason(self):
        integration = self.connect_with_orders(generate=2)
        expected = {}
        for kind, reason in SKIPPED_KINDS.items():
            numbers = self.simulator.add("shop1", generate=4, kind=kind, status=3)
            expected.update({number: reason for number in numbers})
        self.poll_again(integration)
        self.assertEqual(self.skipped(integration), expected)
        self.assertEqual(len(self.imported(integration)), 2)
        status = self.db.row("SELECT * FROM koppeling.integration_status")
        self.assertEqual((status["open_orders"], status["skipped_orders"]), (2, len(expected)))

    def test_test_orders_are_not_asked_for(self):
        integration = self.connect_with_orders(generate=2)
        self.simulator.add("shop1", generate=3, kind="test")
        self.poll_again(integration)
        self.assertEqual(len(self.imported(integration)), 2)
        for request in self.simulator.requests("shop1", path_contains="/v1/orders"):
            self.assertIn("test=false", request["query"])

    def test_a_test_order_that_the_shop_lists_anyway_is_recorded_and_never_imported(self):
        integration = self.connect_with_orders(generate=1)
        for number in ("T-57", "t-58", "59-T", "60T-", "61-t"):
            self.list_instead([order(number=number), order()])
            self.poll_again(integration)
            self.assertEqual(self.skipped(integration).get(number), "test_order", number)
        self.assertEqual(len(self.imported(integration)), 6, "the orders beside them are imported")

    def test_only_orders_with_an_open_status_are_imported(self):
        self.simulator.shop("shop1")
        numbers = {status: self.simulator.add("shop1", orders=[order(status=status), order(status=str(status))])
                   for status in (1, 2, 3, 4, 5, 6, 7, 8, 9)}
        integration = self.connect("shop1")
        self.poll()
        self.assertEqual(self.imported(integration), sorted(numbers[1] + numbers[3]))
        self.backend.run("UPDATE koppeling.integration SET open_statuses = '{1,3,9,4}' WHERE id = %s", integration)
        self.poll_again(integration)
        self.assertEqual(self.imported(integration), sorted(numbers[1] + numbers[3] + numbers[4] + numbers[9]))

    def test_a_shop_may_want_paid_orders_only(self):
        self.simulator.shop("shop1")
        paid, unpaid = order(status=3), order(status=1)
        self.simulator.add("shop1", orders=[paid, unpaid])
        integration = self.connect("shop1")
        self.backend.run("UPDATE koppeling.integration SET paid_only = true")
        self.poll()
        self.assertEqual(self.imported(integration), [paid["number"]])
        self.assertEqual(self.skipped(integration), {unpaid["number"]: "not_paid"})
        self.simulator.change("shop1", unpaid["number"], status=3)
        self.poll_again(integration)
        self.assertEqual(self.imported(integration), sorted([paid["number"], unpaid["number"]]))
        self.assertEqual(self.skipped(integration), {})

    def test_the_first_import_goes_back_as_far_as_the_setting_says(self):
        self.db.run("UPDATE koppeling.setting SET value = '5' WHERE name = 'first_import_days'")
        self.simulator.shop("shop1")
        young, old = order(date=today(3)), order(date=today(8))
        self.simulator.add("shop1", orders=[young, old])
        integration = self.connect("shop1")
        self.poll()
        self.assertEqual(self.imported(integration), [young["number"]])
        self.assertEqual(self.skipped(integration), {old["number"]: "too_old"})

    def test_archived_orders_are_not_imported(self):
        self.simulator.shop("shop1")
        kept, archived = order(), order(archived=True)
        self.simulator.add("shop1", orders=[kept, archived])
        integration = self.connect("shop1")
        self.poll()
        self.assertEqual(self.imported(integration), [kept["number"]])

    def test_partly_credited_orders_are_imported_and_flagged(self):
        integration = self.connect_with_orders(generate=2, kind="partly_credited", status=3)
        self.assertEqual(len(self.imported(integration)), 2)
        self.assertEqual(self.db.column("SELECT partly_credited FROM koppeling.open_order"), [True, True])

    def test_the_examples_of_the_api_become_orders_that_can_be_shipped(self):
        expected = {"order_b2c": ("20411", "Voorbeeldlaan", "14", "bis", "NL", 0.85),
                    "order_b2b_belgium": ("20412", "Havenstraat", "220", "bus 3", "BE", 12.4),
                    "order_official": ("27", "Molenstraat", "62", None, "NL", 1.0)}
        self.simulator.shop("shop1")
        for name in expected:
            self.simulator.add("shop1", order={**fixture(name), "status": 3, "credited_order_number": None,
                                               "offline_location_id": None})
        integration = self.connect("shop1")
        self.poll()
        self.assertEqual(self.skipped(integration), {})
        for name, (number, street, house, addition, country, weight) in expected.items():
            with self.subTest(name=name):
                row = self.order(number)
                self.assertEqual((row["ship_to_street"], row["ship_to_number"], row["ship_to_number_addition"],
                                  row["ship_to_country"], float(row["weight_kg"])),
                                 (street, house, addition, country, weight))
                self.label(row["id"])
        self.mark()
        self.assertEqual(self.simulator.patch_counts("shop1"), {"27": 1, "20411": 1, "20412": 1})

    def test_the_test_order_among_the_examples_is_refused(self):
        integration = self.connect_with_orders(generate=1)
        self.list_instead([fixture("order_test")])
        self.poll_again(integration)
        self.assertEqual(self.skipped(integration), {"T-57": "test_order"})

    def test_members_of_other_types_than_expected_do_no_harm(self):
        odd = order(number=70010, status="3", weight=12.4, comments=[], credited_order_number="",
                    credit_order_numbers=None,
                    price={"tax": [], "total": 47.45}, shipping=[{"country": []}])
        odd["debtor"]["address"] = {"invoice": address(name="Alleen Factuur"), "delivery": []}
        integration = self.connect_with_orders(order=odd)
        self.assertEqual(self.skipped(integration), {})
        row = self.order(70010)
        self.assertEqual((row["ship_to_name"], float(row["weight_kg"]), float(row["total"]), row["ship_to_country"]),
                         ("Alleen Factuur", 12.4, 47.45, "NL"))

    def test_an_order_edited_in_the_shop_is_updated_while_it_has_no_label(self):
        changing = order(number="70020")
        changing["orderlines"].append({**changing["orderlines"][0], "id": "second", "description": "Schotel"})
        integration = self.connect_with_orders(orders=[changing, order()])
        before = self.order(70020)
        other = self.db.value("SELECT xmin::text FROM koppeling.imported_order WHERE order_number <> '70020'")
        moved = address(street="Nieuwstraat", number="7 A")
        self.simulator.change("shop1", "70020", merge={
            "debtor": {"address": {"delivery": moved}}, "orderlines": [changing["orderlines"][1]]})
        self.poll_again(integration)
        row = self.order(70020)
        self.assertEqual((row["id"], row["state"]), (before["id"], "open"))
        self.assertEqual((row["ship_to_street"], row["ship_to_number"], row["ship_to_number_addition"]),
                         ("Nieuwstraat", "7", "A"))
        self.assertGreater(row["changed_at"], before["changed_at"])
        self.assertEqual(row["imported_at"], before["imported_at"])
        self.assertEqual(self.db.column("SELECT description FROM koppeling.order_line WHERE order_id = %s", row["id"]),
                         ["Schotel"])
        self.assertEqual(self.db.value("SELECT xmin::text FROM koppeling.imported_order WHERE order_number <> '70020'"),
                         other, "the order beside it is not written")

    def test_an_order_edited_after_its_label_is_flagged_and_not_touched(self):
        integration = self.connect_with_orders(orders=[order(number="70021")])
        self.label(self.order(70021)["id"])
        self.simulator.change("shop1", "70021", merge={"debtor": {"address": {"delivery": address(street="Elders")}}})
        self.poll_again(integration)
        row = self.order(70021)
        self.assertEqual((row["state"], row["ship_to_street"]), ("label_created", "Voorbeeldlaan"))
        self.assertIsNotNone(row["changed_after_label_at"])
        version = self.db.rows(VERSIONS)
        self.poll_again(integration)
        self.assertEqual(self.db.rows(VERSIONS), version, "it is flagged once")

    def test_another_size_at_the_same_price_after_the_label_is_flagged(self):
        def lines(size, identity="1"):
            return [{"id": identity, "type": "article", "quantity": 1, "weight": "0.85",
                     "description": f"Trui - maat: {size}", "price": {"amount_including_tax": "45.00"}}]

        integration = self.connect_with_orders(orders=[order(number="70023", orderlines=lines("S"))])
        before = self.order(70023)
        self.label(before["id"])
        self.simulator.change("shop1", "70023", merge={"orderlines": lines("S", "2")})
        self.poll_again(integration)
        self.assertIsNone(self.order(70023)["changed_after_label_at"], "saved again, they are the same goods")
        self.simulator.change("shop1", "70023", merge={"orderlines": lines("M")})
        self.poll_again(integration)
        row = self.order(70023)
        self.assertIsNotNone(row["changed_after_label_at"])
        self.assertEqual((row["labelled_goods_hash"], row["labelled_address_hash"], row["address_hash"]),
                         (before["goods_hash"], before["address_hash"], before["address_hash"]))
        self.assertEqual(self.db.value("SELECT description FROM koppeling.order_line"), "Trui - maat: S",
                         "the lines are those of the label")
        self.simulator.change("shop1", "70023", merge={"orderlines": lines("S")})
        self.poll_again(integration)
        self.assertIsNone(self.order(70023)["changed_after_label_at"], "put back in the shop, there is no difference")

    def test_an_order_that_loses_its_goods_after_the_label_is_flagged(self):
        integration = self.connect_with_orders(orders=[order(number="70024")])
        self.label(self.order(70024)["id"])
        self.simulator.change("shop1", "70024", merge={"orderlines": []})
        self.poll_again(integration)
        self.assertIsNotNone(self.order(70024)["changed_after_label_at"])
        self.assertEqual(self.skipped(integration), {})

    def test_an_unimportant_change_after_the_label_is_not_flagged(self):
        integration = self.connect_with_orders(orders=[order(number="70022")])
        self.label(self.order(70022)["id"])
        self.simulator.change("shop1", "70022", status=1)
        self.poll_again(integration)
        self.assertIsNone(self.order(70022)["changed_after_label_at"])

    def test_an_order_whose_flaw_was_mended_is_imported_after_all(self):
        homeless = order(number="70030")
        homeless["debtor"]["address"] = {"invoice": {"name": "Zonder Adres"}}
        integration = self.connect_with_orders(order=homeless)
        self.assertEqual(self.skipped(integration), {"70030": "no_address"})
        self.simulator.change("shop1", "70030", merge={"debtor": {"address": {"invoice": address()}}})
        self.poll_again(integration)
        self.assertEqual(self.imported(integration), ["70030"])
        self.assertEqual(self.skipped(integration), {})


class PagingTest(Case):
    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1")
        self.integration = self.connect("shop1")

    def poll_slowly(self, meddle, pages=1):
        """Polls with time between the pages, in which meddle() does something to the shop."""
        self.simulator.settings(latency_ms=150)
        before = len(self.simulator.requests("shop1", path_contains="/v1/orders"))
        worker = self.start_worker()
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.wait_until(lambda: len([request for request in self.simulator.requests("shop1", path_contains="/v1/orders")
                                     if request["finished"]]) >= before + pages, "a page was read")
        meddle()
        self.wait_until(lambda: self.jobs("poll") == [], "the poll ends")
        worker.stop()

    def test_more_orders_than_fit_on_a_page_are_all_imported(self):
        for count in (99, 1, 1, 98, 150):  # a page, exactly a page, one more, nearly two, many
            self.simulator.add("shop1", generate=count, status=1)
            self.poll_again(self.integration)
            self.assertEqual(self.imported(self.integration), sorted(self.simulator.orders("shop1")))

    def test_orders_that_leave_the_list_while_it_is_read_hide_no_others(self):
        numbers = self.simulator.add("shop1", generate=450, status=1)
        gone = numbers[:60]

        def ship_some():
            for number in gone:
                self.simulator.change("shop1", number, status=2)

        self.poll_slowly(ship_some)
        self.assertLessEqual(set(numbers) - set(gone), set(self.imported(self.integration)))

    def test_orders_that_come_while_the_list_is_read_are_imported_too(self):
        numbers = self.simulator.add("shop1", generate=250, status=1)
        self.poll_slowly(lambda: numbers.extend(self.simulator.add("shop1", generate=30, status=1)))
        self.assertEqual(self.imported(self.integration), sorted(numbers))

    def test_an_order_that_vanishes_from_the_list_is_not_lost(self):
        numbers = self.simulator.add("shop1", generate=5, status=1)
        self.poll_again(self.integration)
        self.label(self.order(numbers[1])["id"])
        self.simulator.change("shop1", numbers[0], status=5)
        self.simulator.change("shop1", numbers[1], status=5)
        self.poll_again(self.integration)
        self.assertEqual(self.imported(self.integration), sorted(numbers))
        self.assertEqual(self.order(numbers[1])["state"], "label_created")
