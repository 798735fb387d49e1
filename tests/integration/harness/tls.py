"""TLS on loopback: certificates made for a test, and a server that decrypts in front of the simulator."""
import pathlib
import socket
import ssl
import subprocess
import threading

from harness.listening import LoopbackListening, relay


class Authority:
    """A certificate authority of its own."""

    def __init__(self, directory, name="authority"):
        self.directory = pathlib.Path(directory) / name
        self.directory.mkdir()
        self.certificate = self.directory / "ca.pem"
        self._key = self.directory / "ca.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                      "-subj", f"/CN=Test {name}", "-keyout", self._key, "-out", self.certificate)

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=self.directory, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def certify(self, name="good", names="DNS:localhost,IP:127.0.0.1", start="20200101000000Z", end="20900101000000Z"):
        """A certificate with its key in one file."""
        key, request, path = (self.directory / f"{name}.{ending}" for ending in ("key", "csr", "pem"))
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", "/CN=server", "-keyout", key, "-out", request)
        (self.directory / "index").write_text("")
        settings = self.directory / "settings"
        settings.write_text(f"""[ca]
default_ca=one
[one]
database={self.directory}/index
new_certs_dir={self.directory}
rand_serial=yes
default_md=sha256
policy=any
x509_extensions=server
[any]
commonName=supplied
[server]
subjectAltName={names}
extendedKeyUsage=serverAuth
""")
        self._openssl("ca", "-batch", "-notext", "-config", settings, "-cert", self.certificate, "-keyfile", self._key,
                      "-startdate", start, "-enddate", end, "-in", request, "-out", path)
        path.write_text(path.read_text() + key.read_text())
        return path


class TlsServer(LoopbackListening):
    """Decrypts and passes on to a port on loopback."""

    def __init__(self, certificate, target_port, version=None):
        self._target_port = target_port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if version is not None:
            # Older than what OpenSSL would allow by itself.
            self._context.minimum_version = ssl.TLSVersion.TLSv1
            self._context.maximum_version = version
            self._context.set_ciphers("ALL:@SECLEVEL=0")
        self._context.load_cert_chain(certificate)
        self.connections = 0  # that were asked for
        self.handshakes = 0   # that succeeded
        self._lock = threading.Lock()
        super().__init__()
        self.url = f"https://localhost:{self.port}"

    def serve(self, client):
        with self._lock:
            self.connections += 1
        try:
            client.settimeout(60)
            client = self._context.wrap_socket(client, server_side=True)
            with self._lock:
                self.handshakes += 1
            server = socket.create_connection(("127.0.0.1", self._target_port))
        except OSError:
            client.close()
            return
        relay(client, server)


class Listener(LoopbackListening):
    """Counts who connects, and answers nobody."""

    def __init__(self):
        self.connections = 0
        super().__init__()

    def serve(self, client):
        self.connections += 1
        client.close()
