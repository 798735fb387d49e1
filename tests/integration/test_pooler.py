"""Everything but the listener works through PgBouncer in transaction mode."""
from harness import pgbouncer
from harness.case import Case


class PoolerTest(Case):
    def setUp(self):
        super().setUp()
        self.pooler = pgbouncer.Pooler(self.cluster.socket_directory)
        self.addCleanup(self.pooler.close)
        self.pooled = {"KOPPELING_DATABASE_URL": self.pooler.url(self.database),
                       "KOPPELING_LISTEN_URL": self.cluster.url(self.database, "postgres")}

    def test_orders_are_imported_and_marked_through_a_pooler(self):
        for shop in ("shop1", "shop2", "shop3"):
            self.simulator.shop(shop)
            self.simulator.add(shop, generate=30)
            self.request_connection(shop)
        scheduler = self.start_scheduler(KOPPELING_DATABASE_URL=self.pooled["KOPPELING_DATABASE_URL"])
        worker = self.start_worker("--threads=4", **self.pooled)
        self.wait_until(lambda: len(self.order_ids()) == 90, "all orders are imported")
        self.label_all()
        self.wait_until(lambda: self.marked() == 90, "all orders are marked")
        self.wait_until(lambda: self.jobs() == [], "no job is left")
        self.assertEqual((worker.stop().status, scheduler.stop().status), (0, 0))
        self.assertIn("a pooler stands before the database", worker.log)
        self.assertNotIn("not listening", worker.log)
        for shop in ("shop1", "shop2", "shop3"):
            self.assertEqual(set(self.simulator.patch_counts(shop).values()), {1})

    def test_without_a_direct_connection_a_worker_polls_and_says_so(self):
        worker = self.start_worker(KOPPELING_DATABASE_URL=self.pooled["KOPPELING_DATABASE_URL"])
        self.backend.value("SELECT koppeling.ping(20)")
        self.wait_until(lambda: self.jobs() == [], "the jobs are found")
        self.wait_until(lambda: "KOPPELING_LISTEN_URL" in worker.log, "it says what to set")
        self.assertTrue(worker.is_running)

    def test_a_wake_up_comes_over_the_direct_connection(self):
        self.start_worker("--threads=1", **self.pooled)
        listening = ("SELECT count(*) FROM pg_stat_activity "
                     "WHERE application_name = 'koppeling-worker/listener' AND query LIKE '%LISTEN%'")
        self.wait_until(lambda: self.db.value(listening + " AND datname = current_database()") == 1, "it listens")
        self.backend.value("SELECT koppeling.ping(1)")
        self.wait_until(lambda: self.jobs() == [], "the job is done")

    def test_two_workers_and_two_schedulers_share_the_work_through_a_pooler(self):
        workers = [self.start_worker("--in-flight=50", **self.pooled) for _ in range(2)]
        schedulers = [self.start_scheduler(KOPPELING_DATABASE_URL=self.pooled["KOPPELING_DATABASE_URL"])
                      for _ in range(2)]
        self.backend.value("SELECT koppeling.ping(2000)")
        self.wait_until(lambda: self.jobs("ping") == [], "all are done")
        for program in workers + schedulers:
            self.assertEqual(program.stop().status, 0)
        self.assertEqual(len(self.history("ping")), 2000)
