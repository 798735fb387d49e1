"""Faults, delays, the journal, the counters, and many connections at once."""
import gzip
import http.client
import json
import socket
import threading
import time
import zlib

from harness import Case, Simulator
from check_bookings import SHIPMENT


class Faults(Case):
    def get(self, **query):
        return self.s.shop("/v1/orders", **query)

    def fails(self, error, method="GET", path="/v1/orders", body=None):
        with self.assertRaises(error):
            self.s.shop(path, method, body)

    def test_status(self):
        self.s.fault("status", status=429, retry_after=7)
        self.s.fault("status", status=503, retry_after="Wed, 25 Nov 2026 10:00:00 GMT",
                     body="busy", content_type="text/plain")
        self.s.fault("status", status=302, location="https://example.org/")
        replies = [self.get() for _ in range(4)]
        self.assertEqual([r.status for r in replies], [429, 503, 302, 200])
        self.assertEqual(replies[0].headers["Retry-After"], "7")
        self.assertEqual(replies[0].json["status"], 429)
        self.assertEqual(replies[1].headers["Retry-After"], "Wed, 25 Nov 2026 10:00:00 GMT")
        self.assertEqual(replies[1].body, b"busy")
        self.assertEqual(replies[2].headers["Location"], "https://example.org/")

    def test_scope(self):
        self.s.control("POST", "/shops", {"name": "ander"})
        self.s.fault("status", times=0, method="GET", path_contains="/count", status=500)
        self.assertEqual(self.get().status, 200)
        self.assertEqual(self.s.shop("/v1/orders/count").status, 500)
        self.assertEqual(self.s.shop("/v1/orders/count", token="token-ander").status, 200)
        self.s.fault("status", "boekuwzending-staging", times=0, status=418)
        self.assertEqual(self.s.call("GET", "/boekuwzending/me").status, 401)
        self.assertEqual(self.s.call("GET", "/boekuwzending-staging/me").status, 418)
        self.assertEqual([f["applied"] for f in self.s.control("GET", "/faults")], [1, 1])
        self.s.control("DELETE", "/faults", scope="shop:proef")
        self.assertEqual(self.s.shop("/v1/orders/count").status, 200)
        self.assertEqual(self.s.control("DELETE", "/faults")["cleared"], 1)
        for wrong in ({"fault": "nope"}, {"fault": "reset", "scope": "moon"}, {"fault": "reset",
                      "tymes": 1}, {"fault": "status", "status": 99}, {}):
            self.assertEqual(self.s.call("POST", "/_simulator/faults", wrong).status, 400)

    def test_probability(self):
        self.s.fault("status", times=0, probability=0.5, status=500)
        failures = sum(self.get().status == 500 for _ in range(200))
        self.assertTrue(60 < failures < 140, failures)

    def test_lost_answers(self):
        number, = self.add(status=3)
        path = f"/v1/orders/{number}"
        self.s.fault("reset", method="PATCH")
        self.fails(ConnectionResetError, "PATCH", path, {"status": 2})
        self.assertEqual(self.effects()[number]["patch_count"], 0)
        self.s.fault("reset", method="PATCH", after_effect=True)
        self.fails(ConnectionResetError, "PATCH", path, {"status": 2})
        self.assertEqual((self.effects()[number]["patch_count"], self.effects()[number]["status"]),
                         (1, 2))
        self.s.fault("close", "boekuwzending", method="POST", path_contains="/shipments",
                     after_effect=True)
        headers = self.s.bearer()
        with self.assertRaises(http.client.RemoteDisconnected):
            self.s.call("POST", "/boekuwzending/shipments", SHIPMENT, headers=headers)
        self.assertEqual(len(self.s.control("GET", "/shipments")), 1)
        entry = self.s.control("GET", "/journal", method="POST", path_contains="/shipments")[0]
        self.assertEqual((entry["status"], entry["fault"], entry["performed"], entry["account"]),
                         (None, "close", True, "client"))

    def test_stall(self):
        self.s.fault("stall")
        with self.assertRaises(TimeoutError):
            self.s.call("GET", "/v1/orders?token=token-proef", timeout=0.5)
        deadline = time.time() + 5
        while self.s.control("GET", "/counters")["in_flight"] and time.time() < deadline:
            time.sleep(0.02)
        self.assertEqual(self.s.control("GET", "/counters")["in_flight"], 0)

    def test_bodies(self):
        self.add(3)
        healthy = self.get()
        self.s.fault("truncated")
        self.fails(http.client.IncompleteRead)
        self.s.fault("malformed")
        with self.assertRaises(json.JSONDecodeError):
            self.get().json
        self.s.fault("huge", bytes=3_000_000)
        self.assertEqual(len(self.get().json[0]["uuid"]), 3_000_000)
        self.s.fault("deep", levels=50_000)
        self.assertIn(b"[" * 50_000 + b"]" * 50_000, self.get().body)
        self.s.fault("wrong_types")
        wrong = self.get().json
        self.assertEqual(list(wrong), ["0", "1", "2"])
        self.s.fault("wrong_types", variant="items")
        wrong = self.get().json
        self.assertTrue(any(isinstance(o["status"], dict) for o in wrong))
        self.s.fault("empty")
        self.assertEqual(self.get().body, b"")
        self.s.fault("html", status=502)
        self.assertEqual((self.get().status, healthy.status), (502, 200))
        self.s.fault("invalid_utf8")
        with self.assertRaises(UnicodeDecodeError):
            self.get().body.decode()
        self.s.fault("nul_byte")
        self.assertIn("\\u0000", json.dumps(self.get().json))
        self.assertEqual(self.get().body, healthy.body)

    def test_encoded(self):
        self.add(3)
        plain = self.get().body

        def encoded(variant):
            self.s.fault("encoded", variant=variant, times=1)
            reply = self.get()
            return reply.headers["Content-Encoding"], reply.body

        self.assertEqual([(name, gzip.decompress(body)) for name, body in (encoded("gzip"), encoded("bare_gzip"))],
                         [("gzip", plain), (None, plain)])
        name, body = encoded("deflate")
        self.assertEqual((name, zlib.decompress(body)), ("deflate", plain))
        self.assertEqual(encoded("false_gzip"), ("gzip", plain))
        name, body = encoded("bomb")
        self.assertLess(len(body), 200_000)
        self.assertEqual(gzip.decompress(body).lstrip(), plain)
        self.assertEqual(encoded("mark"), (None, b"\xef\xbb\xbf" + plain))
        self.s.fault("encoded", variant="latin1", times=1)
        reply = self.get()
        self.assertEqual(reply.headers["Content-Type"], "application/json; charset=ISO-8859-1")
        self.assertEqual(reply.body.decode("latin-1"),
                         "".join(c if ord(c) < 256 else "?" for c in plain.decode()))

    def test_slow_drip(self):
        self.add(1)
        size = len(self.get().body)
        self.s.fault("slow_drip", bytes_per_second=size * 2)
        start = time.time()
        self.assertEqual(len(self.get().body), size)
        self.assertTrue(0.4 < time.time() - start < 2, time.time() - start)

    def test_latency(self):
        number, = self.add(1)
        self.s.control("POST", "/settings", {"latency_ms": 100, "jitter_ms": 50})
        self.s.fault("latency", ms=200, method="PATCH", after_effect=True)
        start = time.time()
        thread = threading.Thread(target=self.s.shop,
                                  args=(f"/v1/orders/{number}", "PATCH", {"status": 2}))
        thread.start()
        time.sleep(0.1)
        self.assertEqual(self.effects()[number]["status"], 2)
        thread.join()
        self.assertTrue(0.3 <= time.time() - start < 1)
        start = time.time()
        self.get()
        self.assertTrue(0.1 <= time.time() - start < 0.4)

    def test_journal(self):
        number, = self.add(1)
        self.get(limit=5, partner_token="geheim", status_id=1)
        self.s.shop(f"/v1/orders/{number}", "PATCH", {"status": 2})
        self.s.bearer()
        journal = self.s.control("GET", "/journal")
        self.assertEqual([e["path"] for e in journal],
                         ["/v1/orders", f"/v1/orders/{number}", "/boekuwzending/token"])
        self.assertEqual((journal[0]["query"], journal[0]["shop"], journal[0]["status"]),
                         ("limit=5&status_id=1", "proef", 200))
        self.assertEqual(journal[1]["body"], '{"status": 2}')
        text = json.dumps(journal)
        for secret in ("geheim", "token-proef", "client_secret=secret"):
            self.assertNotIn(secret, text)
        later = self.s.control("GET", "/journal", since=journal[0]["sequence"], method="PATCH")
        self.assertEqual(later, [journal[1]])
        self.s.control("DELETE", "/journal")
        self.s.control("POST", "/settings", {"journal": False})
        self.get()
        self.assertEqual(self.s.control("GET", "/journal"), [])

    def test_keep_alive_and_reset(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.s.port)
        for _ in range(50):
            connection.request("GET", "/v1/orders?token=token-proef")
            self.assertEqual(connection.getresponse().read(), b"[]")
        counters = self.s.control("GET", "/counters")
        self.assertEqual((counters["requests"]["mijnwebwinkel"]["GET"], counters["in_flight"]),
                         (50, 0))
        shop = self.s.control("GET", "/shops/proef")
        self.assertEqual((shop["requests"], shop["in_flight"], shop["max_in_flight"]), (50, 0, 1))
        self.s.control("POST", "/reset")
        connection.request("GET", "/v1/orders?token=token-proef")
        self.assertEqual(connection.getresponse().status, 401)
        connection.close()


