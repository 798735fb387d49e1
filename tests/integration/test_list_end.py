"""The end of a list: pages that hold less than was asked for, lists that are short of their count; what it costs."""
from harness.case import Case


class ListEndTest(Case):
    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1")
        self.integration = self.connect("shop1")

    def add(self, count, **what):
        return self.simulator.add("shop1", generate=count, status=3, **what)

    def asked(self, since=0):
        """What a poll asked for since then: the offsets of pages, and "count"."""
        return ["count" if entry["path"].endswith("/count") else int(entry["query"].split("offset=")[1].split("&")[0])
                for entry in self.simulator.requests("shop1", path_contains="/v1/orders", since=since)]

    def poll_once_more(self):
        """Polls again; returns what that asked for."""
        before = self.simulator.requests("shop1")[-1]["sequence"]
        self.poll_again(self.integration)
        return self.asked(before)

    def condition(self):
        return self.db.value("SELECT condition FROM koppeling.integration_status WHERE id = %s", self.integration)

    def test_pages_that_are_capped_are_all_read(self):
        self.simulator.shop("shop1", page_cap=50)
        numbers = self.add(130)
        self.poll()
        self.assertEqual(self.imported(self.integration), sorted(numbers))
        self.assertEqual(self.condition(), "in order")

    def test_they_are_read_too_when_the_shop_does_not_count(self):
        self.simulator.shop("shop1", page_cap=50)
        self.simulator.fault("html", "shop:shop1", path_contains="/v1/orders/count", status=404)
        numbers = self.add(130)
        self.poll()
        self.assertEqual(self.imported(self.integration), sorted(numbers))
        self.assertEqual((self.condition(), self.jobs()), ("in order", []))

    def test_a_hidden_order_takes_no_other_along_and_is_said(self):
        numbers = self.add(150)
        for place in (0, 60, 149):
            with self.subTest(place=place):
                self.simulator.change("shop1", numbers[place], hidden=True)
        self.poll()
        shown = sorted(set(numbers) - {numbers[0], numbers[60], numbers[149]})
        self.assertEqual(self.imported(self.integration), shown)
        shop = self.shop(self.integration)
        self.assertIn("150 open bestellingen, maar geeft er maar 147 door", shop["warning"])
        self.assertIn("counts 150 open orders, but lists only 147", shop["warning_en"])
        self.assertIn("counts 150 open orders, but lists only 147", self.condition())
        poll, = self.history("poll")
        self.assertEqual((poll["result"]["seen"], poll["result"]["short_by"]), (147, 3))
        for place in (0, 60, 149):
            self.simulator.change("shop1", numbers[place], hidden=False)
        self.poll_again(self.integration)
        self.assertEqual(self.imported(self.integration), sorted(numbers))
        self.assertEqual((self.shop(self.integration)["warning"], self.condition()), (None, "in order"))

    def test_a_list_that_did_not_change_costs_one_request_for_each_status(self):
        self.add(20)
        self.poll()
        self.assertEqual(self.asked(), [0, "count", 0, "count"], "the first time the end is proven")
        self.assertEqual(self.poll_once_more(), [0, 0])
        self.simulator.change("shop1", self.add(1)[0], status=1)
        self.assertEqual(self.poll_once_more(), [0, "count", 0], "only the list that changed is proven again")
        self.assertEqual(self.poll_once_more(), [0, 0])
        self.db.run("UPDATE koppeling.integration SET list_ends_at = now() - interval '1 hour'")
        self.assertEqual(self.poll_once_more(), [0, "count", 0, "count"], "and all of them after an hour")
        self.assertEqual(self.poll_once_more(), [0, 0])

    def test_a_new_order_is_found_though_the_first_page_is_full(self):
        for settings in ({}, {"ignores_ordering": True}):
            with self.subTest(settings=settings):
                self.simulator.shop("shop1", page_cap=25, **settings)
                self.add(25)
                self.poll_again(self.integration)
                self.poll_again(self.integration)
                before = self.db.value("SELECT count(*) FROM koppeling.imported_order")
                number, = self.add(1)
                self.poll_again(self.integration)
                self.assertIn(number, self.imported(self.integration))
                self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.imported_order"), before + 1)

    def test_an_order_that_leaves_a_capped_list_is_withdrawn_and_no_other(self):
        self.simulator.shop("shop1", page_cap=10)
        numbers = self.add(35)
        self.poll()
        self.simulator.change("shop1", numbers[3], status=5)
        self.poll_again(self.integration)
        self.tick()
        self.work()
        self.assertEqual(self.db.column("SELECT order_number FROM koppeling.imported_order WHERE state <> 'open'"),
                         [numbers[3]])
        self.assertEqual([entry["path"] for entry in self.simulator.reads("shop1")], [f"/v1/orders/{numbers[3]}"])

    def test_a_pause_that_the_count_asks_for_is_kept(self):
        self.simulator.fault("status", "shop:shop1", path_contains="/v1/orders/count", status=429, retry_after=300)
        self.simulator.add("shop1", generate=3, status=1)
        self.poll()
        poll, = self.jobs("poll")
        self.assertEqual((poll["state"], poll["last_error_class"]), ("queued", "rate_limited"))
        self.assertIsNotNone(self.shop(self.integration)["blocked_until"])
        self.assertEqual(len(self.imported(self.integration)), 3, "what the page brought is kept")


