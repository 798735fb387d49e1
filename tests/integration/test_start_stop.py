"""Start and stop under trouble: what is said, the exit code, and that nothing is lost."""
import os
import resource
import signal
import socket
import subprocess
import time

from harness.case import Case, free_address
from harness.programs import BUILD, ROOT, Program

IOERR, UNAVAILABLE, OSERR, CONFIG = 74, 69, 71, 78
DAEMONS = (("koppeling-worker", ["run"]), ("koppeling-scheduler", ["run"]))
FEW_DESCRIPTORS = 8  # fewer than a worker has open, so that it can open nothing more
SHARE_OF_A_BUSY_LOOP = 0.2
CLOSED = 'exec "$0" "$@" <&- >&- 2>&-'


class StartStopCase(Case):
    def start(self, name, *arguments, **settings):
        environment = (self.worker_environment if name == "koppeling-worker"
                       else self.scheduler_environment)(**settings)
        program = Program(name, list(arguments), environment, self._log_path(name))
        self.addCleanup(program.kill)
        return program

    def scheduler_environment(self, **settings):
        return self.environment("test_scheduler", **settings)

    def wait_for_lock(self, pattern):
        """Until a program's session waits for a lock."""
        self.wait_until(lambda: self.db.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE %s"
            " AND wait_event_type = 'Lock'", pattern) > 0, f"{pattern} waits")

    def shut(self, is_shut):
        """No program can connect, and none is connected: the database is away."""
        session = self.cluster.session()
        session.run(f"ALTER DATABASE {self.database} ALLOW_CONNECTIONS {'false' if is_shut else 'true'}")
        session.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s "
                    "AND application_name LIKE 'koppeling%%'",
                    self.database)
        session.close()


class OutputTest(StartStopCase):
    def run_with(self, out, err, name, *arguments, environment=None, text=""):
        with open(out, "wb") as out_file, open(err, "wb") as err_file:
            return subprocess.run([BUILD / name, *arguments], input=text.encode(), stdout=out_file, stderr=err_file,
                                  cwd=ROOT,
                                  env=environment or {}, timeout=60, check=False).returncode

    def test_a_result_that_cannot_be_written_is_a_failure(self):
        seal = ("seal", "--public-key", self.surroundings.public_key)
        for name, *arguments in (("koppeling-worker", "keygen"), ("koppeling-worker", *seal),
                                 ("koppeling-worker", "--help"),
                                 ("koppeling-worker", "--version"), ("koppeling-scheduler", "--help"),
                                 ("koppeling-scheduler", "--version")):
            with self.subTest(name=name, arguments=arguments):
                log = self.log_directory / "full.log"
                self.assertEqual(self.run_with("/dev/full", log, name, *arguments, text="geheim"), IOERR)
                self.assertEqual(log.read_text(), f"{name}: cannot write to standard output: No space left on device\n")

    def test_a_full_log_stops_no_work_and_changes_no_exit_code(self):
        self.backend.value("SELECT koppeling.ping(5)")
        done = self.run_with("/dev/full", "/dev/full", "koppeling-worker", "run", "--until-idle",
                             environment=self.worker_environment())
        self.assertEqual((done, len(self.history("ping"))), (0, 5))
        done = self.run_with("/dev/full", "/dev/full", "koppeling-scheduler", "run", "--once",
                             environment=self.scheduler_environment())
        self.assertEqual(done, 0)
        wrong = self.worker_environment(KOPPELING_THREADS="0")
        self.assertEqual(self.run_with("/dev/full", "/dev/full", "koppeling-worker", "run", environment=wrong), CONFIG)

    def test_without_standard_descriptors_no_connection_takes_their_place(self):
        """A log line would else go to the database, in the middle of its protocol."""
        self.backend.value("SELECT koppeling.ping(5)")
        for command in (("koppeling-worker", "run", "--until-idle", "--log-level=debug"),
                        ("koppeling-scheduler", "run", "--once", "--log-level=debug")):
            environment = (self.worker_environment() if command[0] == "koppeling-worker"
                           else self.scheduler_environment())
            done = subprocess.run(["sh", "-c", CLOSED, BUILD / command[0], *command[1:]], env=environment, timeout=60,
                                  check=False)
            self.assertEqual(done.returncode, 0)
        self.assertEqual([len(job["errors"] or []) for job in self.history("ping")], [0] * 5)


