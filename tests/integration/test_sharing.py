"""Many at once: several workers and schedulers, a shop with thousands of jobs, slow calls."""
import time

from harness.case import Case, heavy


class SeveralTest(Case):
    @heavy
    def test_two_schedulers_and_two_workers_do_everything_once(self):
        shops = [f"shop{number}" for number in range(1, 7)]
        for shop in shops:
            self.simulator.shop(shop)
            self.simulator.add(shop, generate=40)
        self.simulator.settings(latency_ms=20)
        schedulers = [self.start_scheduler() for _ in range(2)]
        workers = [self.start_worker("--in-flight=20") for _ in range(2)]
        integrations = [self.request_connection(shop) for shop in shops]
        self.wait_until(lambda: len(self.order_ids()) == 240, "all orders are imported")
        self.db.run("UPDATE koppeling.integration SET poll_interval = '1 second', next_poll_at = now()")
        self.label_all()
        self.wait_until(lambda: self.marked() == 240, "all orders are marked")
        for program in schedulers + workers:
            self.assertEqual(program.stop().status, 0)
        for shop, integration in zip(shops, integrations):
            self.assertEqual(self.imported(integration), sorted(self.simulator.orders(shop)))
            self.assertEqual(set(self.simulator.patch_counts(shop).values()), {1})
        history = self.history("mark_shipped")
        self.assertEqual((len(history), {job["attempts"] for job in history}), (240, {1}))
        self.assertGreater(len({job["worker_id"] for job in history}), 1, "both workers took part")

    def test_overlapping_polls_of_a_shop_import_each_order_once(self):
        integration = self.connect_with_orders(generate=1)
        self.simulator.add("shop1", generate=150, status=3)
        self.simulator.settings(latency_ms=200)
        self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        first = self.start_worker("--threads=1")
        self.wait_until(lambda: self.jobs("poll")[0]["state"] == "running", "the first poll runs")
        # The job is given to a second worker while the first one is still at it.
        self.db.run("UPDATE koppeling.job SET state = 'queued'")
        second = self.start_worker("--threads=1")
        self.wait_until(lambda: self.jobs("poll") == [], "the second poll ends")
        first.stop()
        second.stop()
        self.assertEqual(self.imported(integration), sorted(self.simulator.orders("shop1")))

    def test_a_job_is_claimed_by_one_of_many_workers(self):
        workers = [self.start_worker("--in-flight=50") for _ in range(3)]
        self.backend.value("SELECT koppeling.ping(5000)")
        self.wait_until(lambda: self.jobs("ping") == [], "all are done")
        for worker in workers:
            worker.stop()
        history = self.history("ping")
        self.assertEqual((len(history), len({job["id"] for job in history})), (5000, 5000))
        self.assertEqual({job["attempts"] for job in history}, {1})


    def test_a_job_that_somebody_holds_locked_does_not_hold_up_the_others(self):
        self.backend.value("SELECT koppeling.ping(20)")
        holder = self.session()
        holder.run("BEGIN")
        held = holder.value("SELECT id FROM koppeling.job ORDER BY id LIMIT 1 FOR UPDATE")
        self.start_worker()
        self.wait_until(lambda: [job["id"] for job in self.jobs("ping")] == [held], "all but that one are done")
        holder.run("COMMIT")
        self.wait_until(lambda: self.jobs("ping") == [], "that one is done too")


class SlotsTest(Case):
    def test_never_more_calls_than_slots_and_none_stays_empty(self):
        """A worker claims a little ahead; what has no slot yet waits for one, also while it stops."""
        self.connect_with_orders(generate=120)
        self.db.run("UPDATE koppeling.api SET burst = 1000")
        self.label_all()
        self.tick()
        self.simulator.settings(latency_ms=40)
        worker = self.start_worker("--threads=1", "--in-flight=8")
        self.wait_until(lambda: self.marked() > 40, "it is under way")
        self.assertEqual(worker.stop().status, 0)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.job WHERE state <> 'queued'"), 0)
        self.work("--threads=1", "--in-flight=8")
        self.assertEqual((self.marked(), self.jobs()), (120, []))
        self.assertEqual(set(self.simulator.patch_counts("shop1").values()), {1})
        self.assertEqual({job["attempts"] for job in self.history("mark_shipped")}, {1})
        self.assertEqual(self.simulator.control("GET", "/shops/shop1")["max_in_flight"], 8)


