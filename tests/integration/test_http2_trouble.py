"""What a service may do to the calls that share a connection, one by one, and what becomes of each."""
import socket
import unittest

from harness.h2peer import H2Peer
from harness.listening import Listening, relay
from test_http2 import SPEAKS_HTTP2, Http2Case


def is_booking(request):
    return request["method"] == "POST" and request["path"].split("?")[0].endswith("/shipments")


class Once:
    """A script that does something to the first requests of a sort, and nothing to all others."""

    def __init__(self, what, is_meant, times=1):
        self._what, self._is_meant, self.left = what, is_meant, times

    def __call__(self, request):
        if self.left == 0 or not self._is_meant(request):
            return None
        self.left -= 1
        return self._what


@unittest.skipUnless(SPEAKS_HTTP2, "libcurl has no HTTP/2")
class StreamTest(Http2Case):
    def setUp(self):
        super().setUp()
        self.connect_with_numbers(*range(70001, 70004))

    def serve_script(self, what, is_meant, times=1):
        self.script = Once(what, is_meant, times)
        peer = H2Peer(self.authority.certify(), self.simulator.port, self.script)
        self.addCleanup(peer.close)
        return peer

    def book_among_polls(self, peer):
        """A booking among polls, all in flight together."""
        self.make_shops(20)
        self.simulator.settings(latency_ms=100)
        self.tick()
        self.dispatch(70001)
        self.work("--threads=1", **self.settings(peer))
        self.assertEqual(self.script.left, 0, "what is tested has happened")

    def check_booked_after(self, *classes):
        """It was booked once, after attempts that ended so; what is in doubt was looked for, and not found."""
        self.assertEqual(self.errors("create_shipment"), list(classes))
        self.retry_until_done()
        self.assertEqual([shipment["created_with_this_reference"] for shipment in self.booked()], [1])
        self.assertEqual(len(self.labels(70001)), 1)

    def test_a_booking_on_a_stream_that_is_reset_is_in_doubt(self):
        self.check_in_doubt("reset")

    def test_a_booking_on_a_refused_stream_is_in_doubt(self):
        self.check_in_doubt("refuse")

    def test_a_booking_after_the_last_stream_of_a_connection_is_in_doubt(self):
        self.check_in_doubt("goaway")

    def check_in_doubt(self, what):
        self.book_among_polls(self.serve_script(what, is_booking))
        self.assertEqual(self.errors("create_shipment"), ["unknown_outcome"])
        self.assertEqual(self.booked(), [], "it was looked for, and is not sent again so soon")

    def test_a_booking_whose_answer_is_cut_is_in_doubt(self):
        peer = self.serve_script("cut", is_booking)
        self.book_among_polls(peer)
        self.check_booked_after("unknown_outcome")

    def test_a_poll_whose_answer_is_cut_is_no_poll(self):
        peer = self.serve_script("cut", lambda request: request["path"].startswith("/v1/orders?"), times=4)
        self.book_among_polls(peer)
        self.assertEqual(len(self.errors("poll")), 4)
        self.hasten()
        self.work(**self.settings(peer))
        self.check_polled()
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.imported_order WHERE state = 'withdrawn'"), 0)

    def test_polls_on_refused_and_reset_streams(self):
        for what in ("refuse", "goaway"):
            # Not the first request: nobody knows yet what a service speaks that has never answered.
            peer = self.serve_script(what, lambda request: request["path"].startswith("/v1/orders?")
                                     and len(peer.requests) > 5)
            self.make_due()
            self.work("--threads=1", "--in-flight=5", **self.settings(peer))
            self.assertEqual((self.script.left, self.errors()), (0, []), what)
        self.check_polled()

    def make_due(self):
        if self.db.value("SELECT count(*) FROM koppeling.integration") == 1:
            self.make_shops(30)
        self.db.run("UPDATE koppeling.integration SET next_poll_at = now()")
        self.tick()

    def test_connections_that_break_with_a_hundred_streams(self):
        """Polls go on over another one; the booking that was under way is in doubt, since it may have been heard."""
        is_hanging = True
        peer = H2Peer(self.authority.certify(), self.simulator.port, lambda request: "hang" if is_hanging and (
            is_booking(request) or request["path"].startswith("/v1/orders?")) else None)
        self.addCleanup(peer.close)
        self.make_shops(100)
        self.tick()
        self.dispatch(70001)
        worker = self.start_worker("--threads=1", "--in-flight=200", **self.settings(peer))
        self.wait_until(lambda: len(peer.requests) >= 102, "all polls and the booking are in flight")
        self.assertEqual(peer.connections, 3, "one for each API, and one for the booking")
        is_hanging = False
        peer.vanish()
        self.wait_until(lambda: self.errors("create_shipment"), "the booking has ended")
        self.wait_until(lambda: self.jobs("poll") == [], "all shops are polled")
        worker.stop()
        self.check_polled_shops()
        self.assertEqual(self.errors("create_shipment"), ["unknown_outcome"])
        self.assertLess(len(self.errors("poll")), 5, "nearly all went again by themselves")
        self.assertLessEqual(peer.connections, 6, "they share connections again")

    def check_polled_shops(self):
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.integration WHERE last_polled_at IS NULL"), 0)


class HungServer(Listening):
    """The first connections get no answer, not even to their handshake; later ones are passed on."""

    def __init__(self, target_port, hung=1):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = listener.getsockname()[1]
        self.url = f"https://localhost:{self.port}"
        self._target_port, self._hung, self.held = target_port, hung, []
        super().__init__(listener)

    def serve(self, client):
        if len(self.held) < self._hung:
            self.held.append(client)
            return
        relay(client, socket.create_connection(("127.0.0.1", self._target_port)))


class HungHandshakeTest(Http2Case):
    def test_a_handshake_that_hangs_holds_only_its_own_call(self):
        server = self.serve()
        front = HungServer(server.port)
        self.addCleanup(front.close)
        self.make_shops(100)
        self.tick()
        worker = self.start_worker("--threads=1", "--in-flight=200", **self.settings(front))
        self.wait_until(lambda: len(self.jobs()) == 1 and self.db.value(
            "SELECT count(*) FROM koppeling.integration WHERE last_polled_at IS NOT NULL") == 99,
            "all but the one that hangs are polled")
        self.assertEqual((len(front.held), self.errors()), (1, []), "and it still hangs")
        worker.kill()
