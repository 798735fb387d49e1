"""What people do to jobs and shops, with the functions for ops and with plain UPDATEs."""
from harness.case import Case
from harness.postgres import SqlError


class OpsTest(Case):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_orders(generate=3)
        self.label_all()

    def audit(self, action):
        """The audit rows of an action, by role and subject."""
        return [(row["who"], row["subject"]) for row in
                self.db.rows("SELECT * FROM koppeling.audit WHERE action = %s ORDER BY id", action)]

    def fail_all(self):
        """Three mark_shipped jobs that failed for good."""
        self.simulator.fault("status", "shop:shop1", status=422)
        self.mark()
        self.simulator.clear_faults()
        jobs = self.jobs("mark_shipped")
        self.assertEqual([job["state"] for job in jobs], ["failed"] * 3)
        return [job["id"] for job in jobs]

    def test_retry_job_runs_a_failed_job_again_with_all_its_attempts(self):
        ids = self.fail_all()
        self.assertIs(self.ops.value("SELECT koppeling.retry_job(%s)", ids[0]), True)
        job = self.db.row("SELECT * FROM koppeling.job WHERE id = %s", ids[0])
        self.assertEqual((job["state"], job["attempt"], len(job["errors"])), ("queued", 0, 1),
                         "what went wrong stays on record")
        self.work()
        self.assertEqual((self.marked(), len(self.jobs())), (1, 2))
        self.assertEqual(self.audit("retry_job"), [("test_ops", f"job {ids[0]}")])
        with self.assertRaisesRegex(SqlError, "there is no live job"):
            self.ops.rows("SELECT koppeling.retry_job(%s)", ids[0])

    def test_retry_failed_chooses_by_kind_shop_class_and_time(self):
        self.fail_all()
        nothing = ("kind => 'poll'", f"integration_id => {self.integration + 1}", "error_class => 'timeout'",
                   "failed_since => now() + interval '1 hour'")
        for arguments in nothing:
            self.assertEqual(self.ops.value(f"SELECT koppeling.retry_failed({arguments})"), 0, arguments)
        self.assertEqual(self.ops.value("SELECT koppeling.retry_failed('mark_shipped', %s, 'client_error', now() - "
                                        "interval '1 hour')",
                                        self.integration), 3)
        self.work()
        self.assertEqual((self.marked(), self.jobs()), (3, []))
        self.assertEqual(len(self.audit("retry_failed")), 5)

    def test_retry_failed_spreads_the_jobs_of_a_shop_over_time(self):
        self.fail_all()
        self.ops.value("SELECT koppeling.retry_failed(per_second => 0.01)")
        seconds = self.db.column("SELECT extract(epoch FROM run_at - now())::integer FROM koppeling.job ORDER BY 1")
        self.assertLessEqual(seconds[0], 0)
        self.assertTrue(90 < seconds[1] <= 100 and 190 < seconds[2] <= 200, seconds)

    def test_cancel_job_keeps_the_job_in_the_history_and_does_not_let_it_come_back(self):
        ids = self.fail_all()
        self.ops.value("SELECT koppeling.cancel_job(%s)", ids[0])
        job, = self.history("mark_shipped")
        self.assertEqual((job["id"], job["outcome"], len(job["errors"])), (ids[0], "cancelled", 1))
        self.assertIn("test_ops", job["result"]["reason"])
        order = self.db.row("SELECT * FROM koppeling.imported_order WHERE id = %s", job["order_id"])
        self.assertEqual((order["mark_outcome"], order["mark_reason_code"]), ("not_marked", "cancelled_job"))
        self.tick()
        self.assertEqual(len(self.jobs("mark_shipped")), 2)
        self.assertEqual(self.audit("cancel_job"), [("test_ops", f"job {ids[0]}")])

    def test_the_result_of_a_job_that_was_cancelled_meanwhile_is_refused(self):
        self.tick()
        self.simulator.settings(latency_ms=500)
        worker = self.start_worker()
        self.wait_until(lambda: {job["state"] for job in self.jobs("mark_shipped")} == {"running"}, "all run")
        cancelled = self.jobs("mark_shipped")[0]
        self.ops.value("SELECT koppeling.cancel_job(%s)", cancelled["id"])
        self.wait_until(lambda: self.jobs("mark_shipped") == [], "the others end")
        worker.stop()
        outcomes = {job["id"]: job["outcome"] for job in self.history("mark_shipped")}
        self.assertEqual(outcomes.pop(cancelled["id"]), "cancelled")
        self.assertEqual(list(outcomes.values()), ["done", "done"])
        self.assertEqual(self.marked(), 2)

    def test_a_paused_shop_is_left_alone_until_it_is_resumed(self):
        self.tick()
        self.ops.run("SELECT koppeling.pause_integration(%s, 'verbouwing')", self.integration)
        shop = self.shop(self.integration)
        self.assertEqual((shop["state"], shop["reason"]), ("paused", "verbouwing"))
        before = len(self.simulator.requests("shop1"))
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.mark()
        self.assertEqual(len(self.simulator.requests("shop1")), before)
        self.assertEqual({job["run_at"] for job in self.jobs()}, {"infinity"})
        with self.assertRaisesRegex(SqlError, "is paused"):
            self.backend.rows("SELECT koppeling.poll_now(%s)", self.integration)
        self.ops.run("SELECT koppeling.resume_integration(%s)", self.integration)
        self.mark()
        self.assertEqual((self.shop(self.integration)["state"], self.marked()), ("active", 3))
        for action in ("pause_integration", "resume_integration"):
            self.assertEqual(self.audit(action), [("test_ops", f"integration {self.integration}")])

    def test_a_label_for_a_paused_shop_is_told_after_it_is_resumed(self):
        self.ops.run("SELECT koppeling.pause_integration(%s, 'pauze')", self.integration)
        self.mark()
        self.assertEqual(self.jobs("mark_shipped"), [])
        self.ops.run("SELECT koppeling.resume_integration(%s)", self.integration)
        self.mark()
        self.assertEqual(self.marked(), 3)

    def test_a_job_that_runs_while_its_shop_is_paused_may_end(self):
        self.tick()
        self.simulator.settings(latency_ms=500)
        worker = self.start_worker()
        self.wait_until(lambda: {job["state"] for job in self.jobs("mark_shipped")} == {"running"}, "all run")
        self.ops.run("SELECT koppeling.pause_integration(%s, 'pauze')", self.integration)
        self.wait_until(lambda: self.marked() == 3, "they end")
        worker.stop()
        self.assertEqual(self.shop(self.integration)["state"], "paused")

    def start_and_pause(self, *flags):
        """A worker with calls under way for a shop that was paused meanwhile."""
        self.tick()
        self.simulator.settings(latency_ms=1000)
        worker = self.start_worker(*flags)
        self.wait_until(lambda: {job["state"] for job in self.jobs("mark_shipped")} == {"running"}, "all run")
        self.ops.run("SELECT koppeling.pause_integration(%s, 'pauze')", self.integration)
        return worker

    def check_parked(self):
        self.assertEqual([(job["state"], job["run_at"]) for job in self.jobs("mark_shipped")],
                         [("queued", "infinity")] * 3)
        before = len(self.simulator.requests("shop1"))
        self.mark()
        self.assertEqual(len(self.simulator.requests("shop1")), before)
        self.simulator.clear_faults()
        self.simulator.settings(latency_ms=0)
        self.ops.run("SELECT koppeling.resume_integration(%s)", self.integration)
        self.mark()
        self.assertEqual(self.marked(), 3)

    def test_a_job_that_fails_while_its_shop_is_paused_waits_until_it_is_resumed(self):
        self.simulator.fault("status", "shop:shop1", status=500)
        worker = self.start_and_pause()
        self.wait_until(lambda: {job["state"] for job in self.jobs("mark_shipped")} == {"queued"}, "they fail")
        worker.stop()
        self.check_parked()

    def test_a_job_that_is_handed_back_while_its_shop_is_paused_waits_until_it_is_resumed(self):
        self.start_and_pause("--grace-seconds=0").stop()
        self.check_parked()

    def test_a_job_whose_worker_is_lost_while_its_shop_is_paused_waits_until_it_is_resumed(self):
        self.start_and_pause().kill()
        self.work("--kinds=ping")
        self.check_parked()

    def test_a_shop_that_was_paused_while_it_is_verified_stays_paused(self):
        self.simulator.shop("shop2")
        self.simulator.settings(latency_ms=500)
        worker = self.start_worker()
        second = self.request_connection("shop2")
        self.wait_until(lambda: self.simulator.requests(path_contains="/v1/store")[1:], "the shop is asked")
        self.ops.run("SELECT koppeling.pause_integration(%s, 'pauze')", second)
        self.wait_until(lambda: self.jobs("verify") == [], "the verification ends")
        worker.stop()
        self.assertEqual(self.shop(second)["state"], "paused")

    def test_block_api_stops_all_shops_and_lifting_it_lets_them_go_on(self):
        self.tick()
        before = len(self.simulator.requests())
        self.ops.run("SELECT koppeling.block_api('mijnwebwinkel', now() + interval '1 hour', reason => 'storing')")
        self.backend.value("SELECT koppeling.ping(3)")
        self.work()
        self.assertEqual(len(self.simulator.requests()), before)
        self.assertEqual(len(self.history("ping")), 3, "jobs of other APIs run")
        self.assertEqual({(job["state"], job["attempt"]) for job in self.jobs()}, {("queued", 0)})
        self.ops.run("SELECT koppeling.block_api('mijnwebwinkel', NULL)")
        self.work()
        self.assertEqual(self.marked(), 3)
        self.assertEqual(self.audit("block_api"), [("test_ops", "api mijnwebwinkel")] * 2)
        with self.assertRaisesRegex(SqlError, "there is no API"):
            self.ops.rows("SELECT koppeling.block_api('nobody', now())")

    def test_poll_now_polls_at_once_and_makes_no_second_job(self):
        self.tick()
        self.db.run("DELETE FROM koppeling.job")
        first = self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.assertEqual(self.backend.value("SELECT koppeling.poll_now(%s)", self.integration), first)
        self.assertEqual([(job["id"], job["priority"]) for job in self.jobs("poll")], [(first, 0)])
        polls = self.shop(self.integration)["polls"]
        self.work()
        self.assertEqual(self.shop(self.integration)["polls"], polls + 1)

    def test_poll_now_during_a_poll_returns_the_one_that_runs(self):
        self.simulator.settings(latency_ms=500)
        worker = self.start_worker()
        first = self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.wait_until(lambda: self.jobs("poll")[0]["state"] == "running", "it runs")
        self.assertEqual(self.backend.value("SELECT koppeling.poll_now(%s)", self.integration), first)
        self.assertEqual(self.jobs("poll")[0]["state"], "running")
        self.wait_until(lambda: self.jobs("poll") == [], "it ends")
        worker.stop()

    def test_a_disconnected_shop_forgets_its_token_and_keeps_its_orders(self):
        self.tick()
        self.backend.run("SELECT koppeling.disconnect_shop(%s)", self.integration)
        shop = self.shop(self.integration)
        self.assertEqual((shop["state"], shop["sealed_token"]), ("disconnected", None))
        self.assertEqual(self.jobs(), [])
        self.assertEqual([job["outcome"] for job in self.history("mark_shipped")], ["cancelled"] * 3)
        self.assertEqual(len(self.order_ids()), 3)
        before = len(self.simulator.requests())
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.mark()
        self.assertEqual(len(self.simulator.requests()), before)