class UnfitSurroundingsTest(StartStopCase):
    def test_too_few_descriptors_at_the_start(self):
        done = subprocess.run(["sh", "-c", 'ulimit -n 100; exec "$0" "$@"', BUILD / "koppeling-worker", "run"],
                              env=self.worker_environment(), stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, OSERR)
        self.assertIn("open files are needed, but the system allows 100: raise LimitNOFILE (ulimit -n) or lower "
                      "KOPPELING_THREADS", done.stderr)

    def test_an_address_in_use(self):
        address = free_address()
        self.start_worker(f"--metrics-address={address}")
        for name, arguments in DAEMONS:
            done = self.start(name, *arguments, KOPPELING_METRICS_ADDRESS=address).wait()
            with self.subTest(name=name, log=done.log):
                self.assertEqual(done.status, OSERR)
                self.assertIn(f"cannot serve metrics on '{address}': Address already in use", done.log)

    def test_a_database_that_cannot_be_written(self):
        self.db.run(f"ALTER DATABASE {self.database} SET default_transaction_read_only = on")
        for name, arguments in DAEMONS:
            done = self.start(name, *arguments).wait()
            with self.subTest(name=name, log=done.log):
                self.assertEqual(done.status, UNAVAILABLE)
                self.assertIn("session is read-only", done.log)

    def test_a_key_that_cannot_be_read(self):
        deep = self.log_directory / "below" / ("d" * 100)
        deep.mkdir(parents=True)
        empty, long = deep / "empty", self.log_directory / "long"
        empty.write_text("")
        long.write_text("A" * 100_000)
        for path in (self.log_directory, empty, long, deep / "missing"):
            done = self.start("koppeling-worker", "run", KOPPELING_SECRET_KEY=None,
                              KOPPELING_SECRET_KEY_FILE=str(path)).wait()
            with self.subTest(path=path, log=done.log):
                self.assertEqual(done.status, CONFIG)
                self.assertIn("KOPPELING_SECRET_KEY", done.log)
                self.assertIn(str(path), done.log)


class NoDescriptorsLeftTest(StartStopCase):
    def cpu_seconds(self, program):
        fields = open(f"/proc/{program.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_running_out_of_descriptors_loses_nothing_and_keeps_no_core_busy(self):
        self.simulator.shop("shop1")
        integration = self.connect("shop1")
        self.simulator.add("shop1", generate=5)
        address = free_address()
        worker = self.start_worker(f"--metrics-address={address}", "--threads=1")
        before = resource.prlimit(worker.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS, before[1]))
        started, used = time.monotonic(), self.cpu_seconds(worker)
        self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        self.wait_until(lambda: any(job["errors"] for job in self.jobs("poll")), "a call fails")
        self.db.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND application_name LIKE 'koppeling-worker%'")
        waiting = self.connect_to(address)
        self.wait_until(lambda: worker.log.count("Too many open files") >= 3, "the database cannot be reached either")
        elapsed, used = time.monotonic() - started, self.cpu_seconds(worker) - used
        self.assertLess(used, SHARE_OF_A_BUSY_LOOP * elapsed)
        self.backend.value("SELECT koppeling.ping(5)")
        resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, before)
        self.assertIn(b"200", waiting.recv(15))
        self.wait_until(lambda: len(self.imported(integration)) == 5 and len(self.history("ping")) == 5, "all is done",
                        60)
        self.assertEqual(self.jobs(), [])
        self.assertEqual(worker.stop().status, 0)

    def connect_to(self, address):
        """A scraper whose connection waits to be accepted."""
        host, port = address.split(":")
        scraper = socket.create_connection((host, int(port)), timeout=30)
        self.addCleanup(scraper.close)
        scraper.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
        return scraper


