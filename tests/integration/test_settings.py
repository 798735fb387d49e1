"""Wrong settings: an exit code of sysexits, and a sentence that names the variable."""
import json
import os
import re
import subprocess
import time

from harness.case import Case, free_address
from harness.programs import BUILD, Program

USAGE, DATAERR, UNAVAILABLE, NOPERM, CONFIG = 64, 65, 69, 77, 78
DAEMONS = ("koppeling-worker", "koppeling-scheduler")

WRONG = {
    "KOPPELING_DATABASE_URL": ("nonsense", "host='unfinished", "postgresql://[half"),
    "KOPPELING_LISTEN_URL": ("no_such_option=1",),
    "KOPPELING_MIJNWEBWINKEL_URL": ("http://api.example.org", "ftp://api.example.org", "api.example.org", "https://",
                                    "https:///x",
                                    "https://user:geheim@api.example.org", "https://api.example.org/?token=geheim",
                                    "http://127.0.0.1.example.org", "https://api.example.org:0",
                                    "https://api.example.org:99999"),
    "KOPPELING_BOEKUWZENDING_URL": ("http://10.0.0.1", "x"),
    "KOPPELING_BOEKUWZENDING_STAGING_URL": ("http://staging.example.org", "://"),
    "KOPPELING_PARTNER_TOKEN": ("with blank", "tab\there", "x" * 5000),
    "KOPPELING_SECRET_KEY": ("geheim", "AAAA", "z" * 44),
    "KOPPELING_PREVIOUS_SECRET_KEY": ("with blank",),
    "KOPPELING_CA_FILE": ("/no/such/file", "/"),
    "KOPPELING_THREADS": ("0", "65", "-1", "two", "2.5", " 2", "99999999999999999999"),
    "KOPPELING_IN_FLIGHT": ("0", "10001", "many"),
    "KOPPELING_CONNECTIONS": ("0", "10001", "few"),
    "KOPPELING_KINDS": ("poll,,verify", "no_such_kind", "Poll", "poll;verify"),
    "KOPPELING_LEASE_SECONDS": ("4", "3601", "1m"),
    "KOPPELING_GRACE_SECONDS": ("-1", "601"),
    "KOPPELING_REQUEST_TIMEOUT_SECONDS": ("0", "301"),
    "KOPPELING_PREPARE": ("maybe",),
    "KOPPELING_LOG_FORMAT": ("xml", "JSON"),
    "KOPPELING_LOG_LEVEL": ("loud",),
    "KOPPELING_METRICS_ADDRESS": ("nowhere", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:-1", "1.2.3.4:x"),
    "KOPPELING_STALL_SECONDS": ("4", "3601", "long"),
    "KOPPELING_SETTINGS_FILE": ("/no/such/file", "/", "-"),
}
WRONG_OF_THE_SCHEDULER = {
    "KOPPELING_DATABASE_URL": ("nonsense",),
    "KOPPELING_TICK_SECONDS": ("0", "3601", "often"),
    "KOPPELING_LOG_LEVEL": ("loud",),
    "KOPPELING_METRICS_ADDRESS": ("nowhere",),
    "KOPPELING_STALL_SECONDS": ("4",),
    "KOPPELING_SETTINGS_FILE": ("/no/such/file",),
}


class SettingsTest(Case):
    def run_worker(self, *flags, **settings):
        return self.program("koppeling-worker", "run", "--until-idle", *flags,
                            environment=self.worker_environment(**settings))

    def check_refused(self, done, status, *words):
        self.assertEqual(done.status, status, done.log)
        self.assertEqual(len(done.log.strip().splitlines()), 1, done.log)
        for word in words:
            self.assertIn(word, done.log)
        self.assertNotIn("geheim", done.log, "what may be a secret is not shown")

    def test_a_worker_refuses_each_wrong_value_and_names_the_variable(self):
        for name, values in WRONG.items():
            for value in values:
                with self.subTest(name=name, value=value[:60]):
                    self.check_refused(self.run_worker(**{name: value}), CONFIG, name)

    def test_a_scheduler_refuses_each_wrong_value_and_names_the_variable(self):
        for name, values in WRONG_OF_THE_SCHEDULER.items():
            for value in values:
                with self.subTest(name=name, value=value):
                    done = self.program("koppeling-scheduler", "run", "--once",
                                        environment=self.environment(**{name: value}))
                    self.check_refused(done, CONFIG, name)

    def test_a_wrong_flag_is_named_too(self):
        self.check_refused(self.run_worker("--threads=0"), CONFIG, "--threads")
        self.check_refused(self.run_worker("--no-such-flag"), USAGE, "--no-such-flag")
        self.check_refused(self.run_worker("surplus"), USAGE, "surplus")
        self.check_refused(self.run_worker("--threads"), USAGE, "--threads")

    def test_a_flag_goes_before_the_variable(self):
        done = self.run_worker("--threads=1", KOPPELING_THREADS="3")
        self.assertIn("threads=1", done.log)

    def test_a_secret_may_not_be_given_twice(self):
        path = self.log_directory / "key"
        path.write_text("geheim")
        self.check_refused(self.run_worker(KOPPELING_SECRET_KEY_FILE=str(path)), CONFIG, "KOPPELING_SECRET_KEY_FILE")
        self.check_refused(self.run_worker(KOPPELING_SECRET_KEY=None, KOPPELING_SECRET_KEY_FILE="/no/such/file"),
                           CONFIG,
                           "KOPPELING_SECRET_KEY_FILE", "/no/such/file")

    def test_without_a_key_only_jobs_that_need_no_token_are_taken(self):
        """A worker that took the others would have every shop need attention."""
        integration = self.connect_with_orders(generate=2)
        self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        self.backend.value("SELECT koppeling.ping(3)")
        log = self.work(KOPPELING_SECRET_KEY=None).log
        self.assertIn("KOPPELING_SECRET_KEY is not set", log)
        self.assertEqual(len(self.history("ping")), 3)
        self.assertEqual([(job["kind"], job["state"], job["attempt"]) for job in self.jobs()], [("poll", "queued", 0)])
        self.assertEqual(self.shop(integration)["state"], "active")
        done = self.run_worker("--kinds=ping,poll", KOPPELING_SECRET_KEY=None)
        self.assertEqual(done.status, CONFIG)
        self.assertIn("'poll' needs a token, and KOPPELING_SECRET_KEY is not set", done.log)

    def test_no_command_or_an_unknown_one_is_a_usage_error(self):
        for name in DAEMONS:
            for arguments in ((), ("walk",), ("run", "walk")):
                with self.subTest(name=name, arguments=arguments):
                    self.check_refused(self.program(name, *arguments), USAGE, name)

    def test_help_and_version_work_without_a_database(self):
        for name in DAEMONS:
            for flag in ("--help", "--version"):
                with self.subTest(name=name, flag=flag):
                    done = self.program(name, flag, environment={})
                    self.assertEqual((done.status, done.log), (0, ""))
                    self.assertIn(name, done.out)
        self.assertRegex(self.program("koppeling-worker", "--version", environment={}).out,
                         r"^koppeling-worker \d+\.\d+\.\d+\n$")

    def test_help_is_asked_for_in_three_ways(self):
        for name in DAEMONS:
            texts = {self.program(name, how, environment={}).out for how in ("--help", "-h", "help")}
            self.assertEqual(len(texts), 1)

    def test_a_variable_that_nobody_reads_is_named_with_the_nearest_and_without_its_value(self):
        done = self.run_worker(KOPPELING_THREDS="geheim", KOPPELING_THREADS_FILE="geheim")
        self.assertEqual(done.status, 0)
        for wrong in ("KOPPELING_THREDS", "KOPPELING_THREADS_FILE"):
            self.assertIn(f"name={wrong} meant_perhaps=KOPPELING_THREADS\n", done.log)
        self.assertNotIn("geheim", done.log)
        once = self.program("koppeling-scheduler", "run", "--once",
                            environment=self.environment("test_scheduler", KOPPELING_XYZ="1"))
        self.assertIn('name=KOPPELING_XYZ meant_perhaps="none of ours"', once.log)

    def test_config_prints_what_is_in_force_and_no_secret(self):
        path = self.log_directory / "settings"
        path.write_text("KOPPELING_GRACE_SECONDS=7\n")
        key = self.log_directory / "partner"
        key.write_text("geheim")
        done = self.program("koppeling-worker", "config", "--threads=3", environment={
            "KOPPELING_DATABASE_URL": "postgresql://worker:geheim@localhost/koppeling", "KOPPELING_IN_FLIGHT": "7",
            "KOPPELING_PARTNER_TOKEN_FILE": str(key), "KOPPELING_SETTINGS_FILE": str(path)})
        self.assertEqual(done.status, 0, done.log)
        lines = [re.sub(" +#", " #", line) for line in done.out.splitlines()]
        for line in ("KOPPELING_DATABASE_URL=(hidden) # environment", "KOPPELING_THREADS=3 # --threads",
                     "KOPPELING_IN_FLIGHT=7 # environment", "KOPPELING_GRACE_SECONDS=7 # settings file",
                     "KOPPELING_PARTNER_TOKEN=(hidden) # KOPPELING_PARTNER_TOKEN_FILE",
                     "KOPPELING_LEASE_SECONDS=60 # default"):
            self.assertIn(line, lines)
        self.assertNotIn("geheim", done.out + done.log)
        wrong = self.program("koppeling-scheduler", "config", environment={"KOPPELING_TICK_SECONDS": "soon"})
        self.check_refused(wrong, CONFIG, "KOPPELING_TICK_SECONDS")

    def test_help_names_every_setting(self):
        for name, wrong in zip(DAEMONS, (WRONG, WRONG_OF_THE_SCHEDULER)):
            text = self.program(name, "--help", environment={}).out
            for variable in wrong:
                self.assertIn(variable, text)

    def test_sealing_refuses_what_it_cannot_seal(self):
        self.check_refused(self.program("koppeling-worker", "seal"), USAGE, "--public-key")
        self.check_refused(self.program("koppeling-worker", "seal", "--public-key", "nonsense"), CONFIG)
        self.check_refused(self.program("koppeling-worker", "seal", "--public-key", self.surroundings.public_key,
                                        "surplus"),
                           USAGE, "surplus")


    def test_a_line_end_is_no_part_of_a_secret(self):
        for shop, token in (("shop1", "token-shop1\n"), ("shop2", "token-shop2\r\n")):
            self.simulator.shop(shop)
            self.request_connection(shop, token=token)
        self.work()
        self.assertEqual(self.db.column("SELECT state FROM koppeling.integration"), ["active", "active"])

    def test_sealing_refuses_a_secret_that_is_too_long_or_cannot_be_read(self):
        longest = "x" * 4096
        for secret, words in ((longest + "xx", "longer than 4096 bytes"), ("", "empty")):
            done = self.seal_from(lambda path, secret=secret: path.write_text(secret))
            self.assertEqual(done.returncode, DATAERR, done.stderr)
            self.assertIn(words, done.stderr)
        self.assertEqual(self.seal_from(lambda path: path.write_text(longest)).returncode, 0)
        done = self.seal_from(lambda path: path.mkdir())
        self.assertEqual((done.returncode, done.stdout), (DATAERR, ""))
        self.assertIn("cannot read the secret from standard input", done.stderr)

    def seal_from(self, make):
        """koppeling-worker seal, reading from what make() puts at a path."""
        path = self.log_directory / "secret"
        make(path)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return subprocess.run([BUILD / "koppeling-worker", "seal", "--public-key", self.surroundings.public_key],
                                  stdin=descriptor, capture_output=True, text=True)
        finally:
            os.close(descriptor)
            path.rmdir() if path.is_dir() else path.unlink()

    def test_a_list_of_kinds_may_have_blanks(self):
        self.backend.value("SELECT koppeling.ping(3)")
        self.assertEqual(self.run_worker("--kinds=poll, ping").status, 0)
        self.assertEqual(len(self.history("ping")), 3)

    def test_a_kind_that_the_database_does_not_know_is_refused(self):
        self.db.run("DELETE FROM koppeling.job_kind WHERE name = 'push_order'")
        self.check_refused(self.run_worker("--kinds=push_order"), CONFIG, "the database knows no job kind 'push_order'")


class UnfitDatabaseTest(Case):
    def start_each(self, user="postgres", **settings):
        """What each daemon says when it is started."""
        for name, arguments in (("koppeling-worker", ["run", "--until-idle"]),
                                ("koppeling-scheduler", ["run", "--once"])):
            yield self.program(name, *arguments, environment=self.environment(user, **settings))

    def test_a_database_that_cannot_be_reached(self):
        for url in ("host=/no/such/directory dbname=x", "host=127.0.0.1 port=1 dbname=x",
                    self.cluster.url("no_such_database", "postgres"), self.cluster.url(self.database, "no_such_role")):
            for done in self.start_each(KOPPELING_DATABASE_URL=url):
                with self.subTest(url=url, log=done.log):
                    self.assertEqual(done.status, UNAVAILABLE)
                    self.assertIn("cannot connect to the database", done.log)

    def test_a_database_that_was_not_migrated(self):
        self.db.run("DROP SCHEMA koppeling CASCADE")
        for done in self.start_each():
            self.assertEqual(done.status, CONFIG, done.log)
            self.assertIn("koppeling-scheduler migrate", done.log)

    def test_a_database_that_is_older_than_the_program(self):
        self.db.run("DELETE FROM koppeling.schema_migration WHERE version = (SELECT max(version) "
                    "FROM koppeling.schema_migration)")
        for done in self.start_each():
            self.assertEqual(done.status, CONFIG, done.log)
            self.assertIn("koppeling-scheduler migrate", done.log)

    def test_a_database_that_is_newer_than_the_program(self):
        self.db.run("INSERT INTO koppeling.schema_migration (version, name) VALUES (9999, 'from_the_future')")
        for done in self.start_each():
            self.assertEqual(done.status, CONFIG, done.log)
            self.assertIn("install the newer program", done.log)
        done = self.program("koppeling-scheduler", "migrate")
        self.assertEqual(done.status, CONFIG, done.log)

    def test_functions_of_another_version_are_a_warning_and_migrate_replaces_them(self):
        self.db.run("UPDATE koppeling.schema_definitions SET hash = 'old'; DROP FUNCTION koppeling.poll_now")
        for done in self.start_each():
            self.assertEqual(done.status, 0, done.log)
            self.assertIn("of another version", done.log)
        self.assertEqual(self.program("koppeling-scheduler", "migrate").status, 0)
        self.assertTrue(self.db.value("SELECT to_regproc('koppeling.poll_now') IS NOT NULL"))
        for done in self.start_each():
            self.assertNotIn("of another version", done.log)

    def test_an_older_program_leaves_the_functions_of_a_newer_one_alone(self):
        """A daemon that is restarted in the middle of a roll-out, or an old migrate, must not undo it."""
        self.db.run("UPDATE koppeling.schema_definitions SET revision = revision + 1, hash = 'newer'")
        self.db.run("CREATE OR REPLACE VIEW koppeling.newer AS SELECT 1 AS one")
        done = self.program("koppeling-scheduler", "migrate")
        self.assertEqual(done.status, CONFIG)
        self.assertIn("those of a newer program, this one leaves them alone", done.log)
        for daemon in self.start_each():
            self.assertEqual(daemon.status, 0, daemon.log)
            self.assertIn("install it here, too", daemon.log)
            self.assertNotIn("run koppeling-scheduler migrate", daemon.log)
        self.assertEqual(self.db.value("SELECT hash FROM koppeling.schema_definitions"), "newer")

    def test_migrating_again_changes_nothing(self):
        marks = ("SELECT string_agg(oid || xmin::text, ',' ORDER BY oid) FROM pg_proc "
                 "WHERE pronamespace = 'koppeling'::regnamespace")
        before = self.db.value(marks)
        done = self.program("koppeling-scheduler", "migrate")
        self.assertEqual(done.status, 0, done.log)
        self.assertIn("applied=0", done.log)
        self.assertEqual(self.db.value(marks), before)

    def test_two_migrations_at_once_do_no_harm(self):
        self.db.run("DROP SCHEMA koppeling CASCADE")
        both = [self.start_migration() for _ in range(2)]
        for program in both:
            done = program.wait()
            self.assertEqual(done.status, 0, done.log)
        self.assertEqual(self.db.value("SELECT count(*) = max(version) FROM koppeling.schema_migration"), True)

    def test_a_migration_that_is_cut_off_leaves_nothing_half_done(self):
        self.db.run("UPDATE koppeling.schema_definitions SET hash = 'old'; DROP FUNCTION koppeling.poll_now")
        blocker = self.session()
        blocker.run("BEGIN; LOCK TABLE koppeling.schema_definitions IN EXCLUSIVE MODE")
        program = self.start_migration()
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        pid, = self.wait_until(lambda: self.db.column(waiting), "it waits for the lock")
        self.db.run("SELECT pg_terminate_backend(%s)", pid)
        done = program.wait()
        self.assertEqual(done.status, UNAVAILABLE, done.log)
        blocker.run("COMMIT")
        self.assertFalse(self.db.value("SELECT to_regproc('koppeling.poll_now') IS NOT NULL"))
        self.assertEqual(self.program("koppeling-scheduler", "migrate").status, 0)
        self.assertTrue(self.db.value("SELECT to_regproc('koppeling.poll_now') IS NOT NULL"))

    def start_migration(self):
        program = Program("koppeling-scheduler", ["migrate"], self.environment(), self._log_path("migrate"))
        self.addCleanup(program.kill)
        return program

    def test_a_role_that_may_not_do_the_work(self):
        self.db.run("CREATE ROLE test_nobody LOGIN")
        self.addCleanup(self.db.run, "DROP ROLE test_nobody")
        for user in ("test_nobody", "test_backend"):
            for done in self.start_each(user, KOPPELING_SECRET_KEY=self.surroundings.secret_key):
                with self.subTest(user=user, log=done.log):
                    self.assertEqual(done.status, NOPERM)
                    self.assertIn("permission denied", done.log)

    def test_a_role_that_may_not_migrate(self):
        self.db.run("UPDATE koppeling.schema_definitions SET hash = 'old'")
        done = self.program("koppeling-scheduler", "migrate", environment=self.environment("test_scheduler"))
        self.assertEqual(done.status, NOPERM, done.log)

    def test_libpqs_own_variables_are_used_when_no_url_is_given(self):
        environment = self.environment(PGHOST=self.cluster.socket_directory, PGDATABASE=self.database,
                                       PGUSER="test_scheduler")
        del environment["KOPPELING_DATABASE_URL"]
        self.assertEqual(self.program("koppeling-scheduler", "run", "--once", environment=environment).status, 0)

    def test_several_hosts_are_tried_in_turn(self):
        url = (f"host=/no/such/directory,{self.cluster.socket_directory} target_session_attrs=read-write"
               f" user=test_scheduler dbname={self.database}")
        for done in self.start_each(KOPPELING_DATABASE_URL=url.replace("test_scheduler", "postgres")):
            self.assertEqual(done.status, 0, done.log)


class HealthTest(Case):
    def test_metrics_liveness_and_readiness_are_served(self):
        address = free_address()
        self.start_worker(f"--metrics-address={address}")
        self.assertEqual(self.fetch(address, "/live"), (200, "live\n"))
        self.assertEqual(self.fetch(address, "/ready"), (200, "ready\n"))
        self.assertEqual(self.fetch(address, "/nothing")[0], 404)
        self.backend.value("SELECT koppeling.ping(7)")
        self.wait_until(lambda: self.metric(address, "koppeling_jobs_ended_total") == 7, "seven jobs are counted")
        status, text = self.fetch(address, "/metrics")
        self.assertEqual(status, 200)
        for line in text.splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) )?(koppeling|process)_\w+(\{[^}]*\})? .+$")

    def test_a_scheduler_serves_them_too(self):
        address = free_address()
        self.start_scheduler(f"--metrics-address={address}")
        self.wait_until(lambda: self.ticks(address) > 0, "it ticks")
        self.assertEqual(self.fetch(address, "/ready")[0], 200)

    def ticks(self, address):
        try:
            return self.metric(address, "koppeling_ticks_total")
        except OSError:
            return 0

    def test_with_a_plus_several_programs_share_one_setting(self):
        address = free_address()
        ports = []
        for start in (self.start_worker, self.start_worker, self.start_scheduler):
            program = start(f"--metrics-address={address}+")
            self.wait_until(lambda: "serving metrics" in program.log, "it serves")
            ports.append(int(re.search(r'event="serving metrics" port=(\d+)', program.log).group(1)))
            self.assertEqual(self.fetch(f"127.0.0.1:{ports[-1]}", "/live")[0], 200)
        self.assertEqual(ports[0], int(address.split(":")[1]))
        self.assertEqual(len(set(ports)), 3)

    def test_an_address_in_use_is_refused(self):
        address = free_address()
        self.start_worker(f"--metrics-address={address}")
        done = self.program("koppeling-worker", "run", "--until-idle", f"--metrics-address={address}",
                            environment=self.worker_environment())
        self.assertNotEqual(done.status, 0)
        self.assertIn(address, done.log)
        port = address.rsplit(":", 1)[1]
        done = self.program("koppeling-scheduler", "run", "--once", f"--metrics-address=:{port}")
        self.assertEqual((done.status, "Address already in use" in done.log), (71, True), done.log)

    def test_logs_are_json_when_asked_for(self):
        done = self.work("--log-format=json")
        for line in done.log.splitlines():
            self.assertLessEqual({"time", "level", "event"}, set(json.loads(line)))

    def test_an_idle_worker_ends_at_once_when_told_to_run_until_idle(self):
        started = time.monotonic()
        self.work()
        self.assertLess(time.monotonic() - started, 10)
        self.assertEqual(self.db.column("SELECT DISTINCT state FROM koppeling.worker"), ["stopped"])
