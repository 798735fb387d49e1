"""Backups that are restored: elsewhere, without rights, in part, or older than what was sent since."""
import subprocess

from harness.booking import BookingCase
from harness.case import Case, heavy
from harness.cluster import Cluster
from harness.orders import order
from harness.postgres import SqlError

CONFIG, NO_PERMISSION = 78, 77


class RestoreCase(BookingCase):
    def run_tool(self, *arguments):
        """pg_restore complains of roles that are not there, and goes on."""
        return subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False, text=True)

    def dump(self, *options):
        path = self.log_directory / "dump"
        done = self.run_tool("pg_dump", "-Fc", f"--file={path}", *options, self.cluster.url(self.database, "postgres"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def restore(self, path, *options, cluster=None, owner="postgres"):
        """Into a database of the same name."""
        cluster = cluster or self.cluster
        session = cluster.session()
        session.run(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        session.run(f"CREATE DATABASE {self.database} OWNER {owner}")
        session.close()
        return self.run_tool("pg_restore", *options, f"--dbname={cluster.url(self.database, owner)}", path)

    def migrate(self, url=None):
        environment = self.environment()
        environment["KOPPELING_DATABASE_URL"] = url or self.cluster.url(self.database, "postgres")
        return self.program("koppeling-scheduler", "migrate", environment=environment)


class AnotherClusterTest(RestoreCase):
    @heavy
    def test_roles_and_grants_are_made_again_in_another_cluster(self):
        self.connect_with_numbers(70001)
        path = self.dump()
        other = Cluster(self.cluster.directory.name.removeprefix("postgres-") + "-other")
        self.addCleanup(other.remove)
        self.assertIn('role "koppeling_worker" does not exist', self.restore(path, cluster=other).stderr)
        done = self.migrate(other.url(self.database, "postgres"))
        self.assertEqual(done.status, 0, done.log)
        session = other.session(self.database)
        self.addCleanup(session.close)
        for role in ("worker", "scheduler", "backend"):
            session.run(f"CREATE ROLE test_{role} LOGIN IN ROLE koppeling_{role}")
        session.run("UPDATE koppeling.integration SET next_poll_at = now(); SELECT koppeling.ping(1)")
        for program, run in (("koppeling-scheduler", "--once"), ("koppeling-worker", "--until-idle")):
            environment = self.worker_environment(
                KOPPELING_DATABASE_URL=other.url(self.database, "test_" + program.split("-")[1]))
            done = self.program(program, "run", run, environment=environment)
            self.assertEqual(done.status, 0, done.log)
            self.assertNotIn("of another version", done.log)
        self.assertEqual(session.value("SELECT count(*) FROM koppeling.job_history WHERE kind = 'ping'"), 1)
        self.assertEqual(session.value("SELECT polls FROM koppeling.integration"), 2)

    @heavy
    def test_an_owner_without_createrole_is_told_which_roles_are_missing(self):
        other = Cluster(self.cluster.directory.name.removeprefix("postgres-") + "-other")
        self.addCleanup(other.remove)
        session = other.session()
        self.addCleanup(session.close)
        session.run("CREATE ROLE plain LOGIN")
        session.run("CREATE ROLE koppeling_ops NOLOGIN")
        session.run(f"CREATE DATABASE {self.database} OWNER plain")
        url = other.url(self.database, "plain")
        done = self.migrate(url)
        self.assertEqual(done.status, NO_PERMISSION, done.log)
        missing = ("backend NOLOGIN", "dba NOLOGIN", "merchant NOLOGIN", "panel NOLOGIN NOINHERIT", "panel_ops NOLOGIN",
                   "panel_watch NOLOGIN", "reader NOLOGIN", "scheduler NOLOGIN", "worker NOLOGIN")
        members = (("merchant", "panel"), ("ops", "panel_ops"), ("panel_ops", "panel"), ("panel_watch", "panel"),
                   ("reader", "merchant"), ("reader", "panel"))
        statements = "; ".join(f"CREATE ROLE koppeling_{role}" for role in missing)
        self.assertIn("let an administrator run: " + statements, done.log)
        session.run(statements)
        done = self.migrate(url)
        statements = "; ".join(f"GRANT koppeling_{role} TO koppeling_{member}" for role, member in members)
        self.assertIn("let an administrator run: " + statements, done.log)
        session.run(statements)
        done = self.migrate(url)
        self.assertEqual(done.status, 0, done.log)


class LostPartsTest(RestoreCase):
    def test_grants_that_were_left_out_are_made_again(self):
        self.connect_with_numbers(70001)
        self.assertEqual(self.restore(self.dump(), "--no-privileges").stderr, "")
        self.reconnect()
        self.assertIn("of another version", self.program("koppeling-scheduler", "run", "--once").log)
        done = self.migrate()
        self.assertEqual(done.status, 0, done.log)
        self.assertIn("replaced", done.log)
        self.reconnect()
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.assertNotIn("of another version", self.tick().log)
        self.work()
        self.assertEqual(self.db.value("SELECT polls FROM koppeling.integration"), 2)
        self.assertNotIn("replaced", self.migrate().log)

    def test_what_somebody_dropped_or_changed_is_made_again(self):
        for statement in ("DROP VIEW koppeling.failed_job", "DROP FUNCTION koppeling.poll_now",
                          "REVOKE UPDATE ON koppeling.job FROM koppeling_worker",
                          "DROP TRIGGER job_wake_workers ON koppeling.job",
                          "ALTER TABLE koppeling.job DISABLE TRIGGER job_fill_in",
                          "GRANT SELECT ON koppeling.account TO koppeling_backend",
                          "GRANT EXECUTE ON FUNCTION koppeling.after_restore TO PUBLIC"):
            with self.subTest(statement=statement):
                self.db.run(statement)
                done = self.migrate()
                self.assertEqual(done.status, 0, done.log)
                self.assertIn("replaced", done.log)
                self.assertNotIn("replaced", self.migrate().log)
        self.assertEqual(self.db.value("SELECT tgenabled::text FROM pg_trigger WHERE tgname = 'job_fill_in'"), "O")

    def test_what_others_were_granted_stays_and_is_no_reason(self):
        self.db.run("CREATE ROLE test_reporting; CREATE INDEX of_mine ON koppeling.job (created_at)")
        self.addCleanup(self.db.run, "DROP OWNED BY test_reporting; DROP ROLE test_reporting")
        self.db.run("GRANT USAGE ON SCHEMA koppeling TO test_reporting;"
                    "GRANT SELECT ON koppeling.queue_overview TO test_reporting")
        self.assertNotIn("replaced", self.migrate().log)
        self.db.run("DROP INDEX koppeling.of_mine")
        self.assertEqual(self.migrate().status, 0)

    def test_a_table_an_index_or_a_row_that_is_missing_is_named(self):
        for statement, kind, name, made_by in (
                ("DROP INDEX koppeling.job_one_poll", "index", "job_one_poll", "CREATE UNIQUE INDEX job_one_poll"),
                ("ALTER TABLE koppeling.job DROP CONSTRAINT job_running_has_lease", "constraint",
                 "job.job_running_has_lease", "ALTER TABLE koppeling.job ADD CONSTRAINT job_running_has_lease CHECK"),
                ("ALTER TABLE koppeling.account DROP COLUMN push_orders CASCADE", "column", "account.push_orders", ""),
                ("DELETE FROM koppeling.message WHERE code = 'notice_no_mail'", "row", "message notice_no_mail", ""),
                ("ALTER TABLE koppeling.job_history DETACH PARTITION koppeling.job_history_default", "partition",
                 "job_history_default", "")):
            with self.subTest(statement=statement):
                self.db.run("BEGIN")
                self.db.run(statement)
                self.db.run("COMMIT")
                done = self.migrate()
                self.assertEqual(done.status, CONFIG, done.log)
                self.assertIn(f"such as the {kind} {name}", done.log)
                self.assertIn(made_by, done.log)
                self.db.run("DELETE FROM koppeling.schema_object WHERE name = %s", name)

    def test_a_restore_of_the_schema_alone_gets_one_instruction(self):
        self.restore(self.dump("--schema-only"))
        for done in (self.migrate(), self.program("koppeling-scheduler", "run", "--once")):
            self.assertEqual(done.status, CONFIG, done.log)
            self.assertIn("as after a schema-only restore: DROP SCHEMA koppeling CASCADE, then run koppeling-scheduler "
                          "migrate", done.log)
        self.reconnect()
        self.db.run("DROP SCHEMA koppeling CASCADE")
        done = self.migrate()
        self.assertEqual(done.status, 0, done.log)

    def test_a_view_that_depends_on_ours_is_named(self):
        self.db.run("CREATE VIEW public.of_mine AS SELECT * FROM koppeling.queue_overview;"
                    "UPDATE koppeling.schema_definitions SET hash = 'old'")
        done = self.migrate()
        self.assertNotEqual(done.status, 0)
        self.assertIn("view public.of_mine depends on view koppeling.queue_overview", done.log)


class OlderBackupTest(RestoreCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002, 70003)

    def go_back(self):
        """The database is as it was at the dump, with new sessions."""
        self.restore(self.dumped)
        self.reconnect()
        self.assertNotIn("replaced", self.migrate().log)

    def after_restore(self):
        dba = self.session("test_dba")
        rows = dba.rows("SELECT * FROM koppeling.after_restore(%s)", self.taken_at)
        return {row["what"]: row["count"] for row in rows}

    def take_backup(self):
        self.dumped = self.dump()
        self.taken_at = self.db.value("SELECT now()")

    def test_what_was_booked_since_is_found_and_not_booked_again(self):
        requested = self.dispatch(70001)
        self.take_backup()
        self.work()
        since = self.book(70002)["id"]
        self.assertEqual(len(self.booked()), 2)
        self.go_back()
        self.assertEqual(self.shipment(requested)["state"], "requested")
        counts = self.after_restore()
        self.assertEqual(counts["shipments to be looked up before they are booked"], 1)
        self.tick()
        self.work()
        self.retry_until_done()
        self.assertEqual(self.shipment(requested)["state"], "labelled")
        self.assertEqual(len(self.bookings()), 2, "it was looked up")
        # 70002 was shipped since, and the shop was told: so a poll shows it.
        self.tick()
        self.work()
        again = self.dispatch(70003)
        self.assertGreater(again, since + 999000, "a number means one shipment")
        self.work()
        self.assertEqual(len(self.booked()), 3)
        references = [shipment["reference"] for shipment in self.booked()]
        self.assertEqual(len(set(references)), 3)

    def is_found(self, shipment):
        self.hasten()
        self.work()
        return self.shipment(shipment)["state"] == "labelled"

    def check_found_late(self, shipment):
        """Sent again after the backup, still at work when it is restored: it is waited for, not booked again."""
        self.take_backup()
        self.hasten()
        self.simulator.fault("late_booking", "boekuwzending", method="POST", path_contains="/shipments", ms=12000,
                             variant="reset", times=1)
        asked = len(self.bookings())
        self.ops.run("SELECT koppeling.retry_failed()")
        self.work()
        self.assertEqual(len(self.bookings()), asked + 1, "the request that the backup does not know")
        self.go_back()
        counts = self.after_restore()
        self.ops.run("SELECT koppeling.retry_failed()")
        self.tick()
        self.work()
        self.hasten()
        self.work()
        self.assertEqual(len(self.bookings()), asked + 1, "not found yet is not: not made")
        self.assertEqual(self.shipment(shipment)["state"], "sending")
        self.assertEqual(counts["shipments to be looked up before they are booked"], 1)
        self.wait_until(lambda: self.is_found(shipment), "it appears")
        self.assertEqual(len(self.booked()), 1)
        self.assertLess(self.db.value("SELECT extract(epoch FROM max(longest_booking)) FROM koppeling.api"), 60,
                        "the age of the backup says nothing about the service")

    def test_what_was_in_doubt_then_may_have_been_sent_again_since(self):
        self.simulator.fault("reset", "boekuwzending", method="POST", path_contains="/shipments", times=1)
        shipment = self.dispatch(70001)
        self.work()
        self.age_requests(1000)
        self.assertEqual(self.shipment(shipment)["state"], "sending")
        self.check_found_late(shipment)

    def test_what_was_put_off_then_may_have_been_sent_again_since(self):
        self.simulator.fault("status", "boekuwzending", method="POST", path_contains="/shipments", status=429, times=1)
        shipment = self.dispatch(70001)
        self.work()
        row = self.shipment(shipment)
        self.assertEqual((row["state"], row["sent_at"] is None), ("requested", False))
        self.check_found_late(shipment)

    def test_what_was_refused_then_may_have_been_retried_since(self):
        self.simulator.fault("status", "boekuwzending", method="POST", path_contains="/shipments", status=422, times=1)
        shipment = self.dispatch(70001)
        self.work()
        self.assertEqual(self.shipment(shipment)["state"], "failed")
        self.check_found_late(shipment)

    def test_what_was_not_booked_is_booked_once(self):
        requested = self.dispatch(70001)
        self.take_backup()
        self.go_back()
        self.after_restore()
        self.work()
        self.assertEqual(len(self.booked()), 0, "the shop is asked first")
        self.tick()
        self.work()
        self.retry_until_done()
        self.assertEqual((self.shipment(requested)["state"], len(self.booked())), ("labelled", 1))

    def test_nothing_is_dispatched_before_the_shop_was_read(self):
        self.take_backup()
        self.book(70002)
        self.mark()
        self.go_back()
        self.after_restore()
        for number in (70002, 70003):
            with self.assertRaises(SqlError) as caught:
                self.dispatch(number)
            self.assertIn("the database was restored", str(caught.exception))
        self.poll()
        self.mark()
        self.assertEqual(self.order(70002)["state"], "withdrawn")
        self.dispatch(70003)

    def test_jobs_of_workers_of_that_time_are_given_back(self):
        self.simulator.fault("stall", "shop:shop1", times=0)
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        worker = self.start_worker()
        self.wait_until(lambda: self.db.rows("SELECT FROM koppeling.running_job"), "it runs")
        self.take_backup()
        worker.kill()
        self.simulator.clear_faults()
        self.go_back()
        self.db.run("UPDATE koppeling.worker SET seen_at = seen_at - interval '1 minute'")
        self.assertEqual(self.after_restore()["jobs given back"], 1)
        self.assertEqual([(job["state"], job["attempt"]) for job in self.jobs("poll")], [("queued", 0)])
        self.work()

    def test_a_worker_that_was_alive_while_the_backup_was_made_counts_until_its_lease_ends(self):
        """The time at which pg_dump was started is earlier than what it saw."""
        started = self.db.value("SELECT now()")
        worker = self.start_worker("--lease-seconds=5")
        self.wait_until(lambda: self.db.rows("SELECT FROM koppeling.worker WHERE state = 'active'"), "it is alive")
        self.take_backup()
        self.taken_at = started
        worker.kill()
        self.go_back()
        with self.assertRaises(SqlError) as caught:
            self.after_restore()
        self.assertIn("at work while the backup was made: call again after", caught.exception.hint)
        self.wait_until(lambda: self.db.value("SELECT max(lease_until) < now() FROM koppeling.worker"), "it ends")
        self.after_restore()

    def test_it_refuses_what_makes_no_sense(self):
        self.take_backup()
        dba = self.session("test_dba")
        for arguments, words in (("now() + interval '1 day'", "a time that is past"), ("NULL", "a time that is past"),
                                 ("'-infinity'", "a time that is past"), ("now(), 0", "ids move on by")):
            with self.assertRaises(SqlError) as caught:
                dba.run(f"SELECT koppeling.after_restore({arguments})")
            self.assertIn(words, str(caught.exception))
        self.start_worker()
        with self.assertRaises(SqlError) as caught:
            self.after_restore()
        self.assertIn("stop the workers first", str(caught.exception))
        with self.assertRaises(SqlError):
            self.ops.run("SELECT koppeling.after_restore(now())")


class MigrationOrderTest(Case):
    def test_each_migration_remembers_what_it_made(self):
        remembered = "SELECT kind || ' ' || name FROM koppeling.schema_object ORDER BY 1"
        names = self.db.column(remembered)
        self.assertGreater(len(names), 300)
        for name in ("index job_one_poll", "column chore.done_at", "row message token_refused",
                     "value job_state.queued"):
            self.assertIn(name, names)
