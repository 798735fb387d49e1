"""The budgets of the design, each beside what the same run measured: met or missed is computed, not judged. Speed is
held against a ceiling or a peer of the same run, on the same work, so that the table is true on any machine; what is
absolute is bytes, and how long a person may wait."""
from front import HTTP2
from peers import COLUMNS, GOALS, OURS, goal_text, ratio_text
from pollers import IN_FLIGHT, THREADS, unchanged
from panel import BUDGETED, SMALL
import shops


class Missing(Exception):
    """The run did not measure what a budget is about."""


def _result(bench, name):
    if name not in bench.results:
        raise Missing(name)
    return bench.results[name]


def _drain(bench):
    """The ratio within pairs, with as many threads as the machine has cores; the best ceiling is told."""
    ratio, rate = _result(bench, "drain ratio 2"), _result(bench, "drain rate 2")
    measured = f"2 threads: {rate.text('{:,.0f}')} jobs/s, {ratio.text('{:.0%}')} of pgbench in pairs"
    is_met = ratio.median >= 0.95
    ceilings = [bench.results[f"ceiling 1000x{clients}"].median
                for clients in (1, 2, 4) if f"ceiling 1000x{clients}" in bench.results]
    if ceilings:
        share = rate.median / max(ceilings)
        measured += f"; {share:.0%} of the best ceiling of this run ({max(ceilings):,.0f})"
    return measured, is_met


def _beside_peer(shape, what, goal):
    """Held against the first of the peers; the other is told."""
    def measure(bench):
        first, *others = _result(bench, f"ratio {shape} {what}").items()
        form = COLUMNS[what][1]
        ours, theirs = (bench.results[f"peers {shape} {name}"][what].median for name in (OURS, first[0]))
        measured = f"{ratio_text(first[1])} ({form.format(ours)} to {form.format(theirs)})"
        measured += "".join(f"; of {name} {ratio_text(ratio)}" for name, ratio in others)
        return measured, first[1].median >= goal if goal >= 1 else first[1].median <= goal
    return measure


def _raw_orders(bench):
    ours, raw, ratio = _result(bench, "raw orders")
    return (f"{ours.text('{:,.0f}')} of {raw.text('{:,.0f}')} polls/s: {ratio.text('{:.0%}')}", ratio.median >= 0.8)


def _connections(bench):
    for name in (f"tls {HTTP2}", f"peers {unchanged(HTTP2)} {OURS}"):
        if name in bench.results:
            opened = bench.results[name]["opened"]
            return (f"{opened.text('{:,.0f}')} for {IN_FLIGHT} calls in flight of {THREADS} threads",
                    opened.median <= 2 * THREADS)
    raise Missing(HTTP2)


def _in_flight(found):
    def measure(bench):
        figures = _result(bench, f"polls 5000 {found}")
        return (f"{figures['rss'].text('{:.0f}')} MB at the peak, with {figures['at_once'].text('{:,.0f}')} calls at "
                "once",
                figures["rss"].median <= 150 and figures["at_once"].median >= 4900)
    return measure


def _pick_up(bench):
    p50, p95, p99 = _result(bench, "pick-up after commit")
    texts = (f"{name} {figure.text('{:.1f}')}" for name, figure in (("p50", p50), ("p95", p95), ("p99", p99)))
    return f"{', '.join(texts)} ms" + _in_raw_jobs(bench, p99), p99.median < 5


def _in_raw_jobs(bench, time):
    """A time beside that of one job by pgbench, which is mostly two commits: so it can be compared among machines."""
    if "ceiling 1x1" not in bench.results:
        return ""
    return f", p99 as long as {time.median * bench.results['ceiling 1x1'].median / 1000:.1f} raw jobs one by one"


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
    return f"{carried:.2f}x (from the front {front:.1f}x); the whole drain {drain:.2f}x", carried <= 1.1


def _wal(bench):
    used = _result(bench, "wal")[2]
    return f"{used.text('{:,.0f}')} bytes", used.median < 950


