"""The measurements, one function each: item(bench) measures, and says what it found in tables and plots."""
import statistics
import time

from chart import Chart
from dispatch import dispatch
from fairness import fairness
from hour import hour
from lab import Database, cpu_seconds, peak_rss_mb, run_program, tree_cpu_seconds, wait_until
from outage import outage
from panel import panel
from peers import peers
from profiling import profile
from raw import Pgbench
from restart import restart
import shops
from tls import tls


def _connections(bench):
    return (1, 2) if bench.quick else (1, 2, 4)


def ceiling(bench):
    """What PostgreSQL itself can do with our claim and finish statements."""
    jobs = 20000 if bench.quick else 60000
    table, bars = [], {}
    for batch in (1, 100, 1000):
        for clients in _connections(bench):
            count = jobs if batch > 1 else 600 if bench.quick else 2000

            def once():
                with Database(bench.lab) as database:
                    database.db.run("SELECT koppeling.ping(%s)", count)
                    pgbench = Pgbench(database)
                    database.settle()
                    return pgbench.drain(count, batch, clients)
            rate = bench.repeat(f"ceiling {batch}x{clients}", once)
            table.append((batch, clients, rate.text("{:,.0f}")))
            bars.setdefault(f"{clients} connections", []).append(rate)
    bench.table(("batch", "connections", "jobs/s"), table)
    bench.plot("ceiling", Chart("Claim + finish, raw SQL", "jobs per statement", "jobs/s").bars(
        ["1", "100", "1000"],
        {name: ([r.median for r in rates], [r.spread for r in rates]) for name, rates in bars.items()}))


def drain(bench):
    """What the worker does with the same pings, in pairs with pgbench: the ratio is taken within each pair."""
    jobs = 40000 if bench.quick else 200000
    table, bars = [], []
    for threads in _connections(bench):
        def pair():
            with Database(bench.lab) as database:
                database.db.run("SELECT koppeling.ping(%s)", jobs)
                pgbench = Pgbench(database)
                database.settle()
                raw = pgbench.drain(jobs, 1000, threads)
            with Database(bench.lab) as database:
                return raw, *_drain_once(bench, database, jobs, 1000, threads)
        runs = bench.repeat_many(f"drain {threads} threads", pair)
        raw, rate, worker_cpu, postgres_cpu = (bench.figure([run[place] for run in runs]) for place in range(4))
        ratio = bench.figure([run[1] / run[0] for run in runs])
        bench.result(f"drain ratio {threads}", ratio)
        bench.result(f"drain rate {threads}", rate)
        bench.result(f"ping cpu {threads}", (worker_cpu.median, postgres_cpu.median))
        table.append((threads, raw.text("{:,.0f}"), rate.text("{:,.0f}"), ratio.text("{:.0%}"),
                      worker_cpu.text("{:.4f}"),
                      postgres_cpu.text("{:.4f}")))
        bars.append((raw, rate))
    bench.table(("threads or connections", "pgbench, jobs/s", "worker, jobs/s", "ratio", "worker CPU s per 1,000",
                 "PostgreSQL CPU s per 1,000"), table)
    bench.plot("drain",
               Chart(f"Drain of {jobs:,} pings beside the raw ceiling", "threads or connections", "jobs/s").bars(
                   [str(threads) for threads in _connections(bench)],
                   {"pgbench": ([b[0].median for b in bars], [b[0].spread for b in bars]),
                    "worker": ([b[1].median for b in bars], [b[1].spread for b in bars])}))


