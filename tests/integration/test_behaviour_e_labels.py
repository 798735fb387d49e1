"""Labels, and what the shop is told of them (docs/reference/rules.md#telling-the-shop).

Those about orders and shops are in test_behaviour_e.py.
"""
import datetime
import json

from harness.booking import SERVICE, BookingCase


class LabelRowsCase(BookingCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002, 70003)

    def patches(self):
        return [request for request in self.simulator.requests("shop1") if request["method"] == "PATCH"]

    def check_marked(self, number, outcome="marked", environment="production"):
        row = self.order(number)
        self.assertEqual((row["state"], row["mark_outcome"], row["marked_label_environment"]),
                         ("marked_shipped", outcome, environment), row)

    def check_not_marked(self, number, reason_code):
        row = self.order(number)
        self.assertEqual((row["state"], row["mark_outcome"], row["mark_reason_code"]),
                         ("label_created", "not_marked", reason_code), row)
        self.assertTrue(row["mark_reason"])
        self.assertEqual(self.patches(), [])


class MarkRowsTest(LabelRowsCase):
    def test_row_already_shipped_when_we_want_to_mark_it_is_success_without_a_patch(self):
        self.book(70001)
        self.simulator.change("shop1", "70001", status=2)
        self.mark()
        self.check_marked(70001, "already_shipped")
        self.assertEqual(self.patches(), [])

    def test_row_order_was_cancelled_or_credited_in_the_shop_label_made_anyway_is_not_overwritten(self):
        for number in (70001, 70002, 70003):
            self.book(number)
        self.simulator.change("shop1", "70001", status=5)
        self.simulator.change("shop1", "70002", credit_order_numbers=[80001])
        self.simulator.change("shop1", "70003", status=10)
        self.mark()
        self.check_not_marked(70001, "status_changed")
        self.check_not_marked(70002, "credited")
        self.check_not_marked(70003, "status_changed")
        self.assertIn("5", self.order(70001)["mark_reason"])
        self.mark()
        self.assertEqual(len(self.history("mark_shipped")), 3, "it is asked once, then a person decides")

    def test_row_several_labels_per_order_are_one_patch(self):
        shipment = self.book(70001, label_count=3)
        self.assertEqual((shipment["state"], len(self.labels(70001))), ("labelled", 3))
        self.mark()
        self.check_marked(70001)
        self.assertEqual(len(self.patches()), 1)
        self.assertEqual(len({label["waybill"] for label in self.labels(70001)}), 3, "all waybills are kept")

    def test_row_several_shipments_extra_labels_are_related_and_patch_nothing(self):
        first = self.book(70001)
        self.mark()
        second = self.book(70001, label_count=2)
        self.assertEqual((first["related_shipment_id"], second["related_shipment_id"]), (None, first["id"]))
        one, two = self.booked()
        self.assertNotIn("related", one["request"])
        self.assertEqual(two["request"]["related"], "/shipments/" + first["external_id"])
        self.mark()
        self.assertEqual(len(self.patches()), 1)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label WHERE told_at IS NULL"), 0)

    def test_row_label_cancelled_later_the_shop_order_stays_shipped(self):
        """There is no way back in the shop and no webhook here: nothing may un-ship, whatever is called again."""
        shipment = self.book(70001)
        self.mark()
        self.label(self.order(70001)["id"], self.labels(70001)[0]["external_id"], waybill=None)
        self.mark()
        self.poll_again(self.integration)
        self.tick()
        self.work()
        self.check_marked(70001)
        self.assertEqual(self.simulator.orders("shop1")["70001"]["status"], 2)
        self.assertEqual(self.labels(70001)[0]["shipment_id"], shipment["id"])

    def test_row_shop_patch_fails_after_label_made_the_label_stays_valid_and_the_mark_is_tried_again(self):
        self.book(70001)
        self.simulator.fault("status", "shop:shop1", method="PATCH", status=422)
        self.mark()
        row = self.order(70001)
        self.assertEqual((row["state"], row["marked_at"]), ("label_created", None))
        self.assertTrue(self.labels(70001)[0]["usable_with_distributor"])
        failed = self.db.row("SELECT * FROM koppeling.failed_job")
        self.assertEqual((failed["kind"], failed["order_number"], failed["http_status"]),
                         ("mark_shipped", "70001", 422))
        self.simulator.clear_faults()
        self.ops.run("SELECT koppeling.retry_job(%s)", failed["id"])
        self.work()
        self.check_marked(70001)
        self.assertEqual(len(self.bookings()), 1, "no second label")

    def test_row_email_none_is_requested_and_the_merchant_is_told_so(self):
        self.book(70001)
        self.mark()
        patch, = self.patches()
        self.assertEqual(json.loads(patch["body"]), {"status": 2}, "nothing in it asks for a mail")
        self.assertNotIn("mail", patch["query"].lower())
        notices = {language: self.backend.rows("SELECT * FROM koppeling.integration_notices(%s, %s)", self.integration,
                                               language)
                   for language in ("nl", "en")}
        for language, words in (("nl", "geen e-mail"), ("en", "no e-mail")):
            self.assertIn(words, {row["code"]: row["notice"] for row in notices[language]}["notice_no_mail"])

    def test_row_tracking_number_is_off_by_default(self):
        self.simulator.change("shop1", "70001", merge={"comments": {"internal": "breekbaar"}})
        self.book(70001)
        self.mark()
        self.assertEqual(self.comment(70001), "breekbaar")

    def comment(self, number):
        return self.simulator.control("PATCH", f"/shops/shop1/orders/{number}", {})["comments"]["internal"]

    def test_row_tracking_number_is_appended_to_the_internal_comment_and_no_text_is_lost(self):
        self.backend.run("UPDATE koppeling.integration SET tracking_in_comment = true")
        long = "Let op: breekbaar\nBellen vóór 10:00 uur — \"achterom\" \\ € " + "x" * 2000
        self.simulator.change("shop1", "70001", merge={"comments": {"internal": long, "customer": "snel graag"}})
        self.simulator.change("shop1", "70002", merge={"comments": {"internal": ""}})
        self.book(70001, label_count=2)
        self.book(70002)
        self.simulator.fault("reset", "shop:shop1", method="PATCH", times=2)
        self.mark()
        lines = [f"{SERVICE}: {label['waybill']}" for label in self.labels(70001)]
        self.assertEqual(self.comment(70001), "\n".join([long, *lines]))
        self.assertEqual(self.comment(70002), f"{SERVICE}: {self.labels(70002)[0]['waybill']}")
        shop_order = self.simulator.control("PATCH", "/shops/shop1/orders/70001", {})
        self.assertEqual(shop_order["comments"]["customer"], "snel graag")
        for patch in self.patches():
            self.assertEqual(set(json.loads(patch["body"])), {"status", "comments"})


