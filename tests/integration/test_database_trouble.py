"""The database restarts, cuts connections or refuses a write: what was done is recorded once, and only culprits
fail."""
import time

from harness.case import Case, free_address, heavy
from harness.orders import order
from harness.postgres import SqlError
from harness.programs import wait_until
from harness.gate import DatabaseGate


class RestartTest(Case):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_orders(generate=60)
        self.label_all()
        self.simulator.settings(latency_ms=100)

    def check_all_marked_once(self):
        self.assertEqual(self.marked(), 60)
        self.assertEqual(self.jobs("mark_shipped"), [])
        self.assertEqual(len(self.history("mark_shipped")), 60, "one row of history per job")
        self.assertEqual({order["status"] for order in self.simulator.orders("shop1").values()}, {2})

    @heavy
    def test_a_hard_restart_while_jobs_run_loses_and_doubles_nothing(self):
        scheduler = self.start_scheduler()
        worker = self.start_worker("--in-flight=5")
        self.wait_until(lambda: 5 <= self.marked() < 40, "work is under way")
        self.cluster.restart()
        self.reconnect()
        self.wait_until(lambda: self.marked() == 60, "the same worker goes on", seconds=60)
        self.wait_until(lambda: self.jobs("mark_shipped") == [], "no job is left")
        self.assertTrue(worker.is_running and scheduler.is_running)
        self.assertEqual((worker.stop().status, scheduler.stop().status), (0, 0))
        self.check_all_marked_once()
        for count in self.simulator.patch_counts("shop1").values():
            self.assertLessEqual(count, 1, "results are kept over the restart, so nothing is told again")

    def test_results_are_kept_while_the_database_is_away(self):
        self.simulator.settings(latency_ms=1000)
        self.tick()
        worker = self.start_worker()
        self.wait_until(lambda: len(self.simulator.requests("shop1", method="PATCH")) == 60,
                        "all PATCHes are on their way")
        self.cluster.restart()
        self.reconnect()
        self.wait_until(lambda: self.marked() == 60, "the results are recorded")
        worker.stop()
        self.check_all_marked_once()
        self.assertEqual({job["attempts"] for job in self.history("mark_shipped")}, {1})
        self.assertEqual(set(self.simulator.patch_counts("shop1").values()), {1})

    @heavy
    def test_connections_that_are_cut_again_and_again_lose_and_double_nothing(self):
        self.tick()
        worker = self.start_worker("--in-flight=5")
        cuts = 0

        def cut_and_look():
            nonlocal cuts
            cuts += self.db.value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                                  " WHERE datname = current_database() AND usename = 'test_worker'")
            return self.marked() == 60

        wait_until(cut_and_look, "everything is done", seconds=90, every=0.5)
        self.assertGreater(cuts, 3)
        self.wait_until(lambda: self.jobs("mark_shipped") == [], "no job is left", seconds=90)
        worker.stop()
        self.check_all_marked_once()

    def test_a_scheduler_reconnects_and_goes_on(self):
        scheduler = self.start_scheduler()
        self.wait_until(lambda: len(self.jobs("mark_shipped")) == 60, "it ticks")
        self.cluster.restart()
        self.reconnect()
        self.db.run("DELETE FROM koppeling.job")
        self.wait_until(lambda: len(self.jobs("mark_shipped")) == 60, "it ticks again")
        self.assertTrue(scheduler.is_running)

    def test_the_listener_reconnects_and_goes_on(self):
        worker = self.start_worker()
        self.cluster.restart()
        self.reconnect()
        listening = ("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'koppeling-worker/listener'"
                     " AND query LIKE '%LISTEN%' AND datname = current_database()")
        self.wait_until(lambda: self.db.value(listening) == 1, "it listens again")
        self.assertTrue(worker.is_running)


