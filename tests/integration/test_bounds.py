"""Servers that never come to an end, or answer with more than anybody asked for."""
import gzip
import itertools
import time

from harness.case import Case
from harness.listening import LoopbackListening


class RawServer(LoopbackListening):
    """Reads a request and lets answer(send) write whatever it likes, until the other side is gone."""

    def __init__(self, answer):
        self._answer = answer
        self.requests = []
        self.sent = []  # bytes, per connection that is over
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}"

    def serve(self, client):
        sent = 0

        def send(text):
            nonlocal sent
            client.sendall(text)
            sent += len(text)
        with client:
            request = b""
            while b"\r\n\r\n" not in request:
                chunk = client.recv(65536)
                if not chunk:
                    return
                request += chunk
            self.requests.append(request)
            try:
                self._answer(send)
            except OSError:
                pass
            self.sent.append(sent)


def with_body(body, *headers):
    head = ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close",
            *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class ListTest(Case):
    def test_a_list_that_is_too_large_is_fetched_once_in_fifteen_minutes(self):
        integration = self.connect_with_orders(generate=1)
        self.simulator.fault("huge", "shop:shop1", path_contains="/v1/orders", bytes=17 << 20)
        asked = len(self.simulator.requests(path_contains="/v1/orders"))
        self.poll_again(integration)
        job, = self.jobs("poll")
        self.assertEqual((job["state"], job["attempt"]), ("failed", 1))
        self.assertIn("larger than 16 MiB", job["last_error"])
        self.assertEqual(len(self.simulator.requests(path_contains="/v1/orders")), asked + 1)
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.tick()
        self.assertEqual(self.jobs("poll")[0]["state"], "failed")
        self.simulator.clear_faults()
        self.db.run("UPDATE koppeling.job SET started_at = now() - interval '16 minutes'")
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.tick()
        self.work()
        self.assertEqual(self.jobs("poll"), [])


