"""The panel for whoever is on call: from a failed job to its retry in three clicks, and what else there is."""
from harness.booking import BookingCase
from harness.browser import Browser
from test_panel_door import routes


class OperationsTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.add_person("wacht", role="operations", account=None)
        self.panel, self.address = self.start_panel()
        self.browser = Browser(self.address)

    def failed_job(self):
        """A poll that gave up; its id."""
        self.db.run("DELETE FROM koppeling.job WHERE kind = 'poll'")
        self.db.run("INSERT INTO koppeling.job (kind, integration_id) SELECT 'poll', id FROM koppeling.integration")
        self.db.run("UPDATE koppeling.job SET state = 'failed', last_error_class = 'timeout',"
                    " last_error = '<b>no</b> answer' WHERE kind = 'poll'")
        return self.db.value("SELECT id FROM koppeling.job WHERE kind = 'poll'")

    def state(self, job):
        return self.db.value(f"SELECT state FROM koppeling.job WHERE id = {job}")

    def test_a_failed_job_is_found_and_tried_again_in_three_clicks(self):
        self.connect_with_numbers(70001)
        job = self.failed_job()
        self.browser.sign_in("wacht")
        self.assertEqual(self.browser.address, "/ops", "that is where somebody of operations arrives")
        self.assertIn("/ops/jobs", self.browser.page.links)
        page = self.browser.get("/ops/jobs")
        self.assertIn("&lt;b&gt;no&lt;/b&gt; answer", page.text)
        self.assertIn(f"/ops/jobs/{job}", page.links)
        page = self.browser.get(f"/ops/jobs/{job}")
        self.assertIn("timeout", page.words)
        page = self.browser.submit(f"/ops/jobs/{job}/retry")
        self.assertEqual((page.status, self.state(job)), (200, "queued"), page.words)
        self.assertIn("1 jobs are tried again.", page.words)
        self.assertEqual(self.db.value("SELECT who FROM koppeling.audit WHERE action = 'retry_job'"), "wacht")

    def test_jobs_are_tried_again_and_cancelled_from_the_list(self):
        self.connect_with_numbers(70001)
        job = self.failed_job()
        self.browser.sign_in("wacht")
        self.browser.get("/ops/jobs?kind=poll")
        page = self.browser.submit("/ops/jobs/retry", job=[str(job)])
        self.assertEqual((self.browser.address.split("?")[0], self.state(job)), ("/ops/jobs", "queued"), page.words)
        self.assertIn("kind=poll", self.browser.address, "the filter stays")
        job = self.failed_job()
        page = self.browser.get("/ops/jobs?kind=poll")
        fields = page.form("/ops/jobs/retry")["fields"] + [("job", str(job))]
        self.browser.post("/ops/jobs/cancel", fields)
        page = self.browser.get(f"/ops/jobs/{job}")
        self.assertIn("cancelled", page.words)
        self.assertIn("cancelled by wacht", page.words, "the history says who")

    def test_many_are_tried_again_after_a_look_at_how_many(self):
        self.connect_with_numbers(70001)
        job = self.failed_job()
        self.browser.sign_in("wacht")
        page = self.browser.get("/ops/jobs?error_class=timeout")
        again = [link for link in page.links if link and link.startswith("/ops/jobs/redrive")]
        self.assertEqual(again, ["/ops/jobs/redrive?error_class=timeout"])
        page = self.browser.get(again[0])
        self.assertIn("1 failed jobs would be tried again.", page.words)
        page = self.browser.submit("/ops/jobs/redrive")
        self.assertEqual((page.status, self.state(job)), (200, "queued"), page.words)
        self.assertIn("error_class=timeout", self.browser.address)

    def test_shops_accounts_processes_and_services(self):
        self.connect_with_numbers(70001)
        shop = self.db.value("SELECT id FROM koppeling.integration")
        self.failed_job()
        self.browser.sign_in("wacht")
        page = self.browser.get("/ops/shops")
        self.assertIn("shop1.myonline.store", page.words)
        self.browser.submit(f"/ops/shops/{shop}/pause")
        self.assertEqual(self.shop(shop)["state"], "paused")
        self.browser.submit(f"/ops/shops/{shop}/resume")
        self.assertEqual(self.shop(shop)["state"], "active")
        self.db.run("UPDATE koppeling.account_credentials SET state = 'rejected', reason_code = 'credentials_refused',"
                    " reason = 'geweigerd', reason_en = 'were refused', checked_at = now() WHERE account_id = 1")
        page = self.browser.get("/ops/accounts")
        self.assertIn("were refused", page.words)
        page = self.browser.submit("/ops/accounts/1/check")
        self.assertIn("being checked again", page.words)
        page = self.browser.get("/ops/processes")
        self.assertIn("confirm_order", page.words)
        self.browser.get("/ops/apis")
        page = self.browser.submit("/ops/apis/1/block", minutes="x")
        self.assertEqual(page.status, 422)
        page = self.browser.submit("/ops/apis/1/block", minutes="5", reason="maintenance")
        self.assertIn("maintenance", page.words)
        page = self.browser.submit("/ops/apis/1/block", minutes="0")
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.api WHERE blocked_until > now()"), 0)

    def test_the_queue_and_its_course(self):
        self.connect_with_numbers(70001)
        self.failed_job()
        self.browser.sign_in("wacht")
        page = self.browser.get("/ops")
        self.assertIn("/ops/jobs?kind=poll", page.links)
        page = self.browser.get("/ops/course?hours=1")
        self.assertEqual(page.status, 200)
        self.assertEqual(page.text.count('<svg class="plot"'), 3)
        self.assertIn("<rect ", page.text)
        self.assertNotIn("<style", page.text)

    def test_who_only_looks_sees_all_and_changes_nothing(self):
        self.connect_with_numbers(70001)
        shop = self.db.value("SELECT id FROM koppeling.integration")
        job = self.failed_job()
        self.db.run("UPDATE koppeling.account_credentials SET state = 'rejected', reason_code = 'credentials_refused',"
                    " reason = 'geweigerd', reason_en = 'were refused', checked_at = now() WHERE account_id = 1")
        self.add_person("toezicht", role="operations_readonly", account=None)
        looker = Browser(self.address)
        looker.sign_in("toezicht")
        self.assertEqual(looker.address, "/ops", "that is where somebody of operations arrives")
        seen = {}
        for path in ("/ops", "/ops/course", "/ops/jobs", f"/ops/jobs/{job}", "/ops/jobs/redrive", "/ops/shops",
                     "/ops/accounts", "/ops/processes", "/ops/apis"):
            with self.subTest(path=path):
                page = seen[path] = looker.get(path)
                self.assertEqual(page.status, 200, page.words)
                posts = {form["action"] for form in page.forms if form["method"] == "post" and form["action"] not in
                         ("/sign-out", "/ops/jobs/retry")}
                self.assertEqual((posts, [form for form in page.forms if form["buttons"]]), (set(), []))
        self.assertIn("shop1.myonline.store", seen["/ops/shops"].words)
        self.assertNotIn("<button class=\"main\"", seen["/ops/jobs"].text)
        csrf = dict(looker.get("/me").form("/sign-out")["fields"])["csrf"]
        before = self.db.value("SELECT count(*) FROM koppeling.audit")
        actions = [path.replace("{id}", str(shop if "shops" in path else job if "jobs" in path else 1))
                   for method, path in routes() if method == "POST" and path.startswith("/ops")]
        self.assertGreater(len(actions), 8)
        for path in actions:
            with self.subTest(path=path):
                page = looker.post(path, [("csrf", csrf), ("job", str(job)), ("minutes", "5")])
                self.assertEqual(page.status, 403)
        # The database refuses it, too: as if the program had let it pass.
        panel = self.session("test_panel")
        panel.run("SET ROLE koppeling_panel_watch")
        with self.assertRaisesRegex(Exception, "permission denied"):
            panel.run("SELECT koppeling.panel_ops_job_retry('{}')")
        self.assertEqual((self.state(job), self.shop(shop)["state"]), ("failed", "active"))
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.audit"), before)

    def test_nobody_else_sees_or_does_any_of_it(self):
        self.connect_with_numbers(70001)
        job = self.failed_job()
        self.add_person("anna")
        self.add_person("kijker", role="readonly")
        for person in ("anna", "kijker"):
            browser = Browser(self.address)
            self.assertNotIn("/ops", browser.sign_in(person).links)
            for path in ("/ops", "/ops/course", "/ops/jobs", f"/ops/jobs/{job}", "/ops/jobs/redrive", "/ops/shops",
                         "/ops/accounts", "/ops/processes", "/ops/apis"):
                with self.subTest(person=person, path=path):
                    self.assertEqual(browser.get(path).status, 403)
            csrf = dict(browser.get("/me").form("/sign-out")["fields"])["csrf"]
            for path in (f"/ops/jobs/{job}/retry", f"/ops/jobs/{job}/cancel", "/ops/jobs/redrive", "/ops/shops/1/pause",
                         "/ops/accounts/1/check", "/ops/apis/1/block"):
                with self.subTest(person=person, path=path):
                    self.assertEqual(browser.post(path, [("csrf", csrf)]).status, 403)
        self.assertEqual(self.state(job), "failed")
