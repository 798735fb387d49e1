"""Many calls over few connections: HTTP/2 in front of both services, and what becomes of calls when it goes wrong."""
import shutil
import subprocess
import tempfile
import unittest

from harness.booking import BookingCase
from harness.case import free_address
from harness.nginx import Nginx
from harness.orders import order
from harness.tls import Authority

SPEAKS_HTTP2 = "HTTP2" in subprocess.run(["curl", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout


class Http2Case(BookingCase):
    """Many shops whose calls are in flight together; all of them have the orders of shop1."""

    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp(prefix="http2.", dir=self.cluster.socket_directory)
        self.addCleanup(shutil.rmtree, self.directory)
        self.authority = Authority(self.directory)
        self.metrics = free_address()

    def serve(self, **settings):
        server = Nginx(self.authority.certify(), self.simulator.port, **settings)
        self.addCleanup(server.close)
        return server

    def settings(self, server, **more):
        """The worker calls both services there."""
        return {"KOPPELING_MIJNWEBWINKEL_URL": server.url, "KOPPELING_BOEKUWZENDING_URL": server.url + "/boekuwzending",
                "KOPPELING_CA_FILE": str(self.authority.certificate), "KOPPELING_METRICS_ADDRESS": self.metrics, **more}

    def make_shops(self, count):
        """Connected shops without orders, all of them due."""
        self.simulator.shop("shop1")
        self.db.run("""INSERT INTO koppeling.integration
            (account_id, shop_url, shop_host, sealed_token, from_address_id, state, next_poll_at, open_statuses)
            SELECT 1, 'proef' || n || '.myonline.store', 'proef' || n || '.myonline.store', decode(%s, 'base64'), 1,
                   'active', now(), '{1}'
            FROM generate_series(1, %s) n""", self.seal("token-shop1"), count)

    def poll_shops(self, server, latency_ms=300, **more):
        """Polls all shops that are due with 200 calls of each of two threads in flight."""
        self.simulator.settings(latency_ms=latency_ms)
        self.tick()
        self.work("--threads=2", "--in-flight=200", **self.settings(server, **more))
        self.check_polled()

    def check_polled(self):
        row = self.db.row("SELECT count(*) AS all, count(*) FILTER (WHERE last_polled_at IS NOT NULL) AS polled"
                          " FROM koppeling.integration")
        self.assertEqual(row["polled"], row["all"])
        self.assertEqual(self.jobs(), [])

    def most_in_flight(self):
        return self.simulator.control("GET", "/shops/shop1")["max_in_flight"]

    def errors(self, kind=None):
        """The classes of all failed attempts."""
        return self.db.column("SELECT e->>'class' FROM koppeling.job_log j, jsonb_array_elements(j.errors) e"
                              " WHERE %s::text IS NULL OR j.kind = %s", kind, kind)


class MultiplexedTest(Http2Case):
    @unittest.skipUnless(SPEAKS_HTTP2, "libcurl has no HTTP/2")
    def test_hundreds_of_calls_share_two_connections_of_a_thread(self):
        server = self.serve()
        self.make_shops(800)
        self.poll_shops(server)
        self.assertGreater(self.most_in_flight(), 300)
        self.assertLessEqual(len(server.connections()), 4)
        self.assertEqual({call["protocol"] for call in server.calls()}, {"HTTP/2.0"})

    def test_a_service_that_takes_one_stream_gets_a_connection_for_each_call(self):
        server = self.serve(streams=1)
        self.make_shops(600)
        self.poll_shops(server)
        self.assertGreater(self.most_in_flight(), 100)
        # Some more than are in flight: what was not told in time how many calls one takes costs one.
        self.assertLess(len(server.connections()), 600)
        self.assertEqual(self.errors(), [])

    def test_a_service_that_speaks_http_1_gets_a_connection_for_each_call(self):
        server = self.serve(http2=False)
        self.make_shops(600)
        self.poll_shops(server)
        self.assertGreater(self.most_in_flight(), 100)
        self.assertLessEqual(len(server.connections()), 400)
        self.assertEqual({call["protocol"] for call in server.calls()}, {"HTTP/1.1"})

    def test_there_are_no_more_connections_than_allowed(self):
        server = self.serve(http2=False)
        self.make_shops(60)
        self.poll_shops(server, latency_ms=50, KOPPELING_CONNECTIONS="3")
        self.assertLessEqual(self.most_in_flight(), 6)
        self.assertLessEqual(len(server.connections()), 6)
        self.assertEqual(self.errors(), [])

    def test_sessions_are_resumed(self):
        server = self.serve(requests=10)
        self.make_shops(150)
        self.tick()
        # One after the other: connections that are made at once have no session to go on with.
        self.work("--threads=1", "--in-flight=1", **self.settings(server))
        self.check_polled()
        calls = [calls[0] for calls in server.connections().values()]
        self.assertGreater(len(calls), 10)
        self.assertEqual(len([call for call in calls if call["resumed"] == "."]), 1)

    @unittest.skipUnless(SPEAKS_HTTP2, "libcurl has no HTTP/2")
    def test_connections_and_handshakes_are_counted(self):
        server = self.serve()
        self.make_shops(50)
        self.tick()
        worker = self.start_worker("--threads=2", **self.settings(server))
        self.wait_until(lambda: self.jobs() == [], "all shops are polled")
        opened = self.metric(self.metrics, "koppeling_http_connections_opened_total")
        self.assertEqual(opened, len(server.connections()))
        self.assertEqual(self.metric(self.metrics, "koppeling_tls_handshakes_total"), opened)
        self.assertEqual(self.metric(self.metrics, "koppeling_http_connections"), opened)
        worker.stop()


class GoingAwayTest(Http2Case):
    """Services close connections all the time; nothing of that is an error."""

    def setUp(self):
        super().setUp()
        self.connect_with_numbers(*range(70001, 70031))
        self.make_shops(300)

    def check_no_trouble(self):
        self.check_polled()
        self.assertEqual(self.errors(), [])
        self.assertEqual({shipment["created_with_this_reference"] for shipment in self.booked()}, {1})
        self.assertEqual(len(self.booked()), 30)

    def dispatch_all(self):
        self.backend.run("SELECT koppeling.dispatch_order(array_agg(id), 'postnl-pakket')"
                         " FROM koppeling.imported_order WHERE state = 'open'")

    def test_a_connection_that_carries_few_calls(self):
        server = self.serve(requests=20)
        self.dispatch_all()
        self.poll_shops(server, latency_ms=20)
        self.check_no_trouble()
        self.assertGreater(len([calls for calls in server.connections().values() if len(calls) >= 20]), 10)

    def test_a_connection_that_carries_few_calls_over_http_1(self):
        server = self.serve(requests=20, http2=False)
        self.dispatch_all()
        self.poll_shops(server, latency_ms=20)
        self.check_no_trouble()

    def test_a_reload_of_the_server(self):
        server = self.serve()
        self.simulator.settings(latency_ms=200)
        self.tick()
        worker = self.start_worker("--threads=2", "--in-flight=30", **self.settings(server))
        self.wait_until(lambda: len(server.calls()) > 30, "some are polled")
        server.reload()
        self.dispatch_all()
        self.wait_until(lambda: len(server.calls()) > 150, "more are polled")
        server.reload()
        self.wait_until(lambda: self.jobs() == [], "all is done")
        worker.stop()
        self.check_no_trouble()
