"""Somebody holds a row or has a transaction open: the scheduler goes on with the others, a migration says who it is."""
from harness.case import Case
from harness.programs import Program, ROOT

SECONDS = 6  # a tick takes milliseconds; one that waits for a lock would take ten seconds


class HeldRowTest(Case):
    """Two shops have all kinds of work; what is held belongs to the first."""

    def setUp(self):
        super().setUp()
        for shop in ("shop1", "shop2"):
            self.simulator.shop(shop)
            self.simulator.add(shop, generate=3)
        self.first, self.second = self.connect("shop1", "shop2")
        self.poll()
        self.label_all()
        self.db.run("""
            UPDATE koppeling.integration SET next_poll_at = now();
            INSERT INTO koppeling.worker (host, host_key, pid, pid_started, thread, version, lease_until)
            VALUES ('away', 'away', 1, 1, 0, '0', now() - interval '1 second');
            INSERT INTO koppeling.job (kind, state, worker_id, lease_token, lease_until, started_at)
            SELECT 'ping', 'running', id, 1, now(), now() FROM koppeling.worker WHERE host = 'away'""")
        self.holder = self.session()

    def hold(self, *statements):
        self.holder.run("BEGIN")
        for statement in statements:
            self.holder.run(statement)

    def order_of(self, integration):
        return self.db.value("SELECT min(id) FROM koppeling.imported_order WHERE integration_id = %s", integration)

    def kinds(self, integration):
        return sorted(self.db.column("SELECT kind FROM koppeling.job WHERE integration_id = %s", integration))

    def tick_goes_on(self):
        """All of the other shop's work, and the rescue, is done in no time."""
        self.tick(seconds=SECONDS)
        self.assertEqual(self.kinds(self.second), ["mark_shipped"] * 3 + ["poll"])
        self.assertEqual(self.db.value("SELECT state FROM koppeling.job WHERE kind = 'ping'"), "queued")

    def tick_catches_up(self):
        """What was held comes next time."""
        self.holder.run("ROLLBACK")
        self.tick()
        self.assertEqual(self.kinds(self.first), ["mark_shipped"] * 3 + ["poll"])

    def test_a_pause_that_was_not_committed(self):
        self.hold(f"SELECT koppeling.pause_integration({self.first}, 'x')")
        self.tick_goes_on()
        self.assertEqual(self.kinds(self.first), [])
        self.tick_catches_up()

    def test_a_shop_for_update(self):
        self.hold(f"SELECT FROM koppeling.integration WHERE id = {self.first} FOR UPDATE")
        self.tick_goes_on()
        self.assertEqual(self.kinds(self.first), [])
        self.tick_catches_up()

    def test_an_order_for_update(self):
        self.hold(f"SELECT FROM koppeling.imported_order WHERE id = {self.order_of(self.first)} FOR UPDATE")
        self.tick_goes_on()
        self.assertEqual(self.kinds(self.first), ["mark_shipped"] * 2 + ["poll"])
        self.tick_catches_up()

    def test_orders_that_are_missing_or_to_be_pushed(self):
        self.db.run("UPDATE koppeling.imported_order SET missing_since = now();"
                    "UPDATE koppeling.imported_order SET state = 'open', pushed_hash = NULL;"
                    "UPDATE koppeling.account SET push_orders = true, client_id = 'x', sealed_client_secret = 'x'")
        self.hold(f"SELECT FROM koppeling.imported_order WHERE id = {self.order_of(self.first)} FOR UPDATE",
                  f"SELECT FROM koppeling.integration WHERE id = {self.second} FOR UPDATE")
        self.tick(seconds=SECONDS)
        self.assertEqual(self.kinds(self.first),
                         ["confirm_order"] * 2 + ["mark_shipped"] * 2 + ["poll"] + ["push_order"] * 2)
        self.assertEqual(self.kinds(self.second), [])

    def test_a_shop_to_be_verified(self):
        self.db.run("UPDATE koppeling.integration SET state = 'pending'")
        self.hold(f"SELECT FROM koppeling.integration WHERE id = {self.first} FOR UPDATE")
        self.tick(seconds=SECONDS)
        self.assertEqual((self.kinds(self.first), self.kinds(self.second)), ([], ["verify"]))

    def test_a_failed_poll_that_somebody_retries(self):
        self.db.run("""
            INSERT INTO koppeling.job (kind, integration_id, state, last_error_class, started_at)
            SELECT 'poll', id, 'failed', 'timeout', now() - interval '1 hour' FROM koppeling.integration""")
        job = self.db.value("SELECT id FROM koppeling.job WHERE kind = 'poll' AND integration_id = %s", self.first)
        self.hold(f"SELECT koppeling.retry_job({job})")
        self.tick_goes_on()
        self.assertEqual(self.db.column("SELECT state FROM koppeling.job WHERE kind = 'poll' ORDER BY integration_id"),
                         ["failed", "queued"])

    def test_a_worker_and_a_job(self):
        """One that was lost and is held is not rescued; another one is."""
        self.db.run("""
            WITH w AS (INSERT INTO koppeling.worker (host, host_key, pid, pid_started, thread, version, lease_until)
                       VALUES ('held', 'held', 1, 1, 0, '0', now() - interval '1 second') RETURNING id)
            INSERT INTO koppeling.job (kind, state, worker_id, lease_token, lease_until, started_at, integration_id)
            SELECT 'verify', 'running', id, 1, now(), now(), %s FROM w""", self.first)
        self.hold("SELECT FROM koppeling.worker WHERE host = 'held' FOR UPDATE")
        self.tick_goes_on()
        self.assertEqual(self.db.value("SELECT state FROM koppeling.job WHERE kind = 'verify'"), "running")
        self.tick_catches_up_verify()

    def tick_catches_up_verify(self):
        self.holder.run("ROLLBACK")
        self.tick()
        self.assertEqual(self.db.value("SELECT state FROM koppeling.job WHERE kind = 'verify'"), "queued")

    def test_a_whole_table(self):
        """Not even that stops the chores that do not need it, and the log says who it is."""
        self.hold("LOCK koppeling.label IN ACCESS EXCLUSIVE MODE")
        pid = self.holder.value("SELECT pg_backend_pid()")
        scheduler = self.start_scheduler()
        self.wait_until(lambda: self.kinds(self.second) == ["poll"], "polls are enqueued")
        self.wait_until(lambda: "chore=mark_shipped" in scheduler.log, "the log has it")
        line = next(line for line in scheduler.log.splitlines() if "chore=mark_shipped" in line)
        self.assertIn(f"pid {pid} (login postgres, tests)", line)
        said = "SELECT error FROM koppeling.chore WHERE name = 'mark_shipped' AND failed_since IS NOT NULL"
        self.wait_until(lambda: f"pid {pid}" in str(self.ops.column(said)), "and the table")
        self.holder.run("ROLLBACK")
        self.wait_until(lambda: self.kinds(self.second) == ["mark_shipped"] * 3 + ["poll"], "marks are enqueued")
        self.wait_until(lambda: self.ops.column(said) == [], "all is well")
        self.assertIn("a chore is done again", scheduler.log)