def _drain_once(bench, database, jobs, in_flight, threads):
    """Jobs/s from the first claim to the last finish, and CPU seconds per 1,000 jobs of worker and PostgreSQL."""
    db = database.db
    db.run("SELECT koppeling.block_api('local', now() + interval '1 hour')")
    db.run("SELECT koppeling.ping(%s)", jobs)
    database.settle()
    worker = database.worker(in_flight, threads)
    try:
        database.wait_registered(threads)
        before = cpu_seconds(worker.pid), tree_cpu_seconds(bench.lab.postmaster)
        db.run("SELECT koppeling.block_api('local', NULL)")
        wait_until(lambda: db.value("SELECT NOT EXISTS (SELECT FROM koppeling.job)"), "the queue is empty", 300, 0.1)
        costs = cpu_seconds(worker.pid) - before[0], tree_cpu_seconds(bench.lab.postmaster) - before[1]
    finally:
        worker.stop()
    row = db.row("""SELECT count(*) AS jobs, extract(epoch FROM max(finished_at) - min(started_at))::float8 AS seconds
                    FROM koppeling.job_history""")
    assert row["jobs"] == jobs, row
    return jobs / row["seconds"], costs[0] * 1000 / jobs, costs[1] * 1000 / jobs


def enqueue(bench):
    """How fast jobs come in."""
    seconds = "1" if bench.quick else "2"
    table = []
    for label, statement, jobs, clients in (
            ("enqueue('ping'), 1 connection", "SELECT koppeling.enqueue('ping')", 1, 1),
            ("enqueue('ping'), 4 connections", "SELECT koppeling.enqueue('ping')", 1, 4),
            ("ping(100), 1 connection", "SELECT koppeling.ping(100)", 100, 1),
            ("ping(10000), 1 connection", "SELECT koppeling.ping(10000)", 10000, 1),
            ("ping(1000), 2 connections", "SELECT koppeling.ping(1000)", 1000, 2)):
        def once():
            with Database(bench.lab) as database:
                out = Pgbench(database).run(statement + ";\n", clients, "-T", seconds)
                return jobs * float(out.split("tps = ")[1].split()[0])
        table.append((label, bench.repeat(label, once).text("{:,.0f}")))
    count = 5000 if bench.quick else 39000

    def tick():
        with Database(bench.lab) as database:
            shops.make_integrations(database, count)
            database.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
            database.db.run("VACUUM ANALYZE koppeling.integration")
            started = time.monotonic()
            made = 0
            while made < count:
                done = run_program("koppeling-scheduler", ["run", "--once"],
                                   bench.lab.environment(database.name, "bench_scheduler"), bench.lab.log_path("tick"))
                assert done.status == 0, done.log
                made = database.db.value("SELECT count(*) FROM koppeling.job")
            return count / (time.monotonic() - started)
    rate = bench.repeat("scheduler", tick)
    bench.result("tick rate", rate)
    table.append((f"scheduler's ticks, {count:,} shops due (with its start)", rate.text("{:,.0f}")))
    bench.table(("way in", "jobs/s"), table)


# In flight, threads, polls that find all orders new, polls that find none.
POLLS = ((10, 1, 500, 500), (100, 2, 2000, 5000), (400, 2, 5000, 12000), (2000, 2, 6000, 15000), (5000, 2, 7500, 15000))
QUICK_POLLS = ((10, 1, 150, 150), (100, 2, 800, 1000), (400, 2, 1600, 4000))
POLL_COLUMNS = {
    "jobs/s": ("jobs_per_s", "{:,.0f}"), "of in flight / latency": ("share", "{:.0%}"),
    "calls at once, most": ("at_once", "{:,.0f}"),
    "worker CPU s per 1,000": ("worker_cpu", "{:.3f}"), "PostgreSQL CPU s per 1,000": ("postgres_cpu", "{:.3f}"),
    "simulator CPU s per 1,000": ("simulator_cpu", "{:.3f}"), "worker MB before": ("at_rest", "{:.0f}"),
    "worker peak MB": ("rss", "{:.0f}"), "WAL bytes per job": ("wal_per_job", "{:,.0f}"),
    "orders stored/s": ("stored", "{:,.0f}")}


