"""A private PostgreSQL server, and databases made from a migrated template."""
import itertools
import os
import pathlib
import re
import subprocess

from harness.postgres import Session
from harness.programs import BUILD, ROOT, Guard, run_program

TEMPLATE = "koppeling_template"
ROLES = ("worker", "scheduler", "backend", "ops", "dba", "panel")


class Cluster:
    """Everything of it, sockets of others before it too, is in `socket_directory` and goes with that."""

    # Without fsync a crash of the machine would lose data; a crash of the server does not.
    settings = ("fsync=off", "full_page_writes=off", "max_wal_size=4GB", "log_lock_waits=on")

    def __init__(self, name, directory=None):
        self.directory = directory or BUILD / "test" / f"postgres-{name}"
        self._numbers = itertools.count(1)
        self._control("clean")
        self._guard = Guard(*self._command("clean"))
        try:
            connection = self._control("start", *self.settings)
        except BaseException:
            self.remove()
            raise
        self.socket_directory = re.search(r"host=(\S+)", connection).group(1)
        self.server_log = pathlib.Path(self.socket_directory) / "log"

    def _command(self, command):
        return ROOT / "deploy/private-postgres", command, self.directory

    def _control(self, command, *settings):
        done = subprocess.run([*self._command(command), *settings], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              check=True, text=True)
        return done.stdout.strip()

    def restart(self):
        """Stops the server hard and starts it again, as after a crash."""
        self._control("restart", *self.settings)

    def remove(self):
        self._guard.release()

    @property
    def postmaster(self):
        """Its process id, or None while it is down."""
        try:
            return int((self.directory / "data" / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def url(self, database, user):
        return f"host={self.socket_directory} user={user} dbname={database}"

    def session(self, database="postgres", user="postgres"):
        return Session(self.socket_directory, database, user)

    def make_template(self, log_directory):
        """A migrated database with one account, and login roles as a deployment has them."""
        session = self.session()
        session.run(f"CREATE DATABASE {TEMPLATE}")
        environment = {"PATH": os.environ["PATH"],
                       "KOPPELING_DATABASE_URL": self.url(TEMPLATE, "postgres")}
        done = run_program("koppeling-scheduler", ["migrate"], environment,
                           pathlib.Path(log_directory) / "migrate.log")
        assert done.status == 0, done.log
        for role in ROLES:
            session.run(f"CREATE ROLE test_{role} LOGIN IN ROLE koppeling_{role}")
        session.close()
        template = self.session(TEMPLATE)
        template.run("""
            INSERT INTO koppeling.account (id, name, push_orders) VALUES (1, 'Proefverzender BV', false);
            INSERT INTO koppeling.from_address (
                id, account_id, name, company, email, phone, street, number, postcode, city)
            VALUES (1, 1, 'Magazijn', 'Proefverzender BV', 'magazijn@example.org', '+31201234567', 'Pakketpad', '1',
                '1012AB', 'Amsterdam');
            INSERT INTO koppeling.from_address (id, account_id, name, email) VALUES (2, 1, 'Half', 'half@example.org');
            -- Tests do not wait for what production spreads over minutes; those about the waits set their own.
            UPDATE koppeling.retry_rule SET backoff_base = '20 milliseconds', backoff_cap = '100 milliseconds'
            WHERE error_class NOT IN ('auth', 'rate_limited')""")
        template.close()

    def new_database(self):
        name = f"test_{next(self._numbers)}"
        session = self.session()
        session.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        session.close()
        return name

    def drop_database(self, name):
        session = self.session()
        session.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        session.close()