class RefusedWriteTest(Case):
    """The database refuses what one job of a batch wants to store: only that one fails."""

    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1")
        self.numbers = [str(70001 + index) for index in range(40)]
        self.simulator.add("shop1", orders=[order(number=number) for number in self.numbers])
        self.integration = self.connect("shop1")

    def check_only_one_fails(self, worker_flags=()):
        """Of forty orders being marked, only 70007 fails, and it can be retried when the cause is mended."""
        self.label_all()
        self.tick()
        self.simulator.settings(latency_ms=300)  # so that all results come in one batch
        self.work(*worker_flags)
        failed, = self.jobs("mark_shipped")
        self.assertEqual((failed["state"], failed["order_id"]), ("failed", self.order(70007)["id"]), failed)
        self.assertIn("the database refused", failed["last_error"])
        self.assertEqual(self.marked(), 39)
        self.assertEqual(len(self.history("mark_shipped")), 39)
        return failed

    def test_a_constraint_against_one_order_fails_one_job(self):
        self.poll()
        self.db.run("ALTER TABLE koppeling.imported_order ADD CONSTRAINT no_such_order"
                    " CHECK (order_number <> '70007' OR state <> 'marked_shipped')")
        failed = self.check_only_one_fails()
        self.assertIn("no_such_order", failed["last_error"])
        self.db.run("ALTER TABLE koppeling.imported_order DROP CONSTRAINT no_such_order")
        self.ops.run("SELECT koppeling.retry_job(%s)", failed["id"])
        self.work()
        self.assertEqual((self.marked(), self.jobs()), (40, []))

    def test_a_trigger_against_one_order_fails_one_job(self):
        self.poll()
        self.db.run("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.order_number = '70007' AND NEW.state = 'marked_shipped' THEN RAISE 'not this one'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON koppeling.imported_order FOR EACH ROW EXECUTE FUNCTION refuse();""")
        self.assertIn("not this one", self.check_only_one_fails()["last_error"])

    def test_a_history_row_that_is_refused_fails_one_job(self):
        self.poll()
        order_id = self.order(70007)["id"]
        self.db.run(f"ALTER TABLE koppeling.job_history ADD CONSTRAINT not_in_history CHECK (order_id <> {order_id})")
        self.check_only_one_fails()

    def test_a_poll_that_cannot_be_stored_fails_and_other_shops_go_on(self):
        shops = ["shop2", "shop3", "shop4"]
        for shop in shops:
            self.simulator.shop(shop)
            self.simulator.add(shop, generate=10)
        others = self.connect(*shops)
        self.db.run("ALTER TABLE koppeling.imported_order ADD CONSTRAINT no_such_order CHECK (order_number <> '70007')")
        self.simulator.settings(latency_ms=300)
        self.poll()
        failed, = self.jobs("poll")
        self.assertEqual((failed["state"], failed["integration_id"]), ("failed", self.integration))
        self.assertEqual([len(self.imported(shop)) for shop in others], [10, 10, 10])
        self.assertEqual(self.imported(self.integration), [])
        self.assertIsNone(self.shop(self.integration)["last_polled_at"])

    def test_a_job_whose_failure_is_refused_too_holds_nobody_up(self):
        self.poll()
        self.label_all()
        self.tick()
        order_id = self.order(70007)["id"]
        self.db.run(f"ALTER TABLE koppeling.imported_order ADD CONSTRAINT not_marked"
                    f" CHECK (id <> {order_id} OR state <> 'marked_shipped');"
                    f"ALTER TABLE koppeling.job ADD CONSTRAINT not_failed CHECK (order_id <> {order_id} OR state <> "
                    "'failed')")
        address = free_address()
        worker = self.start_worker("--threads=1", f"--metrics-address={address}")
        self.wait_until(lambda: "refuses even the failure" in worker.log, "neither is written")
        self.wait_until(lambda: self.marked() == 39, "all others are")
        self.assertEqual(len(self.history("mark_shipped")), 39)
        job, = self.jobs("mark_shipped")
        self.assertEqual((job["order_id"], job["last_error"]), (order_id, None))
        self.db.run("ALTER TABLE koppeling.imported_order DROP CONSTRAINT not_marked")
        self.wait_until(lambda: self.marked() == 40 and self.jobs() == [], "it is done when the cause is mended",
                        seconds=60)
        self.wait_until(lambda: self.metric(address, "koppeling_jobs_in_flight") == 0,
                        "nothing is counted as under way")
        self.assertEqual(worker.stop().status, 0)

    def test_a_deadlock_or_a_lock_that_lasts_only_delays(self):
        self.poll()
        self.label_all()
        self.tick()
        blocker = self.session()
        blocker.run("BEGIN")
        blocker.run("SELECT FROM koppeling.imported_order WHERE order_number = '70007' FOR UPDATE")
        worker = self.start_worker()
        self.wait_until(lambda: self.db.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                              " AND datname = current_database()") > 0, "the worker waits for the lock")
        blocker.run("COMMIT")
        self.wait_until(lambda: self.marked() == 40, "everything is done")
        worker.stop()
        self.assertEqual({job["attempts"] for job in self.history("mark_shipped")}, {1})

    def test_a_partition_that_is_made_meanwhile_only_delays(self):
        blocker = self.session()
        blocker.run("BEGIN")
        blocker.run("SELECT koppeling.maintain_history()")
        worker = self.start_worker("--threads=1")
        self.backend.value("SELECT koppeling.ping(1)")
        self.wait_until(lambda: self.db.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                              " AND datname = current_database()") > 0,
                        "the result waits for the partition")
        blocker.run("COMMIT")
        self.wait_until(lambda: len(self.history("ping")) == 1, "the result is recorded")
        worker.stop()
        self.assertEqual((self.jobs(), self.history("ping")[0]["attempts"]), ([], 1))

    def test_a_worker_whose_role_lost_its_rights_tries_again_with_patience(self):
        worker = self.start_worker("--threads=1", "--lease-seconds=5")
        self.db.run("REVOKE UPDATE ON koppeling.worker FROM koppeling_worker")
        self.wait_until(lambda: "the database refused a batch" in worker.log, "its lease is not renewed")
        until = time.monotonic() + 2
        self.wait_until(lambda: time.monotonic() > until, "two seconds have gone by")
        self.assertLess(worker.log.count("the database refused a batch"), 20)
        self.db.run("GRANT UPDATE ON koppeling.worker TO koppeling_worker")
        self.backend.value("SELECT koppeling.ping(3)")
        self.wait_until(lambda: self.jobs("ping") == [], "it goes on")

    def test_a_read_only_database_is_waited_for(self):
        self.poll()
        self.label_all()
        self.tick()
        worker = self.start_worker()
        self.db.run(f"ALTER DATABASE {self.database} SET default_transaction_read_only = on")
        self.db.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'test_worker' "
                    "AND datname = current_database()")
        self.db.run("SELECT koppeling.ping(5)")
        self.db.run(f"ALTER DATABASE {self.database} RESET default_transaction_read_only")
        self.db.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'test_worker' "
                    "AND datname = current_database()")
        self.wait_until(lambda: self.marked() == 40 and self.jobs() == [], "everything is done", seconds=60)
        self.assertTrue(worker.is_running)


