"""What the worker calls: the simulator itself, or nginx with TLS 1.3 before it, as a real service has it."""
import shutil
import tempfile

from lab import tree_cpu_seconds  # first: it says where the harness is
from harness.nginx import Nginx
from harness.tls import Authority

PLAIN, HTTP1, HTTP2 = "HTTP", "TLS 1.3, HTTP/1.1", "TLS 1.3, HTTP/2"
PROTOCOLS = PLAIN, HTTP1, HTTP2
STREAMS = 128  # that a connection may carry at a time: the default of nginx


class Plain:
    """Nothing in front."""

    protocol, ca, settings = PLAIN, None, {}

    def __init__(self, played):
        self._played, self.url = played, played.url
        played.control("DELETE", "/counters")

    def cpu_seconds(self):
        return 0.0

    def connections(self):
        """How many were opened, but for those of our own questions; none of them shook hands."""
        counts = self._played.control("GET", "/counters")
        return {"opened": counts["connections_total"] - counts["requests"]["control"]["GET"], "handshakes": 0,
                "full": 0}

    def close(self):
        pass


class Tls:
    """nginx on the way; it writes down each call with its connection."""

    def __init__(self, lab, played, http2):
        self._directory = tempfile.mkdtemp(prefix="tls.", dir=lab.socket)
        authority = Authority(self._directory)
        self.ca, self.protocol = str(authority.certificate), HTTP2 if http2 else HTTP1
        self._nginx = Nginx(authority.certify(), played.port, http2=http2, streams=STREAMS)
        self.url, self.settings = self._nginx.url, {"KOPPELING_CA_FILE": self.ca}

    def cpu_seconds(self):
        return tree_cpu_seconds(self._nginx.pid)

    def connections(self):
        """Each began with a handshake, in full or that of a session that was resumed."""
        found = self._nginx.connections()
        spoken = {calls[0]["protocol"] for calls in found.values()}
        assert spoken == {"HTTP/2.0" if self.protocol == HTTP2 else "HTTP/1.1"}, spoken
        return {"opened": len(found), "handshakes": len(found),
                "full": sum(calls[0]["resumed"] == "." for calls in found.values())}

    def close(self):
        self._nginx.close()
        shutil.rmtree(self._directory, ignore_errors=True)


def front(lab, played, protocol):
    return Plain(played) if protocol == PLAIN else Tls(lab, played, protocol == HTTP2)
