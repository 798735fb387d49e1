"""The panel and those who mean no good: other accounts, scripts in names, and requests that are none."""
import http.client
import json
import re
import socket
import time

from harness.booking import BookingCase
from harness.browser import Browser
from harness.orders import order
from harness.programs import ROOT

HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
                               "object-src 'none'",
    "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "same-origin",
    "cache-control": "no-store"}


def routes():
    """(method, pattern) of each route in the table."""
    text = (ROOT / "panel/routes/table.c").read_text()
    text = re.sub(r"\s+", " ", text[text.index("const struct route routes[]"):])
    found = [("GET" if kind == "PAGE" else "POST", path)
             for kind, path in re.findall(r'\b(PAGE|ACTION|SEALED)\( ?"([^"]+)"', text)]
    found += [(method, path) for method, path in re.findall(r'\b(?:OWN|OF_MANY)\( ?REQUEST_(\w+), "([^"]+)"', text)]
    found += [(method, path) for method, path in re.findall(r'\.method = REQUEST_(\w+), \.pattern = "([^"]+)"', text)]
    assert len(found) == len(re.findall(r'"/', text)), found
    return found


class DoorTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.db.run("INSERT INTO koppeling.account (id, name) VALUES (2, 'Andere BV')")
        self.add_person("anna")
        self.add_person("bert", account=2)
        self.add_person("kijker", role="readonly")
        self.panel, self.address = self.start_panel()

    def browser(self, login=None):
        browser = Browser(self.address)
        if login:
            self.assertEqual(browser.sign_in(login).status, 200)
        return browser

    def fill(self):
        """An account with one of everything; returns its ids."""
        self.connect_with_numbers(70001)
        anna = self.browser("anna")
        ids = [str(self.order(70001)["id"])]
        anna.get(f"/orders/label?order={ids[0]}")
        anna.submit("/orders/label", order=ids, service="postnl-pakket")
        self.work()
        batch = anna.address
        anna.get(batch)
        anna.submit("/labels/print", layout="a6")
        self.work()
        return anna

    def test_another_account_sees_and_changes_nothing_by_any_route(self):
        self.fill()
        bert = self.browser("bert")
        before = self.db.value("SELECT json_agg(t)::text FROM (SELECT (SELECT json_agg(i ORDER BY i.id) FROM"
                               " koppeling.integration i), (SELECT json_agg(o ORDER BY o.id) FROM"
                               " koppeling.imported_order o), (SELECT count(*) FROM koppeling.shipment),"
                               " (SELECT count(*) FROM koppeling.panel_print)) t")
        csrf = dict(bert.get("/me").form("/sign-out")["fields"])["csrf"]
        secrets = ("70001", "shop1", "Proefverzender")
        for method, pattern in routes():
            if pattern in ("/sign-in", "/sign-out", "/portal", "/health", "/me/tokens"):
                continue
            path = pattern.replace("{id}", "1")
            with self.subTest(method=method, path=path):
                if method == "GET":
                    page = bert.get(path + "?order=1")
                else:
                    page = bert.post(path, {"csrf": csrf, "order": "1", "shipment": "1", "batch": "1", "again": "1",
                                            "service": "postnl-pakket", "token": "x", "once": f"once-{time.time_ns()}",
                                            "street": "X", "city": "Y", "country": "NL", "name": "Z"})
                self.assertIn(page.status, (200, 403, 404, 409, 422), page.text)
                if pattern.startswith("/ops"):
                    self.assertEqual(page.status, 403, page.words)
                elif "{id}" in pattern:
                    self.assertEqual(page.status, 404, page.words)
                for secret in secrets:
                    self.assertNotIn(secret, page.text)
        after = self.db.value("SELECT json_agg(t)::text FROM (SELECT (SELECT json_agg(i ORDER BY i.id) FROM"
                              " koppeling.integration i), (SELECT json_agg(o ORDER BY o.id) FROM"
                              " koppeling.imported_order o), (SELECT count(*) FROM koppeling.shipment),"
                              " (SELECT count(*) FROM koppeling.panel_print)) t")
        self.assertEqual(before, after)

    def test_each_page_answers_whoever_it_is_for(self):
        anna = self.fill()
        for method, pattern in routes():
            if method == "GET" and pattern not in ("/portal",) and not pattern.startswith("/ops"):
                path = pattern.replace("{id}", "1")
                with self.subTest(path=path):
                    page = anna.get(path + ("?order=1" if path == "/orders/label" else ""))
                    self.assertEqual(page.status, 200, page.words)

    def test_who_only_looks_changes_nothing(self):
        self.fill()
        looker = self.browser("kijker")
        self.assertEqual(looker.get("/orders?state=all").status, 200)
        self.assertIn("70001", looker.page.words)
        csrf = dict(looker.page.form("/sign-out")["fields"])["csrf"]
        for path in ("/integrations/1/pause", "/integrations/1/disconnect", "/orders/label", "/labels/print",
                     "/orders/1/address", "/me/tokens", "/connect"):
            with self.subTest(path):
                page = looker.post(path, {"csrf": csrf, "order": "1", "name": "x", "once": f"once-{time.time_ns()}"})
                self.assertEqual(page.status, 403)

    def test_each_answer_protects_the_browser(self):
        anna = self.browser("anna")
        for path in ("/", "/sign-in", "/nowhere", "/orders", "/me"):
            with self.subTest(path):
                page = anna.get(path)
                self.assertEqual({name: page.headers.get(name) for name in HEADERS}, HEADERS)
                self.assertNotRegex(page.text, r"<script(?! src=)|<style| style=| on[a-z]+=")
        style = re.search(r'href="(/assets/[^"]+style.css)"', anna.get("/").text).group(1)
        self.assertIn("immutable", anna.get(style).headers["cache-control"])

    def test_a_script_in_an_order_stays_a_text(self):
        evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
        self.connect_with_numbers(70001)
        self.db.run("UPDATE koppeling.imported_order SET ship_to_name = %s, ship_to_city = %s, reference = %s", evil,
                    evil, evil)
        self.db.run("UPDATE koppeling.integration SET store_name = %s", evil)
        self.label(1, "label-1", waybill="3S")
        self.db.run("UPDATE koppeling.label SET track_and_trace_link = 'javascript:alert(1)'")
        anna = self.browser("anna")
        for path in ("/", "/integrations/1", "/orders?state=all", "/orders/1", "/orders/label?order=1"):
            with self.subTest(path):
                page = anna.get(path)
                self.assertEqual(page.status, 200, page.words)
                self.assertNotIn("<script>alert", page.text)
                self.assertNotIn("<img", page.text)
                self.assertNotIn('href="javascript', page.text)
                self.assertIn("&lt;script&gt;alert(1)", page.text)

    def test_what_is_no_form_is_refused(self):
        anna = self.browser("anna")
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        big = b"a=" + b"x" * 10_000_000
        connection = http.client.HTTPConnection(*self.address.rsplit(":", 1), timeout=20)
        try:
            connection.request("POST", "/connect", big, {**form, "Cookie": f"koppeling={anna.cookies['koppeling']}"})
            status = connection.getresponse().status
        except (BrokenPipeError, ConnectionResetError):
            status = 413  # it did not read on
        connection.close()
        self.assertEqual(status, 413)
        for body, status in ((b"a=%FF", 400), (b"a=%00", 400), (b"a=\xff\xfe", 400), (b"a.b=1", 400), (b"a=%zz", 400),
                             (b"&".join([b"a=1"] * 2001), 400)):
            with self.subTest(body=body[:20]):
                self.assertEqual(anna.ask("POST", "/connect", body, **form).status, status)
        self.assertEqual(anna.ask("POST", "/connect", b"<x/>", **{"Content-Type": "text/xml"}).status, 415)
        for target in ("/orders?a=%FF", "/orders?q=%00", "/orders?A=1"):
            self.assertEqual(anna.get(target).status, 400, target)
        for target in ("/orders/0", "/orders/-1", "/orders/1e9", "/orders/9999999999999999999", "/orders/1%27", "/%00",
                       "/orders/..%2f..", "//orders"):
            self.assertEqual(anna.get(target).status, 404, target)
        self.assertEqual(anna.get("/orders?q=%27%22%5C%3B--&after=x&sort=x&state=x&shop=x").status, 200)
        self.assertEqual(anna.get("/").status, 200, "it serves on")

    def test_who_is_slow_does_not_keep_a_place(self):
        host, port = self.address.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            slow.settimeout(40)
            began = time.monotonic()
            closed = False
            while not closed and time.monotonic() - began < 60:
                try:
                    slow.sendall(b"X-A: b\r\n")
                    slow.settimeout(1)
                    closed = slow.recv(1) == b""
                except TimeoutError:
                    pass
                except (BrokenPipeError, ConnectionResetError):
                    closed = True
            self.assertTrue(closed, "a byte now and then is not enough")

    def test_a_program_gets_the_same_as_json(self):
        anna = self.fill()
        anna.get("/me")
        page = anna.submit("/me/tokens", name="backend", role="merchant")
        token = re.search(r"kpl_[A-Za-z0-9_-]{43}", page.text).group(0)
        self.assertNotIn(token, self.logs())
        program = Browser(self.address, Authorization=f"Bearer {token}", Accept="application/json")
        page = program.get("/orders?state=all")
        self.assertEqual((page.status, page.headers["content-type"]), (200, "application/json; charset=utf-8"))
        self.assertEqual([order["number"] for order in page.json["orders"]], ["70001"])
        page = program.ask("POST", "/integrations/1/poll", json.dumps({}), **{
            "Content-Type": "application/json", "Idempotency-Key": "poll-0001"})
        self.assertEqual((page.status, page.json["go"]), (200, "/integrations/1"))
        page = program.get("/orders/999")
        self.assertEqual((page.status, page.headers["content-type"], page.json["status"]),
                         (404, "application/problem+json; charset=utf-8", 404))
        stranger = Browser(self.address, Authorization="Bearer kpl_" + "x" * 43, Accept="application/json")
        self.assertEqual(stranger.get("/orders").status, 401)
        session = Browser(self.address, Authorization=f"Bearer kpl_{anna.cookies['koppeling']}")
        self.assertEqual(session.get("/orders").status, 401, "a cookie is no token")
        anna.get("/me")
        anna.submit(re.search(r"/me/tokens/\d+/remove", anna.page.text).group(0))
        self.assertEqual(program.get("/orders").status, 401)

    def test_without_the_database_it_says_so_and_comes_back(self):
        anna = self.browser("anna")
        self.cluster.restart()
        self.reconnect()
        self.assertEqual(anna.get("/").status, 200, "connections that broke are made anew")
        self.assertEqual(anna.address, "/")
