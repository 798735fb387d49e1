"""What doctor of both programs finds: nothing where all is well, and each fault that is seeded, with what to do."""
import glob
import json

from harness.case import Case, free_address
from harness.programs import run_program

LEVELS = ("ok", "warning", "problem")
# The server of the tests is set up for speed: see harness/cluster.py.
FAST_SERVER = {("problem", "durability")}


class DoctorCase(Case):
    program_name = "koppeling-scheduler"

    def settings(self, **settings):
        return self.environment("test_scheduler", **settings)

    def examine(self, *flags, **settings):
        """Runs it; its findings, and what it said on the way."""
        done = run_program(self.program_name, ["doctor", "--json", *flags], self.settings(**settings),
                           self._log_path("doctor"))
        told = json.loads(done.out)
        self.assertEqual(done.status, LEVELS.index(told["worst"]), "the exit code is the worst finding")
        self.assertEqual(told["worst"], max((each["level"] for each in told["findings"]), key=LEVELS.index))
        for each in told["findings"]:
            self.assertEqual(set(each), {"level", "topic", "finding", "advice"})
            self.assertEqual(each["advice"] is None, each["level"] == "ok", each)
        return told["findings"]

    def finds(self, level, topic, words, **settings):
        findings = self.examine(**settings)
        found = [each for each in findings if each["topic"] == topic and words in each["finding"]]
        self.assertEqual([each["level"] for each in found], [level], f"{words}: {findings}")
        return found[0]


