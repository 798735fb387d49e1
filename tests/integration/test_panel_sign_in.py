"""The panel: signing in and out, and what keeps others out."""
import base64
import hashlib
import hmac
import json
import subprocess
import time
import urllib.parse

from harness.browser import Browser
from harness.case import Case
from harness.programs import BUILD

PORTAL_KEY = "0123456789abcdef0123456789abcdef"
PROXY_SECRET = "fedcba9876543210fedcba9876543210"


def basic(login, secret):
    return "Basic " + base64.b64encode(f"{login}:{secret}".encode()).decode()


def portal_token(key=PORTAL_KEY, algorithm="HS256", **claims):
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    made = {"account": 1, "person": "anna", "role": "merchant", "jti": f"ticket-{time.time_ns()}",
            "exp": int(time.time()) + 60, **claims}
    text = part(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()) + b"." + part(json.dumps(made).encode())
    return (text + b"." + part(hmac.new(key.encode(), text, hashlib.sha256).digest())).decode()


class SignInTest(Case):
    def setUp(self):
        super().setUp()
        self.add_person("anna")

    def open(self, **settings):
        self.panel, address = self.start_panel(**settings)
        return Browser(address)

    def test_a_person_signs_in_and_out(self):
        browser = self.open()
        page = browser.get("/orders?state=open")
        self.assertEqual(browser.address, "/sign-in?next=%2Forders%3Fstate%3Dopen")
        page = browser.submit("/sign-in", login="anna", password="verkeerd wachtwoord")
        self.assertEqual(page.status, 422)
        self.assertIn("Login or password is not right" if "Sign in" in page.words else "klopt niet", page.words)
        self.assertNotIn("verkeerd wachtwoord", page.text)
        page = browser.submit("/sign-in", login="ANNA", password="een goed wachtwoord")
        self.assertEqual((page.status, browser.address), (200, "/orders?state=open"))
        self.assertIn("Proefverzender BV", page.words)
        session = browser.cookies["koppeling"]
        hashed = hashlib.sha256(session.encode()).digest()
        self.assertEqual(self.db.value("SELECT cookie_hash FROM koppeling.panel_session"), "\\x" + hashed.hex())
        page = browser.submit("/sign-out")
        self.assertEqual(browser.address, "/sign-in")
        browser.cookies["koppeling"] = session  # whoever kept it has nothing
        browser.get("/")
        self.assertEqual(browser.address, "/sign-in")
        for secret in ("een goed wachtwoord", "verkeerd wachtwoord", session):
            self.assertNotIn(secret, self.logs())

    def test_who_guesses_waits_and_who_is_no_user_looks_like_one(self):
        browser = self.open()
        for login in ("anna", "nobody"):
            answers = []
            for _ in range(6):
                browser.get("/sign-in")
                page = browser.submit("/sign-in", login=login, password="een verkeerd wachtwoord")
                answers.append(page.status)
            self.assertEqual(answers, [422] * 5 + [429], login)
            self.assertGreater(int(page.headers["retry-after"]), 0)
        page = browser.submit("/sign-in", login="anna", password="een goed wachtwoord")
        self.assertEqual(page.status, 429, "the right password waits as well")

    def test_the_proxy_says_who_guesses(self):
        browser = self.open()
        browser.headers["X-Forwarded-For"] = "203.0.113.9, 198.51.100.7"
        browser.get("/sign-in")
        browser.submit("/sign-in", login="anna", password="een verkeerd wachtwoord")
        self.assertEqual(self.db.value("SELECT address FROM koppeling.panel_attempt"), "198.51.100.7")
        # As a proxy sends it that adds a line of its own: the first is what the browser made up.
        browser.headers["x-forwarded-for"] = "198.51.100.8"
        browser.get("/sign-in")
        browser.submit("/sign-in", login="anna", password="een verkeerd wachtwoord")
        self.assertEqual(self.db.column("SELECT address FROM koppeling.panel_attempt ORDER BY id"),
                         ["198.51.100.7", "198.51.100.8"])
        stranger = self.open(KOPPELING_PANEL_PROXIES="192.0.2.1")
        stranger.headers["X-Forwarded-For"] = "203.0.113.9"
        stranger.get("/sign-in")
        stranger.submit("/sign-in", login="bert", password="een verkeerd wachtwoord")
        self.assertEqual(self.db.column("SELECT address FROM koppeling.panel_attempt ORDER BY id"),
                         ["198.51.100.7", "198.51.100.8", "127.0.0.1"])

    def test_a_form_that_no_page_of_ours_made_is_refused(self):
        browser = self.open()
        browser.get("/sign-in")
        fields = {"login": "anna", "password": "een goed wachtwoord"}
        self.assertEqual(browser.post("/sign-in", fields).status, 403, "without a proof")
        self.assertEqual(browser.post("/sign-in", {**fields, "csrf": "x" * 43}).status, 403, "with a wrong one")
        other = Browser(f"{browser.host}:{browser.port}")
        other.get("/sign-in")
        proof = dict(other.page.form("/sign-in")["fields"])["csrf"]
        self.assertEqual(browser.post("/sign-in", {**fields, "csrf": proof}).status, 403, "with that of another")
        browser.get("/sign-in")
        own = dict(browser.page.form("/sign-in")["fields"])["csrf"]
        page = browser.post("/sign-in", {**fields, "csrf": own}, **{"Sec-Fetch-Site": "cross-site"})
        self.assertEqual(page.status, 403, "from another site")
        self.assertEqual(browser.post("/sign-in", {**fields, "csrf": own}).status, 200)
        page = browser.post("/sign-out", {"csrf": own})
        self.assertEqual(page.status, 403, "a proof from before is of no use in the session")

    def test_a_new_password_ends_all_sessions(self):
        browser = self.open()
        browser.sign_in("anna")
        self.assertEqual(browser.address, "/")
        done = self.add_password("anna", "een ander wachtwoord")
        self.assertEqual(done.returncode, 0, done.stderr)
        browser.get("/")
        self.assertEqual(browser.address, "/sign-in")
        self.assertEqual(browser.sign_in("anna").status, 422)
        self.assertEqual(browser.sign_in("anna", "een ander wachtwoord").status, 200)

    def add_password(self, login, password):
        return subprocess.run([BUILD / "koppeling-panel", "passwd", login], input=password + "\n",
                              env=self.panel_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_signing_out_everywhere_ends_the_others_too(self):
        browser = self.open()
        other = Browser(f"{browser.host}:{browser.port}")
        browser.sign_in("anna")
        other.sign_in("anna")
        csrf = dict(browser.page.form("/sign-out")["fields"])["csrf"]
        browser.post("/sign-out", {"csrf": csrf, "everywhere": "1"})
        other.get("/")
        self.assertEqual(other.address, "/sign-in")

    def test_a_portal_signs_its_people_in(self):
        browser = self.open(KOPPELING_PORTAL_KEY=PORTAL_KEY)
        token = portal_token()
        page = browser.get(f"/portal?token={token}")
        self.assertEqual((page.status, browser.address), (200, "/"))
        self.assertIn("anna", page.words)
        again = Browser(f"{browser.host}:{browser.port}")
        self.assertEqual(again.get(f"/portal?token={token}").status, 403, "a token is good once")
        wrong = {"another key": portal_token(key="f" * 32), "over": portal_token(exp=int(time.time()) - 60),
                 "too long": portal_token(exp=int(time.time()) + 3600), "no account": portal_token(account=99),
                 "unsigned": portal_token(algorithm="none"), "role": portal_token(role="owner"), "none": "x.y.z"}
        for name, bad in wrong.items():
            with self.subTest(name):
                self.assertEqual(again.get(f"/portal?token={urllib.parse.quote(bad)}").status, 403)
                self.assertNotIn("koppeling", again.cookies)
        self.assertNotIn(token, self.logs())

    def test_a_proxy_names_who_it_has_signed_in(self):
        browser = self.open(KOPPELING_PANEL_PROXY_SECRET=PROXY_SECRET)
        page = browser.get("/orders?state=all")
        self.assertIn("/portal?next=%2Forders%3Fstate%3Dall", page.links)
        page = browser.get("/portal?next=%2Forders%3Fstate%3Dall", Authorization=basic("ANNA", PROXY_SECRET))
        self.assertEqual((page.status, browser.address), (200, "/orders?state=all"))
        self.assertIn("anna", page.words)
        self.assertEqual(self.db.column("SELECT details ->> 'by' FROM koppeling.audit WHERE action = 'sign_in'"),
                         ["proxy"])
        # What names somebody counts where people sign in, and nowhere else.
        stranger = Browser(f"{browser.host}:{browser.port}", Authorization=basic("anna", PROXY_SECRET))
        stranger.get("/orders")
        self.assertEqual(stranger.address.split("?")[0], "/sign-in")
        csrf = dict(browser.page.form("/sign-out")["fields"])["csrf"]
        page = browser.post("/me/language", {"language": "nl"}, Authorization=basic("anna", PROXY_SECRET))
        self.assertEqual(page.status, 403, "nor is it a proof that a page of ours made the form")
        page = browser.post("/me/language", {"language": "nl", "csrf": csrf})
        self.assertEqual(page.status, 200)
        self.assertNotIn(PROXY_SECRET, self.logs())

    def test_what_a_proxy_says_is_not_believed_without_its_secret(self):
        browser = self.open(KOPPELING_PANEL_PROXY_SECRET=PROXY_SECRET)
        wrong = {"no secret": basic("anna", ""), "another": basic("anna", "f" * 32), "a part": basic("anna", "0" * 31),
                 "nobody": basic("", PROXY_SECRET), "a stranger": basic("stranger@example.org", PROXY_SECRET),
                 "no login": basic("an na", PROXY_SECRET), "no base64": "Basic ***", "no colon": "Basic YW5uYQ==",
                 "a zero byte": basic("anna\0x", PROXY_SECRET), "otherwise": "Digest anna",
                 "long": "Basic " + "A" * 4000}
        for name, authorization in wrong.items():
            with self.subTest(name):
                self.assertEqual(browser.get("/portal", Authorization=authorization).status, 403)
                self.assertNotIn("koppeling", browser.cookies)
        self.assertEqual(browser.get("/portal").status, 403)
        self.assertEqual(browser.get(f"/portal?token={portal_token()}").status, 404, "it is no key of a portal")
        elsewhere = self.open(KOPPELING_PANEL_PROXY_SECRET=PROXY_SECRET, KOPPELING_PANEL_PROXIES="192.0.2.1")
        page = elsewhere.get("/portal", Authorization=basic("anna", PROXY_SECRET))
        self.assertEqual(page.status, 403, "the secret alone is not enough")
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.panel_session"), 0)

    def test_a_key_that_can_be_guessed_is_refused(self):
        for name in ("KOPPELING_PORTAL_KEY", "KOPPELING_PANEL_PROXY_SECRET"):
            with self.subTest(name):
                done = self.program("koppeling-panel", "run", environment=self.panel_environment(**{name: "x" * 31}))
                self.assertEqual(done.status, 78, done.log)
                self.assertIn(f"{name}", done.log)
                self.assertNotIn("x" * 31, done.log)

    def test_without_a_key_there_is_no_portal(self):
        browser = self.open()
        self.assertEqual(browser.get(f"/portal?token={portal_token()}").status, 404)

    def test_nowhere_but_on_this_site_is_gone_to(self):
        browser = self.open()
        for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
            with self.subTest(target):
                browser.get("/sign-in?next=" + urllib.parse.quote(target))
                browser.submit("/sign-in", login="anna", password="een goed wachtwoord")
                self.assertEqual(browser.address, "/")
                browser.cookies.clear()

    def test_cookies_over_plain_http_are_for_loopback_only(self):
        done = self.program("koppeling-panel", "run", environment=self.panel_environment(
            KOPPELING_PANEL_ADDRESS="0.0.0.0:0"))
        self.assertEqual(done.status, 78, done.log)
        self.assertIn("loopback", done.log)
        browser = self.open(KOPPELING_PANEL_INSECURE="0")
        page = browser.get("/sign-in")
        self.assertRegex(page.headers["set-cookie"],
                         r"^__Host-koppeling_visitor=\S+; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=3600$")