class Crowd(Case):
    options = ("--shops", "50", "--orders", "20", "--threads", "2")

    def test_many_at_once(self):
        """Readers, writers, faults and resets together; the sanitizers watch."""
        stop = time.time() + 3
        statuses = set()

        def reader(number):
            while time.time() < stop:
                try:
                    token = f"token-shop{number % 50 + 1}"
                    reply = self.s.shop("/v1/orders", token=token, limit=20)
                    statuses.add(reply.status)
                    if reply.status == 200 and reply.json:
                        first = reply.json[0]["number"]
                        self.s.shop(f"/v1/orders/{first}", "PATCH", {"status": 2}, token=token)
                    headers = self.s.bearer()
                    self.s.call("POST", "/boekuwzending/shipments", SHIPMENT, headers=headers)
                except (OSError, http.client.HTTPException, AssertionError, ValueError, TypeError,
                        KeyError):
                    statuses.add("failed")

        def breaker():
            while time.time() < stop:
                for fault in ("reset", "stall", "truncated", "slow_drip", "malformed", "huge"):
                    self.s.fault(fault, "all", times=3, bytes=100_000, bytes_per_second=100_000)
                time.sleep(0.1)
                self.s.control("GET", "/effects")
                self.s.control("GET", "/shipments")
                self.s.control("GET", "/journal")
                self.s.control("POST", "/shops/shop1/flow", {"per_second": 200})
                time.sleep(0.3)
                self.s.control("DELETE", "/faults")
                self.s.control("POST", "/reset")
                self.s.control("POST", "/settings", {"latency_ms": 5, "jitter_ms": 20})
        threads = [threading.Thread(target=reader, args=(n,)) for n in range(12)]
        threads.append(threading.Thread(target=breaker))
        original, self.s.call = self.s.call, self.impatient(self.s.call)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.s.call = original
        self.assertTrue({200, "failed"} <= statuses, statuses)

    @staticmethod
    def impatient(call):
        return lambda *a, **k: call(*a, **{"timeout": 1 if "_simulator" not in a[1] else 20, **k})