class BoundsTest(Case):
    def setUp(self):
        super().setUp()
        self.integration = self.request_connection("shop1")

    def ask(self, answer, **settings):
        """Lets a worker ask such a server until it gives up; returns the server and what the worker says of it."""
        server = RawServer(answer)
        self.addCleanup(server.close)
        self.db.run("DELETE FROM koppeling.job_history")
        self.request_connection("shop1")
        self.work(KOPPELING_MIJNWEBWINKEL_URL=server.url, **settings)
        self.assertGreater(len(server.requests), 0)
        self.assertNotEqual(self.shop(self.integration)["state"], "active")
        errors = self.db.rows("SELECT e->>'class' AS class, e->>'error' AS error"
                              " FROM koppeling.job_log j, jsonb_array_elements(j.errors) e WHERE j.kind = 'verify'")
        self.assertEqual(len({error["class"] for error in errors}), 1, errors)
        return server, errors[0]

    def check_cut(self, server, limit):
        """Each connection was given up after about so many bytes; the system's buffers take some more."""
        self.wait_until(lambda: len(server.sent) == len(server.requests), "all connections are over")
        self.assertLess(max(server.sent), limit + (24 << 20))

    def test_endless_headers(self):
        def answer(send):
            send(b"HTTP/1.1 200 OK\r\n")
            for number in itertools.count():
                send(b"X-Header-%d: %s\r\n" % (number, b"x" * 200))
        server, error = self.ask(answer)
        self.assertEqual(error["class"], "unreadable")
        self.assertIn("the headers of the answer are larger than 64 KiB", error["error"])
        self.check_cut(server, 64 << 10)

    def test_endless_interim_answers(self):
        def answer(send):
            while True:
                send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100)
        server, error = self.ask(answer)
        self.assertEqual(error["class"], "unreadable")
        self.assertIn("the headers of the answer are larger than 64 KiB", error["error"])
        self.check_cut(server, 64 << 10)

    def test_a_header_without_an_end(self):
        def answer(send):
            send(b"HTTP/1.1 200 OK\r\nX-Header: ")
            while True:
                send(b"x" * 65536)
        server, error = self.ask(answer)
        self.assertIn(error["class"], ("network", "unreadable"))
        self.check_cut(server, 100 << 10)

    def test_an_endless_body_in_little_memory(self):
        def answer(send):
            send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            chunk = b"10000\r\n" + b"[" * 65536 + b"\r\n"
            while True:
                send(chunk)
        server = RawServer(answer)
        self.addCleanup(server.close)
        worker = self.start_worker(KOPPELING_MIJNWEBWINKEL_URL=server.url)
        self.wait_until(lambda: self.shop(self.integration)["state"] == "rejected", "it is cut off")
        self.wait_until(lambda: server.sent, "the connection is over")
        self.assertLess(max(server.sent), 40 << 20)
        with open(f"/proc/{worker.pid}/status") as file:
            most = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        self.assertLess(most, 200 << 10, "kB at most")

    def test_an_endless_drip(self):
        def answer(send):
            send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
            while True:
                send(b" " * 100)
                time.sleep(0.05)
        server, error = self.ask(answer, KOPPELING_REQUEST_TIMEOUT_SECONDS="1")
        self.assertEqual(error["class"], "timeout")
        self.check_cut(server, 0)

    def test_fifty_thousand_levels(self):
        for opening in (b"[", b'{"a":', b'{"code":{"a":[', b"{\"violations\":[[["):
            with self.subTest(opening=opening):
                body = opening + b"[" * 50000 + b"]" * 50000
                _, error = self.ask(lambda send: send(with_body(body)))
                self.assertEqual(error["class"], "unreadable")

    def test_a_packed_bomb_is_cut_off_where_it_is_unpacked(self):
        bomb = gzip.compress(b"[" * (64 << 20))
        server = RawServer(lambda send: send(with_body(bomb, "Content-Encoding: gzip")))
        self.addCleanup(server.close)
        self.work(KOPPELING_MIJNWEBWINKEL_URL=server.url)
        self.check_told_once(server)

    def test_what_is_announced_too_large_is_not_read(self):
        def answer(send):
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n[")
            time.sleep(20)
        server = RawServer(answer)
        self.addCleanup(server.close)
        started = time.monotonic()
        self.work(KOPPELING_MIJNWEBWINKEL_URL=server.url, KOPPELING_REQUEST_TIMEOUT_SECONDS="60")
        self.assertLess(time.monotonic() - started, 15)
        self.check_told_once(server)

    def check_told_once(self, server):
        """It was asked for once, and the merchant and the history say why that is the end."""
        self.assertEqual(len(server.requests), 1)
        self.assertEqual(self.shop(self.integration)["state"], "rejected")
        self.assertIn("te groot", self.shop(self.integration)["reason"])
        self.assertEqual(self.history("verify")[0]["result"]["answer"], "the answer is larger than 16 MiB")

    def test_a_bomb_within_a_bomb_is_not_unpacked(self):
        bomb = gzip.compress(gzip.compress(b"[" * (64 << 20)))
        for header in ("Content-Encoding: gzip, gzip", "Content-Encoding: gzip\r\nContent-Encoding: gzip",
                       "Content-Encoding: zstd"):
            with self.subTest(header=header):
                _, error = self.ask(lambda send: send(with_body(bomb, header)))
                self.assertEqual(error["class"], "unreadable")
                self.assertIn("is packed", error["error"])

    def test_what_is_no_http(self):
        for text in (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\0" * 1000, b"HTTP/9.9 abc\r\n\r\n",
                     b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n[]"):
            with self.subTest(text=text):
                _, error = self.ask(lambda send: send(text))
                self.assertIn(error["class"], ("network", "unreadable"))

    def test_control_characters_of_an_answer_reach_no_log_and_no_column(self):
        said = "Rood \\u001b[31m\\u0007 en \\u202e terug \\u0085\\u2028 klaar\\r\\nlevel=info nep"
        body = b'{"title": "%s", "detail": "%s"}' % (said.encode(), said.encode())
        self.ask(lambda send: send(with_body(body).replace(b"200 OK", b"500 Oeps\x1b[31m", 1)))
        columns = "\n".join(self.db.column("SELECT j.errors::text FROM koppeling.job_log j UNION ALL"
                                           " SELECT concat(reason, reason_en, warning) FROM koppeling.integration"))
        self.assertIn("Rood", columns)
        for text in (columns, self.logs()):
            self.assertNotRegex(text, "[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]")
        self.assertNotRegex(self.logs(), "(?m)^level=info nep")