class EnvironmentRowsTest(LabelRowsCase):
    def test_row_label_on_staging_marks_the_production_shop_with_flags_and_warnings(self):
        before = dict(self.notices())
        self.assertIn("staging", before["notice_staging"], "the merchant is warned before")
        shipment = self.book(70001, environment="staging")
        self.assertEqual((shipment["environment"], [label["usable_with_distributor"] for label in self.labels(70001)]),
                         ("staging", [False]))
        self.assertEqual([booked["environment"] for booked in self.booked()], ["staging"])
        self.mark()
        self.check_marked(70001, environment="staging")
        self.assertEqual(self.simulator.orders("shop1")["70001"]["status"], 2)
        job, = self.history("mark_shipped")
        self.assertEqual((job["label_environment"], job["shop_environment"]), ("staging", "production"))
        after = self.backend.row("SELECT * FROM koppeling.staging_marked_order")
        self.assertEqual((after["order_number"], after["has_usable_label"]), ("70001", False))
        self.assertIn("production label", after["notice"], "and after")

    def notices(self):
        return [(row["code"], row["notice"]) for row in
                self.backend.rows("SELECT * FROM koppeling.integration_notices(%s)", self.integration)]

    def test_row_label_on_live_is_flagged_as_production(self):
        self.book(70001, environment="production")
        self.mark()
        self.check_marked(70001)
        self.assertTrue(self.labels(70001)[0]["usable_with_distributor"])
        self.assertEqual([booked["environment"] for booked in self.booked()], ["production"])
        self.assertEqual([(job["label_environment"], job["shop_environment"]) for job in self.history("mark_shipped")],
                         [("production", "production")])
        self.assertEqual(self.db.rows("SELECT * FROM koppeling.staging_marked_order"), [])

    def test_a_shop_that_wants_no_staging_labels_is_still_told_of_a_production_label_made_with_one(self):
        self.backend.run("UPDATE koppeling.integration SET mark_on_staging = false")
        self.assertIn("notice_staging_off", dict(self.notices()))
        self.book(70001, environment="staging")
        self.book(70001, environment="production")
        self.mark()
        self.check_marked(70001)


