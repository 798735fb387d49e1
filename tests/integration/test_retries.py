"""Trouble on the way to a shop: tried again with patience, visible when it does not help, and nobody else's trouble."""
import http.server
import threading

from harness.case import Case


class RetryTest(Case):
    def setUp(self):
        super().setUp()
        for shop in ("shop1", "shop2"):
            self.simulator.shop(shop)
            self.simulator.add(shop, generate=5)
        self.first, self.second = self.connect("shop1", "shop2")

    def check_retried(self, error_class, fault, *flags, times=2, repeats=0, **settings):
        """So many attempts fail with this class, the next succeeds; the other shop notices nothing."""
        self.simulator.fault(fault, "shop:shop1", path_contains="/v1/orders", times=times, **settings)
        self.tick()
        self.work(*flags)
        jobs = {job["integration_id"]: job for job in self.history("poll")}
        failed = jobs[self.first]["attempts"] - 1
        self.assertEqual(jobs[self.first]["outcome"], "done")
        self.assertTrue(times - repeats <= failed <= times, failed)
        self.assertEqual([(error["attempt"], error["class"]) for error in jobs[self.first]["errors"]],
                         [(attempt + 1, error_class) for attempt in range(failed)], jobs[self.first]["errors"])
        for error in jobs[self.first]["errors"]:
            self.assertTrue(error["at"] and error["error"] and error["worker"])
        self.assertEqual((jobs[self.second]["attempts"], jobs[self.second]["errors"]), (1, None))
        self.assertEqual(len(self.imported(self.first)), 5)

    def test_an_internal_error_is_retried(self):
        self.check_retried("server_error", "status", status=500)

    def test_a_bad_gateway_is_retried(self):
        self.check_retried("server_error", "status", status=502)

    def test_a_service_that_is_unavailable_is_retried(self):
        self.check_retried("server_error", "status", status=503, retry_after=0)

    def test_a_gateway_timeout_is_retried(self):
        self.check_retried("server_error", "status", status=504)

    def test_a_reset_connection_is_retried(self):
        # libcurl itself repeats a request once when a kept connection turns out to be dead.
        self.check_retried("network", "reset", times=4, repeats=2)

    def test_a_shop_that_never_answers_is_given_up_after_the_timeout_and_retried(self):
        self.check_retried("timeout", "stall", "--request-timeout-seconds=1")

    def test_a_slow_answer_is_given_up_after_the_timeout_and_retried(self):
        self.check_retried("timeout", "latency", "--request-timeout-seconds=1", ms=5000)

    def test_an_answer_that_drips_is_given_up_after_the_timeout_and_retried(self):
        self.check_retried("timeout", "slow_drip", "--request-timeout-seconds=2", times=1, bytes_per_second=20)

    def test_an_answer_of_a_kind_that_no_retry_helps_fails_at_once(self):
        for status in (400, 404, 410, 422):
            with self.subTest(status=status):
                self.simulator.fault("status", "shop:shop1", path_contains="/v1/orders", status=status, times=1)
                self.backend.value("SELECT koppeling.poll_now(%s)", self.first)
                self.work()
                job, = self.jobs("poll")
                self.assertEqual((job["state"], job["last_error_class"], job["attempt"]), ("failed", "client_error", 1))
                self.assertEqual(job["errors"][-1]["http_status"], status)
        self.backend.value("SELECT koppeling.poll_now(%s)", self.first)
        self.work()
        self.assertEqual(self.jobs("poll"), [], "poll_now() starts a failed poll over")

    def test_a_job_gives_up_after_its_attempts_and_waits_for_a_person(self):
        self.db.run("UPDATE koppeling.retry_rule SET max_attempts = 3 WHERE error_class = 'server_error'")
        self.simulator.fault("status", "shop:shop1", path_contains="/v1/orders", status=500)
        self.poll()
        failed = self.db.row("SELECT * FROM koppeling.failed_job")
        self.assertEqual((failed["kind"], failed["shop"], failed["error_class"], failed["attempts"],
                          failed["http_status"]),
                         ("poll", "shop1.myonline.store", "server_error", 3, 500))
        self.assertIn("retry_job", failed["what_to_do"])
        self.assertEqual(len(self.jobs()[0]["errors"]), 3)
        self.tick()
        self.assertEqual(len(self.jobs()), 1, "the scheduler does not double it")
        self.assertIsNone(self.shop(self.first)["last_polled_at"])
        self.assertEqual(len(self.imported(self.second)), 5)

    def test_a_failed_poll_is_started_over_by_the_scheduler_after_a_while(self):
        self.simulator.fault("status", "shop:shop1", path_contains="/v1/orders", status=404, times=1)
        self.poll()
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.tick()
        self.assertEqual(self.jobs("poll")[0]["state"], "failed", "not at once")
        self.db.run("UPDATE koppeling.job SET started_at = now() - interval '16 minutes'")
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.poll()
        self.assertEqual(len(self.imported(self.first)), 5)

    def test_the_number_of_attempts_of_the_job_counts_as_well(self):
        self.simulator.fault("status", "shop:shop1", path_contains="/v1/orders", status=500)
        self.backend.value("SELECT koppeling.enqueue('poll', %s, max_attempts => 2::smallint)", self.first)
        self.work()
        self.assertEqual((self.jobs()[0]["state"], self.jobs()[0]["attempt"]), ("failed", 2))

    def test_waits_between_attempts_grow_up_to_the_cap(self):
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '10 seconds', backoff_cap = '60 seconds', "
                    "max_attempts = 9"
                    " WHERE error_class = 'server_error'")
        self.simulator.fault("status", "shop:shop1", path_contains="/v1/orders", status=500)
        self.backend.value("SELECT koppeling.poll_now(%s)", self.first)
        for least, most in ((4, 10), (9, 20), (19, 40), (29, 60), (29, 60)):
            self.work()
            wait = self.db.value("SELECT extract(epoch FROM run_at - now())::float8 FROM koppeling.job")
            self.assertTrue(least <= wait <= most, (least, wait, most))
            self.db.run("UPDATE koppeling.job SET run_at = now()")

    def test_a_refused_connection_is_a_network_error(self):
        self.db.run("UPDATE koppeling.api SET breaker_limit = 1000")
        self.tick()
        self.work(KOPPELING_MIJNWEBWINKEL_URL="http://127.0.0.1:1")
        self.assertEqual({(job["state"], job["last_error_class"]) for job in self.jobs("poll")},
                         {("failed", "network")})


class RedirectTest(Case):
    def setUp(self):
        super().setUp()
        self.visitors = visitors = []

        class Elsewhere(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                visitors.append(self.path)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.elsewhere = http.server.HTTPServer(("127.0.0.1", 0), Elsewhere)
        self.addCleanup(self.elsewhere.server_close)
        self.addCleanup(self.elsewhere.shutdown)
        threading.Thread(target=self.elsewhere.serve_forever, daemon=True).start()

    def test_a_redirect_is_never_followed(self):
        integration = self.connect_with_orders(generate=1)
        self.label(self.order_ids()[0])
        location = f"http://127.0.0.1:{self.elsewhere.server_port}/v1/orders?token=token-shop1"
        for status in (301, 302, 303, 307, 308):
            self.simulator.fault("status", "shop:shop1", status=status, location=location, times=1)
        self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        self.mark()
        for job in self.jobs() + self.history("poll") + self.history("mark_shipped"):
            for error in job["errors"] or []:
                self.assertNotIn("token", error["error"])
                self.assertIn(error["http_status"], (301, 302, 303, 307, 308))
        self.assertEqual(self.visitors, [])
        self.assertTrue(any(job["errors"] for job in self.jobs() + self.history("poll") + self.history("mark_shipped")))
