"""The numbers that programs serve: each is there from the start, says what its name says, and promtool likes them."""
import re
import shutil
import subprocess
import unittest

from harness.browser import Browser
from harness.case import Case, free_address
from harness.gate import DatabaseGate

PROMTOOL = shutil.which("promtool")
SERIES = re.compile(r"^(\w+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


class MetricsTest(Case):
    def setUp(self):
        super().setUp()
        self.address = free_address()

    def page(self, address=None):
        return self.fetch(address or self.address, "/metrics")[1]

    def numbers(self, address=None):
        return {name: float(value) for name, value in SERIES.findall(self.page(address))}

    def start(self, *flags, **settings):
        return self.start_worker(f"--metrics-address={self.address}", *flags, **settings)

    def start_watching(self):
        address = free_address()
        scheduler = self.start_scheduler(f"--metrics-address={address}")
        self.wait_until(lambda: "event=started" in scheduler.log, "it runs")
        self.wait_until(lambda: "koppeling_live_schedulers" in self.numbers(address), "it has counted")
        return address

    def counts(self, name, least=1):
        self.wait_until(lambda: self.numbers().get(name, 0) >= least, f"{name} is {least} at least")
        return self.numbers()

    def test_all_of_a_worker_are_there_before_anything_happened(self):
        self.start()
        before = self.numbers()
        self.simulator.shop("shop1")
        self.request_connection("shop1")
        self.wait_until(lambda: self.numbers()["koppeling_jobs_in_flight"] == 0
                        and self.db.value("SELECT state = 'active' FROM koppeling.integration"), "it is verified")
        self.assertEqual(set(self.numbers()), set(before), "nothing appears later")
        self.assertLess(len(before), 1000, "so many series at most, whatever comes")
        for api in ("mijnwebwinkel_production", "boekuwzending_production", "boekuwzending_staging"):
            self.assertEqual(before[f'koppeling_api_call_duration_seconds_count{{api="{api}",outcome="timeout"}}'], 0)
        for kind in self.db.column("SELECT name FROM koppeling.job_kind"):
            self.assertIn(f'koppeling_pickup_delay_seconds_count{{kind="{kind}"}}', before)

    def test_calls_are_counted_by_api_and_by_what_came_of_them(self):
        for shop in ("shop1", "shop2"):
            self.simulator.shop(shop)
        integrations = self.connect("shop1", "shop2")
        self.simulator.fault("status", "shop:shop2", status=503)
        self.simulator.fault("latency", "shop:shop1", ms=300)
        self.start()
        for integration in integrations:
            self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        name = 'koppeling_api_call_duration_seconds_{}{{api="mijnwebwinkel_production",outcome="{}"{}}}'
        self.counts(name.format("count", "server_error", ""))
        numbers = self.counts(name.format("count", "ok", ""))
        self.assertEqual(numbers[name.format("bucket", "ok", ',le="0.25"')], 0, "each took 0.3 seconds")
        self.assertGreaterEqual(numbers[name.format("sum", "ok", "")],
                                0.3 * numbers[name.format("count", "ok", "")])
        self.assertGreaterEqual(numbers["koppeling_http_connections_opened_total"], 1)

    def test_how_long_a_job_waited_is_counted_from_when_it_was_due(self):
        self.db.run("SELECT koppeling.enqueue('ping', run_at => now() - interval '90 seconds')")
        self.start()
        numbers = self.counts('koppeling_pickup_delay_seconds_count{kind="ping"}')
        self.assertEqual(numbers['koppeling_pickup_delay_seconds_bucket{kind="ping",le="60"}'], 0)
        self.assertEqual(numbers['koppeling_pickup_delay_seconds_bucket{kind="ping",le="300"}'], 1)
        self.assertGreaterEqual(numbers["koppeling_claim_duration_seconds_count"], 1)
        self.assertGreaterEqual(numbers['koppeling_flight_duration_seconds_count{outcome="committed"}'],
                                numbers["koppeling_claim_duration_seconds_count"])

    def test_a_lost_connection_with_the_database_is_counted(self):
        gate = DatabaseGate(self.cluster.socket_directory)
        self.addCleanup(gate.close)
        url = self.cluster.url(self.database, "test_worker").replace(self.cluster.socket_directory, gate.directory)
        self.start("--threads=1", KOPPELING_DATABASE_URL=url)
        self.assertEqual(self.numbers()["koppeling_database_reconnects_total"], 0)
        self.db.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE"
                    " 'koppeling-worker/%' AND datname = current_database()")
        numbers = self.counts("koppeling_database_reconnects_total")
        self.assertGreaterEqual(numbers["koppeling_database_connections_opened_total"], 2)

    def test_orders_are_counted_by_what_became_of_them(self):
        self.simulator.shop("shop1")
        integration = self.connect("shop1")
        self.simulator.add("shop1", generate=3, status=1)
        self.simulator.add("shop1", generate=1, kind="no_address", status=1)
        self.simulator.add("shop1", generate=2, kind="virtual", status=1)
        self.start()
        self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        numbers = self.counts("koppeling_orders_imported_total", 3)
        self.assertEqual(numbers["koppeling_orders_changed_total"], 0)
        self.assertEqual({reason: numbers[f'koppeling_orders_skipped_total{{reason="{reason}"}}']
                          for reason in ("no_address", "nothing_to_ship", "too_old")},
                         {"no_address": 1, "nothing_to_ship": 2, "too_old": 0})
        changed = self.imported(integration)[0]
        self.simulator.change("shop1", changed, merge={"comments": {"customer": "Bij de buren"}})
        self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        numbers = self.counts("koppeling_orders_changed_total")
        self.assertEqual(numbers["koppeling_orders_imported_total"], 3, "one that is known is not imported again")
        self.assertEqual(numbers['koppeling_orders_skipped_total{reason="nothing_to_ship"}'], 2)

    def test_marks_are_counted_by_environment_and_what_was_not_told_is_not(self):
        self.connect_with_orders(generate=3, status=1)
        first, second, third = self.order_ids()
        self.backend.run("UPDATE koppeling.integration SET mark_on_staging = false")
        self.label(first, environment="staging")
        self.tick()
        self.start()
        self.wait_until(lambda: len(self.history("mark_shipped")) == 1, "it was decided")
        self.backend.run("UPDATE koppeling.integration SET mark_on_staging = true")
        self.label(second, environment="staging")
        self.label(third)
        self.tick()
        numbers = self.counts('koppeling_orders_marked_total{environment="production"}')
        numbers = self.counts('koppeling_orders_marked_total{environment="staging"}')
        self.assertEqual(numbers["koppeling_staging_marks_total"], 1, "the first was not told")
        self.assertEqual(numbers['koppeling_orders_marked_total{environment="staging"}'], 1)

    def test_every_reason_that_the_database_knows_has_a_counter(self):
        self.start()
        text = self.db.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                             " WHERE conname = 'skipped_order_reason_is_known'")
        reasons = set(re.findall(r"'(\w+)'", text))
        self.assertIn("not_paid", reasons)
        self.assertEqual(set(re.findall(r'koppeling_orders_skipped_total\{reason="(\w+)"', self.page())), reasons)

    def test_the_panel_serves_its_own_from_the_start(self):
        self.add_person("anna")
        panel, pages = self.start_panel(f"--metrics-address={self.address}")
        before = self.numbers()
        self.assertEqual(self.fetch(self.address, "/live")[0], 200)
        self.assertEqual(self.fetch(self.address, "/ready"), (200, "ready\n"))
        self.assertIn('program="koppeling-panel"', "".join(before))
        self.assertEqual(before["koppeling_panel_request_duration_seconds_count"], 0)
        browser = Browser(pages)
        browser.sign_in("anna", "verkeerd")
        browser.sign_in("anna")
        after = self.numbers()
        self.assertEqual(set(after), set(before), "nothing appears later")
        self.assertEqual(after['koppeling_panel_sign_ins_total{outcome="right"}'], 1)
        self.assertEqual(after['koppeling_panel_sign_ins_total{outcome="wrong"}'], 1)
        self.assertEqual(after["koppeling_panel_request_duration_seconds_count"],
                         sum(value for name, value in after.items() if "koppeling_panel_requests_total" in name))
        self.check_metrics(self.page())
        self.assertTrue(panel.is_running)

    def test_both_programs_say_which_they_are_and_what_they_weigh(self):
        self.start()
        schema = self.db.value("SELECT max(version) FROM koppeling.schema_migration")
        for address, program in ((self.address, "worker"), (self.start_watching(), "scheduler")):
            numbers = self.numbers(address)
            info = [name for name in numbers if name.startswith("koppeling_build_info{")]
            self.assertEqual(len(info), 1)
            self.assertIn(f'program="koppeling-{program}"', info[0])
            self.assertIn(f'schema="{schema}"', info[0])
            self.assertGreater(numbers["process_resident_memory_bytes"], 1e6)
            self.assertGreater(numbers["process_cpu_seconds_total"], 0)

    def check_metrics(self, page):
        if PROMTOOL:
            checked = subprocess.run([PROMTOOL, "check", "metrics"], input=page, text=True, check=False,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual((checked.returncode, checked.stdout), (0, ""))

    @unittest.skipUnless(PROMTOOL, "promtool is not installed (deploy/install-deps monitoring)")
    def test_promtool_finds_nothing_to_mend(self):
        self.start()
        for address in (self.address, self.start_watching()):
            self.check_metrics(self.page(address))
