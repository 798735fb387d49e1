"""A shop that asks for a pause or refuses its token: a time to wait, no failed attempt, and nobody else's delay."""
import email.utils
import time

from harness.case import Case


class PauseTest(Case):
    def setUp(self):
        super().setUp()
        for shop in ("shop1", "shop2"):
            self.simulator.shop(shop)
            self.simulator.add(shop, generate=5)
        self.first, self.second = self.connect("shop1", "shop2")
        self.poll()

    def blocked_seconds(self):
        return self.db.value("SELECT extract(epoch FROM blocked_until - now())::float8 FROM koppeling.integration "
                             "WHERE id = %s",
                             self.first)

    def check_pause(self, least, most):
        """The first shop is blocked for that long, its jobs wait unattempted, the other shop is done."""
        self.label_all()
        self.tick()
        self.work("--in-flight=1", "--threads=1")
        self.assertTrue(least <= self.blocked_seconds() <= most, self.blocked_seconds())
        self.assertEqual((self.marked(self.first), self.marked(self.second)), (0, 5))
        jobs = self.jobs("mark_shipped")
        self.assertEqual(len(jobs), 5)
        blocked_until = self.shop(self.first)["blocked_until"]
        for job in jobs:
            self.assertEqual((job["state"], job["attempt"]), ("queued", 0), job)
            self.assertGreaterEqual(job["run_at"], blocked_until, "nothing of this shop is claimed before")
        self.assertLessEqual(len(self.simulator.reads("shop1")), 2, "a shop that asked for a pause is left alone")
        condition = self.db.value("SELECT condition FROM koppeling.integration_status WHERE id = %s", self.first)
        self.assertIn("asked for a pause", condition)

    def pause(self, retry_after=None):
        self.simulator.fault("status", "shop:shop1", status=429, retry_after=retry_after)

    def test_a_pause_given_in_seconds_is_kept(self):
        self.pause(300)
        self.check_pause(250, 330)

    def test_a_pause_given_as_a_date_is_kept(self):
        self.pause(email.utils.formatdate(time.time() + 300, usegmt=True))
        self.check_pause(240, 330)

    def test_without_a_time_the_pause_is_that_of_the_rule(self):
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '100 seconds' WHERE error_class = 'rate_limited'")
        self.pause()
        self.check_pause(45, 101)

    def test_an_absurd_pause_is_bounded(self):
        for retry_after in ("999999999999", "-5", "soon", ""):
            with self.subTest(retry_after=retry_after):
                self.simulator.clear_faults()
                self.simulator.fault("status", "shop:shop1", status=429, retry_after=retry_after, times=1)
                self.db.run("UPDATE koppeling.integration SET blocked_until = NULL")
                self.poll_again(self.first)
                self.assertLess(self.blocked_seconds(), 25 * 3600)

    def test_after_the_pause_everything_is_done(self):
        self.simulator.fault("status", "shop:shop1", status=429, retry_after=2, times=1)
        self.label_all()
        self.tick()
        worker = self.start_worker("--in-flight=1", "--threads=1")
        self.wait_until(lambda: self.marked(self.first) == 5, "the shop is told after the pause")
        worker.stop()
        self.assertEqual(sum(self.simulator.patch_counts("shop1").values()), 5)
        self.assertEqual({job["attempts"] for job in self.history("mark_shipped")}, {1})

    def test_jobs_that_come_during_the_pause_wait_too(self):
        self.pause(300)
        self.backend.value("SELECT koppeling.poll_now(%s)", self.first)
        self.work()
        self.label_all()
        self.tick()
        self.work()
        asked = len(self.simulator.requests("shop1"))
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.backend.value("SELECT koppeling.poll_now(%s)", self.first)
        self.ops.value("SELECT koppeling.retry_job(%s)", self.jobs("poll")[0]["id"])
        self.tick()
        self.work()
        self.assertEqual(len(self.simulator.requests("shop1")), asked)
        self.assertEqual(self.marked(self.second), 5)

    def test_a_job_that_fails_otherwise_during_the_pause_waits_for_its_end_too(self):
        paused, failing = (row["order_number"] for row in self.db.rows(
            "SELECT order_number FROM koppeling.imported_order WHERE integration_id = %s ORDER BY id LIMIT 2",
            self.first))
        self.simulator.fault("status", "shop:shop1", status=429, retry_after=300, path_contains=f"/orders/{paused}")
        self.simulator.fault("status", "shop:shop1", status=500, ms=700, path_contains=f"/orders/{failing}")
        for order_id in self.db.column("SELECT id FROM koppeling.imported_order WHERE integration_id = %s ORDER BY id "
                                       "LIMIT 2", self.first):
            self.label(order_id)
        self.tick()
        self.work()
        blocked_until = self.shop(self.first)["blocked_until"]
        jobs = self.jobs("mark_shipped")
        self.assertEqual({job["last_error_class"] for job in jobs}, {"rate_limited", "server_error"})
        for job in jobs:
            self.assertGreaterEqual(job["run_at"], blocked_until, job)

    def test_a_pause_of_one_shop_does_not_outlive_a_new_token(self):
        self.pause(300)
        self.poll_again(self.first)
        self.simulator.clear_faults()
        self.backend.run("SELECT koppeling.replace_token(%s, decode(%s, 'base64'))", self.first,
                         self.seal("token-shop1", "shop1.myonline.store"))
        self.work()
        self.assertEqual((self.shop(self.first)["state"], self.shop(self.first)["blocked_until"]), ("active", None))


