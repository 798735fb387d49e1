"""Staging and production: a label of either marks the order in the shop, which is always production."""
from harness.booking import LabelCase


class LabelEnvironmentTest(LabelCase):
    def test_label_on_staging_marks_the_production_shop_with_flags_and_warnings(self):
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

    def test_label_on_live_is_flagged_as_production(self):
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
