"""Where the time goes: the worker under perf and strace, the database by pg_stat_statements and EXPLAIN."""
import contextlib
import re
import shutil
import subprocess
import time

from lab import BENCH, Database
from raw import FIRST_WORKER, Pgbench, strip
import shops

IN_FLIGHT, THREADS, SHOPS, NEW_SHOPS = 400, 2, 12000, 5000
LEAST_SHARE = 1.0  # percent; below it a symbol is not listed
STATEMENTS = """
    SELECT query, calls, total_exec_time::float8 AS ms, shared_blks_hit AS hits, wal_bytes::float8 AS wal
    FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = %s) AND calls > 0
    ORDER BY total_exec_time DESC LIMIT 8"""


def profile(bench):
    """Where the time goes in worker and database, by perf, strace, pg_stat_statements and EXPLAIN: only when asked
    for."""
    played = shops.simulator(bench.lab)
    try:
        with Database(bench.lab) as database:
            shops.make_integrations(database, SHOPS)
            database.settle()
            _all_new(bench, database, played)
            shops.copy_orders(database, NEW_SHOPS + 1, SHOPS)
            database.db.run("VACUUM (ANALYZE) koppeling.imported_order, koppeling.integration")
            _none_new(bench, database, played)
    finally:
        played.stop()
    _explain(bench)


def _all_new(bench, database, played):
    worker = shops.start_poller(database, played.url, IN_FLIGHT, THREADS)
    try:
        with _perf(bench, worker, "polls, all orders new"), _statements(bench, database, "polls, all orders new",
                                                                        NEW_SHOPS):
            shops.poll_all(database, worker, played, NEW_SHOPS)
    finally:
        worker.stop()


def _none_new(bench, database, played):
    worker = shops.start_poller(database, played.url, IN_FLIGHT, THREADS)
    try:
        for _ in range(shops.ROUNDS - 1):
            shops.poll_all(database, worker, played, SHOPS)
        with _perf(bench, worker, "polls, none new"), _statements(bench, database, "polls, none new", SHOPS):
            shops.poll_all(database, worker, played, SHOPS)
        with _strace(bench, worker, "polls, none new", SHOPS):
            shops.poll_all(database, worker, played, SHOPS)
    finally:
        worker.stop()


