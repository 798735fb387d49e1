"""TLS on loopback: certificates made for a test, and a server that decrypts in front of the simulator."""
import pathlib
import socket
import ssl
import subprocess
import threading



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


class TlsServer:
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
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"https://localhost:{self.port}"
        self.connections = 0  # that were asked for
        self.handshakes = 0   # that succeeded
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            client.settimeout(60)
            client = self._context.wrap_socket(client, server_side=True)
            with self._lock:
                self.handshakes += 1
            server = socket.create_connection(("127.0.0.1", self._target_port))
        except OSError:
            client.close()
            return
        threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
        self._pass_on(server, client)

    @staticmethod
    def _pass_on(source, target):
        try:
            while chunk := source.recv(65536):
                target.sendall(chunk)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Listener:
    """Counts who connects, and answers nobody."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            client.close()
