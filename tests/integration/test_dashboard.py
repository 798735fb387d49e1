"""The dashboard with real numbers: Prometheus scrapes the programs through the file that is shipped, is asked all that
the dashboard asks, and says what the database says. build/monitoring/dashboard.svg is drawn of the answers."""
import json
import math
import os
import re
import shutil
import subprocess
import time
import unittest
import urllib.parse
import urllib.request

import yaml

from harness.browser import Browser
from harness.case import Case, free_address
from harness.picture import Picture
from harness.programs import BUILD, ROOT, Process

PROMETHEUS = shutil.which("prometheus")
SHIPPED = ROOT / "deploy" / "monitoring"
DASHBOARD = json.loads((SHIPPED / "dashboard.json").read_text())
# What Grafana would fill in for a scrape each second.
RATE_INTERVAL = "10s"


@unittest.skipUnless(PROMETHEUS, "prometheus is not installed (deploy/install-deps monitoring)")
class DashboardTest(Case):
    def setUp(self):
        super().setUp()
        self.db.run("GRANT pg_read_all_stats TO koppeling_scheduler")
        self.addCleanup(self.db.run, "REVOKE pg_read_all_stats FROM koppeling_scheduler")

    # Prometheus.

    def configuration(self, targets):
        """The file that is shipped, with other addresses and a scrape each second."""
        shipped = yaml.safe_load((SHIPPED / "prometheus.yml").read_text())
        self.assertEqual([job["job_name"] for job in shipped["scrape_configs"]], list(targets))
        shipped["global"] = {name: "1s" for name in shipped["global"]}
        for job in shipped["scrape_configs"]:
            job["static_configs"][0]["targets"] = targets[job["job_name"]]
        return shipped

    def start_prometheus(self, targets):
        home = BUILD / "test" / "prometheus"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, home, True)
        (home / "prometheus.yml").write_text(json.dumps(self.configuration(targets)))
        shutil.copy(SHIPPED / "alerts.yml", home)
        self.prometheus = free_address()
        log = open(self._log_path("prometheus"), "w")
        self.addCleanup(log.close)
        process = Process([PROMETHEUS, f"--config.file={home.resolve()}/prometheus.yml",
                           f"--storage.tsdb.path={home.resolve()}/data", f"--web.listen-address={self.prometheus}"],
                          {"PATH": os.environ["PATH"]}, home, log, log)
        self.addCleanup(process.process.wait)
        self.addCleanup(process.process.terminate)
        self.wait_until(lambda: self.is_up(), "Prometheus answers")

    def is_up(self):
        try:
            return self.ask("query", query="vector(1)")
        except OSError:
            return False

    def ask(self, what, **parameters):
        url = f"http://{self.prometheus}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=30) as response:
            answer = json.load(response)
        self.assertEqual(answer["status"], "success", answer)
        return answer["data"]["result"] if "result" in answer["data"] else answer["data"]

    def number(self, query):
        """The one number that it answers; None for none."""
        found = self.ask("query", query=query)
        self.assertLessEqual(len(found), 1, query)
        return float(found[0]["value"][1]) if found else None

    # A busy quarter of a minute.

    def start_programs(self):
        addresses = {name: free_address() for name in ("scheduler", "worker", "panel")}
        self.start_scheduler(f"--metrics-address={addresses['scheduler']}")
        self.start_worker(f"--metrics-address={addresses['worker']}")
        _, self.pages = self.start_panel(f"--metrics-address={addresses['panel']}")
        return {f"koppeling-{name}": [address] for name, address in addresses.items()}

    def make_shops(self):
        for number in range(6):
            self.simulator.shop(f"shop{number}")
        self.integrations = self.connect(*(f"shop{number}" for number in range(6)))
        self.backend.run("UPDATE koppeling.integration SET poll_interval = '1 second'")

    def be_busy(self):
        self.simulator.settings(latency_ms=20)
        browser = Browser(self.pages)
        for second in range(24):
            for number in range(5):
                self.simulator.add(f"shop{number}", generate=3, status=1)
            self.simulator.add("shop0", generate=1, kind=("virtual", "no_address", "old")[second % 3], status=1)
            self.backend.run("SELECT koppeling.record_label(o.id, CASE WHEN o.id % 9 = 0 THEN 'staging' ELSE"
                             " 'production' END::koppeling.environment, 'L-' || o.id, '3SPROEF', NULL)"
                             " FROM koppeling.imported_order o WHERE o.state = 'open' ORDER BY o.id LIMIT 12")
            browser.sign_in("anna", "verkeerd" if second % 8 == 4 else "een goed wachtwoord")
            if second == 6:
                self.simulator.shop("shop5", token_is_active=False)
                self.simulator.fault("status", "shop:shop4", status=503)
            if second == 12:
                self.simulator.clear_faults()
                self.backend.value("SELECT koppeling.ping(3)")
                self.db.run("UPDATE koppeling.job SET state = 'failed', last_error_class = 'client_error',"
                            " last_error = 'of the test' WHERE kind = 'ping'")
            time.sleep(1)

    def come_to_rest(self):
        """Nothing is polled or told any more, and Prometheus has scraped that."""
        self.backend.run("UPDATE koppeling.integration SET poll_interval = '1 hour'")
        self.ops.value("SELECT count(koppeling.pause_integration(id, 'rest')) FROM koppeling.integration"
                       " WHERE state = 'active'")
        self.wait_until(lambda: self.db.value("SELECT NOT EXISTS (SELECT FROM koppeling.job WHERE state = 'running')"
                                              " AND NOT EXISTS (SELECT FROM koppeling.job WHERE state = 'queued'"
                                              " AND run_at <= now())"), "all rests")

    # The numbers.

    def compared(self):
        """What Prometheus is asked, and what the database says of the same."""
        return {
            "sum(koppeling_orders_imported_total)": "SELECT count(*) FROM koppeling.imported_order",
            "sum(koppeling_orders_skipped_total)": "SELECT count(*) FROM koppeling.skipped_order",
            'sum(koppeling_orders_marked_total{environment="production"})':
                "SELECT count(*) FROM koppeling.imported_order WHERE state = 'marked_shipped'"
                " AND marked_label_environment = 'production'",
            "sum(koppeling_staging_marks_total)":
                "SELECT count(*) FROM koppeling.imported_order WHERE state = 'marked_shipped'"
                " AND marked_label_environment = 'staging'",
            'max(koppeling_labels_last_hour{environment="production"})':
                "SELECT count(*) FROM koppeling.label WHERE environment = 'production'",
            "sum(max by (kind) (koppeling_failed_jobs))": "SELECT count(*) FROM koppeling.failed_job",
            "sum(max by (kind) (koppeling_queue_jobs))":
                "SELECT count(*) FROM koppeling.job WHERE state = 'queued'",
            "sum(max by (kind) (koppeling_parked_jobs))":
                "SELECT count(*) FROM koppeling.job WHERE state = 'queued' AND run_at = 'infinity'",
            'max(koppeling_shops{state="needs_attention"})':
                "SELECT count(*) FROM koppeling.integration WHERE state = 'needs_attention'",
            'max(koppeling_shops{state="paused"})':
                "SELECT count(*) FROM koppeling.integration WHERE state = 'paused'",
            "sum(max by (reason) (koppeling_orders_to_look_at))": "SELECT count(*) FROM koppeling.order_concern",
            "max(koppeling_live_workers)": "SELECT live_workers FROM koppeling.queue_health",
            "max(koppeling_live_schedulers)": "SELECT live_schedulers FROM koppeling.queue_health",
            'sum(koppeling_panel_sign_ins_total{outcome="right"})': "SELECT count(*) FROM koppeling.panel_session",
        }

    def check_numbers(self):
        for query, statement in self.compared().items():
            with self.subTest(query=query):
                self.wait_until(lambda: self.number(query) == float(self.db.value(statement)),
                                f"{query} is what the database says", 30)
        for query in list(self.compared())[:6]:
            self.assertGreater(self.number(query), 0, f"{query}: something happened")

    def answers(self, panel, began):
        """Of each series of a panel: what Grafana would call it, and its points."""
        found = []
        for target in panel.get("targets", ()):
            query = target["expr"].replace("$__rate_interval", RATE_INTERVAL)
            for one in self.ask("query_range", query=query, start=began, end=time.time(), step="1s"):
                points = [(float(at), float(value)) for at, value in one["values"]
                          if math.isfinite(float(value))]
                legend = re.sub(r"{{(\w+)}}", lambda name: one["metric"].get(name[1], ""), target["legendFormat"])
                if points:
                    found.append((legend, points))
        # Those that say most come first.
        return sorted(found, key=lambda one: -max(value for _, value in one[1]))

    def test_each_panel_shows_what_the_database_says(self):
        self.add_person("anna")
        self.make_shops()
        self.start_prometheus(self.start_programs())
        began = time.time()
        self.be_busy()
        busy_until = time.time()
        self.come_to_rest()
        self.check_numbers()
        self.assertEqual({one["metric"]["job"]: one["value"][1] for one in self.ask("query", query="up")},
                         {f"koppeling-{name}": "1" for name in ("scheduler", "worker", "panel")})
        rules = self.ask("rules")["groups"][0]["rules"]
        self.assertEqual({rule["health"] for rule in rules}, {"ok"})
        time.sleep(3)  # so that the picture ends with the numbers that were compared
        picture = Picture(f"Each panel of dashboard.json, drawn by `make monitoring` of Prometheus' answers about "
                          f"{busy_until - began:.0f} s of the programs at work: not by Grafana")
        for panel in DASHBOARD["panels"]:
            series = self.answers(panel, began)
            if panel["type"] != "row":
                self.assertTrue(series, f"{panel['title']} shows nothing")
            picture.panel(panel, series)
        target = BUILD / "monitoring"
        target.mkdir(exist_ok=True)
        (target / "dashboard.svg").write_text(picture.svg())
