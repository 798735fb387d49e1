"""The whole at once: ten shops, two thousand orders, five hundred labels."""
from harness.case import Case, heavy

SHOPS = [f"winkel{number}" for number in range(1, 11)]
ORDERS, LABELS, TEST_ORDERS = 200, 50, 5


class WholeTest(Case):
    @heavy
    def test_ten_shops_with_two_thousand_orders_of_which_five_hundred_are_labelled(self):
        tests = {}
        for shop in SHOPS:
            self.simulator.shop(shop)
            self.simulator.add(shop, generate=ORDERS)
            tests[shop] = self.simulator.add(shop, generate=TEST_ORDERS, kind="test")
        self.simulator.settings(latency_ms=20, jitter_ms=30)
        scheduler, worker = self.start_scheduler(), self.start_worker()
        integrations = {shop: self.request_connection(shop) for shop in SHOPS}
        self.wait_until(lambda: len(self.order_ids()) == len(SHOPS) * ORDERS, "all orders are imported", seconds=60)
        # Polls go on while the labels come.
        self.db.run("UPDATE koppeling.integration SET poll_interval = '1 second', next_poll_at = now()")
        labelled = self.db.rows("""
            SELECT id, order_number, integration_id
            FROM (SELECT *, row_number() OVER (PARTITION BY integration_id ORDER BY id) AS place
                  FROM koppeling.imported_order) o
            WHERE place <= %s""", LABELS)
        for place, row in enumerate(labelled):
            self.label(row["id"], environment="staging" if place % 10 == 0 else "production")
        self.wait_until(lambda: self.marked() == len(SHOPS) * LABELS, "all labelled orders are marked", seconds=60)
        for program in (scheduler, worker):
            self.assertEqual(program.stop().status, 0)

        numbers = {(row["integration_id"], row["order_number"]) for row in labelled}
        for shop, integration in integrations.items():
            kept = self.simulator.orders(shop)
            normal = sorted(set(kept) - set(tests[shop]))
            self.assertEqual(self.imported(integration), normal, "exactly one row per order")
            for number, effects in kept.items():
                wanted = 1 if (integration, number) in numbers else 0
                self.assertEqual(effects["patch_count"], wanted, (shop, number))
                self.assertEqual(effects["status"] == 2, wanted == 1, (shop, number))
            for number in tests[shop]:
                self.assertEqual((kept[number]["patch_count"], kept[number]["get_count"]), (0, 0),
                                 "no test order is touched")
        history = self.history("mark_shipped")
        self.assertEqual((len(history), {job["attempts"] for job in history}), (len(SHOPS) * LABELS, {1}))
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.staging_marked_order"),
                         len(SHOPS) * LABELS // 10)
        to_look_at = self.db.rows("""
            SELECT reason_code, count(*) FROM koppeling.order_to_look_at
            WHERE reason_code IN (SELECT code FROM koppeling.order_reason) GROUP BY reason_code""")
        self.assertEqual([(row["reason_code"], row["count"]) for row in to_look_at],
                         [("staging_label", len(SHOPS) * LABELS // 10)], "nothing else needs a person")
        self.assertEqual(self.db.column("SELECT DISTINCT condition FROM koppeling.integration_status"), ["in order"])
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.failed_job"), 0)