class PlainUpdateTest(Case):
    """A plain UPDATE of a job by hand leaves nothing torn."""

    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_orders(generate=4)
        self.label_all()
        self.tick()
        self.db.run("UPDATE koppeling.job SET run_at = now()")

    def set_state(self, state):
        self.ops.run(f"UPDATE koppeling.job SET state = '{state}' WHERE kind = 'mark_shipped'")

    def test_from_failed_to_queued(self):
        self.simulator.fault("status", "shop:shop1", status=422)
        self.work()
        self.simulator.clear_faults()
        self.set_state("queued")
        self.assertEqual({(job["state"], job["attempt"]) for job in self.jobs("mark_shipped")}, {("queued", 0)})
        self.work()
        self.assertEqual((self.marked(), self.jobs()), (4, []))

    def test_from_queued_to_failed_and_back(self):
        self.set_state("failed")
        self.assertEqual({job["last_error"] for job in self.jobs("mark_shipped")}, {"set to failed by hand"})
        self.work()
        self.assertEqual(self.marked(), 0)
        self.assertEqual(len(self.db.rows("SELECT * FROM koppeling.failed_job")), 4)
        self.set_state("queued")
        self.work()
        self.assertEqual((self.marked(), self.jobs()), (4, []))

    def change_while_running(self, state):
        self.simulator.settings(latency_ms=700)
        worker = self.start_worker()
        self.wait_until(lambda: {job["state"] for job in self.jobs("mark_shipped")} == {"running"}, "all run")
        # As the UPDATE left them: a moment later the worker may have them again.
        for job in self.ops.rows(f"UPDATE koppeling.job SET state = '{state}' WHERE kind = 'mark_shipped' RETURNING *"):
            self.assertEqual((job["worker_id"], job["lease_token"], job["lease_until"]), (None, None, None))
        return worker

    def test_from_running_to_queued_runs_them_again_and_refuses_the_late_results(self):
        worker = self.change_while_running("queued")
        self.wait_until(lambda: self.marked() == 4 and self.jobs("mark_shipped") == [], "they run again")
        self.wait_until(lambda: "came too late" in worker.log, "the late results are refused")
        worker.stop()
        self.assertEqual(len(self.history("mark_shipped")), 4)

    def test_from_running_to_failed_refuses_the_late_results(self):
        worker = self.change_while_running("failed")
        self.wait_until(lambda: "came too late" in worker.log, "the late results are refused")
        worker.stop()
        self.assertEqual({job["state"] for job in self.jobs("mark_shipped")}, {"failed"})
        self.assertEqual((self.marked(), self.history("mark_shipped")), (0, []))

    def test_from_queued_to_running_is_refused(self):
        with self.assertRaisesRegex(SqlError, "job_running_has_lease"):
            self.set_state("running")

    def test_a_job_that_is_deleted_while_it_runs_leaves_no_trace(self):
        self.simulator.settings(latency_ms=500)
        worker = self.start_worker()
        self.wait_until(lambda: {job["state"] for job in self.jobs("mark_shipped")} == {"running"}, "all run")
        self.db.run("DELETE FROM koppeling.job")
        self.wait_until(lambda: "came too late" in worker.log, "the late results are refused")
        worker.stop()
        self.assertEqual((self.marked(), self.history("mark_shipped")), (0, []))
        self.mark()
        self.assertEqual(self.marked(), 4, "the labels were not told, so they are told now")

    def test_a_job_inserted_by_hand_is_completed_and_runs(self):
        self.db.run("INSERT INTO koppeling.job (kind) VALUES ('ping')")
        job, = self.jobs("ping")
        self.assertEqual((job["api_id"], job["priority"], job["max_attempts"], job["state"]), (0, 1, 10, "queued"))
        self.work()
        self.assertEqual(len(self.history("ping")), 1)

    def test_a_waiting_worker_is_woken_by_a_plain_update(self):
        self.set_state("failed")
        self.start_worker()
        self.set_state("queued")
        self.wait_until(lambda: self.marked() == 4, "they run")

    def test_a_changed_rule_holds_from_the_next_attempt_on(self):
        dba = self.session("test_dba")
        dba.run("UPDATE koppeling.retry_rule SET max_attempts = 1 WHERE error_class = 'server_error'")
        self.simulator.fault("status", "shop:shop1", status=500)
        self.work()
        self.assertEqual({(job["state"], job["attempt"]) for job in self.jobs("mark_shipped")}, {("failed", 1)})

    def test_the_history_of_an_order_can_be_read_in_one_query(self):
        self.simulator.fault("status", "shop:shop1", status=500, times=1)
        self.work()
        log = self.db.rows("SELECT * FROM koppeling.job_log WHERE order_id = %s ORDER BY id", self.order_ids()[0])
        self.assertEqual([(row["kind"], row["state"]) for row in log], [("mark_shipped", "done")])
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.job_log WHERE error_class = 'server_error'"), 1)
