"""Upgrades: what is remembered of a migration, what it would do, and who works with what another version made."""
from harness.case import Case
from harness.programs import ROOT

CONFIG = 78


class Upgrade(Case):
    def migrate(self, *flags):
        return self.program("koppeling-scheduler", "migrate", *flags)

    def start_each(self):
        return (self.program("koppeling-scheduler", "run", "--once", environment=self.environment("test_scheduler")),
                self.program("koppeling-worker", "run", "--until-idle", environment=self.worker_environment()))

    def from_the_future(self, serves_from):
        """A migration that comes after ours, as the next release will bring."""
        self.db.run("INSERT INTO koppeling.schema_migration (version, name, checksum, serves_from) "
                    f"SELECT max(version) + 1, 'future', repeat('f', 32), {serves_from} "
                    "FROM koppeling.schema_migration")

    def test_each_migration_is_known_by_a_checksum_of_its_own(self):
        self.assertTrue(self.db.value("SELECT count(DISTINCT checksum) = count(*) FROM koppeling.schema_migration"))

    def test_a_migration_that_was_changed_is_noticed_and_named(self):
        self.db.run("UPDATE koppeling.schema_migration SET checksum = repeat('0', 32) WHERE version = 7")
        for flags in ((), ("--dry-run",)):
            done = self.migrate(*flags)
            self.assertEqual(done.status, CONFIG, done.log)
            self.assertIn("the migration 0007_addresses was applied to this database with another text", done.log)
        for daemon in self.start_each():
            self.assertEqual(daemon.status, 0, daemon.log)

    def test_a_database_from_before_the_checksums_gets_them(self):
        checksums = "SELECT string_agg(checksum, ' ' ORDER BY version) FROM koppeling.schema_migration"
        wanted = self.db.value(checksums)
        self.db.run("DROP SCHEMA koppeling CASCADE")
        files = sorted(path for path in (ROOT / "sql/migrations").glob("*.sql") if path.stem < "0024_marks")
        for path in files:
            number, name = path.stem.split("_", 1)
            self.db.run(path.read_text())
            self.db.run("INSERT INTO koppeling.schema_migration (version, name) VALUES (%s, %s)", int(number), name)
        done = self.migrate()
        self.assertEqual(done.status, 0, done.log)
        self.assertIn("name=migrations/0024_marks", done.log)
        self.assertNotIn(f"name=migrations/{files[-1].stem}", done.log)
        self.assertEqual(self.db.value(checksums), wanted)

    def test_a_dry_run_says_what_would_be_done_and_does_nothing(self):
        self.assertEqual(self.migrate("--dry-run").out, "nothing to do: the database is up to date\n")
        self.db.run("DROP SCHEMA koppeling CASCADE")
        told = self.migrate("--dry-run")
        self.assertEqual(told.status, 0, told.log)
        files = sorted(path.stem for path in (ROOT / "sql/migrations").glob("*.sql"))
        self.assertEqual(told.out.splitlines(), [f"would apply migrations/{name}" for name in files] +
                         ["would replace functions, views and grants"])
        self.assertFalse(self.db.value("SELECT to_regnamespace('koppeling') IS NOT NULL"))
        self.assertIn(f"applied={len(files)}", self.migrate().log)

    def test_a_dry_run_tells_of_functions_alone(self):
        self.db.run("DROP FUNCTION koppeling.poll_now")
        self.assertEqual(self.migrate("--dry-run").out, "would replace functions, views and grants\n")
        self.assertFalse(self.db.value("SELECT to_regproc('koppeling.poll_now') IS NOT NULL"))

    def test_a_program_starts_on_a_newer_schema_that_serves_it(self):
        self.from_the_future("max(version)")
        for daemon in self.start_each():
            self.assertEqual(daemon.status, 0, daemon.log)
            self.assertIn("those of a newer program: install it here, too", daemon.log)
        done = self.migrate()
        self.assertEqual(done.status, CONFIG)
        self.assertIn("install the newer program", done.log)

    def test_a_program_refuses_a_newer_schema_that_does_not_serve_it(self):
        for serves_from in ("max(version) + 1", "NULL"):
            self.from_the_future(serves_from)
            for daemon in self.start_each():
                self.assertEqual(daemon.status, CONFIG, daemon.log)
                self.assertIn("install the newer program", daemon.log)
            self.db.run("DELETE FROM koppeling.schema_migration WHERE name = 'future'")

    def test_one_that_runs_goes_on_when_the_schema_gets_newer(self):
        self.start_worker()
        self.from_the_future("NULL")
        self.ops.run("SELECT koppeling.ping(10)")
        self.wait_until(lambda: self.db.value("SELECT count(*) FROM koppeling.job_history WHERE kind = 'ping'") == 10,
                        "the jobs are done")

    def test_every_migration_from_now_on_says_which_programs_it_serves(self):
        files = sorted((ROOT / "sql/migrations").glob("*.sql"))
        first, = (index for index, path in enumerate(files) if path.stem.endswith("_marks"))
        for path in files[first:]:
            self.assertRegex(path.read_text(), r"\n-- serves: (programs from \d{4}|its own programs only)\n", path.name)
