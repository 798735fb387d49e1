"""Workers that die, freeze or are stopped in the middle of their work: nothing is lost and nothing is done twice."""
import signal

from harness.case import Case, heavy


class InFlightTest(Case):
    """Twenty orders are being marked, each call takes a while."""

    orders = 20
    latency_ms = 700

    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_orders(generate=self.orders)
        self.label_all()
        self.tick()
        self.db.run("UPDATE koppeling.job SET run_at = now()")  # not at the pace of the API
        self.simulator.settings(latency_ms=self.latency_ms)

    def start_and_wait(self, *flags):
        """A worker that has all calls in flight: the orders were read, the PATCHes are on their way."""
        worker = self.start_worker(*flags)
        self.wait_until(lambda: len(self.simulator.requests("shop1", method="PATCH")) >= self.orders // 2,
                        "PATCHes are under way")
        return worker

    def check_all_marked_once(self):
        """Every order is marked, every job ended once, and the shop was told no more often than attempts were made."""
        self.assertEqual(self.marked(), self.orders)
        self.assertEqual(self.jobs("mark_shipped"), [])
        history = self.history("mark_shipped")
        self.assertEqual(len(history), self.orders, "one row of history per job")
        self.assertEqual(len({job["order_id"] for job in history}), self.orders)
        for order in self.simulator.orders("shop1").values():
            self.assertEqual(order["status"], 2)
            self.assertTrue(all(patch == {"status": 2} for patch in order["patches"]))
        return history


class KilledWorkerTest(InFlightTest):
    def test_a_successor_on_the_same_host_takes_over_at_once(self):
        self.start_and_wait().kill()
        self.assertEqual({job["state"] for job in self.jobs("mark_shipped")}, {"running"})
        # Leases last a minute, so only the take-over can be this fast.
        successor = self.start_worker()
        self.assertIn("took over", successor.log)
        self.wait_until(lambda: self.marked() == self.orders, "the successor has done everything", seconds=20)
        successor.stop()
        history = self.check_all_marked_once()
        lost = [error for job in history for error in job["errors"] or []]
        self.assertEqual({error["class"] for error in lost}, {"unknown_outcome"})
        self.assertIn("was lost", lost[0]["error"])
        for number, count in self.simulator.patch_counts("shop1").items():
            self.assertLessEqual(count, 1, f"{number}: the status is read before a PATCH is repeated")

    def test_the_scheduler_returns_the_jobs_when_the_lease_lapses(self):
        worker = self.start_and_wait("--lease-seconds=5")
        worker.kill()
        self.tick()
        self.assertEqual({job["state"] for job in self.jobs("mark_shipped")}, {"running"}, "the lease is still live")
        self.assertEqual(self.db.value("SELECT bool_and(lease_is_live) FROM koppeling.running_job"), True)
        self.wait_until(lambda: self.tick() and {job["state"] for job in self.jobs("mark_shipped")} == {"queued"},
                        "the jobs are queued again")
        # Each thread has its own lease, and one without jobs may have taken its a moment later.
        self.wait_until(lambda: self.tick() and self.db.column(
            "SELECT DISTINCT state FROM koppeling.worker WHERE pid = %s", worker.pid) == ["lost"],
                        "both threads are lost")
        self.work()
        self.check_all_marked_once()

    def test_a_job_that_kills_its_worker_again_and_again_ends_as_failed(self):
        self.db.run("UPDATE koppeling.job SET max_attempts = 3")
        for _ in range(3):
            self.assertEqual({job["state"] for job in self.jobs("mark_shipped")}, {"queued"})
            worker = self.start_worker()
            self.wait_until(lambda: {job["state"] for job in self.jobs("mark_shipped")} == {"running"},
                            "all are claimed")
            worker.kill()
            self.program("koppeling-worker", "run", "--until-idle", "--kinds=ping",
                         environment=self.worker_environment())
        jobs = self.jobs("mark_shipped")
        self.assertEqual({(job["state"], job["attempt"], job["last_error_class"]) for job in jobs},
                         {("failed", 3, "unknown_outcome")})
        self.assertEqual([error["attempt"] for error in jobs[0]["errors"]], [1, 2, 3])
        self.assertEqual(self.ops.value("SELECT koppeling.retry_failed()"), self.orders)
        self.db.run("UPDATE koppeling.job SET run_at = now()")
        self.work()
        self.check_all_marked_once()

    @heavy
    def test_a_worker_that_is_killed_over_and_over_loses_and_doubles_nothing(self):
        self.simulator.settings(latency_ms=60)
        more = self.simulator.add("shop1", generate=80)
        self.orders += len(more)
        scheduler = self.start_scheduler()
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.db.run("UPDATE koppeling.job SET max_attempts = 100")
        for _ in range(8):
            worker = self.start_worker("--in-flight=4")
            self.wait_until(lambda: self.jobs() == [] or any(job["state"] == "running" for job in self.jobs()),
                            "work goes on")
            worker.kill()
            self.label_all()
        worker = self.start_worker()
        self.wait_until(lambda: self.label_all() or self.marked() == self.orders, "everything is done")
        self.wait_until(lambda: self.jobs() == [], "no job is left")
        worker.stop()
        scheduler.stop()
        self.assertEqual(self.imported(self.integration), sorted(self.simulator.orders("shop1")))
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label WHERE told_at IS NULL"), 0)
        self.assertEqual({order["status"] for order in self.simulator.orders("shop1").values()}, {2})


