"""The real programs, a durable PostgreSQL of their own and the simulator, in a form that can be broken and mended."""
import glob
import os
import shutil
import signal
import subprocess
import time

import facts
from harness.case import seal
from harness.durable import DurableCluster
from harness.gate import DatabaseGate, ServiceGate
from harness.nginx import Nginx
from harness.postgres import SqlError
from harness.programs import BUILD, Program, run_program
from harness.simulator import Simulator
from harness.tls import Authority

SHOPS = ("shop1", "shop2", "shop3", "shop4")
WORKERS, SCHEDULERS = 3, 2
WORKER_FLAGS = ("--lease-seconds=5", "--request-timeout-seconds=2", "--grace-seconds=1", "--in-flight=20")
SECRETS = {
    **{f"the token of {shop}": f"kanarietoken-{shop}-7f3a91" for shop in SHOPS},
    "the partner token": "kanariepartner-52cc08", "the client secret": "kanariegeheim-90be17",
    "the password": "kanariewachtwoord4d08",
}
ROLES = ("worker", "scheduler", "backend", "ops")
# Production waits minutes where this cannot: the rules are the same, the waits are short. Bookings here are at most 4
# seconds late.
FAST = """
    UPDATE koppeling.retry_rule SET backoff_base = '50 milliseconds', backoff_cap = '500 milliseconds';
    UPDATE koppeling.api SET rate_per_second = 200, burst = 100;
    UPDATE koppeling.watch_rule SET every = '10 seconds' WHERE every IS NOT NULL;
    UPDATE koppeling.setting SET value = '8' WHERE name = 'booking_settle_seconds'"""
ACCOUNTS = """
    INSERT INTO koppeling.account (
        id, name, client_id, sealed_client_secret, staging_client_id, staging_sealed_client_secret, push_orders,
        track_labels)
    SELECT n, 'Proef ' || n, 'client-' || n, decode(%s, 'base64'), 'client-' || n, decode(%s, 'base64'), n = 2, n = 1
    FROM generate_series(1, 2) n;
    INSERT INTO koppeling.from_address (id, account_id, name, company, email, phone, street, number, postcode, city)
    SELECT n, n, 'Magazijn', 'Proef BV', 'magazijn@example.org', '+31201234567', 'Pakketpad', '1', '1012AB', 'Amsterdam'
    FROM generate_series(1, 2) n"""


