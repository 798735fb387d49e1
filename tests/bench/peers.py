"""Koppeling beside job queues of Node on the same jobs: the same simulator, tables and PostgreSQL, one after the other
in one run. What the peers do is in peers/; npm installs them, as the lock says, below the build folder."""
import json
import shutil
import subprocess

from front import HTTP1, HTTP2, PLAIN, PROTOCOLS, front
from lab import BENCH, HERE, ROOT, Database
from pollers import ALL_NEW, EMPTY, EMPTY_IN_FLIGHT, IN_FLIGHT, Ours, measure, unchanged
from raw import raw_orders
import shops

OURS, PEERS = "Koppeling", ("graphile-worker", "pg-boss")
OLDEST_NODE = {"graphile-worker": 18, "pg-boss": 20}
# What is promised beside graphile-worker: at least so many times its rate, at most such a part of its cost.
OVER_TLS = {"jobs_per_s": 5, "worker_cpu": 1 / 8, "rss": 1 / 6}
GOALS = {
    ALL_NEW: {"jobs_per_s": 3, "worker_cpu": 1 / 4, "postgres_cpu": 1 / 3},
    unchanged(PLAIN): {"jobs_per_s": 6, "worker_cpu": 1 / 12, "rss": 1 / 8},
    unchanged(HTTP1): OVER_TLS,
    unchanged(HTTP2): OVER_TLS,
    EMPTY: {"jobs_per_s": 2},
}
COLUMNS = {
    "jobs_per_s": ("jobs/s", "{:,.0f}"), "worker_cpu": ("worker CPU s per 1,000", "{:.3f}"),
    "postgres_cpu": ("PostgreSQL CPU s per 1,000", "{:.3f}"), "rss": ("peak MB", "{:.0f}"),
    "front_cpu": ("nginx CPU s per 1,000", "{:.3f}"), "opened": ("connections opened", "{:,.0f}"),
    "calls": ("calls per job", "{:.2f}"),
    "wal": ("WAL bytes per job", "{:,.0f}"),
}
SIZE = {"new": 3000, "many": 5000, "empty": 50000}
QUICK_SIZE = {"new": 1000, "many": 2500, "empty": 20000}
PLACE = BENCH / "peers"


class NotHere(Exception):
    """The peers cannot be installed; says why."""


def _have_node():
    return all(shutil.which(program) for program in ("node", "npm"))


def install():
    """Brings the packages of the lock; again only when it has changed."""
    PLACE.mkdir(parents=True, exist_ok=True)
    for file in (HERE / "peers").iterdir():
        shutil.copy(file, PLACE)
    if not _have_node():
        subprocess.run([ROOT / "deploy/install-deps", "contract"], stdin=subprocess.DEVNULL, check=False)
    if not _have_node():
        raise NotHere("Node.js and npm are not here, and could not be installed.")
    stamp, lock = PLACE / "installed", (PLACE / "package-lock.json").read_text()
    if stamp.exists() and stamp.read_text() == lock:
        return
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"], cwd=PLACE,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode:
        raise NotHere(f"npm cannot install them (is the network there?): {done.stdout.partition(chr(10))[0]}")
    stamp.write_text(lock)


