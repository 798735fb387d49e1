"""Whose fault is a 401? When our partner token is refused, no shop is to blame."""
from harness.case import Case, free_address


class PartnerTest(Case):
    simulator_options = ("--partner-token", "partner-recht")
    right = {"KOPPELING_PARTNER_TOKEN": "partner-recht"}

    def setUp(self):
        super().setUp()
        for shop in ("shop1", "shop2", "shop3"):
            self.simulator.shop(shop)
        self.integrations = [self.request_connection(shop) for shop in ("shop1", "shop2", "shop3")]
        self.work(**self.right)
        for shop in ("shop1", "shop2", "shop3"):
            self.simulator.add(shop, generate=2)

    def states(self):
        return {self.shop(integration)["state"] for integration in self.integrations}

    def api(self):
        return self.db.row("SELECT * FROM koppeling.api WHERE is_shop")

    def open_again(self):
        """The time of the block has run out."""
        self.db.run("UPDATE koppeling.api SET blocked_until = now() WHERE is_shop")
        self.db.run("UPDATE koppeling.job SET run_at = now() WHERE state = 'queued' AND run_at < 'infinity'")

    def check_nobody_is_blamed(self):
        self.assertEqual(self.states(), {"active"})
        api = self.api()
        self.assertEqual((api["breaker_state"], api["block_reason"]),
                         ("open", "the partner token is refused: set KOPPELING_PARTNER_TOKEN right"))
        self.assertEqual(self.ops.value("SELECT blocked_apis FROM koppeling.queue_health"), 1)
        self.assertEqual({(job["state"], job["run_at"] == "infinity") for job in self.jobs("poll")},
                         {("queued", False)})

    def test_a_wrong_partner_token_is_the_operators_fault_and_a_right_one_lets_all_go_on(self):
        self.assertEqual(self.states(), {"active"})
        self.tick()
        address = free_address()
        worker = self.start_worker("--threads=1", f"--metrics-address={address}",
                                   KOPPELING_PARTNER_TOKEN="partner-fout")
        self.wait_until(lambda: self.api()["breaker_state"] == "open", "the service is held")
        self.wait_until(lambda: all(job["state"] == "queued" for job in self.jobs("poll")), "all wait")
        self.assertEqual(self.metric(address, "koppeling_partner_token_refused"), 1)
        self.assertEqual(worker.log.count("refuses the partner token"), 1)
        self.check_nobody_is_blamed()
        self.assertEqual({job["attempt"] for job in self.jobs("poll")}, {0}, "no attempt is used up")
        asked = len(self.simulator.requests(path_contains="/v1/orders"))
        self.open_again()
        self.wait_until(lambda: len(self.simulator.requests(path_contains="/v1/orders")) > asked, "a probe")
        self.wait_until(lambda: self.api()["breaker_state"] == "open", "it is refused again")
        worker.stop()
        self.check_nobody_is_blamed()

        self.open_again()
        self.work(**self.right)
        self.assertEqual(self.api()["breaker_state"], "closed")
        self.assertEqual(self.states(), {"active"})
        self.assertEqual([len(self.imported(integration)) for integration in self.integrations], [2, 2, 2])

    def test_no_partner_token_is_warned_of_at_the_start_and_blamed(self):
        self.tick()
        done = self.work("--threads=1", KOPPELING_PARTNER_TOKEN=None)
        self.assertIn("no partner token is set", done.log)
        self.check_nobody_is_blamed()

    def test_a_shop_that_is_connected_meanwhile_is_not_told_that_its_token_is_wrong(self):
        self.simulator.shop("shop4")
        integration = self.request_connection("shop4")
        self.work("--threads=1", KOPPELING_PARTNER_TOKEN="partner-fout")
        self.assertEqual((self.shop(integration)["state"], self.shop(integration)["reason"]), ("pending", None))
        self.open_again()
        self.work(**self.right)
        self.assertEqual(self.shop(integration)["state"], "active")

    def test_a_shop_whose_own_token_is_refused_is_still_to_blame(self):
        self.simulator.shop("shop1", token_is_active=False)
        self.tick()
        self.work(**self.right)
        self.assertEqual([self.shop(integration)["state"] for integration in self.integrations],
                         ["needs_attention", "active", "active"])
        self.assertEqual(self.api()["breaker_state"], "closed")

    def test_when_it_cannot_be_told_no_shop_is_blamed(self):
        self.simulator.shop("shop1", token_is_active=False)
        self.simulator.fault("status", "mijnwebwinkel", status=503, path_contains="/orderstatuses", times=1)
        self.tick()
        self.start_worker("--threads=1", **self.right)
        self.wait_until(lambda: self.db.value("SELECT count(*) FROM koppeling.job WHERE kind = 'poll'"
                                              " AND last_error_class = 'server_error'"), "it is put off")
        self.assertEqual(self.shop(self.integrations[0])["state"], "active")
        self.db.run("UPDATE koppeling.job SET run_at = now() WHERE state = 'queued'")
        self.wait_until(lambda: self.shop(self.integrations[0])["state"] == "needs_attention", "now it is known")