class SchedulerDoctorTest(DoctorCase):
    def bad_findings(self):
        return {(each["level"], each["topic"]) for each in self.examine() if each["level"] != "ok"}

    def test_where_all_is_well_it_finds_nothing(self):
        self.db.run("GRANT pg_read_all_stats TO koppeling_scheduler")
        self.addCleanup(self.db.run, "REVOKE pg_read_all_stats FROM koppeling_scheduler")
        scheduler = self.start_scheduler()
        self.start_worker()
        self.wait_until(lambda: "event=started" in scheduler.log, "it runs")
        self.wait_until(lambda: self.bad_findings() == FAST_SERVER, "all is well but what the test server is set to")
        done = self.program("koppeling-scheduler", "doctor", environment=self.settings())
        self.assertEqual(done.status, 2)
        self.assertRegex(done.out, r"(?m)^ok +schema +version \d+ and its functions")
        self.assertRegex(done.out, r"(?m)^problem +durability +fsync is off\n +After a crash of the machine")
        self.assertRegex(done.out, r"(?m)^\d+ ok, 0 warnings, 2 problems$")

    def test_nobody_at_work(self):
        self.finds("problem", "workers", "0 worker threads")
        self.finds("problem", "schedulers", "0 schedulers")

    def test_a_database_that_cannot_be_reached(self):
        found = self.finds("problem", "database", "cannot connect", KOPPELING_DATABASE_URL="host=/nonexistent")
        self.assertIn("KOPPELING_DATABASE_URL", found["advice"])

    def test_a_database_that_was_never_migrated(self):
        self.db.run("CREATE DATABASE empty_for_doctor TEMPLATE template0")
        self.addCleanup(self.db.run, "DROP DATABASE empty_for_doctor")
        url = self.cluster.url("empty_for_doctor", "test_scheduler")
        found = self.finds("problem", "schema", "has schema version 0", KOPPELING_DATABASE_URL=url)
        self.assertIn("koppeling-scheduler migrate", found["advice"])

    def test_a_schema_that_is_older_newer_or_changed_by_hand(self):
        self.db.run("REVOKE EXECUTE ON FUNCTION koppeling.take_events FROM koppeling_scheduler")
        self.finds("warning", "schema", "are not as this program has them")
        self.db.run("UPDATE koppeling.schema_definitions SET revision = revision + 1")
        self.finds("warning", "schema", "are those of a newer program")
        self.db.run("INSERT INTO koppeling.schema_migration (version, name) VALUES (9999, 'later')")
        self.finds("problem", "schema", "this program knows")

    def test_the_wrong_login(self):
        url = self.cluster.url(self.database, "test_worker")
        found = self.finds("problem", "login", "test_worker is no member", KOPPELING_DATABASE_URL=url)
        self.assertEqual(found["advice"], "GRANT koppeling_scheduler TO test_worker;")
        url = self.cluster.url(self.database, "postgres")
        self.finds("warning", "login", "postgres is a superuser", KOPPELING_DATABASE_URL=url)

    def test_rights_that_others_should_not_have(self):
        self.db.run("GRANT CREATE ON SCHEMA koppeling TO PUBLIC")
        self.finds("problem", "grants", "PUBLIC")

    def test_roles_of_the_panel_that_are_missing_or_may_too_much(self):
        findings = [each["finding"] for each in self.examine() if each["topic"] == "roles"]
        self.assertIn("the 10 roles are there", findings)
        for role in ("koppeling_panel", "koppeling_reader", "koppeling_merchant", "koppeling_panel_ops",
                     "koppeling_panel_watch"):
            with self.subTest(role=role):
                self.db.run(f"ALTER ROLE {role} RENAME TO renamed_for_doctor")
                try:
                    found = self.finds("problem", "roles", f"these roles are missing: {role}")
                finally:
                    self.db.run(f"ALTER ROLE renamed_for_doctor RENAME TO {role}")
                self.assertIn("koppeling-scheduler migrate", found["advice"])
        self.db.run("REVOKE koppeling_merchant FROM koppeling_panel")
        self.addCleanup(self.db.run, "GRANT koppeling_merchant TO koppeling_panel")
        found = self.finds("problem", "roles", "koppeling_panel is no member of koppeling_merchant")
        self.assertEqual(found["advice"], "GRANT koppeling_merchant TO koppeling_panel;")
        self.db.run("GRANT koppeling_merchant TO koppeling_panel; ALTER ROLE koppeling_panel INHERIT")
        self.addCleanup(self.db.run, "ALTER ROLE koppeling_panel NOINHERIT")
        self.finds("warning", "roles", "has the rights of merchants and operations all the time")
        self.db.run("ALTER ROLE koppeling_panel NOINHERIT; ALTER ROLE koppeling_panel_ops LOGIN")
        self.addCleanup(self.db.run, "ALTER ROLE koppeling_panel_ops NOLOGIN")
        self.finds("warning", "roles", "a role of ours may log in")

    def test_what_is_committed_may_be_lost(self):
        self.db.run("ALTER ROLE test_scheduler SET synchronous_commit = off")
        self.addCleanup(self.db.run, "ALTER ROLE test_scheduler RESET synchronous_commit")
        self.finds("warning", "durability", "synchronous_commit is off")
        self.finds("problem", "durability", "full_page_writes is off")

    def test_tables_that_need_care(self):
        self.db.run("ALTER TABLE koppeling.job SET (autovacuum_enabled = false)")
        self.finds("problem", "vacuum", "autovacuum is switched off for job")
        self.db.run("ALTER TABLE koppeling.job DISABLE TRIGGER job_fill_in")
        self.finds("problem", "triggers", "job_fill_in")
        self.db.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'koppeling.job_claim'::regclass")
        self.finds("problem", "indexes", "job_claim")

    def test_a_transaction_that_is_open_for_long(self):
        self.db.run("GRANT pg_read_all_stats TO koppeling_scheduler")
        self.addCleanup(self.db.run, "REVOKE pg_read_all_stats FROM koppeling_scheduler")
        holder = self.session("test_ops")
        holder.run("BEGIN; SELECT FROM koppeling.job")
        pid = holder.value("SELECT pg_backend_pid()")
        found = self.finds("ok", "transactions", f"pid {pid}, test_ops")
        self.assertIsNone(found["advice"], "for a moment it is no trouble")
        holder.run("ROLLBACK")

    def test_partitions_chores_breakers_jobs_and_shops(self):
        self.simulator.shop("shop1")
        integration = self.connect("shop1")
        self.backend.value("SELECT koppeling.ping()")
        self.db.run("UPDATE koppeling.job SET state = 'failed' WHERE kind = 'ping'")
        self.db.run("UPDATE koppeling.chore SET failed_since = now(), error = 'somebody holds a lock'"
                    " WHERE name = 'poll'")
        self.db.run("UPDATE koppeling.api SET breaker_state = 'open', blocked_until = now() + interval '1 hour',"
                    " block_reason = 'breaker: HTTP 503' WHERE name = 'mijnwebwinkel'")
        self.db.run("UPDATE koppeling.integration SET state = 'needs_attention', reason_code = 'x', reason = 'x',"
                    " reason_en = 'x' WHERE id = %s", integration)
        for partition in self.db.column("SELECT relname::text FROM pg_class WHERE relname ~ '^job_history_[0-9]{8}$'"
                                        " AND relname > 'job_history_' || to_char(now(), 'YYYYMMDD')"):
            self.db.run(f"DROP TABLE koppeling.{partition}")
        self.finds("warning", "queue", "1 jobs gave up")
        self.finds("problem", "chores", "poll fails since")
        self.finds("warning", "services", "mijnwebwinkel production is left alone: breaker: HTTP 503")
        self.finds("warning", "shops", "1 need attention")
        self.finds("problem", "partitions", "for 0 days ahead")

    def test_a_worker_of_another_version(self):
        self.start_worker()
        self.db.run("UPDATE koppeling.worker SET version = '0.0.9'")
        self.finds("warning", "versions", "of version 0.0.9")


