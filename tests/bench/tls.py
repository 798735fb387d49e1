"""Unchanged polls over TLS, and what that says for many shops."""
import math

from front import HTTP1, HTTP2, PLAIN, PROTOCOLS, STREAMS, front
from lab import Database
from pollers import IN_FLIGHT, THREADS, Ours, measure
import shops

COLUMNS = {
    "jobs_per_s": ("polls/s", "{:,.0f}"), "fresh_jobs_per_s": ("polls/s, fresh process", "{:,.0f}"),
    "worker_cpu": ("worker CPU s per 1,000", "{:.3f}"), "fresh_worker_cpu": ("the same, fresh process", "{:.3f}"),
    "postgres_cpu": ("PostgreSQL CPU s per 1,000", "{:.3f}"), "front_cpu": ("nginx CPU s per 1,000", "{:.3f}"),
    "at_rest": ("worker MB before", "{:.0f}"), "rss": ("worker peak MB", "{:.0f}"),
    "opened": ("connections opened", "{:,.0f}"), "full": ("of them with a full handshake", "{:,.0f}"),
    "sent": ("bytes on the wire per call", "{:,.0f}"),
}
ROUNDS = 3
# What the estimate assumes: two statuses that count as open, so two calls a poll, each 3 minutes.
SHOPS, INTERVAL_S, CALLS, LATENCIES_S = (39000, 1000000), 180, 2, (0.1, 1.0)


def tls(bench):
    """Unchanged polls over TLS 1.3, by nginx in front of the simulator: 400 in flight, 100 ms, 20 orders of 1 kB."""
    count = 3000 if bench.quick else 10000
    runs = bench.repeat_many("tls", lambda: _measure(bench.lab, count))
    table, found = [], {}
    for protocol in PROTOCOLS:
        figures = {name: bench.figure([run[protocol][name] for run in runs]) for name in runs[0][protocol]}
        bench.result(f"tls {protocol}", figures)
        found[protocol] = {name: figure.median for name, figure in figures.items()}
        table.append((protocol, *(figures[name].text(form) for name, (_, form) in COLUMNS.items())))
    bench.table(("none new", *(head for head, _ in COLUMNS.values())), table)
    _write_estimate(bench, found)


def _measure(lab, count):
    played, found = shops.simulator(lab), {}
    try:
        with Database(lab) as database:
            shops.make_integrations(database, count)
            shops.import_orders(database, played, shops.SIMULATED_SHOPS, count)
            for protocol in PROTOCOLS:
                way = front(lab, played, protocol)
                try:
                    found[protocol] = measure(database, played, way, lambda: Ours(database, way),
                                              ("poll", count, ROUNDS))
                finally:
                    way.close()
    finally:
        played.stop()
    for figures in found.values():
        # All of loopback, less what goes between nginx and the simulator, which is what went without nginx.
        figures["sent"] = figures["wire"] - (0 if figures is found[PLAIN] else found[PLAIN]["wire"])
    return found


def _write_estimate(bench, found):
    """Arithmetic with the medians above."""
    table = []
    for count in SHOPS:
        for protocol in (HTTP1, HTTP2):
            figures = found[protocol]
            polls = count / INTERVAL_S
            per_call = (figures["rss"] - figures["at_rest"]) / IN_FLIGHT
            for latency in LATENCIES_S:
                flying = polls * CALLS * latency
                table.append((
                    f"{count:,}", protocol, f"{latency * 1000:,.0f} ms", f"{flying:,.0f}",
                    f"{_connections(protocol, flying):,}", f"{figures['at_rest'] + flying * per_call:,.0f}",
                    f"{polls * CALLS * figures['worker_cpu'] / 1000:.2f}",
                    f"{polls * CALLS * figures['sent'] * 8 / 1e6:,.0f}"))
    bench.table(("shops", "over", "an answer takes", "calls in flight", "connections", "worker MB, in all",
                 "worker cores", "Mbit/s"), table)
    bench.write(
        f"Polls/s are shops / {INTERVAL_S} s, calls/s {CALLS} x that. In flight: calls/s x the time of an answer. "
        f"Connections: one for each call of HTTP/1.1; of HTTP/2 one for {STREAMS} calls, and of each of {THREADS} "
        f"threads at least one. Memory: before, and (peak - before) / {IN_FLIGHT} for each call. Cores: calls/s x "
        "worker CPU of a poll of one call, steady. Mbit/s: calls/s x bytes on the wire x 8.\n")


def _connections(protocol, flying):
    return math.ceil(flying) if protocol == HTTP1 else max(THREADS, math.ceil(flying / STREAMS))
