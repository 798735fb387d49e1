"""What the measurements share: a durable PostgreSQL, databases, the programs, and their cost in CPU and memory."""
import base64
import ctypes
import ctypes.util
import os
import pathlib
import re
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from harness import programs  # noqa: E402
from harness.cluster import Cluster  # noqa: E402
from harness.postgres import Session  # noqa: E402
from harness.programs import Program, run_program, wait_until  # noqa: E402
from harness.simulator import Simulator  # noqa: E402

BUILD = ROOT / os.environ.get("BUILD", "build")
BENCH = BUILD / "bench"
# Durable: fsync, full_page_writes and synchronous_commit stay on, as they are by default; so is autovacuum.
SETTINGS = ("shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=15min", "wal_compression=lz4",
            "maintenance_work_mem=256MB", "autovacuum_naptime=10s")
TEMPLATE = "bench_template"
ACCOUNT_SQL = """
    INSERT INTO koppeling.account (id, name, push_orders) VALUES (1, 'Bench BV', false);
    INSERT INTO koppeling.from_address (id, account_id, name, company, email, phone, street, number, postcode, city)
    VALUES (1, 1, 'Magazijn', 'Bench BV', 'bench@example.org', '+31201234567', 'Pakketpad', '1', '1012AB',
            'Amsterdam')"""
TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of /proc/PID/stat after the name."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_seconds(pid):
    """User and system time of a process, in seconds."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def tree_cpu_seconds(root):
    """The same of a process, its children, and those of its children that have ended."""
    total, fields = 0, _stat(root)
    total += sum(int(fields[place]) for place in (11, 12, 13, 14))
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            child = _stat(entry)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(child[1]) == root:
            total += int(child[11]) + int(child[12])
    return total / TICKS


def rss_mb(pid, field="VmRSS"):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+)", text).group(1)) / 1024


def peak_rss_mb(pid):
    return rss_mb(pid, "VmHWM")


class Sealer:
    """Seals secrets in bulk as 'koppeling-worker seal --for SHOP_HOST' does, with the same library."""

    def __init__(self, public_key):
        self._sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
        assert self._sodium.sodium_init() >= 0
        self._key = base64.b64decode(public_key)

    def seal(self, secret, host=None):
        """Bound to a shop, unless host is None."""
        bound = b"" if host is None else b"\x01koppeling-shop:" + host.encode() + b"\n"
        plain = bound + secret.encode()
        sealed = ctypes.create_string_buffer(len(plain) + self._sodium.crypto_box_sealbytes())
        assert self._sodium.crypto_box_seal(sealed, plain, ctypes.c_ulonglong(len(plain)), self._key) == 0
        return sealed.raw


class Server(Cluster):
    settings = SETTINGS


class Lab:
    """One PostgreSQL server for a whole run, and programs that no build can change meanwhile."""

    def __init__(self):
        shutil.rmtree(BENCH / "bin", ignore_errors=True)
        shutil.rmtree(BENCH / "logs", ignore_errors=True)
        (BENCH / "logs").mkdir(parents=True)
        (BENCH / "bin").mkdir()
        for name in ("koppeling-worker", "koppeling-scheduler", "koppeling-simulator", "koppeling-panel"):
            shutil.copy2(BUILD / name, BENCH / "bin" / name)
        programs.BUILD = BENCH / "bin"
        self.queries = {path.stem: path.read_text() for path in (ROOT / "sql" / "queries").glob("*.sql")}
        self.logs = 0
        self.server = Server("bench", BENCH / "postgres")
        self.socket = self.server.socket_directory
        try:
            self._make_template()
        except BaseException:
            self.close()
            raise

    @property
    def postmaster(self):
        return self.server.postmaster

    def close(self):
        self.server.remove()

    def session(self, database="postgres", user="postgres"):
        return Session(self.socket, database, user, timeout=900)

    def log_path(self, name):
        self.logs += 1
        return BENCH / "logs" / f"{self.logs:03}-{name}.log"

    def environment(self, database, user="postgres", **settings):
        made = {"PATH": os.environ["PATH"], "KOPPELING_LOG_LEVEL": "warning",
                "KOPPELING_DATABASE_URL": f"host={self.socket} user={user} dbname={database}"}
        made.update({name: str(value) for name, value in settings.items()})
        return made

    def _make_template(self):
        keys = run_program("koppeling-worker", ["keygen"], {}, self.log_path("keygen")).out
        self.public_key, self.secret_key = (line.split(": ")[1] for line in keys.splitlines())
        self.sealer = Sealer(self.public_key)
        server = self.session()
        server.run(f"CREATE DATABASE {TEMPLATE}")
        server.run("CREATE EXTENSION pg_stat_statements")
        done = run_program("koppeling-scheduler", ["migrate"], self.environment(TEMPLATE), self.log_path("migrate"))
        assert done.status == 0, done.log
        for role in ("worker", "scheduler", "backend", "ops", "panel"):
            server.run(f"CREATE ROLE bench_{role} LOGIN IN ROLE koppeling_{role}")
        server.close()
        template = self.session(TEMPLATE)
        template.run(ACCOUNT_SQL)
        template.run("SELECT koppeling.maintain_history()")
        template.close()

    def versions(self):
        server = self.session()
        facts = {"PostgreSQL": server.value("SHOW server_version")}
        for name in ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers",
                     "max_wal_size", "checkpoint_timeout", "wal_compression", "autovacuum"):
            facts[name] = server.value(f"SHOW {name}")
        server.close()
        return facts


class Database:
    """A fresh copy of the migrated template; `with` drops it."""

    numbers = 0

    def __init__(self, lab):
        Database.numbers += 1
        self.lab, self.name = lab, f"bench_{Database.numbers}"

    def __enter__(self):
        server = self.lab.session()
        server.run(f"CREATE DATABASE {self.name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        server.close()
        self.db = self.lab.session(self.name)
        return self

    def __exit__(self, *_):
        self.db.close()
        server = self.lab.session()
        server.run(f"DROP DATABASE {self.name} WITH (FORCE)")
        server.close()

    def settle(self):
        """Before a measurement: statistics and hint bits are there, and nothing is waiting to be written."""
        self.db.run("VACUUM (ANALYZE) koppeling.job")
        self.db.run("CHECKPOINT")

    def worker(self, in_flight, threads, *flags, **settings):
        environment = self.lab.environment(
            self.name, "bench_worker", KOPPELING_IN_FLIGHT=in_flight, KOPPELING_THREADS=threads,
            KOPPELING_SECRET_KEY=self.lab.secret_key, KOPPELING_PARTNER_TOKEN="partner-bench", **settings)
        environment.setdefault("KOPPELING_MIJNWEBWINKEL_URL", "http://127.0.0.1:9")
        return Program("koppeling-worker", ["run", *flags], environment, self.lab.log_path("worker"))

    def wait_registered(self, threads):
        wait_until(lambda: self.db.value("SELECT count(*) FROM koppeling.worker WHERE state = 'active'") >= threads,
                   "the worker registers")

    def drain_with_worker(self, in_flight, threads):
        """Drains what is queued. Returns jobs, the seconds from first claim to last finish, and the worker's CPU."""
        before = tree_cpu_seconds(self.lab.postmaster)
        worker = self.worker(in_flight, threads, "--until-idle")
        cpu, rss = 0, 0
        while worker.is_running:
            try:
                cpu, rss = cpu_seconds(worker.pid), peak_rss_mb(worker.pid)
            except (FileNotFoundError, ProcessLookupError, AttributeError):
                pass
            time.sleep(0.02)
        done = worker.wait()
        assert done.status == 0, done.log[-2000:]
        row = self.db.row(
            """SELECT count(*) AS jobs, extract(epoch FROM max(finished_at) - min(started_at))::float8 AS seconds
                             FROM koppeling.job_history""")
        return {"jobs": row["jobs"], "seconds": row["seconds"], "worker_cpu": cpu, "rss": rss,
                "postgres_cpu": tree_cpu_seconds(self.lab.postmaster) - before}


def start_simulator(lab, *options):
    """The simulator, and its process id."""
    return Simulator({"PATH": os.environ["PATH"]}, lab.log_path("simulator"), *options)