class BookingRowsTest(LabelRowsCase):
    def test_row_shipment_without_labels_yet_is_not_shipped_until_there_is_one(self):
        self.simulator.fault("late_labels", "boekuwzending", ms=600, times=1)
        shipment = self.book(70001)
        self.assertEqual((shipment["state"], self.labels(70001)), ("created", []))
        self.assertEqual(self.order(70001)["state"], "open")
        self.mark()
        self.assertEqual((self.jobs("mark_shipped"), self.patches()), ([], []), "not shipped yet")
        self.wait_until(lambda: self.booked()[0]["labels_exist"], "the labels are made")
        self.hasten()
        self.work()
        self.assertEqual((self.order(70001)["state"], len(self.labels(70001))), ("label_created", 1))
        self.mark()
        self.check_marked(70001)

    def test_row_default_from_address_deleted_blocks_the_dispatch_and_nothing_replaces_it(self):
        """One that is in use cannot be deleted at all; a shop without one is refused."""
        with self.assertRaisesRegex(Exception, "foreign key"):
            self.backend.run("DELETE FROM koppeling.from_address WHERE id = 1")
        self.assertEqual(self.bookings(), [])

    def test_row_default_from_address_incomplete_blocks_the_dispatch_and_nothing_replaces_it(self):
        for change in ("street = NULL", "number = ' '", "postcode = ''", "city = NULL", "country = NULL",
                       "name = '', company = NULL"):
            with self.subTest(change=change):
                self.backend.run(f"UPDATE koppeling.from_address SET {change} WHERE id = 1")
                with self.assertRaisesRegex(Exception, "from address 1 is incomplete") as refusal:
                    self.dispatch(70001)
                self.assertEqual(refusal.exception.state, "55000")
                self.backend.run("UPDATE koppeling.from_address SET name = 'Magazijn', street = 'Pakketpad', number = "
                                 "'1',"
                                 " postcode = '1012AB', city = 'Amsterdam', country = 'NL' WHERE id = 1")
        self.backend.run("UPDATE koppeling.integration SET from_address_id = 2")
        with self.assertRaisesRegex(Exception, "from address 2 is incomplete"):
            self.dispatch(70001)
        self.work()
        self.assertEqual((self.bookings(), self.jobs()), ([], []))

    def test_row_pickup_points_are_not_in_a_shop_order_so_none_is_sent(self):
        self.book(70001)
        self.assertNotIn("pickup", json.dumps(self.booked()[0]["request"]).lower())

    def test_row_dispatch_date_is_tomorrow_in_the_netherlands(self):
        days = [self.db.value("SELECT ((now() AT TIME ZONE 'Europe/Amsterdam')::date + 1)::text")]
        self.book(70001)
        days.append(self.db.value("SELECT ((now() AT TIME ZONE 'Europe/Amsterdam')::date + 1)::text"))
        date = self.booked()[0]["request"]["dispatch"]["date"]
        self.assertIn(date, days)
        self.assertGreater(datetime.date.fromisoformat(date), datetime.date.today() - datetime.timedelta(days=1))

    def test_row_service_list_any_service_of_the_list_may_be_chosen_and_one_must_be(self):
        for number, service in ((70001, "dhl-europlus"), (70002, "gls-pakket")):
            self.book(number, service=service)
        self.assertEqual([booked["service"] for booked in self.booked()], ["dhl-europlus", "gls-pakket"])
        with self.assertRaisesRegex(Exception, "shipment_service_is_given"):
            self.dispatch(70003, service=" ")
