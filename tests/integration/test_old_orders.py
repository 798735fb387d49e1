"""A shop with pages of orders that are too old: what polls ask for, and what they know all the same."""
from harness.case import Case
from harness.orders import order, today


class OldOrdersTest(Case):
    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1")
        self.simulator.add("shop1", orders=[order(number=str(10000 + n), date=today(60 + n)) for n in range(450)])
        self.simulator.add("shop1", orders=[order(number=str(20000 + n), date=today(n)) for n in range(5)])
        self.integration = self.connect("shop1")
        self.poll()

    def poll_once_more(self):
        """Polls again; returns what that asked for."""
        before = self.simulator.requests("shop1")[-1]["sequence"]
        self.poll_again(self.integration)
        return [entry["path"] + "?" + entry["query"]
                for entry in self.simulator.requests("shop1", path_contains="/v1/orders", since=before)]

    def a_day_passes(self):
        self.db.run("UPDATE koppeling.integration SET listed_whole_at = now() - interval '25 hours'")

    def test_they_are_read_once_a_day_and_explained(self):
        self.assertEqual(len(self.imported(self.integration)), 5)
        self.assertEqual(len(self.skipped(self.integration)), 450)
        self.poll_once_more()
        asked = self.poll_once_more()
        self.assertEqual(len(asked), 2, "a page of each status")
        for query in asked:
            self.assertIn(f"&start_date={today(31)}&", query)
        self.simulator.add("shop1", orders=[order(number="10900", date=today(45)), order(number="20900")])
        self.poll_once_more()
        self.assertIn("20900", self.imported(self.integration))
        self.assertNotIn("10900", self.skipped(self.integration))
        self.a_day_passes()
        self.assertGreaterEqual(len(self.poll_once_more()), 6)
        self.assertEqual(self.skipped(self.integration)["10900"], "too_old")
        self.assertEqual(len(self.skipped(self.integration)), 451)
        self.assertEqual(len(self.poll_once_more()), 3, "the count of the shorter list is asked for once")
        self.assertEqual(len(self.poll_once_more()), 2)

    def test_what_is_here_and_older_is_not_taken_for_gone(self):
        self.backend.run("UPDATE koppeling.integration SET import_since = current_date - 2")
        self.poll_once_more()
        asked = self.poll_once_more()
        for query in asked:
            self.assertIn(f"start_date={today(5)}", query, "the oldest that is here, and a day")
        self.assertEqual((len(self.imported(self.integration)), self.simulator.reads("shop1")), (5, []))
        self.simulator.change("shop1", "20004", status=5)
        self.poll_once_more()
        self.tick()
        self.work()
        self.assertEqual(self.order("20004")["state"], "withdrawn")
        self.assertEqual([self.order(str(20000 + n))["state"] for n in range(4)], ["open"] * 4)
