"""The numbers that a scheduler serves: what the on-call engineer asks at night."""
import re

from harness.case import Case, free_address
from harness.programs import ROOT

ALERTS = (ROOT / "deploy" / "monitoring" / "alerts.yml").read_text()


class WatchTest(Case):
    def gauges(self, address):
        text = self.fetch(address, "/metrics")[1]
        return {name: float(value) for name, value in re.findall(r"^(koppeling_\S+) (\S+)$", text, re.MULTILINE)}

    def start_watching(self):
        self.address = free_address()
        scheduler = self.start_scheduler(f"--metrics-address={self.address}")
        self.wait_until(lambda: "event=started" in scheduler.log, "it runs")
        self.wait_until(lambda: "koppeling_live_schedulers" in self.gauges(self.address), "it has counted")

    def counts(self, name, value):
        self.wait_until(lambda: self.gauges(self.address).get(name) == value, f"{name} is {value}", 40)

    def test_shops_that_want_a_person_and_jobs_that_gave_up_are_seen(self):
        """Quiet trouble: nothing is wrong with the programs, and no shop is polled."""
        for shop in ("shop1", "shop2", "shop3"):
            self.simulator.shop(shop)
        integrations = self.connect("shop1", "shop2", "shop3")
        for shop in ("shop1", "shop2"):
            self.simulator.shop(shop, token_is_active=False)
        for integration in integrations:
            self.poll_again(integration)
        self.backend.value("SELECT koppeling.ping(2)")
        self.db.run("UPDATE koppeling.job SET state = 'failed' WHERE kind = 'ping'")
        self.start_watching()
        self.counts('koppeling_shops{state="needs_attention"}', 2)
        self.counts('koppeling_shops{state="active"}', 1)
        self.counts('koppeling_failed_jobs{kind="ping"}', 2)
        self.counts("koppeling_live_workers", 0)
        self.ops.value("SELECT koppeling.retry_failed()")
        self.counts('koppeling_failed_jobs{kind="ping"}', 0)

    def test_all_of_them_are_there_from_the_start_with_their_words(self):
        self.start_watching()
        text = self.fetch(self.address, "/metrics")[1]
        for row in self.db.rows("SELECT DISTINCT metric, help FROM koppeling.gauge"):
            if row["metric"] != "koppeling_oldest_transaction_seconds":
                self.assertIn("# HELP {metric} {help}\n# TYPE {metric} gauge\n".format(**row), text)
        self.assertNotIn("koppeling_oldest_transaction_seconds", text)
        samples = re.findall(r"^(koppeling_\S+) ", text, re.MULTILINE)
        self.assertEqual(len(samples), len(set(samples)), "each is there once")

    def test_the_alerts_ask_for_what_there_is_and_lead_to_the_runbook(self):
        self.start_watching()
        address = free_address()
        self.start_worker(f"--metrics-address={address}")
        served = {re.match(r"\w+", name).group() for name in {**self.gauges(self.address), **self.gauges(address)}}
        asked = set(re.findall(r"\bkoppeling_\w+", "".join(re.findall(r"expr:.*?\n +(?:for|labels):", ALERTS, re.S))))
        self.assertGreater(len(asked), 10)
        # Served where the scheduler may see the sessions of others (pg_read_all_stats).
        self.assertEqual(asked - served, {"koppeling_oldest_transaction_seconds"})
        page = (ROOT / "docs" / "operations.md").read_text()
        anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
                   for heading in re.findall(r"^## (.*)$", page, re.MULTILINE)}
        links = re.findall(r"runbook_url: docs/operations.md#(\S+)", ALERTS)
        self.assertEqual(len(links), len(re.findall("- alert:", ALERTS)), "each has one")
        self.assertEqual(set(links) - anchors, set())