def polls(bench):
    """The shape of the real work: a call of 100 ms that answers with 20 orders of 1 kB."""
    shapes = QUICK_POLLS if bench.quick else POLLS
    table, bars = [], {}
    for in_flight, threads, count, many in shapes:
        runs = bench.repeat_many(f"polls {in_flight}",
                                 lambda: shops.measure_polls(bench.lab, in_flight, threads, count, many))
        for found in runs[0]:
            figures = {name: bench.figure([run[found][name] for run in runs]) for name in runs[0][found]}
            bench.result(f"polls {in_flight} {found}", figures)
            if found != shops.SLOW:
                bars.setdefault(found, []).append(figures["jobs_per_s"])
            table.append((f"{in_flight:,}", found, f"{count if found == shops.ALL_NEW else many:,}",
                          *(figures[name].text(form) for name, form in POLL_COLUMNS.values())))
    bench.table(("in flight", "orders", "jobs", *POLL_COLUMNS), table)
    if f"polls {shops.RAW_BESIDE} {shops.ALL_NEW}" in bench.results:
        shops.write_raw(bench, bench.results[f"polls {shops.RAW_BESIDE} {shops.ALL_NEW}"])
    bench.plot("polls", Chart("Polls of 20 orders at 100 ms latency", "in flight", "polls/s").bars(
        [f"{shape[0]:,}" for shape in shapes],
        {name: ([r.median for r in rates], [r.spread for r in rates]) for name, rates in bars.items()}))


def pick_up(bench):
    """From commit to the request's arrival, one poll every 50 ms on an idle queue."""
    runs = bench.repeat_many("pick-up", lambda: shops.measure_pick_up(bench.lab, 60 if bench.quick else 300))
    table = []
    for name in runs[0]:
        figures = [bench.figure([shops.quantile(run[name], share) for run in runs]) for share in (0.5, 0.95, 0.99)]
        bench.result(f"pick-up {name}", figures)
        table.append((name, *(figure.text("{:.2f}") for figure in figures)))
    bench.table(("ms", "p50", "p95", "p99"), table)


def depth(bench):
    """What a claim costs behind a long queue."""
    depths = (10000, 100000) if bench.quick else (10000, 100000, 1000000, 10000000)
    table, lines = [], {}
    for what, due in (("due", True), ("not yet due, but for 2,000", False)):
        with Database(bench.lab) as database:
            db, made = database.db, 0
            pgbench = Pgbench(database)
            db.run("SET synchronous_commit = off")
            db.run("SELECT koppeling.ping(2000)")
            # Ten million once; the second queue ends at three, to stay within twenty minutes.
            for jobs in depths if due else [min(jobs, 3000000) for jobs in depths]:
                while made < jobs:
                    step = min(1000000, jobs - made)
                    db.run("""INSERT INTO koppeling.job (kind, api_id, priority, max_attempts, run_at)
                              SELECT 'ping', 0, 1, 10, now() + %s::interval FROM generate_series(1, %s)""",
                           "0" if due else "1 day", step)
                    made += step
                db.run("ANALYZE koppeling.job")
                db.run("CHECKPOINT")
                pgbench.claim_ms(100, 5)
                figures = [bench.figure([pgbench.claim_ms(batch, 40) for _ in range(bench.times)])
                           for batch in (1, 100)]
                if jobs <= 1000000:
                    db.run("VACUUM koppeling.job")
                bench.result(f"claim {what} {jobs}", figures)
                table.append((f"{jobs:,}", what, *(figure.text("{:.2f}") for figure in figures)))
                lines.setdefault(what, []).append(figures[1])
                bench.say(f"depth {jobs:,} {what}: {figures[0].median:.2f} / {figures[1].median:.2f} ms")
    bench.table(("queued", "of them", "claim of 1, ms", "claim of 100, ms"), table)
    bench.plot("depth", Chart("A claim of 100 behind a long queue", "queued jobs", "ms").bars(
        [f"{jobs:,}" for jobs in depths], {name if name == "due" or bench.quick else f"{name} (last: 3,000,000)": (
            [r.median for r in rates], [r.spread for r in rates]) for name, rates in lines.items()}))


