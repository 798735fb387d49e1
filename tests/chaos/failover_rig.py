"""Three hosts on loopback, made from the templates of deploy/ha: etcd, Patroni and PostgreSQL each, and HAProxy and
PgBouncer.

What runs on a host can be killed, frozen and thawed at a stroke. Everything runs as the user postgres where root asks.
"""
import http.client
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from harness.postgres import Session, SqlError
from harness.programs import BUILD, PLACES, ROOT, Daemon, Guard, give, wait_until

NEEDED = ("patroni", "patronictl", "etcd", "haproxy", "pgbouncer")
PASSWORDS = {"SUPERUSER_PASSWORD": "kanariebeheer71c2", "REPLICATION_PASSWORD": "kanariekopie9e05"}
DATABASE = "koppeling"
# Shorter than on real hosts, so that a run takes minutes; the rest is as in settings.example.
SETTINGS = {
    "NETWORK": "127.0.0.1/32", "HBA_TYPE": "host", "SSL": "off", "POOLER_SERVER_TLS": "disable", "WATCHDOG": "off",
    "PRIMARY_START_TIMEOUT": 60, "MAX_CONNECTIONS": 100, "SHARED_BUFFERS": "64MB", "ETCD_HEARTBEAT": 150,
    "ETCD_ELECTION": 1500,
}
SHORT_TIMES = {"TTL": 8, "LOOP_WAIT": 2, "RETRY_TIMEOUT": 3}
TROUBLE = (OSError, ConnectionError, SqlError, http.client.HTTPException)


def missing():
    """The programs that the rig needs and that are not here."""
    found = [name for name in NEEDED if shutil.which(name, path=PLACES) is None]
    importable = subprocess.run(["/usr/bin/python3", "-c", "import etcd"], stderr=subprocess.DEVNULL, check=False)
    return found + (["python3-etcd"] if importable.returncode != 0 else [])


def free_ports(count):
    """Ports that nobody uses, below those that the kernel gives out by itself, so that they stay free while a host is
    down."""
    ports = []
    while len(ports) < count:
        port = random.SystemRandom().randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


def processes_in(directory):
    """All processes that work in a directory: PostgreSQL's do so in its data directory."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.readlink(f"/proc/{entry}/cwd") == str(directory):
                found.append(int(entry))
        except OSError:
            pass
    return found


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def clear_away(link):
    """What stands where the link points to, and what still runs there: a killed run leaves PostgreSQL behind."""
    place = os.path.realpath(link)
    for number in (1, 2, 3):
        signal_all(processes_in(f"{place}/data{number}"), signal.SIGKILL)
    shutil.rmtree(place, ignore_errors=True)
    pathlib.Path(link).unlink(missing_ok=True)


class Node:
    """One of the three hosts."""

    def __init__(self, rig, number):
        self.rig, self.number, self.name = rig, number, f"db{number}"
        self.configuration = rig.place / f"conf{number}"
        self.data = rig.place / f"data{number}"
        settings = rig.settings
        self.port, self.rest = settings[f"NODE{number}_POSTGRES_PORT"], settings[f"NODE{number}_PATRONI_PORT"]
        self.etcd = self.patroni = None

    def start(self):
        """Starts what does not run."""
        if self.etcd is None or not self.etcd.is_running:
            lines = (self.configuration / "etcd.env").read_text().splitlines()
            self.etcd = self.rig.daemon(f"etcd{self.number}", ["etcd"],
                                        [line.split("=", 1) for line in lines if line and not line.startswith("#")])
        if self.patroni is None or not self.patroni.is_running:
            self.patroni = self.rig.daemon(f"patroni{self.number}",
                                           ["patroni", str(self.configuration / "patroni.yml")])

    def postgres(self):
        return processes_in(self.data)

    @property
    def postmaster(self):
        """Its process id, or None while it starts."""
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def kill(self):
        """The host is gone: nothing of it gets to say another word."""
        for daemon in (self.etcd, self.patroni):
            if daemon is not None:
                daemon.signal(signal.SIGKILL)
        while pids := self.postgres():
            signal_all(pids, signal.SIGKILL)
            time.sleep(0.01)
        for daemon in (self.etcd, self.patroni):
            if daemon is not None:
                daemon.process.wait()

    def kill_postmaster(self):
        signal_all([self.postmaster], signal.SIGKILL)

    def freeze(self):
        """The host stands still, as a virtual machine does that is moved or paused."""
        for daemon in (self.patroni, self.etcd):
            daemon.signal(signal.SIGSTOP)
        signal_all(self.postgres(), signal.SIGSTOP)

    def thaw(self):
        signal_all(self.postgres(), signal.SIGCONT)
        for daemon in (self.etcd, self.patroni):
            if daemon is not None:
                daemon.signal(signal.SIGCONT)

    def is_role(self, role):
        """What Patroni says: role is primary or replica (which is then up and streaming or catching up)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.rest, timeout=2)
        try:
            connection.request("GET", f"/{role}")
            return connection.getresponse().status == 200
        except TROUBLE:
            return False
        finally:
            connection.close()

    def session(self, database, user, timeout=3):
        return Session(("127.0.0.1", self.port), database, user, timeout, self.rig.password_of(user))

    def rows(self, query, *values):
        """As superuser; None when there is no answer."""
        try:
            session = self.session("postgres", "postgres")
        except TROUBLE:
            return None
        try:
            return session.rows(query, *values)
        except TROUBLE:
            return None
        finally:
            session.close()


