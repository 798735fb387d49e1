"""nginx in front of the simulator: what a real service's TLS looks like from here, HTTP/2 or HTTP/1.1."""
import collections
import pathlib
import shutil
import tempfile

from harness.case import free_address
from harness.programs import Daemon, give, wait_until

CONFIGURATION = """
daemon off;
pid {home}/pid;
error_log {home}/error.log warn;
worker_processes 1;
worker_rlimit_nofile 30000;
events {{ worker_connections 10000; }}
http {{
    log_format calls '$connection $connection_requests $server_protocol $ssl_session_reused $status $uri';
    access_log {home}/access.log calls;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    ssl_certificate {home}/server.pem;
    ssl_certificate_key {home}/server.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:sessions:1m;
    keepalive_requests {requests};
    http2_max_concurrent_streams {streams};
    proxy_read_timeout 300;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    upstream simulator {{ server 127.0.0.1:{target}; keepalive 500; }}
    server {{
        listen {port} ssl{http2} backlog=1024;
        location / {{ proxy_pass http://simulator; }}
    }}
}}
"""


class Nginx:
    """Decrypts and passes on to a port on loopback; `streams` and `requests` are what a connection may carry at a time,
    and altogether, before nginx says GOAWAY."""

    def __init__(self, certificate, target_port, http2=True, streams=128, requests=1000000):
        self._home = pathlib.Path(tempfile.mkdtemp(prefix="nginx.", dir=pathlib.Path(certificate).parents[2]))
        self.port = int(free_address().rpartition(":")[2])
        shutil.copy(certificate, self._home / "server.pem")
        (self._home / "conf").write_text(CONFIGURATION.format(
            home=self._home, port=self.port, target=target_port, http2=" http2" if http2 else "", streams=streams,
            requests=requests))
        for path in (self._home, *self._home.iterdir()):
            give(path)
        self.start()
        self.url = f"https://localhost:{self.port}"

    def start(self):
        (self._home / "pid").unlink(missing_ok=True)
        self._daemon = Daemon(["nginx", "-p", str(self._home), "-c", str(self._home / "conf"),
                               "-e", str(self._home / "error.log")], self._home / "out")
        wait_until(lambda: (self._home / "pid").exists() or not self._daemon.is_running, "nginx listens")
        assert self._daemon.is_running, (self._home / "out").read_text()

    @property
    def pid(self):
        """Of its first process."""
        return self._daemon.pid

    def reload(self):
        """New worker processes; the old ones let their calls end, and say GOAWAY."""
        self._daemon.signal(1)

    def stop(self):
        """At once, as when the machine is switched off, but that our kernel still closes the connections."""
        self._daemon.signal(15)
        self._daemon.process.wait(30)

    def close(self):
        self._daemon.signal(15)
        self._daemon.process.wait(30)
        shutil.rmtree(self._home, ignore_errors=True)

    def calls(self):
        """The calls that ended, oldest first."""
        names = ("connection", "number", "protocol", "resumed", "status", "path")
        return [dict(zip(names, line.split(" ")))
                for line in (self._home / "access.log").read_text().splitlines() if line]

    def connections(self):
        """The calls of each connection."""
        found = collections.defaultdict(list)
        for call in self.calls():
            found[call["connection"]].append(call)
        return found
