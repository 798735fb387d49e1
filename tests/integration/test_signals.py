"""Signals other than the two that stop: SIGHUP reloads, and what means another program ends nothing."""
import os
import pathlib
import shutil
import signal

from harness.case import Case
from test_tls import TlsCase

IDLE = ("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGSTKFLT", "SIGRTMIN", "SIGRTMAX",
        "SIGPIPE")


class SignalsTest(Case):
    def setUp(self):
        super().setUp()
        self.file = self.log_directory / "settings"

    def write(self, **settings):
        self.file.write_text("".join(f"KOPPELING_{name}={value}\n" for name, value in settings.items()))

    def start_both(self):
        self.write(LOG_LEVEL="info", IN_FLIGHT="7")
        worker = self.start_worker(KOPPELING_SETTINGS_FILE=str(self.file))
        scheduler = self.start_scheduler(KOPPELING_SETTINGS_FILE=str(self.file))
        self.wait_until(lambda: "event=started" in scheduler.log, "it starts")
        return worker, scheduler

    def reload(self, program, words="settings reloaded"):
        count = program.log.count(words)
        program.signal(signal.SIGHUP)
        self.wait_until(lambda: program.log.count(words) > count, "it reloads")

    def test_what_means_another_program_ends_nothing(self):
        programs = self.start_both()
        for program in programs:
            for name in IDLE:
                program.signal(getattr(signal, name))
        self.backend.value("SELECT koppeling.ping(1)")
        self.wait_until(lambda: self.jobs() == [], "the worker goes on")
        for program in programs:
            self.assertTrue(program.is_running)
            self.assertEqual(program.stop().status, 0)

    def test_it_is_so_while_they_start(self):
        holder = self.session()
        holder.run("BEGIN; LOCK koppeling.schema_migration IN ACCESS EXCLUSIVE MODE")
        scheduler = self.start_scheduler()
        self.wait_until(lambda: self.db.rows("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                             " AND datname = current_database()"), "it waits")
        for name in (*IDLE, "SIGHUP"):
            scheduler.signal(getattr(signal, name))
        holder.run("ROLLBACK")
        self.wait_until(lambda: "event=started" in scheduler.log, "it starts all the same")
        self.assertEqual(scheduler.stop().status, 0)

    def test_what_asks_to_stop_is_heard_in_order(self):
        for number in (signal.SIGQUIT, signal.SIGPWR):
            for program in self.start_both():
                program.signal(number)
                self.assertEqual(program.wait().status, 0)
                self.assertIn("event=stopped", program.log)

    def test_the_log_level_is_reloaded(self):
        for program in self.start_both():
            self.assertNotIn("level=debug", program.log)
            self.write(LOG_LEVEL="debug", IN_FLIGHT="7")
            self.reload(program)
            if program.log_path.name.endswith("worker.log"):
                self.db.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'test_worker'")
                self.wait_until(lambda: "level=debug" in program.log, "it says more")
            self.write(LOG_LEVEL="wrong", IN_FLIGHT="7")
            self.reload(program, "the settings were not reloaded")
            self.assertIn("not one of debug, info, warning, error", program.log)
            self.assertTrue(program.is_running)

    def test_the_number_of_calls_in_flight_is_reloaded(self):
        self.write(IN_FLIGHT="2")
        for shop in range(6):
            self.simulator.shop(f"shop{shop}")
        shops = self.connect(*(f"shop{shop}" for shop in range(6)))
        self.simulator.fault("stall", "mijnwebwinkel", times=0)
        worker = self.start_worker("--threads=1", KOPPELING_SETTINGS_FILE=str(self.file))
        for shop in shops:
            self.backend.value("SELECT koppeling.poll_now(%s)", shop)
        self.wait_until(lambda: self.asked() == 2, "two are asked")
        self.write(IN_FLIGHT="5")
        self.reload(worker)
        self.wait_until(lambda: self.asked() == 5, "five are")
        self.simulator.clear_faults()

    def asked(self):
        return len([True for request in self.simulator.requests(path_contains="/v1/orders")
                    if "/v1/orderstatuses" not in request["path"]])


class CertificatesTest(TlsCase):
    def test_certificates_are_reloaded(self):
        """Those of another authority stand in the same file from now on; connections that are there are left."""
        file = pathlib.Path(self.directory) / "trusted.pem"
        shutil.copy(self.authority.certificate, file)
        os.chmod(file, 0o644)
        first = self.serve(self.authority.certify("first"))
        worker = self.start_worker("--threads=1", **{**self.settings(first), "KOPPELING_CA_FILE": str(file)})
        self.wait_until(lambda: self.shop(self.integration)["state"] == "active", "the shop is connected")
        other = type(self.authority)(self.directory, "other")
        file.write_bytes(other.certificate.read_bytes())
        worker.signal(signal.SIGHUP)
        self.wait_until(lambda: "settings reloaded" in worker.log, "it reloads")
        handshakes = first.handshakes
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.wait_until(lambda: any(job["last_error_class"] == "tls" for job in self.jobs("poll")), "it is refused now")
        self.assertEqual(first.handshakes, handshakes)
        shutil.copy(self.authority.certificate, file)
        worker.signal(signal.SIGHUP)
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.wait_until(lambda: self.shop(self.integration)["polls"] == 1, "and accepted again")