class World:
    """Everything that a round needs. Programs sit in slots; whoever empties one is followed by a successor."""

    worker_flags = WORKER_FLAGS

    def __init__(self, name="chaos", tls=False):
        self.directory = BUILD / "test" / "logs" / name
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.ledger = {"kinds": {}, "dispatches": [], "labels": [], "panel": [], "documents": [], "pings": 0,
                       "notes": []}
        self.workers, self.schedulers = [None] * WORKERS, [None] * SCHEDULERS
        self.ended = []  # programs that were asked to end
        self._starts = 0
        self.gates = []
        self.server = self.simulator = self.front = None
        self.libfaketime = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
        self._make_server(name)
        self._make_database()
        self.simulator = Simulator(self._environment("postgres"), self._log_path("simulator"))
        self.front = self._make_front() if tls else None
        self.gates.append(ServiceGate(self.front.port if tls else self.simulator.port))
        self._make_services()

    def close(self):
        for program in self.workers + self.schedulers:
            if program is not None:
                program.kill()
        if self.simulator is not None:
            self.simulator.stop()
        for gate in self.gates:
            gate.close()
        if self.front is not None:
            self.front.close()
        self.server.remove()

    # Making it.

    def _make_server(self, name):
        self.server = DurableCluster(name)
        self.gates.append(DatabaseGate(self.server.socket_directory))

    def _environment(self, user, slot=0):
        """What a program of that slot is told; all but the first stand behind the gate."""
        directory = self.gates[0].directory if slot > 0 else self.server.socket_directory
        return {"PATH": os.environ["PATH"], "KOPPELING_DATABASE_URL": f"host={directory} user={user} dbname=postgres"}

    def _log_path(self, name):
        self._starts += 1
        return self.directory / f"{self._starts:05}-{name}.log"

    def _make_database(self):
        done = run_program("koppeling-scheduler", ["migrate"], self._environment("postgres"), self._log_path("migrate"))
        assert done.status == 0, done.log
        keys = run_program("koppeling-worker", ["keygen"], {}, self.directory / "keygen.txt").out
        (self.directory / "keygen.out").unlink()
        self.public_key, self.secret_key = (line.split(": ")[1] for line in keys.splitlines())
        self.secrets = {**SECRETS, "the secret key": self.secret_key}
        secret = seal(SECRETS["the client secret"], self.public_key)
        session = self.server.session()
        for role in ROLES:
            session.run(f"CREATE ROLE chaos_{role} LOGIN PASSWORD %s IN ROLE koppeling_{role}", SECRETS["the password"])
        # A back end waits for a row that somebody holds no longer than a person waits for a page.
        session.run("ALTER ROLE chaos_backend SET lock_timeout = '2s'")
        session.run(facts.LOG_OF_JOBS)
        session.run(FAST)
        session.run(ACCOUNTS, secret, secret)
        session.close()

    def _make_front(self):
        """nginx with HTTP/2 before the simulator, which says GOAWAY again and again."""
        self.authority = Authority(self.server.socket_directory)
        return Nginx(self.authority.certify(), self.simulator.port, streams=32, requests=100)

    def _services(self, slot):
        """Where a worker of that slot finds the services: all but the last stand behind the gate."""
        url = self.gates[-1].url if slot < 2 else self.simulator.url if self.front is None else self.front.url
        return url if self.front is None else url.replace("http://127.0.0.1", "https://localhost")

    def _make_services(self):
        self.simulator.settings(partner_token=SECRETS["the partner token"], latency_ms=20, jitter_ms=20)
        for number in (1, 2):
            self.simulator.control("POST", "/accounts", {"client_id": f"client-{number}",
                                                         "client_secret": SECRETS["the client secret"]})
        for place, shop in enumerate(SHOPS):
            self.simulator.shop(shop, token=SECRETS[f"the token of {shop}"])
            assert self.sql("SELECT koppeling.connect_shop(%s, decode(%s, 'base64'), %s)", f"{shop}.myonline.store",
                            self.sealed_token(shop), 1 + place % 2, user="chaos_backend")
        self.sql("UPDATE koppeling.integration SET poll_interval = '2 seconds'")

    def sealed_token(self, shop):
        return seal(SECRETS[f"the token of {shop}"], self.public_key, f"{shop}.myonline.store")

    # Asking the database, whatever its condition.

    def sql(self, query, *values, user="postgres"):
        """The rows, or None when there was no answer or a refusal: then the outcome is unknown."""
        try:
            session = self.server.session(user=user)
        except (OSError, ConnectionError, SqlError):
            return None
        try:
            return session.rows(query, *values)
        except (OSError, ConnectionError, SqlError):
            return None
        finally:
            session.close()

    # What happens to it.

    def open_session(self, statement):
        """A session in which this was run, for whoever leaves it open; None when it could not be."""
        session = None
        try:
            session = self.server.session()
            session.run(statement)
        except (OSError, ConnectionError, SqlError):
            if session is not None:
                session.close()
            return None
        return session

    def shift_times(self, ahead, share):
        """Some rows say what a clock that was so far ahead would have said."""
        return all([self.sql(statement.format(ahead=ahead, share=share)) is not None for statement in (
            "UPDATE koppeling.worker SET seen_at = now() + '{ahead}', lease_until = now() + '{ahead}' + '5 seconds'"
            " WHERE state = 'active' AND lease_until > now() AND random() < {share}",
            "UPDATE koppeling.scheduler SET seen_at = now() + '{ahead}' WHERE random() < {share}",
            "UPDATE koppeling.integration SET next_poll_at = now() + '{ahead}' + poll_interval,"
            " last_polled_at = now() + '{ahead}', pace_at = now() + '{ahead}' WHERE random() < {share}",
            "UPDATE koppeling.job SET created_at = now() + '{ahead}', run_at = now() + '{ahead}'"
            " WHERE state = 'queued' AND run_at < 'infinity' AND random() < {share}",
            "UPDATE koppeling.job SET started_at = now() + '{ahead}' WHERE state = 'running' AND random() < {share}",
            "UPDATE koppeling.shipment SET sent_at = now() + '{ahead}' WHERE state = 'sending'"
            " AND random() < {share}")])

    def restore_older_backup(self, seconds):
        """As docs/operations.md has it. False when the database was not there for it; then nothing has changed."""
        url = self.server.url("postgres", "postgres")
        path = self.directory / "backup"
        done = subprocess.run(["pg_dump", "-Fc", f"--file={path}", "--schema=koppeling", "--schema=chaos", url],
                              stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        taken = self.sql("SELECT now() AS at")
        if not taken or done.returncode != 0:
            return False
        time.sleep(seconds)
        for program in self.workers + self.schedulers:
            if program is not None:
                program.kill()
        self.server.ensure_up()
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                 " AND backend_type = 'client backend'")
        script = subprocess.run(["pg_restore", "--file=-", path], stdout=subprocess.PIPE, check=True, text=True).stdout
        script = ("BEGIN; SET client_min_messages = warning; DROP SCHEMA koppeling CASCADE; DROP SCHEMA chaos CASCADE;"
                  f"{script}; SELECT * FROM koppeling.after_restore('{taken[0]['at']}'); COMMIT;")
        with open(self._log_path("restore"), "w", encoding="utf-8") as log:
            done = subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", url], input=script, text=True, check=False,
                                  stdout=subprocess.DEVNULL, stderr=log)
        path.unlink()
        return done.returncode == 0

    # The programs.

    def _worker_environment(self, services, slot=0):
        environment = self._environment("chaos_worker", slot)
        environment.update({
            "KOPPELING_SECRET_KEY": self.secret_key, "KOPPELING_PARTNER_TOKEN": SECRETS["the partner token"],
            "KOPPELING_MIJNWEBWINKEL_URL": services,
            "KOPPELING_BOEKUWZENDING_URL": services + "/boekuwzending",
            "KOPPELING_BOEKUWZENDING_STAGING_URL": services + "/boekuwzending-staging",
            **({} if self.front is None else {"KOPPELING_CA_FILE": str(self.authority.certificate)})})
        return environment

    def start_worker(self, slot, skew=None):
        services = self._services(slot)
        environment = self._worker_environment(services, slot)
        if skew is not None:
            environment.update({"LD_PRELOAD": self.libfaketime, "FAKETIME": skew, "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        self.workers[slot] = Program("koppeling-worker", ["run", *self.worker_flags], environment,
                                     self._log_path(f"worker{slot}"))

    def start_scheduler(self, slot):
        self.schedulers[slot] = Program("koppeling-scheduler", ["run"], self._environment("chaos_scheduler", slot),
                                        self._log_path(f"scheduler{slot}"))

    def start_missing(self):
        """Successors for all who are gone; returns how many were gone by themselves with a bad status."""
        for slots, start in ((self.workers, self.start_worker), (self.schedulers, self.start_scheduler)):
            for slot, program in enumerate(slots):
                if program is None or not program.is_running:
                    start(slot)

    def stop_programs(self):
        """Asks all to end; returns what was wrong with that."""
        troubles = []
        programs = [program for program in self.workers + self.schedulers if program is not None]
        for program in programs:
            program.signal(signal.SIGCONT)
            program.signal(signal.SIGTERM)
        for program in programs:
            ended = program.stop(20)
            if ended.status != 0:
                troubles.append(f"{program.log_path.name} ended with status {ended.status}")
        self.workers, self.schedulers = [None] * WORKERS, [None] * SCHEDULERS
        return troubles

    # Healing.

    def heal(self):
        """Ends all faults and their consequences that wait for a person or for minutes."""
        self.simulator.clear_faults()
        for gate in self.gates:
            gate.let_through()
        self.server.free_disk()
        for program in self.workers + self.schedulers:
            if program is not None:
                program.signal(signal.SIGCONT)
        self.server.ensure_up()
        self.start_missing()

    def do_what_people_do(self):
        """What ops and merchants do after an outage, and an end to waits that are minutes in production."""
        for row in self.sql("SELECT id, shop_host FROM koppeling.integration WHERE state = 'needs_attention'") or []:
            self.sql("SELECT koppeling.replace_token(%s, decode(%s, 'base64'))", row["id"],
                     self.sealed_token(row["shop_host"].split(".")[0]), user="chaos_backend")
        self.sql("SELECT koppeling.check_account(id) FROM koppeling.account WHERE id IN"
                 " (SELECT account_id FROM koppeling.account_credentials WHERE state = 'rejected')",
                 user="chaos_backend")
        # An open breaker is not closed: its next probe just comes sooner.
        self.sql("UPDATE koppeling.api SET blocked_until = now() WHERE blocked_until > now()")
        self.sql("UPDATE koppeling.integration SET blocked_until = NULL WHERE blocked_until > now()")
        self.sql("UPDATE koppeling.job SET run_at = now() WHERE state = 'queued' "
                 "AND run_at > now() + interval '20 seconds'"
                 " AND run_at < 'infinity'")
        self.cancel_withdrawn()
        self.sql("SELECT koppeling.retry_failed()", user="chaos_ops")

    def cancel_withdrawn(self):
        """Bookings whose order left the shop before; some find out when they have settled, which is after the rest."""
        self.sql("SELECT koppeling.cancel_job(id) FROM koppeling.failed_job WHERE kind = 'create_shipment'"
                 " AND last_error LIKE 'not booked: % was withdrawn %'", user="chaos_ops")

    def look_into_the_panel(self, since):
        """Each pushed order that was not looked at since is looked at once, and then not for a day: the shipped ones,
        which are looked at for some time, too."""
        self.sql("UPDATE koppeling.watch_rule SET every = '1 day' WHERE every IS NOT NULL")
        self.sql("UPDATE koppeling.imported_order"
                 " SET watch_at = CASE WHEN watched_at > %s THEN now() + interval '1 day' ELSE now() END"
                 " WHERE watch_at IS NOT NULL AND state <> 'withdrawn'", since)

    def deliver_parcels(self):
        """All parcels that are followed arrive, and it is asked for them soon."""
        for row in self.sql("UPDATE koppeling.label SET track_at = now() WHERE track_at IS NOT NULL"
                            " AND shipment_id IS NOT NULL RETURNING external_id") or []:
            self.simulator.move_parcel(row["external_id"], "delivered")

    # A parcel is at rest when it has arrived; a shipment when it has its labels, or was given up since its order was
    # withdrawn before.
    UNREST = """
        SELECT (SELECT count(*) FROM koppeling.job WHERE kind <> 'poll' OR state <> 'queued')
               + (SELECT count(*) FROM koppeling.label
                  WHERE told_at IS NULL OR (track_at IS NOT NULL AND shipment_id IS NOT NULL))
               + (SELECT count(*) FROM koppeling.shipment s
                  WHERE s.state <> 'labelled'
                    AND (s.state <> 'failed'
                         OR coalesce(s.reason, '') NOT LIKE 'not booked: order %% was withdrawn %%'))
               + (SELECT count(*) FROM koppeling.imported_order WHERE missing_since IS NOT NULL)
               + (SELECT count(*) FROM koppeling.imported_order o
                  JOIN koppeling.integration i ON i.id = o.integration_id
                  JOIN koppeling.account a ON a.id = i.account_id
                  WHERE a.push_orders AND o.state = 'open' AND o.pushed_hash IS DISTINCT FROM o.content_hash)
               + (SELECT count(*) FROM koppeling.imported_order
                  WHERE state <> 'withdrawn' AND watch_at IS NOT NULL AND coalesce(watched_at, '-infinity') < %s)
               + (SELECT count(*) FROM koppeling.integration WHERE state <> 'active' OR last_polled_at < %s) AS work"""

    def settle(self, seconds):
        """Heals and waits until all is done, as far as it gets in this time; returns the seconds it took, or None."""
        started = time.monotonic()
        self.heal()
        self.do_what_people_do()
        time.sleep(4)  # calls that were broken are given up
        self.do_what_people_do()
        healed = self.sql("SELECT clock_timestamp() AS at")[0]["at"]
        calm = 0
        while time.monotonic() < started + seconds:
            if int(time.monotonic() - started) % 5 == 0:
                self.sql("UPDATE koppeling.api SET blocked_until = now() WHERE blocked_until > now()")
                self.cancel_withdrawn()
                self.look_into_the_panel(healed)
                self.deliver_parcels()
            work = self.sql(self.UNREST, healed, healed)
            calm = calm + 1 if work and work[0]["work"] == 0 else 0
            if calm == 3:
                return time.monotonic() - started
            time.sleep(0.5)
        return None

    def finish(self):
        """Ends the programs in good order, with a last look by each kind; returns what was wrong with that."""
        troubles = self.stop_programs()
        self.sql("UPDATE koppeling.integration SET poll_interval = '1 day', next_poll_at = now() + interval '1 day'")
        self.sql("UPDATE koppeling.job SET run_at = now() WHERE kind = 'poll' AND state = 'queued'")
        self.start_worker(0)
        time.sleep(0.5)
        done = self.sql("SELECT count(*) AS jobs FROM koppeling.job")
        deadline = time.monotonic() + 10
        while done and done[0]["jobs"] and time.monotonic() < deadline:
            time.sleep(0.2)
            done = self.sql("SELECT count(*) AS jobs FROM koppeling.job")
        troubles += self.stop_programs()
        tick = run_program("koppeling-scheduler", ["run", "--once"], self._environment("chaos_scheduler"),
                           self._log_path("scheduler-last"))
        if tick.status != 0:
            troubles.append(f"the last tick ended with status {tick.status}")
        return troubles

    def collect(self, troubles=()):
        session = self.server.session()
        found = facts.read_database(session)
        session.close()
        found.update(facts.read_simulator(self.simulator))
        found["ledger"] = self.ledger
        found["kinds_without_trace"] = facts.WITHOUT_TRACE
        dump = facts.dump(self.server.url("postgres", "postgres"))
        texts = [("a table", dump), *facts.texts_of(self.directory, self.server.server_log)]
        found["leaks"] = facts.find_secrets(texts, self.secrets)
        found["program_troubles"] = [*troubles, *facts.find_defects(self.directory)]
        self.dump = dump
        return found
