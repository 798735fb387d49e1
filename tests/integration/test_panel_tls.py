"""The panel with a certificate of its own: who is let in, what a browser is told, and another certificate by SIGHUP."""
import http.client
import pathlib
import re
import shutil
import signal
import socket
import ssl
import tempfile

from harness.case import Case
from harness.tls import Authority


class PanelTlsTest(Case):
    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp(prefix="tls.", dir=self.cluster.socket_directory)
        self.addCleanup(shutil.rmtree, self.directory)
        self.authority = Authority(self.directory)
        self.certificate, self.key = self.copy(self.authority.certify())

    def copy(self, whole, name="panel"):
        """Certificate and key in a file each."""
        text = whole.read_text()
        at = text.rindex("-----BEGIN")  # the key is the last of them
        certificate, key = (f"{self.directory}/{name}.{ending}" for ending in ("crt", "key"))
        for path, part in ((certificate, text[:at]), (key, text[at:])):
            with open(path, "w", encoding="ascii") as file:
                file.write(part)
        return certificate, key

    def settings(self, **settings):
        return {"KOPPELING_PANEL_CERTIFICATE": self.certificate, "KOPPELING_PANEL_KEY": self.key,
                "KOPPELING_PANEL_INSECURE": "0", "KOPPELING_PANEL_ADDRESS": "127.0.0.1:0", **settings}

    def serve(self, **settings):
        self.panel, address = self.start_panel(**self.settings(**settings))
        self.port = int(address.rsplit(":", 1)[1])

    def context(self, authority=None):
        return ssl.create_default_context(cafile=(authority or self.authority).certificate)

    def ask(self, path="/sign-in", connection=None, **headers):
        asked = connection or http.client.HTTPSConnection("localhost", self.port, timeout=20, context=self.context())
        asked.request("GET", path, headers=headers)
        answer = asked.getresponse()
        answer.read()
        if connection is None:
            asked.close()
        return answer

    def serial(self):
        """Of the certificate that a new connection gets."""
        with socket.create_connection(("127.0.0.1", self.port), 20) as plain, \
                self.context().wrap_socket(plain, server_hostname="localhost") as secure:
            return secure.getpeercert()["serialNumber"]

    def refused(self, **settings):
        """It does not start; what it says."""
        done = self.program("koppeling-panel", "run", environment=self.panel_environment(**self.settings(**settings)))
        self.assertEqual(done.status, 78, done.log)
        self.assertNotIn("PRIVATE KEY", done.log)
        return done.log

    def reload(self, words="settings reloaded"):
        count = self.panel.log.count(words)
        self.panel.signal(signal.SIGHUP)
        self.wait_until(lambda: self.panel.log.count(words) > count, words)

    def test_a_browser_is_told_to_stay_with_tls(self):
        self.serve()
        answer = self.ask()
        self.assertEqual((answer.status, answer.headers["Strict-Transport-Security"]), (200, "max-age=31536000"))
        self.assertRegex(answer.headers["Set-Cookie"],
                         "^__Host-koppeling_visitor=[^;]+; Path=/; HttpOnly; SameSite=Lax; Secure")
        with self.assertRaises(ssl.SSLCertVerificationError):
            with socket.create_connection(("127.0.0.1", self.port), 20) as plain:
                self.context(Authority(self.directory, "other")).wrap_socket(plain, server_hostname="localhost")

    def test_plain_http_gets_nothing(self):
        self.serve()
        with socket.create_connection(("127.0.0.1", self.port), 20) as plain:
            plain.sendall(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while part := plain.recv(4096):
                answer += part
        self.assertNotIn(b"HTTP/", answer)
        self.assertEqual(self.ask("/health").status, 200, "and it serves on")

    def test_nothing_older_than_tls_1_2(self):
        self.serve()
        for version, name in ((ssl.TLSVersion.TLSv1, None), (ssl.TLSVersion.TLSv1_1, None),
                              (ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(self.authority.certificate)
            context.minimum_version = ssl.TLSVersion.TLSv1  # older than what OpenSSL would allow by itself
            context.maximum_version = version
            context.set_ciphers("ALL:@SECLEVEL=0")
            with self.subTest(version), socket.create_connection(("127.0.0.1", self.port), 20) as plain:
                if name is None:
                    with self.assertRaises(ssl.SSLError) as refused:
                        context.wrap_socket(plain, server_hostname="localhost")
                    self.assertRegex(str(refused.exception), "(?i)alert|EOF|reset", "it is the panel that refuses")
                else:
                    with context.wrap_socket(plain, server_hostname="localhost") as secure:
                        self.assertEqual(secure.version(), name)

    def test_what_is_no_certificate_is_told_at_start(self):
        other, other_key = self.copy(self.authority.certify("second"), "second")
        self.assertRegex(self.refused(KOPPELING_PANEL_KEY=other_key),
                         r"KOPPELING_PANEL_KEY: .*key.* (do not match|mismatch)")
        self.assertRegex(self.refused(KOPPELING_PANEL_CERTIFICATE=self.directory + "/none"),
                         r"cannot use KOPPELING_PANEL_CERTIFICATE '[^']+/none': No such file")
        for name, content in (("empty", ""), ("text", "no certificate\n")):
            path = f"{self.directory}/{name}"
            with open(path, "w", encoding="ascii") as file:
                file.write(content)
            with self.subTest(name):
                self.assertRegex(self.refused(KOPPELING_PANEL_CERTIFICATE=path), "KOPPELING_PANEL_CERTIFICATE")
        self.assertIn("go together", self.refused(KOPPELING_PANEL_KEY=""))
        self.assertNotEqual(other, self.certificate)

    def test_another_certificate_by_sighup_while_connections_go_on(self):
        self.serve()
        before = self.serial()
        kept = http.client.HTTPSConnection("localhost", self.port, timeout=20, context=self.context())
        self.ask("/health", kept)
        self.copy(self.authority.certify("second"))
        self.reload("another certificate is served")
        after = self.serial()
        self.assertNotEqual(after, before)
        self.assertEqual(self.ask("/health", kept).status, 200, "who was connected is not cut off")
        kept.close()
        self.copy(self.authority.certify("third"))
        self.reload("another certificate is served")
        self.assertNotIn(self.serial(), (before, after))
        # One that is none changes nothing, nor does one that is not there.
        served = self.serial()
        with open(self.key, "w", encoding="ascii") as file:
            file.write("no key\n")
        self.reload("the certificate was not reloaded")
        self.assertEqual(self.serial(), served)
        shutil.move(self.key, self.key + ".gone")
        self.reload("the certificate was not reloaded")
        self.assertEqual(self.serial(), served)
        self.assertEqual(self.panel.stop().status, 0)

    def test_descriptors_do_not_pile_up(self):
        self.serve()
        self.ask("/health")

        def count():
            return len(list(pathlib.Path(f"/proc/{self.panel.pid}/fd").iterdir()))
        before = count()
        for _ in range(4):
            with open(self.key, "w", encoding="ascii") as file:
                file.write("no key\n")
            self.reload("the certificate was not reloaded")
        self.ask("/health")
        self.wait_until(lambda: count() <= before, "nor do those of certificates that are none")
        for number in range(6):
            self.copy(self.authority.certify(f"certificate{number}"))
            self.reload("another certificate is served")
            self.ask("/health")
        self.wait_until(lambda: count() <= before, "the sockets of earlier certificates are closed")

    def test_somebody_signs_in(self):
        self.add_person("anna")
        self.serve()
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=20, context=self.context())
        answer = self.ask(connection=connection)
        visitor = answer.headers["Set-Cookie"].split(";")[0]
        connection.request("GET", "/sign-in", headers={"Cookie": visitor})
        csrf = re.search(r'name="csrf" value="([^"]+)"', connection.getresponse().read().decode()).group(1)
        body = f"csrf={csrf}&login=anna&password=een+goed+wachtwoord"
        connection.request("POST", "/sign-in", body, {"Cookie": visitor, "Sec-Fetch-Site": "same-origin",
                                                     "Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        answer.read()
        self.assertEqual(answer.status, 303)
        cookie = next(line for line in answer.headers.get_all("Set-Cookie") if line.startswith("__Host-koppeling="))
        self.assertIn("; Secure", cookie)
        self.assertEqual(self.ask("/orders", connection, Cookie=cookie.split(";")[0]).status, 200)
        connection.close()