class MigrationLockTest(Case):
    """A migration waits for no lock for long, and names whoever holds it."""

    def migrate(self):
        program = Program("koppeling-scheduler", ["migrate"], self.environment(), self._log_path("migrate"))
        self.addCleanup(program.kill)
        return program

    def test_claims_go_on_behind_a_migration_that_waits_for_a_reader(self):
        reader = self.session("test_ops")
        reader.run("BEGIN; SELECT * FROM koppeling.queue_overview")
        pid = reader.value("SELECT pg_backend_pid()")
        self.db.run("UPDATE koppeling.schema_definitions SET hash = 'old'")
        worker = self.start_worker()
        migration = self.migrate()
        self.wait_until(lambda: "somebody else holds a lock" in migration.log, "it says so")
        self.assertIn(f"pid {pid} (login test_ops, tests, since 20", migration.log)
        for _ in range(3):
            self.backend.value("SELECT koppeling.ping(1)")
            self.wait_until(lambda: self.jobs() == [], "work goes on", 5)
        reader.run("ROLLBACK")
        self.assertEqual(migration.wait().status, 0, migration.log)
        self.assertTrue(worker.is_running)

    def test_the_holder_of_the_migration_lock_is_named(self):
        """Another migration, or any login."""
        holder = self.session("test_ops")
        holder.run("BEGIN")
        holder.run((ROOT / "sql/queries/migrate_lock.sql").read_text())
        migration = self.migrate()
        pid = holder.value("SELECT pg_backend_pid()")
        self.wait_until(lambda: f"pid {pid} (login test_ops" in migration.log, "it says so")
        holder.run("ROLLBACK")
        self.assertEqual(migration.wait().status, 0, migration.log)