class SignalTest(StartStopCase):
    def test_a_signal_during_start_up_ends_it_at_once(self):
        holder = self.session()
        holder.run("BEGIN; LOCK koppeling.schema_migration IN ACCESS EXCLUSIVE MODE")
        for name, arguments in DAEMONS:
            for number in (signal.SIGTERM, signal.SIGINT):
                with self.subTest(name=name, number=number):
                    program = self.start(name, *arguments)
                    self.wait_for_lock(f"{name}%")
                    program.signal(number)
                    self.assertEqual(program.wait().status, 0)
                    self.wait_until(lambda: self.db.value("SELECT count(*) FROM pg_stat_activity "
                                                          "WHERE application_name LIKE %s"
                                                          " AND wait_event_type = 'Lock'", f"{name}%") == 0
                                    or self.let_go(), "it is gone")
        holder.run("ROLLBACK")

    def let_go(self):
        """The server notices a client that is gone when it next speaks to it."""
        self.db.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'koppeling-%'"
                    " AND wait_event_type = 'Lock'")

    def test_a_signal_during_a_migration_leaves_nothing_half_done(self):
        self.db.run("DROP SCHEMA koppeling CASCADE")
        holder = self.session()
        holder.run("BEGIN")
        holder.run((ROOT / "sql/queries/migrate_lock.sql").read_text())
        program = self.start("koppeling-scheduler", "migrate",
                             KOPPELING_DATABASE_URL=self.cluster.url(self.database, "postgres"))
        self.wait_for_lock("koppeling-scheduler migrate")
        program.signal(signal.SIGTERM)
        self.assertEqual(program.wait().status, -signal.SIGTERM)
        self.let_go()
        holder.run("ROLLBACK")
        self.assertEqual(self.db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'koppeling'"), 0)
        self.assertEqual(self.program("koppeling-scheduler", "migrate").status, 0)
        self.work()

    def test_a_second_signal_changes_nothing(self):
        self.simulator.shop("shop1")
        integration = self.connect("shop1")
        self.simulator.fault("stall", "shop:shop1", times=0)
        worker = self.start_worker("--grace-seconds=2")
        self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        self.wait_until(lambda: self.simulator.requests(shop="shop1", path_contains="/v1/orders"), "it calls")
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
            worker.signal(number)
        self.assertEqual(worker.wait().status, 0)
        self.assertEqual([(job["state"], job["attempt"]) for job in self.jobs()], [("queued", 0)])
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.worker WHERE state <> 'stopped'"), 0)
        scheduler = self.start_scheduler()
        self.wait_until(lambda: "event=started" in scheduler.log, "it starts")
        for number in (signal.SIGINT, signal.SIGTERM):
            scheduler.signal(number)
        self.assertEqual(scheduler.wait().status, 0)

    def test_they_stop_while_the_database_is_away(self):
        worker = self.start_worker("--grace-seconds=0")
        scheduler = self.start_scheduler()
        self.wait_until(lambda: "event=started" in scheduler.log, "it starts")
        self.shut(True)
        self.wait_until(lambda: "cannot tick" in scheduler.log, "the scheduler knows")
        for program in (worker, scheduler):
            program.signal(signal.SIGTERM)
        self.assertEqual([worker.wait().status, scheduler.wait().status], [0, 0])
        self.assertIn("stopped without a word to the database; the lease will return the jobs", worker.log)
        self.shut(False)

    def test_they_go_on_when_the_database_is_back(self):
        worker, scheduler = self.start_worker(), self.start_scheduler()
        self.wait_until(lambda: "event=started" in scheduler.log, "it starts")
        self.shut(True)
        self.wait_until(lambda: "cannot tick" in scheduler.log, "the scheduler knows")
        self.shut(False)
        self.backend.value("SELECT koppeling.ping(3)")
        self.wait_until(lambda: len(self.history("ping")) == 3, "the worker is back", 60)
        for program in (worker, scheduler):
            self.assertEqual(program.stop().status, 0)