@contextlib.contextmanager
def _attached(bench, tool, *arguments):
    """Runs a tool beside the load and ends it with SIGINT, as a person would; without the tool only the load runs."""
    if shutil.which(tool) is None:
        bench.write(f"{tool} is not installed: left out.\n")
        yield
        return
    with open(BENCH / "logs" / f"{tool}.log", "w") as log:
        process = subprocess.Popen([tool, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    time.sleep(0.5)
    try:
        yield
    finally:
        process.send_signal(2)
        process.wait(60)


@contextlib.contextmanager
def _perf(bench, worker, load):
    data = BENCH / "perf.data"
    data.unlink(missing_ok=True)
    with _attached(bench, "perf", "record", "-q", "-e", "cpu-clock", "-F", 1999, "-p", worker.pid, "-o", data):
        yield
    if data.exists():
        for by, heads in (("dso", ("share", "in")), ("symbol,dso", ("share", "function", "in"))):
            bench.write(f"The worker by perf, {load}, by {by.replace('dso', 'library')}:")
            bench.table(heads, _perf_rows(data, by, len(heads)))


def _perf_rows(data, by, columns):
    done = subprocess.run(["perf", "report", "-i", data, "--stdio", "--sort", by, "--percent-limit", str(LEAST_SHARE)],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    for line in done.stdout.splitlines():
        cells = line.replace("[.] ", " ").replace("[k] ", " ").split()
        if cells and cells[0].endswith("%") and len(cells) >= columns:
            yield cells[:columns]


@contextlib.contextmanager
def _strace(bench, worker, load, jobs):
    with _attached(bench, "strace", "-c", "-f", "-p", worker.pid):
        yield
    if shutil.which("strace") is None:
        return
    rows = []
    for line in (BENCH / "logs" / "strace.log").read_text().splitlines():
        found = re.match(r"\s*([\d.]+)\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
        if found and found.group(3) != "total":
            rows.append((found.group(3), f"{int(found.group(2)):,}", f"{int(found.group(2)) / jobs:.2f}",
                         f"{found.group(1)} %"))
    bench.write(f"The worker's system calls by strace -c, {load}:")
    bench.table(("call", "times", "per job", "of the time in calls"), rows[:8])


@contextlib.contextmanager
def _statements(bench, database, load, jobs):
    server = bench.lab.session()
    server.run("SELECT pg_stat_statements_reset()")
    yield
    names = {_first_words(query): name for name, query in bench.lab.queries.items()}
    rows = [(names.get(_first_words(row["query"]), "the bench itself"), f"{row['calls']:,}", f"{row['ms']:,.0f}",
             f"{row['ms'] / jobs * 1000:.1f}", f"{row['hits'] / jobs:.1f}", f"{row['wal'] / jobs:,.0f}")
            for row in server.rows(STATEMENTS, database.name)]
    server.close()
    bench.write(f"The database by pg_stat_statements, {load}:")
    bench.table(("statement", "calls", "ms in all", "us per job", "buffers hit per job", "WAL bytes per job"),
                [row for row in rows if row[0] != "the bench itself"])


def _first_words(query):
    """Enough of a statement to know it by, without comments and constants."""
    return re.sub(r"\W*\b\d+\b\W*|\$\d+\S*|'[^']*'|\s+", " ", strip(query))[:300]


def _explain(bench):
    """Claim and finish of 1,000 pings, with what they touch."""
    with Database(bench.lab) as database:
        lanes = Pgbench(database).variables
        database.db.run("SELECT koppeling.ping(5000)")
        database.settle()
        database.db.run(bench.lab.queries["connection_tune"])
        values = [FIRST_WORKER, 1, 1000,
                  *(lanes[name] for name in ("kinds", "apis", "priorities", "run_ats", "after_ids", "rooms"))]
        for _ in range(3):  # the last one has everything in memory
            database.db.run("BEGIN")
            claim = _plan(database, bench.lab.queries["queue_claim"], values)
            ids = _array(database.db.column("SELECT id FROM koppeling.job WHERE state = 'running'"))
            nulls, ones, falses = (_array([word] * 1000) for word in ("NULL", "1", "f"))
            finish = _plan(database, bench.lab.queries["queue_finish"], [ids, ones, nulls, nulls, nulls, nulls, falses])
            database.db.run("ROLLBACK")
    for name, plan in (("queue_claim.sql", claim), ("queue_finish.sql", finish)):
        bench.write(f"EXPLAIN (ANALYZE, BUFFERS, WAL) of {name}, 1,000 pings:\n\n```\n{plan}\n```\n")


def _array(values):
    return "{" + ",".join(map(str, values)) + "}"


def _plan(database, query, values):
    names = [f"'{value}'" if isinstance(value, str) else str(value) for value in values]
    text = re.sub(r"\$(\d+)", lambda match: names[int(match.group(1)) - 1], strip(query))
    rows = database.db.rows("EXPLAIN (ANALYZE, BUFFERS, WAL, TIMING OFF, COSTS OFF) " + text)
    return "\n".join(_what_ran([row["QUERY PLAN"] for row in rows]))


def _what_ran(lines):
    """Without the nodes that were not run, as the branches of other kinds of jobs are not."""
    is_idle, headings = False, []
    for line in lines:
        if re.match(r" *(CTE|SubPlan|InitPlan) ", line):
            headings.append(line)
            continue
        if "(actual " in line or "(never executed)" in line or not line.startswith(" "):
            is_idle = "(never executed)" in line
            yield from () if is_idle else headings
            headings = []
        if not is_idle:
            yield line