class RefusedTokenTest(Case):
    def setUp(self):
        super().setUp()
        for shop in ("shop1", "shop2"):
            self.simulator.shop(shop)
            self.simulator.add(shop, generate=60)
        self.first, self.second = self.connect("shop1", "shop2")
        self.poll()
        self.label_all()
        self.simulator.shop("shop1", token_is_active=False)
        self.tick()
        self.work("--in-flight=5")

    def replace_token(self, token):
        self.backend.run("SELECT koppeling.replace_token(%s, decode(%s, 'base64'))", self.first,
                         self.seal(token, "shop1.myonline.store"))

    def test_a_revoked_token_stops_its_shop_visibly_and_no_other(self):
        shop = self.shop(self.first)
        self.assertEqual((shop["state"], shop["reason_code"]), ("needs_attention", "token_refused"))
        self.assertTrue(shop["reason"] and shop["reason_en"])
        jobs = self.jobs("mark_shipped")
        self.assertEqual([(job["state"], job["attempt"], job["run_at"]) for job in jobs],
                         [("queued", 0, "infinity")] * 60)
        self.work()
        asked = len(self.simulator.requests("shop1"))
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.tick()
        self.work()
        self.assertEqual(len(self.simulator.requests("shop1")), asked, "it is neither polled nor told")
        self.assertEqual(len(self.db.rows("SELECT FROM koppeling.imported_order WHERE integration_id = %s",
                                          self.first)), 60)
        parked = self.db.row("SELECT * FROM koppeling.queue_overview WHERE kind = 'mark_shipped'")
        self.assertGreaterEqual(parked["parked"], 60)
        self.db.run("UPDATE koppeling.job SET run_at = now() WHERE integration_id = %s", self.second)
        self.work()
        self.assertEqual((self.marked(self.first), self.marked(self.second)), (0, 60))

    def test_a_good_token_lets_everything_go_on(self):
        self.simulator.shop("shop1", token="nieuw-token")
        self.simulator.shop("shop1", token_is_active=True)
        self.replace_token("nieuw-token")
        worker = self.start_worker()
        self.wait_until(lambda: self.marked(self.first) == 60, "the parked jobs are done")
        self.tick()
        self.wait_until(lambda: self.jobs("poll") == [], "the shop is polled again")
        worker.stop()
        shop = self.shop(self.first)
        self.assertEqual((shop["state"], shop["reason"]), ("active", None))
        self.assertEqual(set(self.simulator.patch_counts("shop1").values()), {1})
        self.assertEqual({job["attempts"] for job in self.history("mark_shipped")}, {1})

    def test_released_jobs_are_spread_at_the_pace_of_the_api(self):
        self.db.run("UPDATE koppeling.api SET rate_per_second = 2, burst = 10")
        self.simulator.shop("shop1", token_is_active=True)
        self.replace_token("token-shop1")
        self.work("--kinds=verify")
        seconds = self.db.column("SELECT extract(epoch FROM run_at - now())::float8 FROM koppeling.job"
                                 " WHERE kind = 'mark_shipped' AND integration_id = %s ORDER BY 1", self.first)
        self.assertEqual(len(seconds), 60)
        self.assertLessEqual(seconds[9], 0)
        self.assertGreater(seconds[-1], 20)

    def test_another_bad_token_needs_attention_again_and_loses_nothing(self):
        self.replace_token("ook-niet-goed")
        self.work()
        shop = self.shop(self.first)
        self.assertEqual((shop["state"], shop["reason_code"]), ("needs_attention", "token_refused"))
        self.assertEqual({job["run_at"] for job in self.jobs("mark_shipped") if job["integration_id"] == self.first},
                         {"infinity"})
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.job WHERE integration_id = %s", self.first), 60)

    def test_resuming_asks_the_shop_first(self):
        self.ops.run("SELECT koppeling.resume_integration(%s)", self.first)
        self.work()
        self.assertEqual(self.shop(self.first)["state"], "needs_attention")
        self.simulator.shop("shop1", token_is_active=True)
        self.ops.run("SELECT koppeling.resume_integration(%s)", self.first)
        self.work()
        self.assertEqual(self.shop(self.first)["state"], "active")