class WakeUpTest(Case):
    def test_a_waiting_worker_is_woken_and_does_not_wait_for_its_next_look(self):
        self.start_worker()
        listening = ("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'koppeling-worker/listener'"
                     " AND query LIKE '%LISTEN%' AND datname = current_database()")
        self.wait_until(lambda: self.db.value(listening) == 1, "it listens")
        started = time.monotonic()
        for number in range(40):
            self.backend.value("SELECT koppeling.ping(1)")
            self.wait_until(lambda: len(self.history("ping")) == number + 1, "the job is done")
        # By itself it looks every half to whole second.
        self.assertLess(time.monotonic() - started, 8)


class FairnessTest(Case):
    @heavy
    def test_five_thousand_jobs_of_one_shop_do_not_delay_another_shop(self):
        self.simulator.shop("shop1")
        self.simulator.shop("shop2")
        self.simulator.add("shop1", generate=5000, status=3)
        self.simulator.add("shop2", generate=3, status=3)
        big, small = self.connect("shop1", "shop2")
        self.poll()
        self.db.run("SELECT koppeling.record_label(id, 'production', 'L-' || id, NULL, NULL) "
                    "FROM koppeling.imported_order"
                    " WHERE integration_id = %s", big)
        self.simulator.settings(latency_ms=100)
        scheduler = self.start_scheduler()
        # Its slots would need a minute and a half for what the big shop has.
        worker = self.start_worker("--threads=1", "--in-flight=10")
        self.wait_until(lambda: self.marked(big) > 0 and len(self.jobs("mark_shipped")) > 4000,
                        "the big shop is being told")
        order_id = self.db.value("SELECT min(id) FROM koppeling.imported_order WHERE integration_id = %s", small)
        started = time.monotonic()
        self.label(order_id, "klein")
        self.backend.value("SELECT koppeling.poll_now(%s)", small)
        self.wait_until(lambda: self.marked(small) == 1, "the small shop is told", seconds=15)
        self.wait_until(lambda: not [job for job in self.jobs("poll") if job["integration_id"] == small], "and polled")
        self.assertLess(time.monotonic() - started, 10)
        self.assertLess(self.marked(big), 4000, "the big shop is far from done")
        worker.stop()
        scheduler.stop()

    @heavy
    def test_thousands_of_overdue_jobs_of_one_shop_do_not_delay_another_shop(self):
        self.simulator.shop("shop1")
        self.simulator.shop("shop2")
        self.simulator.add("shop1", generate=2000, status=3)
        self.simulator.add("shop2", generate=1, status=3)
        big, small = self.connect("shop1", "shop2")
        self.poll()
        for shop, ago in ((big, "1 hour"), (small, "4 seconds")):
            self.db.run("SELECT koppeling.record_label(id, 'production', 'L-' || id, NULL, NULL) "
                        "FROM koppeling.imported_order"
                        " WHERE integration_id = %s", shop)
            self.tick()
            # As after a block of the API: all of it has come due, and its order is that of its times.
            self.db.run("UPDATE koppeling.job SET run_at = now() - %s::interval WHERE integration_id = %s", ago, shop)
        self.simulator.settings(latency_ms=100)
        # Its slots would need 40 seconds for what the big shop has.
        worker = self.start_worker("--threads=1", "--in-flight=10")
        scheduler = self.start_scheduler()
        self.wait_until(lambda: self.marked(small) == 1, "the small shop is told", seconds=15)
        self.assertLess(self.marked(big), 1000, "the big shop is far from done")
        late = self.db.value("SELECT count(*) FROM koppeling.job WHERE integration_id = %s AND state = 'queued'"
                             " AND run_at < now() - interval '3 seconds'", big)
        self.assertLess(late, 100, "what it has left is spread over time")
        scheduler.stop()
        worker.stop()

    def test_bulk_work_of_a_shop_is_spread_at_the_pace_of_the_api(self):
        self.connect_with_orders(generate=200)
        self.db.run("UPDATE koppeling.integration SET pace_at = now() - interval '1 hour'")
        self.db.run("UPDATE koppeling.api SET rate_per_second = 10, burst = 20")
        self.label_all()
        self.tick()
        seconds = self.db.column("SELECT extract(epoch FROM run_at - created_at)::float8 FROM koppeling.job"
                                 " WHERE kind = 'mark_shipped' ORDER BY 1")
        self.assertEqual(len([wait for wait in seconds if wait <= 0.001]), 20, "the burst goes at once")
        self.assertAlmostEqual(seconds[-1], 18, delta=0.5)

    def test_several_ticks_carry_the_pace_on(self):
        self.connect_with_orders(generate=100)
        self.db.run("UPDATE koppeling.integration SET pace_at = now() - interval '1 hour'")
        self.db.run("UPDATE koppeling.api SET rate_per_second = 10, burst = 20")
        ids = self.order_ids()
        for part in (ids[:50], ids[50:]):
            for order_id in part:
                self.label(order_id)
            self.tick()
        latest = self.db.value("SELECT extract(epoch FROM max(run_at) - min(created_at))::float8 FROM koppeling.job"
                               " WHERE kind = 'mark_shipped'")
        self.assertAlmostEqual(latest, 8, delta=1)