def _able(bench):
    """Those that the Node.js of this machine can run."""
    version = subprocess.run(["node", "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                             check=True).stdout.strip()
    able = [name for name in PEERS if int(version[1:].partition(".")[0]) >= OLDEST_NODE[name]]
    bench.write(f"Node.js {version}" + "".join(f"; {name} is left out: it needs Node.js {OLDEST_NODE[name]}"
                                               for name in PEERS if name not in able) + ".")
    if PEERS[0] not in able:
        raise NotHere(f"Node.js {version} is too old.")
    return able


class Peer:
    """A queue of Node in a process; it ends with our end of its input, so it does not outlive us."""

    def __init__(self, name, database, way, in_flight):
        self.log_path = database.lab.log_path(name)
        words = {"queue": name, "socket": str(database.lab.socket), "database": database.name, "inFlight": in_flight,
                 "base": way.url, "ca": way.ca, "http2": way.protocol == HTTP2}
        with open(self.log_path, "wb") as log:
            self._process = subprocess.Popen(["node", "peer.mjs", json.dumps(words)], cwd=PLACE, text=True,
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.pid = self._process.pid
        self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        assert line, f"the peer ended: {self.log_path.read_text(errors='replace')[-2000:]}"
        return json.loads(line)

    def _ask(self, words):
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()
        return self._answer()

    def add(self, kind, count):
        self._ask(f"add {kind} {count}")

    def go(self):
        """When the first job began and the last ended."""
        found = self._ask("go")
        return found["begun"], found["ended"]

    def stop(self):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def _bout(lab, name, size):
    """All shapes of work, done by one of them, with a database and a simulator to itself."""
    def go(protocol, kind, count, rounds):
        way, in_flight = front(lab, played, protocol), IN_FLIGHT if kind == "poll" else EMPTY_IN_FLIGHT
        try:
            return measure(database, played, way,
                           lambda: Ours(database, way, in_flight) if name == OURS else
                           Peer(name, database, way, in_flight), (kind, count, rounds))
        finally:
            way.close()

    played, found = shops.simulator(lab), {}
    try:
        with Database(lab) as database:
            shops.make_integrations(database, size["many"])
            found[EMPTY] = go(PLAIN, "ping", size["empty"], 1)
            found[ALL_NEW] = go(PLAIN, "poll", size["new"], 1)
            shops.assert_orders(database, size["new"])
            shops.copy_orders(database, size["new"] + 1, size["many"])
            database.db.run("VACUUM (ANALYZE) koppeling.imported_order, koppeling.integration")
            for protocol in PROTOCOLS:
                # The first round warms up: node compiles what is hot, we open tokens.
                found[unchanged(protocol)] = go(protocol, "poll", size["many"], 2)
            shops.assert_orders(database, size["many"])
            if name == OURS:
                found[ALL_NEW].update(raw_orders(database, size["new"]))
    finally:
        played.stop()
    return found


def peers(bench):
    """Koppeling, graphile-worker and pg-boss on the same work: 400 in flight, 100 ms, 20 orders of 1 kB."""
    try:
        install()
        names = OURS, *_able(bench)
    except NotHere as why:
        bench.write(f"Skipped: the peers are not here. {why}\n")
        return
    size = QUICK_SIZE if bench.quick else SIZE
    runs = bench.repeat_many("peers", lambda: {name: _bout(bench.lab, name, size) for name in names})
    table = []
    for shape in GOALS:
        for name in names:
            figures = {what: bench.figure([run[name][shape][what] for run in runs]) for what in runs[0][name][shape]}
            bench.result(f"peers {shape} {name}", figures)
            table.append((shape, name, *(figures[what].text(form) for what, (_, form) in COLUMNS.items())))
    bench.table(("work", "who", *(head for head, _ in COLUMNS.values())), table)
    shops.write_raw(bench, bench.results[f"peers {ALL_NEW} {OURS}"])
    _write_ratios(bench, runs, names[1:])


def _write_ratios(bench, runs, names):
    """Ours by theirs, taken within each run."""
    table = []
    for shape, goals in GOALS.items():
        for what, goal in goals.items():
            ratios = {name: bench.figure([run[OURS][shape][what] / run[name][shape][what] for run in runs])
                      for name in names}
            bench.result(f"ratio {shape} {what}", ratios)
            table.append((shape, COLUMNS[what][0], f"{goal_text(goal)} {PEERS[0]}",
                          *map(ratio_text, ratios.values())))
    bench.table(("work", "Koppeling by peer", "goal", *names), table)


def goal_text(goal):
    return f"at least {goal}x" if goal >= 1 else f"at most 1/{1 / goal:.0f} of"


def ratio_text(ratio):
    """5.8x, or 1/9.1; with the least and the most when it was measured more than once."""
    def text(value):
        return f"{value:.1f}x" if value >= 1 else f"1/{1 / value:.1f}"
    if len(ratio.values) == 1:
        return text(ratio.median)
    return f"{text(ratio.median)} ({' to '.join(map(text, ratio.spread))})"
