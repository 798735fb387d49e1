"""Labels that a person makes in the panel of Boekuwzending: the shop is told, wherever the label was made."""
from harness.booking import BookingCase
from harness.orders import address


class WatchTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002)
        self.backend.run("UPDATE koppeling.account SET push_orders = true")

    def push(self):
        self.tick()
        self.work("--threads=1")
        self.assertEqual(len(self.simulator.pushed_orders()), 2)

    def look(self):
        """Some time passes; then all that is watched is looked at, and the shop is told of what was found."""
        self.db.run("UPDATE koppeling.imported_order SET watch_at = now() WHERE watch_at IS NOT NULL")
        self.tick()
        self.work("--threads=1")
        self.mark()

    def panel_id(self, number):
        return self.simulator.pushed_orders()[str(number)]["id"]

    def labels(self, number):
        return self.db.rows("SELECT * FROM koppeling.label WHERE order_id = %s ORDER BY id", self.order(number)["id"])

    def concerns(self):
        return {row["order_number"]: row["reason_code"]
                for row in self.ops.rows("SELECT * FROM koppeling.order_to_look_at")}

    def test_a_label_made_in_the_panel_marks_the_order_in_the_shop(self):
        self.push()
        shipment = self.simulator.make_label(self.panel_id(70001))
        self.look()
        label, = self.labels(70001)
        self.assertEqual((label["external_id"], label["waybill"], label["environment"], label["shipment_id"]),
                         (shipment["labels"][0]["id"], shipment["labels"][0]["waybill"], "production", None))
        self.assertEqual((self.order(70001)["state"], self.order(70002)["state"]), ("marked_shipped", "open"))
        self.assertEqual(self.simulator.patch_counts("shop1"), {"70001": 1, "70002": 0})
        job, = self.history("watch_order")
        self.assertEqual((job["result"]["how"], job["result"]["labels"], job["label_environment"]),
                         ("seen", 1, "production"), "the look at the other order changed nothing and left no row")

    def test_an_order_is_looked_at_by_itself_soon_after_it_was_pushed(self):
        self.push()
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.imported_order WHERE watch_at"
                                       " BETWEEN now() AND now() + interval '5 minutes'"), 2)
        self.db.run("UPDATE koppeling.watch_rule SET every = '10 seconds' WHERE NOT has_label")
        self.db.run("UPDATE koppeling.imported_order SET watch_at = now()")
        self.tick()
        self.assertEqual(len(self.jobs("watch_order")), 2)
        self.work()
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.imported_order WHERE watched_at IS NOT NULL"
                                       " AND watch_at < now() + interval '12 seconds'"), 2)

    def test_several_shipments_with_several_labels_are_all_recorded_once(self):
        self.push()
        self.simulator.make_label(self.panel_id(70001), labels=2)
        self.simulator.make_label(self.panel_id(70001))
        self.look()
        self.look()
        self.assertEqual(len(self.labels(70001)), 3)
        self.assertEqual(len({label["panel_shipment_id"] for label in self.labels(70001)}), 2)
        self.simulator.make_label(self.panel_id(70001))
        self.look()
        self.assertEqual(len(self.labels(70001)), 4, "one that is made later is found too")
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label WHERE told_at IS NULL"), 0)

    def test_late_labels_are_waited_for(self):
        self.push()
        self.simulator.make_label(self.panel_id(70001), late_ms=1500)
        self.db.run("UPDATE koppeling.imported_order SET watch_at = now() WHERE order_number = '70001'")
        self.tick()
        self.work()
        self.assertEqual((self.labels(70001), self.order(70001)["state"]), ([], "open"))
        self.assertIsNotNone(self.order(70001)["unlabelled_since"])
        self.wait_until(lambda: self.look() or self.labels(70001), "the label is made")
        self.assertEqual((self.order(70001)["state"], self.order(70001)["unlabelled_since"]), ("marked_shipped", None))

    def test_a_label_of_staging_marks_the_shop_and_is_listed(self):
        self.backend.run("UPDATE koppeling.account SET push_environment = 'staging'")
        self.push()
        self.assertEqual({order["environment"] for order in self.simulator.pushed_orders().values()}, {"staging"})
        self.simulator.make_label(self.panel_id(70002))
        self.look()
        label, = self.labels(70002)
        self.assertEqual((label["environment"], label["usable_with_distributor"]), ("staging", False))
        listed, = self.db.rows("SELECT * FROM koppeling.staging_marked_order")
        self.assertEqual((listed["order_number"], listed["has_usable_label"]), ("70002", False))

    def test_an_account_that_changes_its_environment_finds_its_open_orders_there(self):
        self.backend.run("UPDATE koppeling.account SET push_environment = 'staging'")
        self.push()
        self.backend.run("UPDATE koppeling.account SET push_environment = 'production'")
        self.tick()
        self.work()
        there = [order["environment"] for order in self.pushed()]
        self.assertEqual(sorted(there), ["production"] * 2 + ["staging"] * 2)
        self.simulator.make_label(self.order(70001)["pushed_id"])
        self.look()
        self.assertEqual([label["environment"] for label in self.labels(70001)], ["production"])

    def test_an_order_that_somebody_removed_is_told_to_people_and_not_pushed_again(self):
        self.push()
        self.simulator.remove_pushed(self.panel_id(70001))
        self.look()
        self.assertEqual(self.concerns(), {"70001": "removed_from_panel"})
        self.assertIsNone(self.order(70001)["watch_at"])
        self.tick()
        self.assertEqual(self.jobs("push_order"), [])
        self.simulator.change("shop1", "70001", merge={"debtor": {"address": {"delivery": address(number="9")}}})
        self.poll_again(self.integration)
        self.tick()
        self.work()
        self.assertIn("70001", self.simulator.pushed_orders(), "when it changes it is pushed anew")
        self.assertEqual(self.concerns(), {})

    def test_a_label_that_is_cancelled_there_is_for_a_person_to_look_at(self):
        self.push()
        shipment = self.simulator.make_label(self.panel_id(70001))
        self.look()
        self.simulator.cancel_labels(shipment["id"])
        self.look()
        self.assertIsNotNone(self.labels(70001)[0]["cancelled_at"])
        self.assertEqual(self.concerns(), {"70001": "label_cancelled"})

    def test_a_shipment_that_disappears_takes_its_labels_along(self):
        self.push()
        shipment = self.simulator.make_label(self.panel_id(70001))
        self.look()
        self.simulator.fault("status", "boekuwzending", status=404, method="GET", path_contains=shipment["id"],
                             body='{"title": "Not Found"}', content_type="application/problem+json")
        self.look()
        self.assertEqual(self.concerns(), {"70001": "label_cancelled"})

    def test_archiving_alone_says_nothing(self):
        self.push()
        self.simulator.archive(self.panel_id(70001))
        self.look()
        self.assertEqual((self.order(70001)["state"], self.concerns()), ("open", {}))
        self.simulator.make_label(self.panel_id(70001))
        self.look()
        self.assertEqual(self.order(70001)["state"], "marked_shipped")

    def test_a_label_that_a_back_end_records_too_stays_one(self):
        self.push()
        shipment = self.simulator.make_label(self.panel_id(70001))
        self.look()
        recorded = self.label(self.order(70001)["id"], shipment["labels"][0]["id"])
        self.look()
        label, = self.labels(70001)
        self.assertEqual((label["id"], label["panel_shipment_id"]), (recorded, shipment["id"]))
        self.assertEqual(self.simulator.patch_counts("shop1")["70001"], 1)

    def test_trouble_on_the_way_loses_no_label(self):
        for fault in ({"fault": "status", "status": 429, "retry_after": "0"}, {"fault": "status", "status": 401},
                      {"fault": "malformed"}, {"fault": "reset"}, {"fault": "status", "status": 503}):
            with self.subTest(fault=fault):
                self.setUp_again()
                self.simulator.fault(scope="boekuwzending", method="GET", path_contains="/shipments/", times=1, **fault)
                self.look()
                self.db.run("UPDATE koppeling.job SET run_at = now() WHERE kind = 'watch_order' AND state = 'queued'")
                self.work()
                self.mark()
                self.assertEqual(len(self.labels(70001)), self.made)
                self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label WHERE told_at IS NULL"), 0)
        self.assertEqual(self.shop(self.integration)["state"], "active", "it is not the shop that refused")

    made = 0

    def setUp_again(self):
        """One label more, and room for the next attempt at once."""
        if self.made == 0:
            self.push()
            self.db.run("UPDATE koppeling.retry_rule"
                        " SET backoff_base = '10 milliseconds', backoff_cap = '20 milliseconds'")
        self.simulator.make_label(self.panel_id(70001))
        self.made += 1