class OpenTransactionTest(Case):
    def test_no_transaction_is_open_while_an_api_is_called(self):
        self.connect_with_orders(generate=30)
        self.label_all()
        self.simulator.shop("shop2")
        self.simulator.settings(latency_ms=2000)
        self.tick()
        self.db.run("UPDATE koppeling.job SET run_at = now()")
        self.request_connection("shop2")
        before = len(self.simulator.requests())
        worker = self.start_worker()
        self.wait_until(lambda: len(self.simulator.requests()) >= before + 31, "all calls are under way")
        self.assertEqual({job["state"] for job in self.jobs()}, {"running"})
        pids = self.db.column("SELECT pid FROM pg_stat_activity WHERE usename = 'test_worker' "
                              "AND datname = current_database()")
        self.assertGreaterEqual(len(pids), 2)
        longest, open_while_idle = 0, 0
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            for row in self.db.rows(
                    "SELECT state, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS age "
                    "FROM pg_stat_activity"
                    " WHERE usename = 'test_worker' AND datname = current_database() AND xact_start IS NOT NULL"):
                longest = max(longest, row["age"])
                open_while_idle += row["state"].startswith("idle in transaction")
        self.assertEqual(open_while_idle, 0)
        self.assertLess(longest, 1, "a transaction is a matter of milliseconds")
        self.assertTrue(self.db.rows("SELECT FROM koppeling.job WHERE state = 'running'"),
                        "the calls were still under way")
        worker.stop()

    def test_a_worker_holds_no_locks_while_an_api_is_called(self):
        self.connect_with_orders(generate=3)
        self.label_all()
        self.simulator.settings(latency_ms=3000)
        self.tick()
        worker = self.start_worker()
        self.wait_until(lambda: {job["state"] for job in self.jobs()} == {"running"}, "all run")
        changing = self.session()
        changing.run("SET lock_timeout = '1s'")
        changing.run("UPDATE koppeling.imported_order SET reference = 'x'")
        changing.run("UPDATE koppeling.integration SET store_name = 'x'")
        changing.run("SELECT FROM koppeling.job FOR UPDATE")
        self.assertEqual({job["state"] for job in self.jobs()}, {"running"})
        worker.kill()