class FrozenWorkerTest(InFlightTest):
    latency_ms = 1500

    @heavy
    def test_late_results_of_a_frozen_worker_are_refused(self):
        frozen = self.start_and_wait("--lease-seconds=5")
        frozen.signal(signal.SIGSTOP)
        tokens = self.db.column("SELECT DISTINCT lease_token FROM koppeling.job WHERE state = 'running'")
        self.wait_until(lambda: self.tick() and {job["state"] for job in self.jobs("mark_shipped")} == {"queued"},
                        "the lease has lapsed and the scheduler has returned the jobs")
        # Another worker has the jobs when the frozen one thaws with all its answers at hand.
        self.simulator.settings(latency_ms=3000)
        self.wait_until(lambda: all(request["finished"] for request in self.simulator.requests("shop1")),
                        "its calls ended")
        other = self.start_worker()
        self.wait_until(lambda: {job["state"] for job in self.jobs("mark_shipped")} == {"running"},
                        "the other has the jobs")
        self.assertFalse(set(tokens) & set(self.db.column("SELECT DISTINCT lease_token FROM koppeling.job")))
        frozen.signal(signal.SIGCONT)
        self.wait_until(lambda: "the lease has lapsed" in frozen.log, "the frozen worker notices")
        self.assertEqual(self.history("mark_shipped"), [], "none of its results counts")
        self.assertEqual({job["state"] for job in self.jobs("mark_shipped")}, {"running"})
        self.wait_until(lambda: self.marked() == self.orders, "the other worker ends the work")
        for worker in (frozen, other):
            self.assertEqual(worker.stop().status, 0)
        self.check_all_marked_once()
        for count in self.simulator.patch_counts("shop1").values():
            self.assertEqual(count, 1)

    def test_a_result_with_a_token_of_somebody_else_changes_nothing(self):
        worker = self.start_and_wait()
        # As if the jobs had been given to another worker behind its back.
        self.db.run("UPDATE koppeling.job SET lease_token = lease_token + 1 WHERE state = 'running'")
        self.wait_until(lambda: "results came too late and were refused" in worker.log, "the results are refused")
        worker.stop()
        self.assertEqual(self.history("mark_shipped"), [])
        self.assertEqual(self.marked(), 0)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label WHERE told_at IS NOT NULL"), 0)
        self.assertEqual(len(self.jobs("mark_shipped")), self.orders)

    def test_a_worker_that_was_given_up_learns_it_with_its_next_renewal_and_starts_anew(self):
        worker = self.start_and_wait("--threads=1", "--lease-seconds=20")
        # By the clock of the database its lease has lapsed, by its own it has not.
        self.db.run("UPDATE koppeling.worker SET lease_until = now()")
        self.tick()
        self.assertEqual({job["state"] for job in self.jobs("mark_shipped")}, {"queued"})
        self.wait_until(lambda: worker.log.count("event=registered") == 2, "it starts anew")
        self.assertIn("the lease has lapsed", worker.log)
        self.wait_until(lambda: self.marked() == self.orders, "and does the work")
        self.assertEqual(worker.stop().status, 0)
        self.check_all_marked_once()

    def test_a_frozen_worker_that_is_not_missed_goes_on(self):
        frozen = self.start_and_wait()
        frozen.signal(signal.SIGSTOP)
        self.wait_until(lambda: all(request["finished"] for request in self.simulator.requests("shop1")),
                        "its calls ended")
        self.tick()
        frozen.signal(signal.SIGCONT)
        self.wait_until(lambda: self.marked() == self.orders, "it ends its work")
        frozen.stop()
        self.assertEqual({job["attempts"] for job in self.check_all_marked_once()}, {1})


