"""The pages of the panel: how long a person waits for a list of a million orders, how many small pages a process gives
each second beside a static page, and whether the pages of operations stay fast with ten million rows of history."""
import random
import time
import urllib.parse

from chart import Chart
from lab import Database
from panel_data import FIRST_JOB, QUEUED, FAILED, make
from panel_load import (CONNECTIONS, NotHere, Panel, StaticPages, Visitor, cookie_of, load, load_panel, need_wrk)
import shops

SIZE = {"orders": 1000000, "history": 10000000, "visits": 300, "ops": 100, "seconds": 5}
QUICK_SIZE = {"orders": 50000, "history": 200000, "visits": 40, "ops": 10, "seconds": 1}
SMALL = {"a person's own page": "/me", "earlier batches": "/batches"}
LARGER = {"a shop": "/integrations/1", "first page of the list": "/orders"}
# What a person waits for before anything is chosen.
BUDGETED = "first page, open orders", "first page, filtered", "a page anywhere", "found by words"
MANY = 500  # orders that labels are made of at once
SHARES = 0.5, 0.99


def _deep(db, rng, query, where):
    """Links to pages anywhere in a list, as a page gives them to its next."""
    ids = ",".join(str(rng.randrange(1, db.value("SELECT max(id) FROM koppeling.imported_order"))) for _ in range(1000))
    places = db.rows(f"""SELECT (extract(epoch FROM ordered_at) * 1000000)::bigint AS at, id
                         FROM koppeling.imported_order WHERE id IN ({ids}) {where}""")
    return [f"/orders?{query}&after={row['at']}~{row['id']}~" for row in places]


def _order_pages(db, orders):
    """What a merchant looks at: for each kind the addresses, one after the other."""
    rng = random.Random(1)
    words = [f"q={10000000 + rng.randrange(1, orders)}" for _ in range(50)]
    words += [f"q={urllib.parse.quote(words)}" for words in ("noor jansen", "bakker", "klant77", "1077", "pee")]
    return {
        "first page, open orders": ["/orders"],
        "first page, all orders": ["/orders?state=all"],
        "first page, filtered": [
            "/orders?state=all&country=DE", "/orders?state=marked_shipped&shop=2", "/orders?state=all&warning=any",
            "/orders?state=all&country=BE&sort=oldest", "/orders?state=all&sort=country",
            "/orders?warning=phone_not_understood&state=marked_shipped", "/orders?shop=3&country=NL&state=withdrawn"],
        "a page anywhere": _deep(db, rng, "state=all", "") + _deep(db, rng, "state=marked_shipped&shop=1&country=NL",
                                                                  "AND integration_id = 1"),
        "found by words": [f"/orders?state=all&{word}" for word in words],
        "an order": [f"/orders/{rng.randrange(1, orders)}" for _ in range(100)],
    }


def _ops_pages(db, history):
    rng = random.Random(2)
    last = db.value("SELECT max(id) FROM koppeling.job_history")
    assert last == history
    return {
        "queue": ["/ops"], "history of 3 hours": ["/ops/course?hours=3"],
        "history of 24 hours": ["/ops/course?hours=24"],
        "failed jobs": ["/ops/jobs", "/ops/jobs?kind=mark_shipped", "/ops/jobs?error_class=timeout",
                        "/ops/jobs?kind=poll&error_class=server_error",
                        f"/ops/jobs?after={FIRST_JOB + FAILED // 2}"],
        "all jobs": ["/ops/jobs?state=all", "/ops/jobs?state=queued", "/ops/jobs?state=all&shop=1",
                     "/ops/jobs?state=all&account=1", "/ops/jobs?state=queued&kind=verify",
                     f"/ops/jobs?state=all&after={FIRST_JOB + QUEUED // 2}"],
        "a live job": [f"/ops/jobs/{FIRST_JOB + rng.randrange(1, QUEUED)}" for _ in range(50)],
        "a finished job": [f"/ops/jobs/{rng.randrange(1, history)}" for _ in range(50)] + ["/ops/jobs/99999999"],
        "what a redrive would take": ["/ops/jobs/redrive", "/ops/jobs/redrive?kind=mark_shipped",
                                      "/ops/jobs/redrive?account=1"],
        "shops in trouble": ["/ops/shops", "/ops/shops?after=500"], "accounts": ["/ops/accounts"],
        "processes": ["/ops/processes"], "services": ["/ops/apis"],
    }


def _visit(visitor, targets, visits, known=(200,)):
    """ms to the first byte of so many visits; how many had no page for an answer."""
    times, refused = [], 0
    for number in range(-3, visits):
        status, took = visitor.visit(targets[number % len(targets)])
        refused += status not in known
        # The first ones load statements.
        if number >= 0:
            times.append(took)
    return {**{share: shops.quantile(times, share) for share in SHARES}, "most": max(times), "refused": refused}


def _visit_all(panel, browser, pages, visits):
    visitor = Visitor(panel.address, cookie_of(browser))
    try:
        return {name: _visit(visitor, targets, visits, (200, 404)) for name, targets in pages.items()}
    finally:
        visitor.close()