def snapshot(bench):
    """While another session holds a snapshot, nothing that is finished can be vacuumed."""
    jobs = 40000 if bench.quick else 200000

    def once(holds):
        with Database(bench.lab) as database:
            pgbench = Pgbench(database)
            holder = bench.lab.session(database.name)
            if holds:
                holder.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
                holder.value("SELECT count(*) FROM koppeling.job")
            rate, *_ = _drain_once(bench, database, jobs, 1000, 2)
            database.db.run("SELECT koppeling.ping(5000)")
            dead = database.db.value("SELECT n_dead_tup FROM pg_stat_user_tables "
                                     "WHERE relid = 'koppeling.job'::regclass")
            after = database.db.row(
                """SELECT (min(run_at) - interval '1 microsecond') AT TIME ZONE 'UTC' AS run_at FROM koppeling.job""")
            front = pgbench.claim_ms(100, 40)
            pgbench.variables["run_ats"] = pgbench.variables["run_at_pattern"].replace("HERE", f'"{after["run_at"]}"')
            carried = pgbench.claim_ms(100, 40)
            holder.close()
            return rate, front, carried, dead
    table, rates = [], {}
    for holds in (False, True):
        runs = bench.repeat_many(f"snapshot {holds}", lambda: once(holds))
        figures = [bench.figure([run[place] for run in runs]) for place in range(4)]
        rates[holds] = figures
        table.append(("held" if holds else "none", figures[0].text("{:,.0f}"), figures[1].text("{:.2f}"),
                      figures[2].text("{:.2f}"),
                      figures[3].text("{:,.0f}")))
    bench.result("snapshot", rates)
    ratios = [rates[True][place].median / rates[False][place].median for place in range(3)]
    table.append(("ratio", f"{ratios[0]:.2f}", f"{ratios[1]:.2f}", f"{ratios[2]:.2f}", ""))
    bench.result("snapshot ratios", ratios)
    bench.table((f"snapshot during a drain of {jobs:,}", "drain, jobs/s", "claim of 100 from the front, ms",
                 "claim of 100 from the carried bound, ms", "dead rows"), table)


def versions(bench):
    """WAL and row versions per ping, from ping() to the history."""
    jobs = 20000 if bench.quick else 100000

    def once():
        with Database(bench.lab) as database:
            db = database.db
            db.run("SELECT koppeling.ping(1000)")
            db.run("DELETE FROM koppeling.job")
            database.settle()
            marks = [_wal(db)]
            db.run("SELECT koppeling.ping(%s)", jobs)
            marks.append(_wal(db))
            done = database.drain_with_worker(1000, 2)
            assert done["jobs"] == jobs + 1000 or done["jobs"] == jobs, done
            marks.append(_wal(db))
            time.sleep(1.2)
            db.run("SELECT pg_stat_clear_snapshot()")
            rows = db.row("""SELECT sum(n_tup_ins) FILTER (WHERE relname = 'job')::float8 - 1000 AS inserted,
                sum(n_tup_upd) FILTER (WHERE relname = 'job')::float8 AS updated,
                sum(n_tup_ins) FILTER (WHERE relname LIKE 'job\\_history%%')::float8 AS kept
                FROM pg_stat_user_tables""".replace("%%", "%"))
            return ((marks[1] - marks[0]) / jobs, (marks[2] - marks[1]) / jobs, (marks[2] - marks[0]) / jobs,
                    rows["inserted"] / jobs, rows["updated"] / jobs, rows["kept"] / jobs)
    runs = bench.repeat_many("wal", once)
    figures = [bench.figure([run[place] for run in runs]) for place in range(6)]
    bench.result("wal", figures)
    bench.table(("per ping", "value"), [
        ("WAL of enqueueing, bytes", figures[0].text("{:,.0f}")),
        ("WAL of claim and finish, bytes", figures[1].text("{:,.0f}")),
        ("WAL in all, bytes", figures[2].text("{:,.0f}")),
        ("row versions in job: inserted + updated", f"{figures[3].median + figures[4].median:.2f}"),
        ("rows in the history", f"{figures[5].median:.2f}")])


def _wal(db):
    return float(db.value("SELECT pg_current_wal_insert_lsn() - '0/0'"))


