"""Answers that are no list of orders: the job tries again, an order is skipped, and all others go on."""
import json

from harness.case import Case
from harness.orders import order


class BadAnswerTest(Case):
    def setUp(self):
        super().setUp()
        for shop in ("shop1", "shop2"):
            self.simulator.shop(shop)
            for status in (1, 3):  # the list is asked for each of them
                self.simulator.add(shop, generate=15, status=status)
        self.first, self.second = self.connect("shop1", "shop2")

    def check_imported(self):
        for shop, integration in (("shop1", self.first), ("shop2", self.second)):
            self.assertEqual(self.imported(integration), sorted(self.simulator.orders(shop)))

    def poll_through(self, fault, error_class, **settings):
        """One bad answer among the good: the attempt fails with this class, and the next one imports all."""
        self.simulator.fault(fault, "shop:shop1", path_contains="/v1/orders", times=1, **settings)
        self.poll()
        self.check_imported()
        job, = [job for job in self.history("poll") if job["integration_id"] == self.first]
        error, = job["errors"]
        self.assertEqual((job["outcome"], job["attempts"], error["class"], error["attempt"]),
                         ("done", 2, error_class, 1), job)
        self.assertEqual(self.jobs(), [])

    def test_a_page_that_is_not_json_is_read_again(self):
        self.poll_through("malformed", "unreadable")

    def test_a_page_that_ends_early_is_read_again(self):
        self.poll_through("truncated", "network")

    def test_an_empty_page_is_read_again(self):
        self.poll_through("empty", "unreadable")

    def test_an_html_page_is_read_again(self):
        self.poll_through("html", "unreadable", status=200)

    def test_a_maintenance_page_is_read_again(self):
        self.poll_through("html", "server_error", status=503)

    def test_a_page_of_a_hundred_megabytes_is_cut_off_and_not_fetched_again_for_now(self):
        self.simulator.fault("huge", "shop:shop1", path_contains="/v1/orders", times=1)
        self.poll()
        self.assertEqual(self.imported(self.second), sorted(self.simulator.orders("shop2")))
        self.assertEqual((self.jobs("poll")[0]["state"], self.jobs("poll")[0]["attempt"]), ("failed", 1))
        self.db.run("SELECT koppeling.retry_failed()")
        self.work()
        self.check_imported()

    def test_a_list_that_has_become_an_object_is_read_again(self):
        self.poll_through("wrong_types", "unreadable")

    def test_an_error_in_place_of_the_list_is_read_again(self):
        self.poll_through("status", "unreadable", status=200, body='{"code": 12, "message": "kaput"}')

    def test_a_shop_that_never_answers_well_fails_visibly_and_the_others_go_on(self):
        self.simulator.fault("malformed", "shop:shop1", path_contains="/v1/orders")
        self.poll()
        self.assertEqual(self.imported(self.second), sorted(self.simulator.orders("shop2")))
        failed = self.db.row("SELECT * FROM koppeling.failed_job")
        self.assertEqual((failed["shop"], failed["kind"], failed["error_class"], failed["attempts"]),
                         ("shop1.myonline.store", "poll", "unreadable", 5))
        self.assertIn(f"retry_job({failed['id']})", failed["what_to_do"])
        condition = self.db.value("SELECT condition FROM koppeling.integration_status WHERE id = %s", self.first)
        self.assertIn("cannot list the orders", condition)
        self.simulator.clear_faults()
        self.ops.run("SELECT koppeling.retry_job(%s)", failed["id"])
        self.work()
        self.check_imported()

    def test_whole_orders_before_the_cut_are_not_lost_when_the_page_always_ends_early(self):
        self.simulator.fault("malformed", "shop:shop1", path_contains="/v1/orders")
        self.poll()
        imported = self.imported(self.first)
        self.assertLessEqual(set(imported), set(self.simulator.orders("shop1")))
        self.assertGreater(len(imported), 5)

    def check_odd_order(self, fault, **settings):
        """The bad order is mended or skipped, the shop's other orders are imported."""
        self.simulator.fault(fault, "shop:shop1", path_contains="/v1/orders", times=1, **settings)
        self.poll()
        self.assertEqual(self.imported(self.second), sorted(self.simulator.orders("shop2")))
        handled = set(self.imported(self.first)) | set(self.skipped(self.first))
        self.assertLessEqual(set(self.simulator.orders("shop1")), handled)
        self.assertEqual(self.jobs(), [])

    def test_bytes_that_are_no_utf8_spoil_one_order_at_most(self):
        self.check_odd_order("invalid_utf8")
        self.assertGreaterEqual(len(self.imported(self.first)), 29)

    def test_a_nul_byte_spoils_one_order_at_most(self):
        self.check_odd_order("nul_byte")
        self.assertGreaterEqual(len(self.imported(self.first)), 29)

    def test_an_order_nested_a_hundred_thousand_levels_deep_is_skipped(self):
        self.simulator.fault("deep", "shop:shop1", path_contains="/v1/orders", times=1)
        self.poll()
        self.assertIn("unreadable", self.skipped(self.first).values())
        self.poll_again(self.first)
        self.check_imported()

    def test_elements_that_are_no_orders_are_skipped_and_the_others_are_imported(self):
        bad = ('{"number": "70100", "uuid": "no-uuid", "status": 3}', '{"status": 3}', '"text"', "17", "null", "[]",
               "{}",
               '{"number": "70101", "status": 3,}', '{"number": 1e400, "uuid": 5}', "{'number': 3}")
        for raw in bad:
            self.simulator.add("shop1", raw=raw, status=3)
        late = order()
        self.simulator.add("shop1", order=late)
        self.poll()
        numbers = [number for number in self.simulator.orders("shop1") if number.isdigit()
                   and number not in ("70100", "70101")]
        self.assertEqual(self.imported(self.first), sorted(numbers))
        skipped = self.skipped(self.first)
        self.assertEqual(set(skipped.values()), {"unreadable"})
        self.assertIn("70100", skipped)
        self.assertGreaterEqual(len(skipped), 8, skipped)
        for reason in self.db.column("SELECT reason FROM koppeling.skipped_order"):
            self.assertNotIn("no-uuid", reason, "reasons hold no content")
        self.assertEqual(self.jobs(), [])

    def test_an_order_of_two_megabytes_is_skipped(self):
        self.simulator.add("shop1", order=order(number="70102", comments={"customer": "x" * 2_000_000}))
        self.poll()
        self.assertNotIn("70102", self.imported(self.first))
        self.assertEqual(len(self.imported(self.first)), 30)
        self.assertEqual(list(self.skipped(self.first).values()), ["unreadable"])

    def test_texts_of_any_length_and_kind_fit_into_the_database(self):
        wild = order(number="70103", reference="r" * 5000, comments={"customer": "\u202e\u0007\ud83d\ude00" * 3000},
                     currency="EURO", business_model="x" * 300)
        wild["debtor"]["email"] = "e" * 3000
        for part in ("name", "company", "street", "number", "zipcode", "city", "phone"):
            wild["debtor"]["address"]["delivery"][part] = f"{part} " * 2000
        wild["debtor"]["address"]["delivery"]["country_code"] = "Nederland of zo"
        wild["orderlines"][0].update(quantity=10 ** 30, weight="1e300", description="d" * 100000)
        wild["price"]["total"] = "1e308"
        self.simulator.add("shop1", raw=json.dumps(wild))
        self.poll()
        self.assertEqual(self.jobs(), [])
        self.assertEqual(len(set(self.imported(self.first)) | set(self.skipped(self.first))), 31)