def _label_many(db, browser, run):
    """Seconds for the page of labels for hundreds of orders, and until they are asked for."""
    ids = db.column("SELECT id FROM koppeling.imported_order WHERE state = 'open' ORDER BY id OFFSET %s LIMIT %s",
                    run * MANY, MANY)
    fields = [("order", str(id)) for id in ids]
    began = time.perf_counter()
    page = browser.get("/orders/label?" + urllib.parse.urlencode(fields))
    shown = time.perf_counter()
    assert page.status == 200, page.words
    form = dict(page.form("/orders/label")["fields"])
    answer = browser.post("/orders/label", fields + [("service", "postnl-pakket"), ("csrf", form["csrf"]),
                                                     ("once", form["once"])], follow=False)
    asked = time.perf_counter()
    assert answer.status == 303, answer.text
    batch = browser.get(answer.headers["location"])
    assert batch.status == 200, batch.words
    made = db.value("SELECT count(*) FROM koppeling.shipment WHERE order_id = ANY (%s)", ids)
    assert made == MANY, f"{made} of {MANY} are asked for"
    return {"page": shown - began, "asked": asked - shown, "batch": time.perf_counter() - asked}


def _rates(bench, panel, pages, browser, seconds):
    """Of some pages views/s, each beside the same bytes by nginx."""
    found = {}
    for name, target in {**SMALL, **LARGER}.items():
        static = f"{len(found)}.html"
        pages.add(static, browser.get(target).body)
        found[name] = load_panel(panel, bench.lab.postmaster, target, seconds, cookie_of(browser))
        found[name]["static"] = load(pages.address, f"/{static}", seconds)["rate"]
        found[name]["share"] = found[name]["rate"] / found[name]["static"]
    return found


def _measure(bench, database, size):
    panel = Panel(database)
    pages = StaticPages(bench.lab)
    try:
        anna, op = panel.sign_in("anna"), panel.sign_in("op")
        order_pages, ops_pages = _order_pages(database.db, size["orders"]), _ops_pages(database.db, size["history"])
        return bench.repeat_many("panel", lambda: {
            "orders": _visit_all(panel, anna, order_pages, size["visits"]),
            "ops": _visit_all(panel, op, ops_pages, size["ops"]),
            "rates": _rates(bench, panel, pages, anna, size["seconds"]),
            "many": _label_many(database.db, anna, database.db.value("SELECT count(*) FROM koppeling.panel_batch"))})
    finally:
        pages.close()
        panel.stop()


def _write_waits(bench, runs, part, head):
    table = []
    for name in runs[0][part]:
        figures = {what: bench.figure([run[part][name][what] for run in runs]) for what in runs[0][part][name]}
        bench.result(f"panel {part} {name}", figures)
        table.append((name, *(figures[what].text("{:.1f}") for what in (*SHARES, "most")),
                      f"{sum(figures['refused'].values):.0f}"))
    bench.table((head, "p50, ms", "p99, ms", "most, ms", "not answered"), table)


def _plot_waits(bench, runs):
    """Of the lists of merchants, which have a goal of their own."""
    names = list(runs[0]["orders"])
    bench.plot("panel", Chart("First byte of pages of the panel", "page", "ms").bars(names, {
        f"p{share * 100:.0f}": ([bench.figure([run["orders"][name][share] for run in runs]).median for name in names],
                                [bench.figure([run["orders"][name][share] for run in runs]).spread for name in names])
        for share in SHARES}))


def _write_rates(bench, runs):
    table = []
    for name in runs[0]["rates"]:
        figures = {what: bench.figure([run["rates"][name][what] for run in runs]) for what in runs[0]["rates"][name]}
        bench.result(f"panel rate {name}", figures)
        table.append((name, *(figures[what].text(form) for what, form in (
            ("rate", "{:,.0f}"), ("static", "{:,.0f}"), ("share", "{:.1%}"), ("p99", "{:.1f}"), ("mb", "{:.0f}"),
            ("panel_cpu", "{:.2f}"), ("postgres_cpu", "{:.2f}")))))
    bench.table((f"{CONNECTIONS} connections", "views/s", "the same bytes by nginx", "share", "p99, ms", "panel MB",
                 "panel CPU s per 1,000", "PostgreSQL CPU s per 1,000"), table)


def panel(bench):
    """Time to the first byte of pages at a million orders and ten million rows of history; views/s of small pages."""
    try:
        need_wrk()
    except NotHere as why:
        bench.write(f"Skipped: {why}\n")
        return
    size = QUICK_SIZE if bench.quick else SIZE
    with Database(bench.lab) as database:
        began = time.monotonic()
        make(database, size["orders"], size["history"])
        bench.say(f"panel: made in {time.monotonic() - began:.0f} s")
        runs = _measure(bench, database, size)
    _write_waits(bench, runs, "orders", f"{size['orders']:,} orders of one account; one visit after the other")
    _write_waits(bench, runs, "ops", f"{size['history']:,} rows of history, {FAILED + QUEUED:,} live jobs")
    _plot_waits(bench, runs)
    _write_rates(bench, runs)
    many = {what: bench.figure([run["many"][what] for run in runs]) for what in ("page", "asked", "batch")}
    bench.result("panel many", many)
    bench.table((f"labels for {MANY} orders at once", "s"), [
        ("the page that asks how", many["page"].text("{:.2f}")),
        ("until all are asked for", many["asked"].text("{:.2f}")),
        ("the page of the batch", many["batch"].text("{:.2f}"))])