class Stop(Case):
    def test_stop_with_everybody_waiting(self):
        simulator = Simulator("--shops", "1", "--latency-ms", "60000")
        simulator.fault("stall", "all", times=20)
        sockets = []
        for _ in range(60):
            sockets.append(socket.create_connection(("127.0.0.1", simulator.port)))
            sockets[-1].sendall(b"GET /v1/orders?token=token-shop1 HTTP/1.1\r\nHost: x\r\n\r\n")
        while simulator.control("GET", "/counters")["in_flight"] < 60:
            time.sleep(0.02)
        start = time.time()
        self.assertEqual(simulator.stop(), 0)
        self.assertLess(time.time() - start, 5)
        for client in sockets:
            client.close()

    def test_five_thousand_connections(self):
        simulator = Simulator("--shops", "1", "--orders", "20", "--latency-ms", "3000")
        request = b"GET /v1/orders?token=token-shop1 HTTP/1.1\r\nHost: x\r\n\r\n"
        sockets = []
        for _ in range(5000):
            sockets.append(socket.create_connection(("127.0.0.1", simulator.port)))
        for client in sockets:
            client.sendall(request)
        counters = simulator.control("GET", "/counters")
        while counters["max_in_flight"] < 5000:
            counters = simulator.control("GET", "/counters")
        for client in sockets:
            client.settimeout(20)
            self.assertTrue(client.recv(65536).startswith(b"HTTP/1.1 200 OK"))
            client.close()
        self.assertEqual(simulator.stop(), 0)
