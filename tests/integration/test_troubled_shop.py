"""A shop that refuses its token, is down, or is gone."""
from harness.booking import BookingCase


class TroubledShopTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1")

    def test_token_revoked_disabled_or_wrong_needs_attention_until_it_is_replaced(self):
        integration = self.connect_with_orders(generate=3)
        self.label_all()
        for status in (401, 403):
            with self.subTest(status=status):
                self.simulator.fault("status", "shop:shop1", status=status)
                self.tick()
                self.work()
                self.poll_is_refused(integration)
                self.simulator.clear_faults()
                self.backend.run("SELECT koppeling.replace_token(%s, decode(%s, 'base64'))", integration,
                                 self.seal("token-shop1", "shop1.myonline.store"))
                self.work()
                self.assertEqual(self.shop(integration)["state"], "active")
                self.db.run("UPDATE koppeling.label SET told_at = NULL")
        self.work()
        self.assertEqual(self.marked(integration), 3)

    def test_a_refusal_that_passes_heals_by_itself(self):
        integration = self.connect_with_orders(generate=3)
        self.label_all()
        self.simulator.fault("status", "shop:shop1", status=401)
        self.tick()
        self.work()
        self.poll_is_refused(integration)
        refused = {name: self.shop(integration)[name] for name in ("state", "reason")}
        self.ask_again()
        self.assertLessEqual(refused.items(), self.shop(integration).items())
        self.assertTrue(self.db.value("SELECT recheck_at > now() + '30 minutes' FROM koppeling.integration"))
        self.simulator.clear_faults()
        self.simulator.fault("status", "shop:shop1", status=500)
        self.ask_again()
        self.assertLessEqual(refused.items(), self.shop(integration).items(),
                             "who cannot be reached says nothing of the token")
        self.simulator.clear_faults()
        self.hasten()
        self.ask_again()
        shop = self.shop(integration)
        self.assertEqual((shop["state"], shop["reason"], shop["recheck_at"]), ("active", None, None))
        self.tick()
        self.work()
        self.assertEqual(self.marked(integration), 3)

    def ask_again(self):
        self.db.run("UPDATE koppeling.integration SET recheck_at = now() WHERE recheck_at IS NOT NULL")
        self.tick()
        self.work()

    def poll_is_refused(self, integration):
        shop = self.shop(integration)
        self.assertEqual((shop["state"], shop["reason_code"]), ("needs_attention", "token_refused"))
        self.assertTrue(shop["reason"] and shop["reason_en"])
        self.assertEqual(len(self.imported(integration)), 3, "imported orders are kept")
        asked = len(self.simulator.requests("shop1"))
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.tick()
        self.work()
        self.assertEqual(len(self.simulator.requests("shop1")), asked, "it is left alone")

    def test_shop_down_5xx_or_429_is_retried_without_an_alarm(self):
        integration = self.connect_with_orders(generate=1)
        polled = self.shop(integration)["last_polled_at"]
        for settings in ({"status": 503}, {"status": 500}):
            self.simulator.fault("status", "shop:shop1", times=1, **settings)
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '1 hour', backoff_cap = '1 hour'"
                    " WHERE error_class = 'server_error'")
        self.poll_again(integration)
        shop = self.shop(integration)
        self.assertEqual((shop["state"], shop["reason"], shop["last_polled_at"]), ("active", None, polled))
        status = self.db.row("SELECT * FROM koppeling.integration_status")
        self.assertIn("trying again", status["condition"])
        self.assertEqual(self.db.rows("SELECT * FROM koppeling.failed_job"), [],
                         "no alarm before all attempts are used")
        self.simulator.fault("status", "shop:shop1", status=429, retry_after=300, times=1)
        self.simulator.add("shop1", generate=1)
        self.hasten()
        self.work()  # a second 5xx
        self.hasten()
        self.work()  # 429: a pause
        self.assertIn("the shop asked for a pause", self.db.value("SELECT condition FROM koppeling.integration_status"))
        self.db.run("UPDATE koppeling.integration SET blocked_until = NULL")
        self.hasten()
        self.work()
        self.assertEqual(len(self.imported(integration)), 2)
        self.assertGreater(self.shop(integration)["last_polled_at"], polled)

    def test_shop_closed_needs_attention_and_keeps_its_orders(self):
        """A shop that is gone refuses the token, or its store cannot be found."""
        integration = self.connect_with_numbers(70001)
        self.simulator.control("DELETE", "/shops/shop1")
        self.poll_again(integration)
        self.assertEqual(self.shop(integration)["state"], "needs_attention")
        self.assertEqual(self.imported(integration), ["70001"])