class ClockDoctorTest(DoctorCase):
    def test_a_clock_that_is_wrong(self):
        """libfaketime, for the program alone."""
        preload, = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        found = self.finds("problem", "clock", "seconds apart", LD_PRELOAD=preload, FAKETIME="-5m")
        self.assertIn("time servers", found["advice"])


class WorkerDoctorTest(DoctorCase):
    program_name = "koppeling-worker"

    def settings(self, **settings):
        return self.worker_environment(**settings)

    def test_where_all_is_well_each_service_can_be_reached_and_the_key_fits(self):
        self.simulator.shop("shop1")
        self.connect("shop1")
        findings = self.examine()
        self.assertEqual({(each["level"], each["topic"]) for each in findings if each["level"] != "ok"}, FAST_SERVER)
        reached = [each["finding"] for each in findings if each["topic"] == "services"]
        self.assertEqual(len(reached), 3)
        self.assertIn("can be reached, in ", reached[0])
        self.assertIn("the key opens each of 1 sealed values",
                      [each["finding"] for each in findings if each["topic"] == "keys"][0])

    def test_a_service_that_cannot_be_reached(self):
        url = f"http://{free_address()}"
        self.finds("problem", "services", f"{url} cannot be reached", KOPPELING_BOEKUWZENDING_URL=url)

    def test_keys_that_do_not_fit(self):
        self.simulator.shop("shop1")
        integration = self.connect("shop1")
        keys = dict(line.split(": ") for line in self.program("koppeling-worker", "keygen").out.splitlines())
        old = self.surroundings.secret_key
        self.finds("problem", "keys", f"no key opens 1 of 1 sealed values, such as integration.sealed_token of id "
                   f"{integration}", KOPPELING_SECRET_KEY=keys["secret"])
        self.finds("warning", "keys", "1 of 1 sealed values are for the previous key",
                   KOPPELING_SECRET_KEY=keys["secret"], KOPPELING_PREVIOUS_SECRET_KEY=old)
        self.finds("problem", "keys", "has no secret key", KOPPELING_SECRET_KEY=None)
        said = [path.read_text() for path in self.log_directory.glob("*doctor*")]
        self.assertGreater(len(said), 2)
        self.assertNotIn(keys["secret"], "".join(said))

    def test_no_partner_token(self):
        self.finds("warning", "settings", "no partner token is set", KOPPELING_PARTNER_TOKEN=None)
