"""What a DBA changes with UPDATE holds at once, for programs that run."""
from harness.case import Case


class RetryRuleTest(Case):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_orders(generate=1)
        self.dba = self.session("test_dba")
        self.simulator.fault("status", "shop:shop1", status=500)
        self.worker = self.start_worker()

    def fail(self, attempts):
        """A poll fails after so many attempts, and not before."""
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.wait_until(lambda: self.jobs("poll") and self.jobs("poll")[0]["state"] == "failed", "the poll gives up")
        job, = self.jobs("poll")
        self.assertEqual((job["attempt"], job["last_error_class"]), (attempts, "server_error"))

    def test_the_number_of_attempts(self):
        for attempts in (2, 4, 1):
            self.dba.run("UPDATE koppeling.retry_rule SET max_attempts = %s WHERE error_class = 'server_error'",
                         attempts)
            self.fail(attempts)
        self.worker.stop()

    def test_the_wait_between_attempts(self):
        self.dba.run("UPDATE koppeling.retry_rule SET backoff_base = '1 hour', backoff_cap = '2 hours' "
                     "WHERE error_class = 'server_error'")
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.wait_until(lambda: self.jobs("poll") and self.jobs("poll")[0]["last_error"], "an attempt fails")
        wait = "SELECT extract(epoch FROM run_at - now())::float8 / 60 FROM koppeling.job WHERE kind = 'poll'"
        self.assertTrue(25 < self.db.value(wait) <= 60, self.db.value(wait))
        self.dba.run("UPDATE koppeling.retry_rule SET backoff_base = '10 milliseconds', backoff_cap = '10 "
                     "milliseconds',"
                     " max_attempts = 2 WHERE error_class = 'server_error'")
        self.hurry()
        self.wait_until(lambda: self.jobs("poll")[0]["state"] == "failed", "the next attempt is the last")
        self.worker.stop()

    def hurry(self):
        self.ops.run("UPDATE koppeling.job SET run_at = now()")

    def test_whether_an_attempt_counts(self):
        self.dba.run("UPDATE koppeling.retry_rule SET counts_as_attempt = false, max_attempts = 3 "
                     "WHERE error_class = 'server_error'")
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.wait_until(lambda: len((self.jobs("poll")[0]["errors"]) or []) >= 6, "it is tried again and again")
        self.dba.run("UPDATE koppeling.retry_rule SET counts_as_attempt = true WHERE error_class = 'server_error'")
        self.wait_until(lambda: self.jobs("poll")[0]["state"] == "failed", "now attempts count")
        self.worker.stop()

    def test_nobody_else_may_change_the_rules(self):
        for session in (self.backend, self.ops):
            with self.assertRaisesRegex(Exception, "permission denied"):
                session.run("UPDATE koppeling.retry_rule SET max_attempts = 1")
        with self.assertRaisesRegex(Exception, "retry_rule_attempts_are_positive"):
            self.dba.run("UPDATE koppeling.retry_rule SET max_attempts = 0")