class VanishTest(Case):
    """Orders that are gone, all at once or one by one, and who says so."""

    def setUp(self):
        super().setUp()
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '1 hour', backoff_cap = '1 hour'"
                    " WHERE error_class = 'unreadable'")
        self.simulator.shop("shop1")
        self.integration = self.connect("shop1")
        self.numbers = self.simulator.add("shop1", generate=12, status=3)
        self.poll()

    def lie(self):
        """Every list is empty, and every order is a page of a proxy."""
        self.simulator.fault("html", "shop:shop1", path_contains="/v1/orders/", status=404)
        self.simulator.fault("status", "shop:shop1", path_contains="/v1/orders", status=200, body="[]")

    def look(self):
        """A poll, and what follows from it."""
        self.poll_again(self.integration)
        self.tick()
        self.work()

    def states(self):
        return self.db.column("SELECT DISTINCT state::text FROM koppeling.imported_order ORDER BY 1")

    def test_an_empty_list_with_404_pages_in_html_withdraws_nothing(self):
        self.lie()
        self.look()
        self.assertEqual(self.jobs("confirm_order"), [], "a second poll must agree first")
        self.assertIn("12 van de 12 open bestellingen", self.shop(self.integration)["warning"])
        condition = self.db.value("SELECT condition FROM koppeling.integration_status WHERE id = %s", self.integration)
        self.assertIn("12 of the 12 open orders were no longer in the list", condition)
        self.look()
        jobs = self.jobs("confirm_order")
        self.assertEqual({(job["state"], job["last_error_class"]) for job in jobs}, {("queued", "unreadable")})
        self.assertIn("HTTP 404 with an HTML page", jobs[0]["last_error"])
        self.assertEqual((len(jobs), self.states()), (12, ["open"]))
        self.simulator.clear_faults()
        self.db.run("UPDATE koppeling.job SET run_at = now() WHERE state = 'queued'")
        self.work()
        self.assertEqual((self.jobs(), self.states()), ([], ["open"]))
        self.assertEqual(self.db.value("SELECT count(missing_since) FROM koppeling.imported_order"), 0)

    def test_a_list_that_is_back_at_the_second_poll_causes_no_question(self):
        self.lie()
        self.look()
        self.simulator.clear_faults()
        self.look()
        self.assertEqual(self.simulator.reads("shop1"), [])
        self.assertEqual((self.states(), self.shop(self.integration)["warning"]), (["open"], None))
        self.assertEqual(self.db.value("SELECT count(missing_since) FROM koppeling.imported_order"), 0)

    def test_orders_that_really_vanish_are_withdrawn_after_the_second_poll(self):
        for number in self.numbers[:9]:
            self.simulator.delete("shop1", number)
        self.look()
        self.assertEqual(self.states(), ["open"])
        self.look()
        self.assertEqual(self.db.rows("SELECT state::text, withdrawn_reason, count(*) FROM koppeling.imported_order"
                                      " GROUP BY 1, 2 ORDER BY 1"),
                         [{"state": "open", "withdrawn_reason": None, "count": 3},
                          {"state": "withdrawn", "withdrawn_reason": "deleted", "count": 9}])
        self.assertEqual(self.shop(self.integration)["warning"], None)

    def test_a_404_in_html_does_not_settle_that_the_shop_is_not_told(self):
        order = self.order(self.numbers[0])
        self.label(order["id"])
        self.simulator.fault("html", "shop:shop1", path_contains=f"/v1/orders/{self.numbers[0]}", status=404)
        self.mark()
        self.assertEqual(self.order(self.numbers[0])["mark_outcome"], None)
        job, = self.jobs("mark_shipped")
        self.assertEqual((job["state"], job["last_error_class"]), ("queued", "unreadable"))
        self.simulator.clear_faults()
        self.db.run("UPDATE koppeling.job SET run_at = now()")
        self.work()
        self.assertEqual(self.order(self.numbers[0])["state"], "marked_shipped")

    def test_a_404_in_html_rejects_no_shop(self):
        self.simulator.shop("shop2")
        self.simulator.fault("html", "shop:shop2", path_contains="/v1/store", status=404)
        integration = self.request_connection("shop2")
        self.work()
        self.assertEqual(self.shop(integration)["state"], "pending")
        self.simulator.clear_faults()
        self.db.run("UPDATE koppeling.job SET run_at = now()")
        self.work()
        self.assertEqual(self.shop(integration)["state"], "active")
