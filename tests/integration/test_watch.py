"""The numbers that a scheduler serves: what the on-call engineer asks at night."""
import json
import re
import shutil
import subprocess
import unittest

from harness.case import Case, free_address
from harness.programs import ROOT

PROMTOOL = shutil.which("promtool")
DASHBOARD = json.loads((ROOT / "deploy" / "monitoring" / "dashboard.json").read_text())
# What Grafana fills in.
RATE_INTERVAL = "$__rate_interval"
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
        asked = self.asked_by_alerts()
        self.assertGreater(len(asked), 10)
        # Served where the scheduler may see the sessions of others (pg_read_all_stats).
        self.assertEqual(asked - served, {"koppeling_oldest_transaction_seconds"})
        page = (ROOT / "docs" / "operations.md").read_text()
        anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
                   for heading in re.findall(r"^## (.*)$", page, re.MULTILINE)}
        links = re.findall(r"runbook_url: docs/operations.md#(\S+)", ALERTS)
        self.assertEqual(len(links), len(re.findall("- alert:", ALERTS)), "each has one")
        self.assertEqual(set(links) - anchors, set())

    def asked_by_alerts(self):
        return set(re.findall(r"\bkoppeling_\w+", "".join(re.findall(r"expr:.*?\n +(?:for|labels):", ALERTS, re.S))))

    def queries(self):
        return [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]

    def test_each_query_of_the_dashboard_names_metrics_and_labels_that_there_are(self):
        self.db.run("GRANT pg_read_all_stats TO koppeling_scheduler")
        self.addCleanup(self.db.run, "REVOKE pg_read_all_stats FROM koppeling_scheduler")
        self.start_watching()
        address = free_address()
        self.start_worker(f"--metrics-address={address}")
        of_panel = free_address()
        self.start_panel(f"--metrics-address={of_panel}")
        page = "".join(self.fetch(each, "/metrics")[1] for each in (self.address, address, of_panel))
        labels = {}
        for name, inner in re.findall(r"^(\w+)(?:\{([^}]*)\})? ", page, re.MULTILINE):
            labels.setdefault(name, set()).update(re.findall(r'(\w+)="', inner))
        self.assertGreater(len(self.queries()), 30)
        for query in self.queries():
            asked = re.findall(r"\b((?:koppeling|process)_\w+)", query)
            self.assertTrue(asked, query)
            self.assertEqual(set(asked) - set(labels), set(), query)
            # Prometheus adds job and instance itself.
            wanted = set(re.findall(r'(\w+)(?:=~?|!=|!~)"', query)) | {
                name.strip() for names in re.findall(r"by \(([^)]*)\)", query) for name in names.split(",")}
            self.assertEqual(wanted - {"job", "instance"} - set.union(*(labels[name] for name in asked)), set(), query)

    def test_the_dashboard_shows_what_the_alerts_ask_for_and_no_panel_lies_on_another(self):
        shown = set(re.findall(r"\bkoppeling_\w+", " ".join(self.queries())))
        asked = self.asked_by_alerts()
        self.assertEqual(asked - shown, set())
        panels = DASHBOARD["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = [(place["x"] + right, place["y"] + down) for place in (panel["gridPos"] for panel in panels)
                 for right in range(place["w"]) for down in range(place["h"])]
        self.assertEqual(len(set(taken)), len(taken))
        self.assertLess(max(x for x, _ in taken), 24)

    @unittest.skipUnless(PROMTOOL, "promtool is not installed (deploy/install-deps monitoring)")
    def test_promtool_understands_each_query_of_the_dashboard(self):
        rules = [{"record": f"query:{number}", "expr": query.replace(RATE_INTERVAL, "5m")}
                 for number, query in enumerate(self.queries())]
        path = self.log_directory / "queries.yml"
        path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
        checked = subprocess.run([PROMTOOL, "check", "rules", path], text=True, check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(checked.returncode, 0, checked.stdout)
        self.assertIn(f"{len(rules)} rules found", checked.stdout)
