"""Connecting a shop: what the merchant types, and why it may be refused."""
from harness.case import Case, seal


class ConnectTest(Case):
    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1")

    def asked_shop(self):
        """The requests that were made in the name of any shop, or with a token of none."""
        return [request for request in self.simulator.requests() if request["path"] != "/v1/orderstatuses"]

    def check_refusal(self, integration, code):
        """The connection was refused for this reason, and nothing goes on; returns the shop."""
        shop = self.shop(integration)
        self.assertEqual((shop["state"], shop["reason_code"]), ("rejected", code), shop)
        self.assertTrue(shop["reason"] and shop["reason_en"] and shop["reason"] != shop["reason_en"], shop)
        self.tick()
        self.assertEqual(self.jobs(), [], "a refused shop is not polled")
        status = self.db.row("SELECT * FROM koppeling.integration_status WHERE id = %s", integration)
        self.assertEqual((status["condition"], status["reason"]), (shop["reason_en"], shop["reason"]))
        return shop

    def refuse(self, code, **connection):
        """Asks for a connection that must be refused for this reason; returns the shop."""
        integration = self.request_connection(**connection)
        self.work()
        return self.check_refusal(integration, code)

    def test_a_shop_is_connected_however_its_address_is_written(self):
        ways = ("shop1.myonline.store", "http://shop1.myonline.store", "https://shop1.myonline.store/",
                "HTTPS://Shop1.MyOnline.Store/", "  shop1.myonline.store/ ", "SHOP1.MYONLINE.STORE\n")
        for url in ways:
            with self.subTest(url=url):
                shop = self.shop(self.request_connection(url=url))
                self.assertEqual((shop["state"], shop["shop_host"], shop["shop_url"]),
                                 ("pending", "shop1.myonline.store", url))
        self.work()
        shop = self.db.row("SELECT * FROM koppeling.integration")  # one shop is one row
        self.assertEqual(shop["state"], "active", shop)
        self.assertEqual((shop["store_name"], shop["region_code"], shop["currency"]), ("shop1", "NL", "EUR"))
        self.assertIsNone(shop["warning"])
        self.assertIsNotNone(shop["connected_at"])

    def test_an_address_that_is_no_mijnwebwinkel_is_refused_without_a_request(self):
        wrong = ("example.org", "myonline.store", ".myonline.store", "-shop.myonline.store", "shop-.myonline.store",
                 "shop1.myonline.store.example.org", "shop1.myonline.store/admin", "a.shop1.myonline.store",
                 "https://user@shop1.myonline.store", "shop1.myonline.store:8080", "shop1.myonline.store?x=1",
                 "ftp://shop1.myonline.store", "javascript:alert(1)", "shop 1.myonline.store", "shöp.myonline.store",
                 "127.0.0.1", "a" * 64 + ".myonline.store", "shop1.myonline.store\nexample.org", "x" * 5000)
        for url in wrong:
            with self.subTest(url=url[:80]):
                shop = self.shop(self.request_connection(url=url))
                self.assertEqual((shop["state"], shop["reason_code"]), ("rejected", "not_mijnwebwinkel_address"))
                for words in (shop["reason"], shop["reason_en"]):
                    self.assertIn(url[:60], words)
                    self.assertIn(".myonline.store", words)
                self.assertIsNone(shop["sealed_token"], "a token that cannot be used is not kept")
        self.work()
        self.assertEqual(self.simulator.requests(), [])

    def test_each_missing_field_is_named(self):
        cases = (({"url": ""}, "Shop-URL"), ({"url": "  "}, "Shop-URL"), ({"from_address": None}, "from address"))
        for connection, name in cases:
            with self.subTest(name=name):
                shop = self.refuse("missing_field", **connection)
                self.assertIn(name, shop["reason"])
                self.assertIn(name, shop["reason_en"])
        integration = self.backend.value("SELECT koppeling.connect_shop('shop1.myonline.store', '', 1)")
        self.assertIn("API-token", self.check_refusal(integration, "missing_field")["reason"])
        integration = self.backend.value("SELECT koppeling.connect_shop(NULL, NULL, NULL)")
        for name in ("Shop-URL", "API-token", "from address"):
            self.assertIn(name, self.check_refusal(integration, "missing_field")["reason"])
        self.assertEqual(self.simulator.requests(), [])

    def test_a_from_address_that_does_not_exist_is_refused(self):
        self.assertIn("4711", self.refuse("from_address_unknown", from_address=4711)["reason"])

    def test_an_incomplete_from_address_is_refused_and_what_it_lacks_is_named(self):
        shop = self.refuse("from_address_incomplete", from_address=2)
        for dutch, english in (("straat", "street"), ("postcode", "postcode"), ("plaats", "city")):
            self.assertIn(dutch, shop["reason"].lower())
            self.assertIn(english, shop["reason_en"].lower())
        self.assertEqual(self.asked_shop(), [], "the shop is not asked in vain")

    def test_a_token_that_the_shop_does_not_know_is_refused(self):
        shop = self.refuse("token_refused", token="no-such-token")
        self.assertIn("API", shop["reason"])

    def test_a_token_that_is_not_active_is_refused(self):
        self.simulator.shop("shop1", token_is_active=False)
        self.refuse("token_refused")

    def test_a_token_that_may_not_read_the_store_is_refused(self):
        self.simulator.fault("status", "shop:shop1", status=403, path_contains="/v1/store")
        self.refuse("token_refused")

    def test_a_store_that_answers_nonsense_is_refused_with_its_code(self):
        self.simulator.fault("status", "shop:shop1", status=418, path_contains="/v1/store")
        self.assertIn("418", self.refuse("mijnwebwinkel_refused")["reason"])

    def test_a_token_of_another_shop_is_refused_and_both_shops_are_named(self):
        self.simulator.shop("shop2")
        shop = self.refuse("token_of_another_shop", token="token-shop2")
        for words in (shop["reason"], shop["reason_en"]):
            self.assertIn("shop1.myonline.store", words)
            self.assertIn("shop2.myonline.store", words)

    def test_a_shop_with_its_own_domain_is_connected_with_a_warning(self):
        for domain in ("https://www.theepotten.example", "https://theepotten.example/winkel"):
            with self.subTest(domain=domain):
                self.simulator.shop("shop1", primary_domain=domain)
                shop = self.shop(self.connect("shop1"))
                self.assertIn("theepotten.example", shop["warning"])
                self.assertIn("theepotten.example", shop["warning_en"])

    def test_a_token_of_another_shop_of_the_same_account_is_refused_too(self):
        self.simulator.shop("shop2")
        other = self.connect("shop2")
        self.assertEqual(self.shop(other)["state"], "active")
        integration = self.request_connection(token="token-shop2")
        self.work()
        shop = self.shop(integration)
        self.assertEqual((shop["state"], shop["reason_code"]), ("rejected", "token_of_another_shop"), shop)
        self.assertIsNone(shop["store_id"], "what the token told is not about this shop")
        self.assertEqual(self.shop(other)["state"], "active", "the other shop is not touched")

    def test_a_shorter_interval_between_polls_holds_at_once(self):
        integration = self.request_connection()
        self.work()
        self.tick()
        self.db.run("UPDATE koppeling.integration SET poll_interval = '5 seconds' WHERE id = %s", integration)
        wait = self.db.row("SELECT next_poll_at - now() <= '5 seconds' AS soon FROM koppeling.integration")
        self.assertTrue(wait["soon"])

    def test_a_token_that_was_sealed_for_another_shop_is_refused_without_a_request(self):
        self.refuse("token_unreadable", sealed=self.seal("token-shop1", "shop2.myonline.store"))
        self.assertEqual(self.simulator.requests(), [])

    def test_a_token_that_was_sealed_with_another_key_is_refused_without_a_request(self):
        keys = self.program("koppeling-worker", "keygen", environment={}).out
        other = keys.splitlines()[0].split(": ")[1]
        self.refuse("token_unreadable", sealed=seal("token-shop1", other, "shop1.myonline.store"))
        self.assertEqual(self.simulator.requests(), [])

    def test_a_token_sealed_for_no_shop_in_particular_works(self):
        integration = self.request_connection(sealed=self.seal("token-shop1"))
        self.work()
        self.assertEqual(self.shop(integration)["state"], "active")

    def test_the_previous_key_opens_tokens_while_keys_are_being_changed(self):
        keys = self.program("koppeling-worker", "keygen", environment={}).out
        new = keys.splitlines()[1].split(": ")[1]
        integration = self.request_connection()
        self.work(KOPPELING_SECRET_KEY=new, KOPPELING_PREVIOUS_SECRET_KEY=self.surroundings.secret_key)
        self.assertEqual(self.shop(integration)["state"], "active")

    def test_a_shop_that_cannot_be_reached_is_tried_again_before_it_is_refused(self):
        self.simulator.fault("status", "shop:shop1", status=503, path_contains="/v1/store")
        shop = self.refuse("mijnwebwinkel_unreachable")
        self.assertEqual(len(self.asked_shop()), 3)
        self.assertIn("later", shop["reason"])

    def test_while_a_shop_cannot_be_reached_the_merchant_sees_why(self):
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '1 hour', backoff_cap = '1 hour'"
                    " WHERE error_class = 'server_error'")
        self.simulator.fault("status", "shop:shop1", status=503, path_contains="/v1/store")
        integration = self.request_connection()
        self.work()
        shop = self.shop(integration)
        self.assertEqual((shop["state"], shop["reason_code"]), ("pending", "mijnwebwinkel_unreachable"))
        self.assertIn("opnieuw", shop["reason"])

    def test_a_shop_that_recovers_in_time_is_connected(self):
        for fault, settings in (("status", {"status": 502}), ("reset", {})):
            self.simulator.fault(fault, "shop:shop1", path_contains="/v1/store", times=1, **settings)
        shop = self.shop(self.connect("shop1"))
        self.assertIsNone(shop["reason_code"])
        self.assertIsNone(shop["reason"])

    def test_a_shop_that_asks_for_a_pause_is_not_refused(self):
        self.simulator.fault("status", "shop:shop1", status=429, retry_after=1, path_contains="/v1/store", times=5)
        integration = self.request_connection()
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '10 milliseconds', backoff_cap = '10 milliseconds'")
        self.wait_until(lambda: self.work() and self.shop(integration)["state"] == "active", "the shop is connected")
        self.assertGreaterEqual(len(self.asked_shop()), 6)

    def test_a_shipped_status_that_does_not_exist_is_refused(self):
        integration = self.request_connection()
        self.backend.run("UPDATE koppeling.integration SET shipped_status = 99")
        self.work()
        self.assertIn("99", self.check_refusal(integration, "shipped_status_unknown")["reason"])

    def test_a_shipped_status_for_credit_orders_is_refused(self):
        integration = self.request_connection()
        self.backend.run("UPDATE koppeling.integration SET shipped_status = 10")
        self.work()
        self.assertIn("credit", self.check_refusal(integration, "shipped_status_unknown")["reason"])

    def test_a_shipped_status_is_refused_when_another_one_is_called_shipped(self):
        integration = self.request_connection()
        self.backend.run("UPDATE koppeling.integration SET shipped_status = 4")
        self.work()
        reason = self.check_refusal(integration, "shipped_status_unclear")["reason"]
        for words in ("4", "In behandeling", "2", "Verzonden"):
            self.assertIn(words, reason)

    def test_a_shop_is_connected_with_a_warning_when_its_statuses_cannot_be_read(self):
        self.simulator.fault("status", "mijnwebwinkel", status=404, path_contains="/v1/orderstatuses")
        shop = self.shop(self.connect("shop1"))
        self.assertIn("Verzonden", shop["warning"])

    def test_the_partner_token_goes_with_every_request(self):
        self.simulator.settings(partner_token="partner-geheim")
        integration = self.request_connection()
        self.work(KOPPELING_PARTNER_TOKEN="partner-geheim")
        self.assertEqual(self.shop(integration)["state"], "active")
        self.assertEqual({request["status"] for request in self.simulator.requests()}, {200})

    def test_a_merchant_who_mends_what_was_wrong_is_connected_on_the_same_row(self):
        refused = self.request_connection(token="no-such-token")
        self.work()
        self.assertEqual(self.shop(refused)["state"], "rejected")
        self.assertEqual(self.connect("shop1"), refused)

    def test_a_shop_that_is_connected_again_keeps_its_orders(self):
        integration = self.connect_with_orders(generate=3)
        before = self.order_ids()
        self.backend.run("SELECT koppeling.disconnect_shop(%s)", integration)
        self.assertEqual(self.connect("shop1"), integration)
        self.poll()
        self.assertEqual(self.order_ids(), before)

    def test_only_a_worker_can_open_a_sealed_token(self):
        self.connect("shop1")
        for row in self.db.rows("SELECT sealed_token::text AS text FROM koppeling.integration"):
            self.assertNotIn(b"token-shop1".hex(), row["text"])
        for session in (self.backend, self.ops):
            with self.assertRaisesRegex(Exception, "permission denied"):
                session.rows("SELECT sealed_token FROM koppeling.integration")
