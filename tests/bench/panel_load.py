"""The panel under load: who serves, who asks, and a static page beside it as the ceiling."""
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from lab import BENCH, ROOT, Program, cpu_seconds, rss_mb, tree_cpu_seconds  # first: it says where the harness is
from harness.browser import Browser
from harness.case import free_address
from harness.programs import Daemon, give, wait_until

PASSWORD = "een goed wachtwoord"
CONNECTIONS = 16
CONFIGURATION = """
daemon off;
pid {home}/pid;
error_log {home}/error.log warn;
worker_processes auto;
events {{ worker_connections 1000; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    default_type text/html;
    keepalive_requests 100000000;
    server {{ listen {address}; root {home}/pages; }}
}}
"""


class NotHere(Exception):
    """wrk is not installed, and cannot be; says so."""


def need_wrk():
    if not shutil.which("wrk"):
        subprocess.run([ROOT / "deploy/install-deps", "bench"], stdin=subprocess.DEVNULL, check=False)
    if not shutil.which("wrk"):
        raise NotHere("wrk, which makes the load, is not here and could not be installed.")


class Panel:
    """One process, and the people who may sign in: anna of account 1, and op for operations."""

    def __init__(self, database):
        self._database, self.address = database, free_address()
        for login, role in (("anna", ("merchant", "--account", "1")), ("op", ("operations",))):
            subprocess.run([BENCH / "bin" / "koppeling-panel", "add-user", login, "--role", *role], check=True,
                           input=PASSWORD + "\n", env=self._environment(), stdout=subprocess.DEVNULL, text=True)
        self._program = Program("koppeling-panel", ["run"], self._environment(), database.lab.log_path("panel"))
        self.pid = self._program.pid
        wait_until(self._answers, "the panel serves pages")

    def _environment(self):
        return self._database.lab.environment(
            self._database.name, "bench_panel", KOPPELING_PANEL_ADDRESS=self.address, KOPPELING_PANEL_INSECURE=1,
            KOPPELING_PUBLIC_KEY=self._database.lab.public_key)

    def _answers(self):
        try:
            return Browser(self.address).get("/health").status == 200
        except OSError:
            return False

    def sign_in(self, login):
        """A browser that is signed in; its cookie is what a visitor shows."""
        browser = Browser(self.address)
        page = browser.sign_in(login, PASSWORD)
        assert page.status == 200, page.words
        return browser

    def stop(self):
        self._program.stop(15)


def cookie_of(browser):
    return f"koppeling={browser.cookies['koppeling']}"


class Visitor:
    """Asks for page after page on one connection, and notes when the first byte comes."""

    def __init__(self, address, cookie):
        self._address, self._cookie, self._socket = address, cookie, None

    def _ask(self, target):
        host, port = self._address.rsplit(":", 1)
        if self._socket is None:
            self._socket = socket.create_connection((host, int(port)), 60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        self._socket.sendall(f"GET {target} HTTP/1.1\r\nHost: {self._address}\r\nAccept: text/html\r\n"
                             f"Cookie: {self._cookie}\r\n\r\n".encode())
        answer = self._socket.recv(65536)
        return answer, (time.perf_counter() - began) * 1000

    def visit(self, target):
        """Status, and ms to the first byte."""
        answer, took = self._ask(target)
        while b"\r\n\r\n" not in answer:
            answer += self._more(answer)
        head, _, body = answer.partition(b"\r\n\r\n")
        left = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1)) - len(body)
        while left > 0:
            left -= len(self._more(answer))
        if re.search(rb"(?i)connection: *close", head):
            self.close()
        return int(head.split()[1]), took

    def _more(self, answer):
        part = self._socket.recv(65536)
        assert part, f"the panel closed the connection within an answer: {answer[:200]!r}"
        return part

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class StaticPages:
    """Debian's nginx with some pages as files."""

    def __init__(self, lab):
        self._home = pathlib.Path(tempfile.mkdtemp(prefix="pages.", dir=lab.socket))
        self.address = free_address()
        (self._home / "pages").mkdir()
        (self._home / "conf").write_text(CONFIGURATION.format(home=self._home, address=self.address))
        for path in (self._home, *self._home.iterdir()):
            give(path)
        self._daemon = Daemon(["nginx", "-p", str(self._home), "-c", str(self._home / "conf"),
                               "-e", str(self._home / "error.log")], self._home / "out")
        wait_until(lambda: (self._home / "pid").exists() or not self._daemon.is_running, "nginx listens")
        assert self._daemon.is_running, (self._home / "out").read_text()

    def add(self, name, content):
        page = self._home / "pages" / name
        page.write_bytes(content)
        page.chmod(0o644)

    def close(self):
        self._daemon.signal(15)
        self._daemon.process.wait(30)
        shutil.rmtree(self._home, ignore_errors=True)


class Memory:
    """The most that a process had resident while this was open; what signing in took before does not count."""

    def __init__(self, pid):
        self._pid, self.most, self._over = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self._over.wait(0.1):
            self.most = max(self.most, rss_mb(self._pid))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def load(address, path, seconds, cookie=None):
    """Requests/s by wrk on kept connections; each must be answered with a page."""
    heads = ["-H", f"Cookie: {cookie}", "-H", "Accept: text/html"] if cookie else []
    done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", *heads,
                           f"http://{address}{path}"], stdout=subprocess.PIPE, text=True, check=True)
    assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout).groups()
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1)),
            "p99": float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]}


def load_panel(panel, postmaster, path, seconds, cookie):
    """The same of the panel, with what it costs: CPU seconds for 1,000 views, and MB."""
    before = cpu_seconds(panel.pid), tree_cpu_seconds(postmaster)
    with Memory(panel.pid) as memory:
        found = load(panel.address, path, seconds, cookie)
    views = found["rate"] * seconds / 1000
    return {**found, "mb": memory.most, "panel_cpu": (cpu_seconds(panel.pid) - before[0]) / views,
            "postgres_cpu": (tree_cpu_seconds(postmaster) - before[1]) / views}
