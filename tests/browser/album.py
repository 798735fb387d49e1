"""The pictures of docs/panel: which there are, of which page of the table of routes, and how one is taken."""
import base64
import os
import pathlib
import re
import subprocess

from harness.programs import ROOT

from chromium import PHONE

DESK = (1100, 620)
MOST = {DESK: 1500, PHONE: 1300}
COLOURS = "96"

# Each picture, in the order of the tour, with the page that it shows.
PICTURES = {
    "sign-in": "/sign-in",
    "integrations-empty": "/",
    "connect": "/connect",
    "connect-refused": "/connect",
    "connect-checking": "/integrations/{id}",
    "connected": "/integrations/{id}",
    "integrations": "/",
    "integrations-trouble": "/",
    "integration-trouble": "/integrations/{id}",
    "orders": "/orders",
    "orders-filtered": "/orders",
    "orders-dark": "/orders",
    "orders-english": "/orders",
    "orders-phone": "/orders",
    "label": "/orders/label",
    "label-phone": "/orders/label",
    "label-staging": "/orders/label",
    "batch": "/batches/{id}",
    "batch-staging": "/batches/{id}",
    "batches": "/batches",
    "print": "/labels/print/{id}",
    "printed": "/labels/history",
    "order": "/orders/{id}",
    "order-address": "/orders/{id}",
    "order-phone": "/orders/{id}",
    "not-imported": "/orders/not-imported",
    "attention": "/orders/attention",
    "me": "/me",
    "nowhere": None,
    "ops": "/ops",
    "ops-dark": "/ops",
    "ops-phone": "/ops",
    "ops-course": "/ops/course",
    "ops-jobs": "/ops/jobs",
    "ops-job": "/ops/jobs/{id}",
    "ops-job-retried": "/ops/jobs/{id}",
    "ops-redrive": "/ops/jobs/redrive",
    "ops-shops": "/ops/shops",
    "ops-accounts": "/ops/accounts",
    "ops-processes": "/ops/processes",
    "ops-apis": "/ops/apis",
}

# What is asked for with GET and is no page, and what it is instead.
NO_PAGES = {
    "/health": "says ok to a load balancer",
    "/portal": "signs in and goes on",
    "/labels/print/{id}/pdf": "a PDF",
}


def routes():
    """The patterns of GET in the panel's table of routes."""
    table = (ROOT / "panel/routes/table.c").read_text()
    table = table[table.index("const struct route routes[]"):]
    made = r"PAGE\(\"([^\"]+)\"|(?:OWN|OF_MANY)\(REQUEST_GET, \"([^\"]+)\""
    return ["".join(found) for found in re.findall(made, table)]


def fits(pattern, path):
    """Whether the path is one of that route."""
    return re.fullmatch(pattern.replace("{id}", r"\d+"), path.split("?")[0]) is not None


class Camera:
    """Takes the pictures of a person's browser."""

    def __init__(self, person):
        self.person = person
        self.directory = pathlib.Path(os.environ["PICTURES"])
        self.directory.mkdir(parents=True, exist_ok=True)

    def take(self, name, size=DESK, is_dark=False):
        """The page as it is now, down to its end unless it is very long; after that it is as it was."""
        person, pattern = self.person, PICTURES[name]
        assert pattern is None or fits(pattern, person.path), f"{name} shows {person.path}"
        person.look(size, is_dark)
        height = person.driver.execute_script("window.scrollTo(0, 0); return document.documentElement.scrollHeight")
        height = min(max(height, size[1]), MOST[size])
        person.look(size, is_dark, height=height)
        shot = person.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        path = self.directory / f"{name}.png"
        path.write_bytes(base64.b64decode(shot["data"]))
        subprocess.run(["pngquant", "--force", "--strip", "--speed", "1", "--output", path, COLOURS, path], check=True)
        person.look()