def steady(bench):
    """Steady load for minutes: nothing may grow."""
    seconds, rate = (12, 1000) if bench.quick else (300, 2000)
    with Database(bench.lab) as database:
        db = database.db
        producer = bench.lab.session(database.name)
        worker = database.worker(400, 2)
        scheduler = shops.start_scheduler(database)
        try:
            database.wait_registered(2)
            samples = _steady_samples(db, producer, seconds, rate)
            costs = cpu_seconds(worker.pid) * 1000 / samples[-1][3], peak_rss_mb(worker.pid)
        finally:
            worker.stop()
            scheduler.stop()
            producer.close()
    later = samples[len(samples) // 5:]
    gains = [(b[3] - a[3]) / (b[0] - a[0]) for a, b in zip(samples, samples[1:])]
    bench.result("steady", {"rate": rate, "seconds": seconds, "least": min(gains[1:-1]), "most": max(gains[1:-1]),
                            "dead": max(s[1] for s in later), "sizes": (samples[len(samples) // 5][2], samples[-1][2]),
                            "costs": costs})
    bench.table((f"{seconds} s at {rate:,} pings/s", "value"), [
        ("done, jobs/s between samples: least / median / most",
         f"{min(gains):,.0f} / {statistics.median(gains):,.0f} / {max(gains):,.0f}"),
        ("dead rows of job: median / most",
         f"{statistics.median(s[1] for s in samples):,.0f} / {max(s[1] for s in samples):,.0f}"),
        ("table job with indexes, MB: after a fifth / at the end / most",
         f"{samples[len(samples) // 5][2] / 1e6:.1f} / {samples[-1][2] / 1e6:.1f} / "
         f"{max(s[2] for s in samples) / 1e6:.1f}"),
        ("its indexes alone, MB: after a fifth / at the end",
         f"{samples[len(samples) // 5][4] / 1e6:.1f} / {samples[-1][4] / 1e6:.1f}"),
        ("waiting jobs, most", f"{max(s[5] for s in samples):,.0f}"),
        ("worker CPU s per 1,000 / peak MB", f"{costs[0]:.3f} / {costs[1]:.0f}")])
    bench.plot("steady", Chart(f"Steady load of {rate:,} pings/s", "seconds", "jobs/s").lines({
        "jobs/s": [(b[0], gain) for b, gain in zip(samples[1:], gains)]}))
    bench.plot("steady_dead", Chart("Dead rows of the live table under steady load", "seconds", "rows").lines({
        "dead rows of job": [(s[0], s[1]) for s in samples]}))
    bench.plot("steady_size", Chart("Size of the live table under steady load", "seconds", "MB").lines({
        "job with indexes": [(s[0], s[2] / 1e6) for s in samples],
        "its indexes": [(s[0], s[4] / 1e6) for s in samples]}))


def _steady_samples(db, producer, seconds, rate):
    """[seconds, dead rows, size, jobs done, size of the indexes, waiting]"""
    samples, start, sent = [], time.time(), 0
    every = 5 if seconds > 60 else 2
    while time.time() < start + seconds:
        wanted = int((time.time() - start) * rate)
        if wanted > sent:
            producer.run("SELECT koppeling.ping(%s)", wanted - sent)
            sent = wanted
        if time.time() >= start + every * (len(samples) + 1):
            row = db.row(
                """SELECT s.n_dead_tup AS dead, pg_total_relation_size(s.relid) AS size,
                pg_indexes_size(s.relid) AS indexes,
                                   (SELECT count(*) FROM koppeling.job) AS waiting
                            FROM pg_stat_user_tables s WHERE s.relid = 'koppeling.job'::regclass""")
            samples.append((time.time() - start, row["dead"], row["size"], sent - row["waiting"], row["indexes"],
                            row["waiting"]))
        time.sleep(0.05)
    return samples


ITEMS = {"ceiling": ceiling, "drain": drain, "enqueue": enqueue, "polls": polls, "pickup": pick_up, "depth": depth,
         "snapshot": snapshot, "wal": versions, "steady": steady, "fairness": fairness, "dispatch": dispatch,
         "outage": outage, "restart": restart, "tls": tls, "peers": peers, "panel": panel, "hour": hour,
         "profile": profile}
# These are run only when asked for.
ON_REQUEST = ("hour", "profile")
# These are left out of a quick run.
LONG = ("tls", "peers", "panel")