class Rig:
    """The cluster; to a World it is what a Server is."""

    has_disk = False

    def __init__(self, name, log_directory, password, times=None):
        self.log_directory = pathlib.Path(log_directory)
        self.server_log = self.log_directory / "patroni1.log"
        self._password = password
        self._times = SHORT_TIMES if times is None else times
        self.place = self._make_place(BUILD / "test" / name)
        self._guard = Guard(sys.executable, "-B", "-m", "failover_rig", BUILD / "test" / name)
        self.settings = self._make_settings()
        self.nodes = [Node(self, number) for number in (1, 2, 3)]
        self.haproxy = self.pooler = None
        self.last_leader = self.nodes[0]  # as far as was seen
        try:
            self._render()
            self._start()
        except BaseException:
            self.remove()
            raise

    # Making it.

    def _make_place(self, link):
        """A folder that the account may enter, which is not so of every clone, with a path short enough for sockets."""
        clear_away(link)
        link.parent.mkdir(parents=True, exist_ok=True)
        place = pathlib.Path(tempfile.mkdtemp(prefix="koppeling-failover.", dir="/var/tmp"))
        link.symlink_to(place)
        give(place)
        return place

    def _make_settings(self):
        sockets = self.place / "sockets"
        sockets.mkdir()
        give(sockets)
        names = [f"NODE{number}_{what}_PORT" for number in (1, 2, 3)
                 for what in ("POSTGRES", "PATRONI", "ETCD", "ETCD_PEER")]
        names += ["HAPROXY_PORT", "POOLER_PORT"]
        made = dict(zip(names, free_ports(len(names))))
        for number in (1, 2, 3):
            made.update({f"NODE{number}_HOST": "127.0.0.1",
                         f"NODE{number}_DATA_DIRECTORY": self.place / f"data{number}",
                         f"NODE{number}_ETCD_DIRECTORY": self.place / f"etcd{number}",
                         f"NODE{number}_PASSWORD_FILE": self.place / f"pgpass{number}"})
        newest = sorted(pathlib.Path("/usr/lib/postgresql").iterdir(), key=lambda path: float(path.name))[-1]
        return {**SETTINGS, **self._times, **PASSWORDS, **made, "BIN_DIRECTORY": newest / "bin",
                "SOCKET_DIRECTORY": sockets,
                "HAPROXY_SOCKET": sockets / "haproxy", "POOLER_SOCKET_DIRECTORY": sockets,
                "POOLER_PID": sockets / "pooler.pid",
                "POOLER_LOG": self.place / "pgbouncer.log", "POOLER_AUTH_FILE": self.place / "userlist.txt"}

    def _render(self):
        """What is not set here is as in settings.example."""
        path = self.place / "settings"
        example = (ROOT / "deploy/ha/settings.example").read_text()
        path.write_text(example + "".join(f"{name}={value}\n" for name, value in self.settings.items()))
        for node in ("1", "2", "3", ""):
            directory = self.place / f"conf{node}"
            subprocess.run([ROOT / "deploy/ha/render", path, directory, *filter(None, [node])], check=True)
            for made in (directory, *directory.iterdir()):
                give(made)

    def daemon(self, name, arguments, environment=()):
        return Daemon(arguments, self.log_directory / f"{name}.log", environment)

    def _start(self):
        for node in self.nodes:
            node.start()
        wait_until(lambda: self.leader() is not None, "there is a primary", 120)
        session = self.session(database="postgres")
        session.run(f"CREATE DATABASE {DATABASE}")
        session.close()
        self.haproxy = self.daemon("haproxy", ["haproxy", "-db", "-f", str(self.place / "conf/haproxy.cfg")])
        wait_until(self.is_whole, "two standbys stream, one of them synchronously", 180, 0.2)

    def start_pooler(self, users):
        """It knows the users' secrets, not their passwords: PostgreSQL's own are copied."""
        rows = self.leader().rows("SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY (%s)", list(users))
        path = pathlib.Path(self.settings["POOLER_AUTH_FILE"])
        path.write_text("".join(f'"{row["rolname"]}" "{row["rolpassword"]}"\n' for row in rows))
        give(path)
        path.chmod(0o600)
        self.pooler = self.daemon("pgbouncer", ["pgbouncer", "--quiet", str(self.place / "conf/pgbouncer.ini")])

    def remove(self):
        for node in self.nodes:
            node.kill()
        for daemon in (self.haproxy, self.pooler):
            if daemon is not None:
                daemon.kill()
        self._guard.release()

    # Where it can be reached.

    def password_of(self, user):
        return PASSWORDS["SUPERUSER_PASSWORD"] if user == "postgres" else self._password

    def _url(self, hosts, ports, user):
        return f"host={hosts} port={ports} user={user} password={self.password_of(user)} dbname={DATABASE}"

    def url_of_all(self, user):
        """As a program gets it that knows the three hosts."""
        ports = ",".join(str(node.port) for node in self.nodes)
        return (self._url("127.0.0.1,127.0.0.1,127.0.0.1", ports, user)
                + " target_session_attrs=read-write connect_timeout=3")

    def url_of_haproxy(self, user):
        return self._url("127.0.0.1", self.settings["HAPROXY_PORT"], user)

    def url_of_pooler(self, user):
        return self._url("127.0.0.1", self.settings["POOLER_PORT"], user)

    def url(self, *_):
        return self._url("127.0.0.1", self.leader().port, "postgres")

    # Its condition.

    def leader(self):
        """The node that Patroni calls the primary, or None."""
        for node in sorted(self.nodes, key=lambda node: node is not self.last_leader):
            if node.is_role("primary"):
                self.last_leader = node
                return node
        return None

    def is_whole(self):
        """Both standbys stream, and one of them synchronously."""
        leader = self.leader()
        if leader is None:
            return False
        rows = leader.rows(
            "SELECT application_name, sync_state FROM pg_stat_replication WHERE state = 'streaming'") or []
        names = {row["application_name"] for row in rows}
        others = [node for node in self.nodes if node is not leader]
        return all(node.name in names and node.is_role("replica") for node in others) and "sync" in {
            row["sync_state"] for row in rows}

    def session(self, database=DATABASE, user="postgres", timeout=3):
        """At whoever is the primary, as libpq finds it in a list of hosts."""
        trouble = ConnectionError("no node can write")
        for node in sorted(self.nodes, key=lambda node: node is not self.last_leader):
            try:
                session = node.session(database, user, timeout)
            except TROUBLE as error:
                trouble = error
                continue
            try:
                if not session.value("SELECT pg_is_in_recovery()"):
                    self.last_leader = node
                    return session
            except TROUBLE as error:
                trouble = error
            session.close()
        raise trouble

    def pooled_session(self, user, timeout=3):
        return Session(("127.0.0.1", self.settings["POOLER_PORT"]), DATABASE, user, timeout, self.password_of(user))

    def ensure_up(self):
        for node in self.nodes:
            node.thaw()
            node.start()
        wait_until(self.is_whole, "the cluster is whole", 120, 0.2)

    def free_disk(self):
        """There is no disk to fill."""


if __name__ == "__main__":  # for the guard
    clear_away(sys.argv[1])
