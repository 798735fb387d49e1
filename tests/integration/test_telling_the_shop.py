"""What the shop is told of a label (docs/reference/rules.md#telling-the-shop)."""
import json

from harness.booking import SERVICE, LabelCase


class TellingTest(LabelCase):
    def test_already_shipped_when_we_want_to_mark_it_is_success_without_a_patch(self):
        self.book(70001)
        self.simulator.change("shop1", "70001", status=2)
        self.mark()
        self.check_marked(70001, "already_shipped")
        self.assertEqual(self.patches(), [])

    def test_order_was_cancelled_or_credited_in_the_shop_label_made_anyway_is_not_overwritten(self):
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

    def test_several_labels_per_order_are_one_patch(self):
        shipment = self.book(70001, label_count=3)
        self.assertEqual((shipment["state"], len(self.labels(70001))), ("labelled", 3))
        self.mark()
        self.check_marked(70001)
        self.assertEqual(len(self.patches()), 1)
        self.assertEqual(len({label["waybill"] for label in self.labels(70001)}), 3, "all waybills are kept")

    def test_several_shipments_extra_labels_are_related_and_patch_nothing(self):
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

    def test_label_cancelled_later_the_shop_order_stays_shipped(self):
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

    def test_shop_patch_fails_after_label_made_the_label_stays_valid_and_the_mark_is_tried_again(self):
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

    def test_email_none_is_requested_and_the_merchant_is_told_so(self):
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

    def test_tracking_number_is_off_by_default(self):
        self.simulator.change("shop1", "70001", merge={"comments": {"internal": "breekbaar"}})
        self.book(70001)
        self.mark()
        self.assertEqual(self.comment(70001), "breekbaar")

    def comment(self, number):
        return self.simulator.control("PATCH", f"/shops/shop1/orders/{number}", {})["comments"]["internal"]

    def test_tracking_number_is_appended_to_the_internal_comment_and_no_text_is_lost(self):
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

    def test_the_second_waybill_is_added_to_the_comment_of_the_order_that_is_shipped_by_then(self):
        self.backend.run("UPDATE koppeling.integration SET tracking_in_comment = true")
        self.simulator.change("shop1", "70001", merge={"comments": {"internal": "breekbaar"}})
        self.book(70001)
        self.mark()
        self.check_marked(70001)
        self.book(70001)
        self.simulator.fault("reset", "shop:shop1", method="PATCH", after_effect=True, times=1)
        self.mark()
        self.hasten()
        self.work()
        lines = [f"{SERVICE}: {label['waybill']}" for label in self.labels(70001)]
        self.assertEqual((len(lines), self.comment(70001)), (2, "\n".join(["breekbaar", *lines])))
        self.check_marked(70001)
        first, *others = [set(json.loads(patch["body"])) for patch in self.patches()]
        self.assertEqual((first, others[0]), ({"status", "comments"}, {"comments"}), "its status stays as it is")
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label WHERE told_at IS NULL"), 0)

    def test_also_when_the_answer_to_the_first_was_lost(self):
        self.backend.run("UPDATE koppeling.integration SET tracking_in_comment = true")
        self.simulator.fault("status", "shop:shop1", method="PATCH", status=502, after_effect=True, times=1)
        self.book(70001)
        self.mark()
        self.hasten()
        self.work()
        self.check_marked(70001, "already_shipped")
        self.book(70001)
        self.mark()
        self.assertEqual(self.comment(70001).splitlines()[-2:],
                         [f"{SERVICE}: {label['waybill']}" for label in self.labels(70001)])

    def test_a_waybill_is_not_added_to_an_order_that_others_have_shipped(self):
        self.backend.run("UPDATE koppeling.integration SET tracking_in_comment = true")
        self.simulator.change("shop1", "70001", status=2)
        self.book(70001)
        self.mark()
        self.book(70001)
        self.mark()
        self.assertEqual(self.patches(), [])