class StoppedWorkerTest(InFlightTest):
    def test_jobs_that_end_within_the_grace_time_are_finished(self):
        worker = self.start_and_wait("--grace-seconds=20")
        ended = worker.stop()
        self.assertEqual(ended.status, 0, ended.log)
        self.assertEqual({job["attempts"] for job in self.check_all_marked_once()}, {1})
        self.assertEqual(self.db.column("SELECT DISTINCT state FROM koppeling.worker WHERE pid = %s", worker.pid),
                         ["stopped"])

    def test_jobs_that_do_not_end_in_time_are_handed_back_unattempted(self):
        self.simulator.settings(latency_ms=60000)
        worker = self.start_worker("--grace-seconds=1")
        self.wait_until(lambda: len(self.simulator.reads("shop1")) == self.orders, "all are asked")
        ended = worker.stop()
        self.assertEqual(ended.status, 0, ended.log)
        self.assertIn("handing back", ended.log)
        for job in self.jobs("mark_shipped"):
            self.assertEqual((job["state"], job["attempt"], job["errors"], job["worker_id"], job["lease_token"]),
                             ("queued", 0, None, None, None))
        self.simulator.settings(latency_ms=0)
        self.work()
        self.assertEqual({job["attempts"] for job in self.check_all_marked_once()}, {1})

    def test_with_no_grace_at_all_nothing_is_lost(self):
        worker = self.start_and_wait("--grace-seconds=0")
        self.assertEqual(worker.stop().status, 0)
        self.assertEqual({job["state"] for job in self.jobs("mark_shipped")} - {"queued"}, set())
        self.simulator.settings(latency_ms=0)
        self.work()
        self.check_all_marked_once()

    def test_a_stopping_worker_takes_no_new_jobs(self):
        worker = self.start_and_wait("--grace-seconds=20")
        worker.signal(signal.SIGTERM)
        self.wait_until(lambda: self.db.value("SELECT count(*) FROM koppeling.worker WHERE pid = %s "
                                              "AND state <> 'active'",
                                              worker.pid) > 0, "it says that it is stopping")
        self.backend.value("SELECT koppeling.ping(50)")
        worker.wait()
        self.assertEqual(len(self.jobs("ping")), 50)

    def test_workers_take_only_the_kinds_that_they_are_told_to(self):
        self.backend.value("SELECT koppeling.ping(5)")
        self.work("--kinds=ping")
        self.assertEqual((len(self.jobs("ping")), len(self.jobs("mark_shipped"))), (0, self.orders))
