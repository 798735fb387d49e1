"""PostgreSQL is killed under load: how long until it goes as fast as before."""
import bisect
import itertools
import statistics
import time

from chart import Chart
from lab import Database, wait_until

STEP_S = 0.05


def restart(bench):
    """PostgreSQL is killed in mid-load and starts again: when are jobs done again, when at full speed, is any lost?"""
    jobs, before, window = (200000, 1.2, 0.5) if bench.quick else (600000, 2.5, 1)
    runs = bench.repeat_many("restart", lambda: _measure(bench.lab, jobs, before, window))
    figures = {name: bench.figure([run[name] for run in runs]) for name in ("away", "first", "full", "rate")}
    bench.result("restart", figures)
    bench.table((f"kill and restart during a drain of {jobs:,}", "value"), [
        (f"jobs/s before (median of windows of {window:g} s)", figures["rate"].text("{:,.0f}")),
        ("PostgreSQL away (kill, recovery, start), s", figures["away"].text("{:.2f}")),
        ("from there to the next finished jobs, s", figures["first"].text("{:.2f}")),
        (f"from there to full speed (90 % of before, over {window:g} s), s", figures["full"].text("{:.2f}")),
        ("jobs lost or done twice", "0")])
    slow = sum(not run["is_full"] for run in runs)
    if slow:
        bench.write(f"In {slow} runs the rest of the queue was done before it came to full speed; the time to its end "
                    "is counted.\n")
    bench.plot("restart",
               Chart("PostgreSQL is killed and starts again", "seconds", "jobs/s").lines({"jobs/s": runs[0]["rates"]}))


def _measure(lab, jobs, before, window):
    with Database(lab) as database:
        database.db.run("SELECT koppeling.ping(%s)", jobs)
        database.settle()
        worker = database.worker(200, 2)
        try:
            wait_until(lambda: database.db.value("SELECT EXISTS (SELECT FROM koppeling.job_history)"),
                       "it is under way", 60)
            started = time.time()
            wait_until(lambda: time.time() > started + before
                       or database.db.value("SELECT count(*) FROM koppeling.job") < jobs / 2,
                       "it was at full speed for a while", 60, 0.2)
            killed = time.time()
            lab.server.restart()
            up = time.time()
            database.db = lab.session(database.name)
            wait_until(lambda: database.db.value("SELECT NOT EXISTS (SELECT FROM koppeling.job)"), "the rest is done",
                       300, 0.2)
        finally:
            worker.stop()
        row = database.db.row("SELECT count(*) AS jobs, count(DISTINCT id) AS ids FROM koppeling.job_history")
        assert row["jobs"] == row["ids"] == jobs, row
        finishes = database.db.rows("""SELECT extract(epoch FROM finished_at)::float8 AS at, count(*) AS jobs
                                       FROM koppeling.job_history GROUP BY finished_at ORDER BY 1""")
    return _read(finishes, killed, up, window)


def _read(finishes, killed, up, window):
    """Rates over windows of some length, from the moments at which batches were finished."""
    moments = [row["at"] for row in finishes]
    sums = [0, *itertools.accumulate(row["jobs"] for row in finishes)]

    def done_in(start):
        return (sums[bisect.bisect_left(moments, start + window)] - sums[bisect.bisect_left(moments, start)]) / window

    def starts(first, last):
        return [first + STEP_S * number for number in range(int((last - window - first) / STEP_S) + 1)]
    # The first moments are the worker's start.
    rate = statistics.median(done_in(start) for start in starts(moments[0] + 0.2, killed))
    first = moments[bisect.bisect_left(moments, up)]
    full = next((start - up for start in starts(first, moments[-1]) if done_in(start) >= 0.9 * rate), None)
    return {"away": up - killed, "first": first - up, "rate": rate,
            "full": moments[-1] - up if full is None else full, "is_full": full is not None,
            "rates": [(start + window / 2 - moments[0], done_in(start)) for start in starts(moments[0], moments[-1])]}
