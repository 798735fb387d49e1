"""Whoever works off jobs, measured in one way: ours, or a peer of Node."""
from lab import cpu_seconds, peak_rss_mb, rss_mb, tree_cpu_seconds, wait_until
import shops

IN_FLIGHT, EMPTY_IN_FLIGHT, THREADS = 400, 2000, 2
AHEAD_S = 2  # our jobs are due when all is counted that was used before
ALL_NEW, EMPTY = "all new, HTTP", "empty jobs"


def unchanged(protocol):
    return f"unchanged, {protocol}"


class Ours:
    """koppeling-worker."""

    def __init__(self, database, way, in_flight=IN_FLIGHT):
        self._db = database.db
        self._worker = shops.start_poller(database, way.url, in_flight, THREADS, **way.settings)
        self.pid = self._worker.pid

    def add(self, kind, count):
        """Jobs that are not yet to be done."""
        self._kind, self._count = kind, count
        if kind == "poll":
            self._due = shops.add_polls(self._db, count, AHEAD_S)
        else:
            self._db.run("SELECT koppeling.block_api('local', now() + interval '1 hour')")
            self._db.run("SELECT koppeling.ping(%s)", count)
        self._db.run("VACUUM (ANALYZE) koppeling.job")

    def go(self):
        """Does them; when it began and ended."""
        if self._kind == "poll":
            shops.wait_until_due(self._due)
            return self._due, shops.poll_due(self._db, self._due, self._count)
        self._db.run("SELECT koppeling.block_api('local', NULL)")
        wait_until(lambda: self._db.value("SELECT NOT EXISTS (SELECT FROM koppeling.job)"), "all is done", 300, 0.1)
        row = self._db.row("""SELECT extract(epoch FROM min(started_at))::float8 AS begun,
                                     extract(epoch FROM max(finished_at))::float8 AS ended, count(*) AS jobs
                              FROM koppeling.job_history WHERE kind = 'ping'""")
        assert row["jobs"] == self._count, row
        return row["begun"], row["ended"]

    def stop(self):
        self._worker.stop()


class Window:
    """What all have used since it was opened."""

    def __init__(self, database, played, way, pid):
        self._database, self._played, self._way, self._pid = database, played, way, pid
        self._before = self._now()

    def _now(self):
        return {"worker_cpu": cpu_seconds(self._pid), "postgres_cpu": tree_cpu_seconds(self._database.lab.postmaster),
                "front_cpu": self._way.cpu_seconds(), "wire": loopback_bytes(),
                "calls": self._played.control("GET", "/counters")["requests_total"],
                "wal": float(self._database.db.value("SELECT pg_current_wal_insert_lsn() - '0/0'"))}

    def per_job(self, count):
        """CPU in seconds per 1,000 jobs, the rest per job."""
        return {name: (after - self._before[name]) * (1000 if name.endswith("_cpu") else 1) / count
                for name, after in self._now().items()}


def loopback_bytes():
    with open("/sys/class/net/lo/statistics/rx_bytes", encoding="ascii") as file:
        return int(file.read())


def measure(database, played, way, start, work):
    """`start` starts the worker; `work` is a kind of job, how many, and in how many rounds. Returns the figures of
    the last round, but those of the first for what is fresh, and of the whole life for connections and memory."""
    kind, count, rounds = work
    worker, found = start(), []
    try:
        at_rest = rss_mb(worker.pid)
        for _ in range(rounds):
            database.db.run("CHECKPOINT")
            worker.add(kind, count)
            database.db.run("ANALYZE")
            window = Window(database, played, way, worker.pid)
            begun, ended = worker.go()
            found.append({"jobs_per_s": count / (ended - begun), **window.per_job(count)})
        rss = peak_rss_mb(worker.pid)
    finally:
        worker.stop()
    return {**found[-1], **{f"fresh_{name}": found[0][name] for name in ("jobs_per_s", "worker_cpu")},
            "at_rest": at_rest, "rss": rss, **way.connections()}