class LongQueryTest(Case):
    OLD = "(now() AT TIME ZONE 'UTC')::date - 400"

    def old_partitions(self):
        return self.db.value(
            "SELECT count(*) FROM pg_class WHERE relname = 'job_history_' || to_char(%s, 'YYYYMMDD')" % self.OLD)

    def test_a_backup_that_reads_the_history_holds_up_neither_ticks_nor_jobs(self):
        """To drop a partition the scheduler would wait for it, and all workers behind the scheduler."""
        self.db.run(f"SELECT koppeling.ensure_history_partition({self.OLD})")
        reader = self.session()
        reader.run("BEGIN; SELECT count(*) FROM koppeling.job_history")
        self.backend.value("SELECT koppeling.ping(3)")
        log = self.tick().log
        self.assertIn('event="a chore was put off" chore=history', log)
        self.assertIn("lock timeout", log)
        self.work()
        self.assertEqual((len(self.history("ping")), self.old_partitions()), (3, 1))
        reader.run("ROLLBACK")
        self.assertNotIn("put off", self.tick().log)
        self.assertEqual(self.old_partitions(), 0)


class RefusedTickTest(Case):
    """A scheduler whose tick the database refuses says so, changes nothing and goes on when it can."""

    def check_refused(self, refuse, allow, words):
        self.db.run(refuse)
        scheduler = self.start_scheduler()
        self.wait_until(lambda: words in scheduler.log, "it says so")
        self.wait_until(lambda: words in str(self.db.column("SELECT error FROM koppeling.chore")), "and in the table")
        self.assertEqual(self.jobs("poll"), [])
        self.db.run(allow)
        self.wait_until(lambda: len(self.jobs("poll")) == 1, "it goes on")
        self.assertEqual(scheduler.stop().status, 0)

    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1")
        self.connect("shop1")

    def test_a_table_that_it_may_not_write(self):
        self.check_refused("REVOKE INSERT ON koppeling.job FROM koppeling_scheduler",
                           "GRANT INSERT ON koppeling.job TO koppeling_scheduler", "permission denied")

    def test_a_row_that_may_not_be_written(self):
        self.check_refused("ALTER TABLE koppeling.job ADD CONSTRAINT no_polls CHECK (kind <> 'poll')",
                           "ALTER TABLE koppeling.job DROP CONSTRAINT no_polls", "no_polls")

    def test_a_commit_that_is_refused(self):
        self.check_refused("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not at the end'; END $$;
            CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON koppeling.job DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse();""", "DROP TRIGGER refuse ON koppeling.job", "not at the end")

    def test_a_tick_that_is_cut_off(self):
        """Its connection ends while it waits for a lock: nothing is left half done."""
        blocker = self.session()
        blocker.run("BEGIN; LOCK TABLE koppeling.job IN EXCLUSIVE MODE")
        scheduler = self.start_scheduler()
        waiting = ("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'test_scheduler'"
                   " AND datname = current_database()")
        pid, = self.wait_until(lambda: self.db.column(waiting), "it waits for the lock")
        self.db.run("SELECT pg_terminate_backend(%s)", pid)
        self.wait_until(lambda: "cannot tick" in scheduler.log, "it notices")
        blocker.run("COMMIT")
        self.wait_until(lambda: len(self.jobs("poll")) == 1, "it goes on")


class UnknownCommitTest(Case):
    """A transaction is committed, but the connection breaks before the worker hears of it."""

    def setUp(self):
        super().setUp()
        self.gate = DatabaseGate(self.cluster.socket_directory)
        self.addCleanup(self.gate.close)

    def work_with_a_cut_after(self, statement, *flags):
        self.gate.cut_after(statement)
        url = self.cluster.url(self.database, "test_worker")
        worker = self.work("--threads=1", *flags,
                           KOPPELING_DATABASE_URL=url.replace(self.cluster.socket_directory, self.gate.directory),
                           KOPPELING_LISTEN_URL=url)
        self.assertEqual(self.gate.lost_answers, 1)
        self.assertIn("unknown whether", worker.log)
        return worker

    def test_a_claim_whose_answer_is_lost_is_handed_back_unattempted(self):
        self.backend.value("SELECT koppeling.ping(50)")
        self.work_with_a_cut_after("queue_claim")
        self.assertEqual(self.jobs(), [])
        self.assertEqual([(job["attempts"], job["errors"]) for job in self.history("ping")], [(1, None)] * 50)

    def test_results_whose_acknowledgement_is_lost_are_recorded_once(self):
        self.connect_with_orders(generate=20)
        self.label_all()
        self.tick()
        self.work_with_a_cut_after("queue_finish")
        self.assertEqual((self.marked(), self.jobs()), (20, []))
        self.assertEqual([job["attempts"] for job in self.history("mark_shipped")], [1] * 20)
        self.assertEqual(set(self.simulator.patch_counts("shop1").values()), {1})

    def test_a_failure_whose_acknowledgement_is_lost_counts_once(self):
        integration = self.connect_with_orders(generate=1)
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '1 hour', backoff_cap = '1 hour'")
        self.simulator.fault("status", "shop:shop1", status=500)
        self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        self.work_with_a_cut_after("queue_fail")
        job, = self.jobs("poll")
        self.assertEqual((job["state"], job["attempt"], len(job["errors"])), ("queued", 1, 1))

    def test_a_registration_whose_answer_is_lost_is_repeated(self):
        self.backend.value("SELECT koppeling.ping(5)")
        self.work_with_a_cut_after("worker_register")
        self.assertEqual(len(self.history("ping")), 5)


class SqlErrorTest(Case):
    def test_the_back_end_gets_a_clear_error_for_a_wrong_call(self):
        calls = (("SELECT koppeling.enqueue('no_such_kind')", "unknown job kind"),
                 ("SELECT koppeling.replace_token(999, 'x')", "there is no integration 999"),
                 ("SELECT koppeling.disconnect_shop(999)", "there is no integration 999"),
                 ("SELECT koppeling.poll_now(999)", "there is no integration 999"),
                 ("SELECT koppeling.record_label(999, 'production', 'x', NULL, NULL)",
                  "there is no imported order 999"))
        for call, words in calls:
            with self.subTest(call=call), self.assertRaises(SqlError) as caught:
                self.backend.rows(call)
            self.assertIn(words, caught.exception.message)
