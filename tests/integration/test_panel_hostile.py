"""The panel and requests that no browser sends: too much, too slow, too often, or in pieces that do not fit."""
import re
import socket
import threading
import time

from harness.booking import BookingCase
from harness.browser import Browser
from harness.orders import order

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
LIMIT = 1000  # connections that the panel holds at a time


class HostileTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.add_person("anna")
        self.panel, self.address = self.start_panel()
        self.anna = Browser(self.address)
        self.assertEqual(self.anna.sign_in("anna").status, 200)

    @property
    def cookie(self):
        return f"koppeling={self.anna.cookies['koppeling']}"

    def connect_raw(self):
        host, port = self.address.rsplit(":", 1)
        connection = socket.create_connection((host, int(port)), 60)
        self.addCleanup(connection.close)
        return connection

    def say(self, *parts):
        """Sends bytes as they are; returns what comes until the panel has nothing more to say."""
        connection, heard = self.connect_raw(), b""
        try:
            for part in parts:
                connection.sendall(part)
            while part := connection.recv(65536):
                heard += part
        except (BrokenPipeError, ConnectionResetError):
            pass  # it did not listen to the end
        return heard

    def assert_serves(self):
        self.assertEqual(self.anna.get("/").status, 200, "it serves on")
        self.assertTrue(self.panel.is_running)

    def assert_refused(self, heard, statuses):
        """Refused in words, or the door shut."""
        if heard:
            self.assertIn(int(heard.split()[1]), statuses, heard[:200])

    def test_labels_for_hundreds_are_asked_by_one_address(self):
        self.connect_with_numbers(*range(70001, 70011))
        self.db.run("""INSERT INTO koppeling.imported_order (integration_id, order_uuid, order_number, shop_status,
                       weight_kg, content_hash, payload_hash, ship_to_name, ship_to_street, ship_to_number,
                       ship_to_postcode, ship_to_city, ship_to_country)
                       SELECT 1, gen_random_uuid(), 'M' || n, 3, 1, 'x', n, 'Noor ' || n, 'Pakketpad', '1', '1012AB',
                              'Amsterdam', 'NL'
                       FROM generate_series(1, 490) AS n""")
        ids = self.db.column("SELECT id FROM koppeling.imported_order ORDER BY id")
        page = self.anna.get("/orders/label?" + "&".join(f"order={id}" for id in ids))
        self.assertEqual(page.status, 200, page.words)
        self.assertIn("Noor 490", page.words)
        page = self.anna.submit("/orders/label", order=[str(id) for id in ids], service="postnl-pakket")
        self.assertEqual(page.status, 200, page.words)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.job WHERE kind = 'create_shipment'"), 500)
        self.assertIn("0 of 500 done", page.words)

    def test_an_address_of_thousands_of_fields_is_answered(self):
        for query in ("&".join(["a=1"] * 1900), "&" * 8000, "a&" * 3900, "?" * 8000, "q=" + "x" * 10000):
            with self.subTest(query=query[:8]):
                self.assertIn(self.anna.get("/orders?" + query).status, (200, 400))
        self.assert_serves()

    def test_headers_without_end_are_not_taken(self):
        for name, head in (("one", b"X-A: " + b"a" * 100000 + b"\r\n"), ("many", b"X-A: b\r\n" * 20000),
                           ("names", b"".join(b"X-%d:\r\n" % number for number in range(5000))),
                           ("cookies", b"Cookie: " + b"a=b; " * 20000 + b"\r\n")):
            with self.subTest(name):
                heard = self.say(b"GET / HTTP/1.1\r\nHost: x\r\n", head, b"\r\n")
                self.assert_refused(heard, (400, 413, 431))
                self.assert_serves()

    def test_lengths_that_are_none_are_refused(self):
        head = b"POST /connect HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        for length in (b"-1", b"abc", b"99999999999999999999999", b"10000000", b"1 1", b"0x10"):
            with self.subTest(length):
                heard = self.say(head + b"Connection: close\r\nContent-Length: " + length + b"\r\n\r\n", b"a=1")
                self.assert_refused(heard, (400, 403, 413))
                self.assertNotIn(b" 200 ", heard[:20])
        heard = self.say(head + b"Transfer-Encoding: chunked\r\n\r\n", *[b"10000\r\n" + b"x" * 65536 + b"\r\n"] * 160)
        self.assert_refused(heard, (413,))
        self.assert_serves()

    def test_bytes_that_are_no_text_do_nothing(self):
        for head in (b"Cookie: koppeling=\xff\xfe\r\n", b"Accept-Language: \xc3\x28\r\n", b"Accept: \xff\r\n",
                     b"Authorization: Bearer \xff\xff\r\n", b"X-Forwarded-For: \xff\r\n",
                     b"Sec-Fetch-Site: \xff\r\n", b"If-None-Match: \xff\r\n"):
            with self.subTest(head):
                heard = self.say(b"GET /orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + head + b"\r\n")
                self.assertIn(int(heard.split()[1]), (303, 400, 401), heard[:200])
        for line in (b"GET /orders/\xff HTTP/1.1", b"GET /orders?q=\xff HTTP/1.1", b"GET /\x01 HTTP/1.1",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET http://elsewhere/orders HTTP/1.1",
                     b"BREW /orders HTTP/1.1", b"GET"):
            with self.subTest(line):
                heard = self.say(line + b"\r\nHost: x\r\nConnection: close\r\nCookie: " + self.cookie.encode()
                                 + b"\r\n\r\n")
                self.assert_refused(heard, (400, 404, 405, 501, 505))
        program = {"Content-Type": "application/json", "Accept": "application/json"}
        for body in (b'{"name": "\xff"}', b'{"name": "\\ud800"}', b"[" * 100000, b'{"a":' * 5000, b"\x00", b"nul",
                     b'{"order": {"a": 1}}', b'{"a": 1e999}'):
            with self.subTest(body=body[:20]):
                self.assertIn(self.anna.ask("POST", "/connect", body, **program).status, (400, 403, 422))
        self.assert_serves()

    def test_a_form_that_was_sent_before_does_nothing_again(self):
        self.connect_with_numbers(70001)
        shop = "/integrations/1"
        fields = list(self.anna.get(shop).form(f"{shop}/pause")["fields"])
        self.assertEqual(self.anna.post(f"{shop}/pause", fields).status, 200)
        self.anna.get(shop)
        self.assertEqual(self.anna.submit(f"{shop}/resume").status, 200)
        # The very same form: it was done, and is not done again.
        self.assertEqual(self.anna.post(f"{shop}/pause", fields).status, 200)
        self.assertEqual(self.shop(1)["state"], "active")
        # Its key for something else.
        once = [(name, value) for name, value in fields if name in ("csrf", "once")]
        self.assertEqual(self.anna.post(f"{shop}/disconnect", once).status, 409)
        # Out of an earlier session: with its cookie it is nobody's, with another it is of no page.
        old = self.cookie
        self.anna.get("/me")
        self.anna.submit("/sign-out")
        self.assertEqual(self.shop(1)["state"], "active")
        late = [(name, value if name != "once" else "another-key-1") for name, value in fields]
        stranger = Browser(self.address)
        page = stranger.post(f"{shop}/pause", late, follow=False, Cookie=old)
        self.assertIn(page.status, (303, 401, 403))
        self.assertEqual(self.anna.sign_in("anna").status, 200)
        self.assertEqual(self.anna.post(f"{shop}/pause", late).status, 403)
        self.assertEqual(self.shop(1)["state"], "active")

    def test_who_is_slow_in_any_part_loses_the_place(self):
        head = (f"POST /connect HTTP/1.1\r\nHost: x\r\nCookie: {self.cookie}\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n").encode()
        begins = {"the first line": b"GET /orders", "a header": b"GET / HTTP/1.1\r\nX-A: ",
                  "a form": head + b"Content-Length: 900000\r\n\r\na=",
                  "a form in pieces": head + b"Transfer-Encoding: chunked\r\n\r\n100000\r\na=",
                  "the second request": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /orders",
                  "nothing": b""}
        closed = {}

        def dawdle(name, connection):
            began, over = time.monotonic(), False
            while not over and time.monotonic() - began < 70:
                try:
                    connection.settimeout(0.5)
                    over = connection.recv(4096) == b""
                except TimeoutError:
                    pass
                except OSError:
                    over = True
                try:
                    connection.sendall(b"x" if name != "nothing" else b"")
                except OSError:
                    over = True
            closed[name] = over

        threads = []
        for name, words in begins.items():
            connection = self.connect_raw()
            connection.sendall(words)
            threads.append(threading.Thread(target=dawdle, args=(name, connection)))
        for thread in threads:
            thread.start()
        self.assert_serves()
        for thread in threads:
            thread.join()
        self.assertEqual(closed, {name: True for name in begins})
        self.assert_serves()

    def test_more_connections_than_it_holds_keep_nobody_out_for_long(self):
        held = [self.connect_raw() for _ in range(LIMIT - 100)]
        for connection in held:
            connection.sendall(b"GET / HTTP/1.1\r\nX-A: ")
        self.assert_serves()
        for _ in range(200):
            try:
                held.append(self.connect_raw())
            except OSError:
                break
        deadline, served = time.monotonic() + 60, False
        while not served and time.monotonic() < deadline:
            try:
                served = self.anna.get("/").status == 200
            except OSError:
                time.sleep(0.5)
        self.assertTrue(served, "the silent ones were let go")
        for connection in held:
            connection.close()
        self.assert_serves()

    def test_a_script_stays_a_text_on_the_rest_of_the_pages(self):
        self.connect_with_orders(orders=[order(number="70001"), order(number="70002")])
        self.add_person("op", role="operations", account=None)
        self.db.run("UPDATE koppeling.imported_order SET ship_to_name = %s, ship_to_company = %s, reference = %s,"
                    " customer_comment = %s", EVIL, EVIL, EVIL, EVIL)
        self.db.run("INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason)"
                    " VALUES (1, %s, 'unreadable', %s)", EVIL[:60], EVIL)
        ids = [str(id) for id in self.db.column("SELECT id FROM koppeling.imported_order ORDER BY id")]
        self.anna.get("/orders/label?order=" + "&order=".join(ids))
        self.anna.submit("/orders/label", order=ids, service=EVIL)
        batch = self.anna.address
        self.db.run("UPDATE koppeling.job SET state = 'failed', last_error_class = 'client_error', last_error = %s,"
                    " errors = jsonb_build_array(jsonb_build_object('attempt', 1, 'at', now(), 'error', %s::text))"
                    " WHERE kind = 'create_shipment'", EVIL, EVIL)
        job = self.db.value("SELECT min(id) FROM koppeling.job WHERE kind = 'create_shipment'")
        operator = Browser(self.address)
        operator.sign_in("op")
        for browser, path in ((self.anna, batch), (self.anna, "/batches"), (self.anna, "/orders/not-imported"),
                              (self.anna, f"/orders/{ids[0]}"), (operator, "/ops/jobs?state=all"),
                              (operator, f"/ops/jobs/{job}")):
            with self.subTest(path):
                page = browser.get(path)
                self.assertEqual(page.status, 200, page.words)
                self.assertNotIn("<script>alert", page.text)
                self.assertNotIn("<img", page.text)
                self.assertIn("&lt;script&gt;alert(1)", page.text)
        for path in ("/orders?q=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/sign-in?next=/%22%3E%3Cscript%3E",
                     "/ops/jobs?shop=%22%3E%3Cscript%3E&kind=%3Cscript%3E"):
            page = (operator if path.startswith("/ops") else self.anna).get(path)
            self.assertNotRegex(page.text, r"<script(?! src=)")
        page = self.anna.get("/orders", Accept="application/json")
        self.assertEqual(re.match("[^;]*", page.headers["content-type"]).group(0), "application/json")