def _dispatch(phase, most_ms):
    def measure(bench):
        _, _, p99 = _result(bench, f"dispatch {phase}")
        return f"p99 {p99.text('{:.1f}')} ms" + _in_raw_jobs(bench, p99), p99.median <= most_ms
    return measure


def _first_byte(bench):
    """The slowest of the kinds of pages decides."""
    found = {name: _result(bench, f"panel orders {name}")[0.99] for name in BUDGETED}
    slowest = max(found, key=lambda name: found[name].median)
    return (f"p99 {found[slowest].text('{:.0f}')} ms ({slowest}); the others "
            f"{', '.join(format(figure.median, '.0f') for name, figure in found.items() if name != slowest)} ms",
            found[slowest].median <= 50)


def _small_pages(bench):
    figures = [_result(bench, f"panel rate {name}") for name in SMALL]
    measured = "; ".join(f"{name}: {figure['rate'].text('{:,.0f}')}, {figure['share'].text('{:.1%}')} of nginx"
                         for name, figure in zip(SMALL, figures))
    return measured, all(figure["rate"].median >= 1000 for figure in figures)


def _panel_memory(bench):
    most = max(_result(bench, f"panel rate {name}")["mb"].median for name in SMALL)
    return f"{most:.0f} MB", most <= 60


def _operations(bench):
    found = {name: figures for name, figures in bench.results.items() if name.startswith("panel ops ")}
    if not found:
        raise Missing("panel ops")
    slowest = max(found, key=lambda name: found[name]["most"].median)
    cut = sum(sum(figures["refused"].values) for figures in found.values())
    return (f"at most {found[slowest]['most'].text('{:.0f}')} ms ({slowest.removeprefix('panel ops ')}); "
            f"{cut:.0f} pages not answered", cut == 0 and found[slowest]["most"].median < 2000)


def _labels_for_many(bench):
    asked = _result(bench, "panel many")["asked"]
    return f"{asked.text('{:.2f}')} s", asked.median <= 1


NOT_DUE = "not yet due, but for 2,000"
BUDGETS = (
    ("drain of 200k `ping` jobs, 2 cores, synchronous_commit on",
     "at least 95 % of pgbench with the same claim-1000 / finish-1000", _drain),
    *((f"{shape}: {COLUMNS[what][0]}", f"{goal_text(goal)} graphile-worker", _beside_peer(shape, what, goal))
      for shape, goals in GOALS.items() for what, goal in goals.items()),
    ("polls, all new", "at least 80 % of the same rows put in by raw SQL", _raw_orders),
    ("connections over HTTP/2", "at most 2 per thread while streams are free", _connections),
    *((f"5,000 in flight per process, {found}", "5,000 API calls in 150 MB", _in_flight(found))
      for found in (shops.SLOW, shops.ALL_NEW)),
    ("pick-up, idle queue", "p99 under 5 ms from commit to request sent", _pick_up),
    ("a person's dispatch under bulk load", "p99 at most 20 ms to the request", _dispatch("load", 20)),
    ("the same beside a service that hangs", "p99 at most 50 ms to the request", _dispatch("hanging", 50)),
    ("claim cost, all due", "flat from 10 thousand to 10 million queued jobs (at most 1.5x)", _claim("due")),
    (f"claim cost, {NOT_DUE}", "flat (at most 1.5x)", _claim(NOT_DUE)),
    ("claim with an old open transaction", "at most 1.1x the cost without", _snapshot),
    ("WAL per ping job", "under 0.95 kB", _wal),
    ("list of a million orders of one account", "first byte: p99 at most 50 ms", _first_byte),
    ("small pages of the panel, one process", "at least 1,000 views/s, beside the same bytes by nginx", _small_pages),
    ("the panel's memory meanwhile", "at most 60 MB", _panel_memory),
    ("pages of operations, ten million rows of history", "all are answered within their 2 s", _operations),
    ("labels for 500 orders at once", "asked for within 1 s", _labels_for_many),
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
    bench.write("A median decides; ratios are taken within each run. In brackets: ours, and what it is held against.\n")
