"""Signing in to the panel by OpenID Connect: a provider, Apache with mod_auth_openidc, and the panel behind it."""
import base64
import http.cookiejar
import pathlib
import secrets
import shutil
import ssl
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from harness.browser import Browser, Page
from harness.case import Case, free_address
from harness.programs import BUILD, Daemon, Process, give, wait_until
from harness.tls import Authority

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = BUILD / "oidc"
MODULES = "/usr/lib/apache2/modules"


class Person:
    """A browser without scripts that goes from site to site."""

    def __init__(self, authority):
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=authority)))
        self.page = self.address = None

    def open(self, address, fields=None, **headers):
        body = urllib.parse.urlencode(fields).encode() if fields is not None else None
        request = urllib.request.Request(address, body, {"Accept": "text/html", **headers})
        try:
            answer = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            self.page = Page(answer.status, {name.lower(): value for name, value in answer.headers.items()},
                             answer.read())
            self.address = answer.url
        return self.page

    def submit(self, **fields):
        """Sends the only form of the page."""
        form, = self.page.forms
        return self.open(urllib.parse.urljoin(self.address, form["action"]), {**dict(form["fields"]), **fields})

    def sign_in(self, address, login):
        """From the panel to the provider and back, saying there who he is."""
        self.open(address)
        self.submit(login=login, password="whatever")
        return self.submit()  # "may it know your address?"


class OidcTest(Case):
    def setUp(self):
        super().setUp()
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="oidc.", dir=self.cluster.socket_directory))
        self.addCleanup(shutil.rmtree, self.home)
        self.authority = Authority(self.home)
        self.port, self.provider = (int(free_address().rpartition(":")[2]) for _ in range(2))
        self.site = f"https://localhost:{self.port}"
        self.proxy_secret = secrets.token_urlsafe(32)
        self.panel, self.behind = self.start_panel(KOPPELING_PANEL_INSECURE="0",
                                                   KOPPELING_PANEL_PROXY_SECRET=self.proxy_secret)
        self.start_provider()
        self.start_apache()
        self.add_person("anna@example.org")

    def start_provider(self):
        self.client_secret = secrets.token_urlsafe(32)
        log = self.home / "provider.log"
        with open(log, "wb") as out:
            provider = Process(
                [shutil.which("node"), HERE / "provider.mjs", TOOLS.resolve(), str(self.provider),
                 f"{self.site}/oidc/callback", self.client_secret],
                {"PATH": "/usr/bin:/bin"}, "/", out, out)
        self.addCleanup(provider.kill)
        wait_until(lambda: b"ready" in log.read_bytes() or not provider.is_running, "the provider runs")
        self.assertTrue(provider.is_running, log.read_text())

    def start_apache(self):
        certificate = self.home / "server.pem"
        shutil.copy(self.authority.certify(), certificate)
        (self.home / "conf").write_text((HERE / "apache.conf").read_text().format(
            home=self.home, port=self.port, provider=self.provider, panel=self.behind.rpartition(":")[2],
            modules=MODULES, certificate=certificate, client_secret=self.client_secret,
            passphrase=secrets.token_urlsafe(32), proxy_secret=self.proxy_secret))
        for path in (self.home, certificate, self.home / "conf"):
            give(path)
        log = self.home / "apache.log"
        apache = Daemon(["apache2", "-D", "FOREGROUND", "-f", str(self.home / "conf")], log)
        self.addCleanup(apache.kill)

        def answers():
            try:
                return self.person().open(f"{self.site}/health").status == 200 or not apache.is_running
            except OSError:
                return not apache.is_running
        wait_until(answers, "Apache serves the panel")
        self.assertTrue(apache.is_running, log.read_text())

    def person(self):
        return Person(self.authority.certificate)

    def sessions(self):
        return self.db.column("SELECT person FROM koppeling.panel_session")

    def test_who_the_provider_knows_and_the_panel_knows_is_in(self):
        anna = self.person()
        page = anna.open(f"{self.site}/orders?state=all")
        self.assertIn("/sign-in", anna.address)
        way = next(link for link in page.links if link.startswith("/portal"))
        page = anna.sign_in(self.site + way, "anna@example.org")
        self.assertEqual((page.status, anna.address), (200, f"{self.site}/orders?state=all"), page.words)
        self.assertIn("anna@example.org", page.words)
        self.assertEqual(self.sessions(), ["anna@example.org"])
        self.assertEqual(self.db.column("SELECT details ->> 'by' FROM koppeling.audit WHERE action = 'sign_in'"),
                         ["proxy"])
        csrf = dict(page.form("/sign-out")["fields"])["csrf"]
        anna.open(f"{self.site}/sign-out", {"csrf": csrf})
        self.assertEqual((anna.address, self.sessions()), (f"{self.site}/sign-in", []))

    def test_who_the_panel_does_not_know_stays_out(self):
        stranger = self.person()
        page = stranger.sign_in(f"{self.site}/portal", "stranger@example.org")
        self.assertEqual((page.status, self.sessions()), (403, []), page.words)

    def test_nobody_gets_round_the_provider(self):
        named = "Basic " + base64.b64encode(f"anna@example.org:{'x' * 43}".encode()).decode()
        person = self.person()
        person.open(f"{self.site}/portal", Authorization=named)
        self.assertTrue(person.address.startswith(f"http://127.0.0.1:{self.provider}/"), person.address)
        for path in ("/orders", "/portal/", "//portal", "/portal%2f", "/%70ortal", "/Portal", "/portal;x"):
            with self.subTest(path):
                page = self.person().open(self.site + path, Authorization=named)
                self.assertNotIn("anna", page.words)
        # Beside the proxy, without its secret.
        self.assertEqual(Browser(self.behind).get("/portal", Authorization=named).status, 403)
        self.assertEqual(self.sessions(), [])

    def test_the_header_of_the_browser_does_not_count(self):
        # Somebody who may in as one cannot be another by a header of his own.
        self.add_person("bert@example.org", role="operations", account=None)
        anna = self.person()
        forged = "Basic " + base64.b64encode(f"bert@example.org:{self.proxy_secret}".encode()).decode()
        anna.opener.addheaders = [("Authorization", forged)]
        page = anna.sign_in(f"{self.site}/portal", "anna@example.org")
        self.assertEqual((page.status, self.sessions()), (200, ["anna@example.org"]), page.words)
