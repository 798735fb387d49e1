"""Who is talked to, and over what: certificates, versions, redirects."""
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest

from harness.booking import BookingCase
from harness.programs import BUILD
from harness.tls import Authority, Listener, TlsServer


def may_mount():
    """Whether this user may have a file system of its own, to give the worker other system certificates."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode == 0


class TlsCase(BookingCase):
    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp(prefix="tls.", dir=self.cluster.socket_directory)
        self.addCleanup(shutil.rmtree, self.directory)
        self.authority = Authority(self.directory)
        self.simulator.shop("shop1")
        self.integration = self.request_connection("shop1")

    def serve(self, certificate, **settings):
        server = TlsServer(certificate, self.simulator.port, **settings)
        self.addCleanup(server.close)
        return server

    def settings(self, server, authority=None):
        """The worker calls both services there."""
        return {"KOPPELING_MIJNWEBWINKEL_URL": server.url, "KOPPELING_BOEKUWZENDING_URL": server.url + "/boekuwzending",
                "KOPPELING_CA_FILE": str(authority.certificate) if authority else None}

    def check_refused(self, server, authority=None, words="SSL"):
        """No request goes out, and that is told as an error of class tls."""
        self.work(**self.settings(server, authority))
        self.assertEqual(self.simulator.requests(), [])
        self.assertGreater(server.connections, 0, "it was tried")
        self.check_errors(words)

    def check_errors(self, words):
        """All attempts ended so, and the shop was not connected."""
        errors = self.db.rows("SELECT e->>'class' AS class, e->>'error' AS error"
                              " FROM koppeling.job_log j, jsonb_array_elements(j.errors) e WHERE j.kind = 'verify'")
        self.assertGreater(len(errors), 0)
        for error in errors:
            self.assertEqual(error["class"], "tls", error)
            self.assertIn(words, error["error"])
        self.assertNotEqual(self.shop(self.integration)["state"], "active")

    def check_accepted(self, server, authority=None):
        self.work(**self.settings(server, authority))
        self.assertEqual(self.shop(self.integration)["state"], "active")
        self.assertGreater(server.handshakes, 0)


class TlsTest(TlsCase):
    def test_a_private_authority_is_trusted_when_it_is_named(self):
        server = self.serve(self.authority.certify())
        self.check_accepted(server, self.authority)
        self.simulator.add("shop1", generate=1)
        self.tick()
        self.work(**self.settings(server, self.authority))
        shipment = self.db.value("SELECT koppeling.dispatch_order(id, 'postnl-pakket') FROM koppeling.imported_order")
        self.work(**self.settings(server, self.authority))
        self.assertEqual(self.shipment(shipment)["state"], "labelled")

    def test_a_private_authority_is_not_trusted_by_itself(self):
        self.check_refused(self.serve(self.authority.certify()), words="peer certificate")

    def test_another_private_authority_does_not_do(self):
        other = Authority(self.directory, "other")
        self.check_refused(self.serve(other.certify()), self.authority, "peer certificate")

    def test_an_expired_certificate_is_refused(self):
        self.check_refused(self.serve(self.authority.certify(end="20210101000000Z")), self.authority,
                           "peer certificate")

    def test_a_certificate_that_is_not_valid_yet_is_refused(self):
        self.check_refused(self.serve(self.authority.certify(start="20890101000000Z")), self.authority,
                           "peer certificate")

    def test_a_certificate_for_another_name_is_refused(self):
        certificate = self.authority.certify(names="DNS:elsewhere.example,DNS:localhost.elsewhere.example,IP:127.0.0.2")
        self.check_refused(self.serve(certificate), self.authority, "peer certificate")

    def test_a_certificate_that_vouches_for_itself_is_refused(self):
        path = self.authority.directory / "own.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", path.with_suffix(".key"), "-out", path],
                       check=True, stderr=subprocess.DEVNULL)
        path.write_text(path.read_text() + path.with_suffix(".key").read_text())
        self.check_refused(self.serve(path), self.authority, "peer certificate")

    def test_tls_1_1_is_refused(self):
        server = self.serve(self.authority.certify(), version=ssl.TLSVersion.TLSv1_1)
        self.check_refused(server, self.authority, "SSL connect error")
        self.assertEqual(server.handshakes, 0)
        # The server itself would do it, with a client that is as old.
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.minimum_version, client.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        client.set_ciphers("ALL:@SECLEVEL=0")
        client.load_verify_locations(self.authority.certificate)
        with socket.create_connection(("127.0.0.1", server.port)) as plain:
            with client.wrap_socket(plain, server_hostname="localhost") as wrapped:
                self.assertEqual(wrapped.version(), "TLSv1.1")

    def test_tls_1_2_is_accepted(self):
        self.check_accepted(self.serve(self.authority.certify(), version=ssl.TLSVersion.TLSv1_2), self.authority)

    def test_a_server_that_speaks_no_tls_is_refused(self):
        url = self.simulator.url.replace("http://127.0.0.1", "https://localhost")
        self.work(KOPPELING_MIJNWEBWINKEL_URL=url, KOPPELING_CA_FILE=str(self.authority.certificate))
        self.check_errors("SSL connect error")
        self.assertEqual(self.simulator.requests(), [])


@unittest.skipUnless(may_mount(), "needs root, to give the worker other system certificates")
class SystemAuthoritiesTest(TlsCase):
    """What the system trusts is a test's own authority here, in a file system of the worker's own."""

    def setUp(self):
        super().setUp()
        self.system = Authority(self.directory, "system")
        self.trusted = os.path.join(self.directory, "trusted")
        os.mkdir(self.trusted)
        for name in ("ca-certificates.crt", "one.pem"):
            shutil.copy(self.system.certificate, os.path.join(self.trusted, name))
        subprocess.run(["openssl", "rehash", self.trusted], check=True, stderr=subprocess.DEVNULL)
        self.server = self.serve(self.system.certify())

    def work(self, **settings):
        script = 'mount --bind "$1" /etc/ssl/certs && shift && exec "$@"'
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", self.trusted, BUILD / "koppeling-worker",
                               "run",
                               "--until-idle"], env=self.worker_environment(**settings), stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, timeout=90)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])

    def test_the_systems_authorities_are_trusted_when_none_is_named(self):
        self.check_accepted(self.server)

    def test_the_systems_authorities_are_not_trusted_when_one_is_named(self):
        self.check_refused(self.server, self.authority, "peer certificate")


class RedirectTest(BookingCase):
    """Whoever answers with another address is not followed there, with a token or without."""

    def setUp(self):
        super().setUp()
        self.elsewhere = Listener()
        self.addCleanup(self.elsewhere.close)
        self.integration = self.connect_with_numbers(70001, 70002)

    def check_not_followed(self, kind, method=None, path_contains=None):
        for status in (301, 302, 303, 307, 308):
            for scheme in ("http", "https"):
                self.simulator.fault("status", status=status, times=1, method=method, path_contains=path_contains,
                                     location=f"{scheme}://127.0.0.1:{self.elsewhere.port}/stolen")
        self.work()
        self.hasten()
        self.work()
        self.assertEqual(self.elsewhere.connections, 0)
        seen = [request["status"] for request in self.simulator.requests(path_contains=path_contains, method=method)]
        self.assertTrue(set(seen) & {301, 302, 303, 307, 308}, "the redirects were met")
        errors = self.db.column("SELECT e->>'error' FROM koppeling.job_log j, jsonb_array_elements(j.errors) e"
                                " WHERE j.kind = %s", kind)
        self.assertTrue(any(f"HTTP {status}" in error for error in errors for status in (301, 302, 303, 307, 308)),
                        errors)
        self.assertNotIn("stolen", " ".join(errors))

    def test_of_a_list_of_orders(self):
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.check_not_followed("poll", "GET", "/v1/orders")

    def test_of_a_write_to_the_shop(self):
        self.label(self.order(70001)["id"])
        self.tick()
        self.check_not_followed("mark_shipped", "PATCH", "/v1/orders")

    def test_of_the_request_for_a_bearer_token(self):
        self.dispatch(70001)
        self.check_not_followed("create_shipment", "POST", "/token")

    def test_of_a_booking(self):
        self.dispatch(70002)
        self.check_not_followed("create_shipment", "POST", "/shipments")
