"""The budgets of the design, each beside what the same run measured: met or missed is computed, not judged."""
import shops

# graphile-worker on a machine of the same size, 400 API jobs of 100 ms in flight, 20 rows stored for each.
# Where it was measured as a range, the end that is harder to beat counts.
PEER_JOBS_PER_S, PEER_CPU_S, PEER_MB = 1640, 0.41, 183
FOUND = (shops.STEADY, shops.FRESH, shops.ALL_NEW)


class Missing(Exception):
    """The run did not measure what a budget is about."""


def _result(bench, name):
    if name not in bench.results:
        raise Missing(name)
    return bench.results[name]


def _drain(bench):
    """The ratio within pairs, with as many threads as the machine has cores; and the best rate beside the best
    ceiling."""
    ratio, rate = _result(bench, "drain ratio 2"), _result(bench, "drain rate 2")
    measured = f"2 threads: {rate.text('{:,.0f}')} jobs/s, {ratio.text('{:.0%}')} of pgbench in pairs"
    is_met = ratio.median >= 0.8
    ceilings = [bench.results[f"ceiling 1000x{clients}"].median
                for clients in (1, 2, 4) if f"ceiling 1000x{clients}" in bench.results]
    if ceilings:
        share = rate.median / max(ceilings)
        measured += f"; {share:.0%} of the best ceiling of this run ({max(ceilings):,.0f})"
        return measured, is_met and share >= 0.8
    return measured, is_met


def _poll_rate(found):
    def measure(bench):
        rate = _result(bench, f"polls 400 {found}")["jobs_per_s"]
        return f"{rate.text('{:,.0f}')}: {rate.median / PEER_JOBS_PER_S:.2f}x", rate.median >= 2 * PEER_JOBS_PER_S
    return measure


def _poll_cost(found, name, peer, form):
    def measure(bench):
        cost = _result(bench, f"polls 400 {found}")[name]
        return f"{cost.text(form)}: {cost.median / peer:.2f} of it", cost.median <= peer / 5
    return measure


def _in_flight(found):
    def measure(bench):
        figures = _result(bench, f"polls 5000 {found}")
        return (f"{figures['rss'].text('{:.0f}')} MB at the peak, with {figures['at_once'].text('{:,.0f}')} calls at "
                "once",
                figures["rss"].median <= 150 and figures["at_once"].median >= 4900)
    return measure


def _pick_up(bench):
    p50, p95, p99 = _result(bench, "pick-up after commit")
    return f"p50 {p50.text('{:.1f}')}, p95 {p95.text('{:.1f}')}, p99 {p99.text('{:.1f}')} ms", p99.median < 5


def _claim(what):
    def measure(bench):
        found = {int(name.rsplit(" ", 1)[1]): figures[1] for name,
                 figures in bench.results.items() if name.startswith(f"claim {what} ")}
        if not found:
            raise Missing(what)
        least, most = min(found), max(found)
        growth = found[most].median / found[least].median
        return (f"claim of 100: {found[least].text('{:.2f}')} ms at {least:,}, {found[most].text('{:.2f}')} at "
                f"{most:,}: {growth:.2f}x",
                growth <= 1.5)
    return measure


def _snapshot(bench):
    drain, front, carried = _result(bench, "snapshot ratios")
    return f"{carried:.2f}x (from the front {front:.1f}x); the whole drain {drain:.2f}x", carried <= 1.5


def _wal(bench):
    used = _result(bench, "wal")[2]
    return f"{used.text('{:,.0f}')} bytes", used.median < 1000


def _dispatch(phase, most_ms):
    def measure(bench):
        _, _, p99 = _result(bench, f"dispatch {phase}")
        return f"p99 {p99.text('{:.1f}')} ms", p99.median <= most_ms
    return measure


NOT_DUE = "not yet due, but for 2,000"
BUDGETS = (
    ("drain of 200k `ping` jobs, 2 cores, synchronous_commit on",
     "at least 80 % of pgbench with the same claim-1000 / finish-1000", _drain),
    *((f"polls at 400 in flight, one process, {found}: jobs/s",
       f"at least 2x the best Node queue, so {2 * PEER_JOBS_PER_S:,}",
       _poll_rate(found)) for found in FOUND),
    *((f"the same, {found}: CPU of the worker, s per 1,000", f"at most 1/5 of Node's, so {PEER_CPU_S / 5:.3f}",
       _poll_cost(found, "worker_cpu", PEER_CPU_S, "{:.3f}")) for found in FOUND),
    *((f"the same, {found}: memory of the worker, MB", f"at most 1/5 of Node's, so {PEER_MB / 5:.0f}",
       _poll_cost(found, "rss", PEER_MB, "{:.0f}")) for found in FOUND),
    *((f"5,000 in flight per process, {found}", "5,000 API calls in 150 MB", _in_flight(found))
      for found in (shops.SLOW, shops.ALL_NEW)),
    ("pick-up, idle queue", "p99 under 5 ms from commit to request sent", _pick_up),
    ("a person's dispatch under bulk load", "p99 at most 20 ms to the request", _dispatch("load", 20)),
    ("the same beside a service that hangs", "p99 at most 50 ms to the request", _dispatch("hanging", 50)),
    ("claim cost, all due", "flat from 10 thousand to 10 million queued jobs (at most 1.5x)", _claim("due")),
    (f"claim cost, {NOT_DUE}", "flat (at most 1.5x)", _claim(NOT_DUE)),
    ("claim with an old open transaction", "at most 1.5x the cost without", _snapshot),
    ("WAL per ping job", "under 1 kB", _wal),
)


def write_budgets(bench):
    """The last section of the report."""
    table = []
    for what, budget, measure in BUDGETS:
        try:
            measured, is_met = measure(bench)
        except Missing:
            measured, verdict = "not measured in this run", ""
        else:
            verdict = "met" if is_met else "**missed**"
        table.append((what, budget, measured, verdict))
    bench.write("## budgets: What the design promises, beside what this run measured.")
    bench.table(("what", "budget", "measured", ""), table)
    bench.write("A median decides. \"None new, steady\" is what a worker does all day; \"fresh process\" opens each "
                "shop's token for the first time.\n")
