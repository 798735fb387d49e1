"""Holds what passes between the programs and the simulator against a document: a front that notes, Prism behind it."""
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import threading
import urllib.parse

import yaml

from harness.programs import BUILD, ROOT, Process, wait_until

TOOLS = BUILD / "contract"
OWN = ROOT / "docs/reference/openapi"
HOPS = {"connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding", "host"}


def official_document():
    """The document that Mijnwebwinkel publishes, or None. It is not part of this repository: it has no licence."""
    named = os.environ.get("CONTRACT_DOCUMENT")
    path = pathlib.Path(named) if named else ROOT.parent / "shared/reference/openapi/myonlinestore.yaml"
    if named and not path.exists():
        raise SystemExit(f"CONTRACT_DOCUMENT={named}: there is no such file")
    return path if path.exists() else None


class Violation:
    """One thing that the document does not allow."""

    def __init__(self, side, call, where, message):
        self.side, self.call, self.where, self.message = side, call, where, message

    def __str__(self):
        return f"{self.side} of {self.call}: {self.where}: {self.message}"


class Paths:
    """The calls of a document, and the members of a query that each knows. Prism lets unknown ones pass."""

    def __init__(self, path):
        self._document = yaml.safe_load(path.read_text())
        schemes = self._document.get("components", {}).get("securitySchemes", {}).values()
        keys = {scheme["name"] for scheme in schemes if scheme.get("in") == "query"}
        self._calls = []
        for template, item in self._document["paths"].items():
            words = [re.escape(word) if index % 2 == 0 else "[^/]+"
                     for index, word in enumerate(re.split(r"\{([^}]*)\}", template))]
            for method in {"get", "post", "put", "patch", "delete"} & set(item):
                parameters = map(self._resolve, item.get("parameters", []) + item[method].get("parameters", []))
                names = {each["name"] for each in parameters if each["in"] == "query"}
                self._calls.append((method.upper(), template, re.compile("".join(words)), names | keys))
        # The one with the most words of its own comes first: /orders/count before /orders/{order_number}.
        self._calls.sort(key=lambda call: (call[1].count("{"), -len(call[1])))

    def _resolve(self, item):
        found = self._document
        for key in item["$ref"][2:].split("/") if "$ref" in item else []:
            found = found[key]
        return found if "$ref" in item else item

    def name(self, method, path):
        """Method and template of a call, and its names; (None, None) when the document does not know it."""
        for known, template, pattern, names in self._calls:
            if known == method and pattern.fullmatch(path):
                return f"{method} {template}", names
        return None, None


class Front(http.server.BaseHTTPRequestHandler):
    """What the programs talk to. Passes all on to Prism and notes what that says of it."""

    protocol_version = "HTTP/1.1"
    contract = None  # set in a subclass

    def log_message(self, *_):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOPS}
        connection = http.client.HTTPConnection("127.0.0.1", self.contract.port, timeout=60)
        try:
            connection.request(self.command, self.path, body or None, {**headers, "Accept-Encoding": "identity"})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        self.contract.note(self.command, self.path, response.status, response.getheader("sl-violations"), content)
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in HOPS | {"sl-violations", "content-encoding", "date", "server"}:
                self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Contract:
    """A document between the programs and a service. The programs talk to `url`."""

    def __init__(self, name, document, upstream, directory):
        self.name, self.port = name, free_port()
        self.violations, self.calls = [], {}
        self._paths, self._lock = Paths(document), threading.Lock()
        self._log_path = directory / f"prism-{name}.log"
        node = shutil.which("node") or shutil.which("nodejs")
        prism = TOOLS / "node_modules/@stoplight/prism-cli/dist/index.js"
        with open(self._log_path, "wb") as log:
            self._prism = Process([node, prism, "proxy", document, upstream, "-h", "127.0.0.1", "-p", str(self.port),
                                   "-v", "info"], {"PATH": os.environ["PATH"], "NO_COLOR": "1"}, directory, log, log)
        self._server = Server(("127.0.0.1", 0), type("FrontOf", (Front,), {"contract": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait(self):
        """Prism reads the document for some seconds before it answers."""
        wait_until(lambda: "Prism is listening" in self._log_path.read_text(errors="replace")
                   or not self._prism.is_running, f"Prism listens for {self.name}", 60)
        assert self._prism.is_running, self._log_path.read_text(errors="replace")[-2000:]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._prism.kill()

    def note(self, method, target, status, said, content):
        path, _, query = target.partition("?")
        call, names = self._paths.name(method, path)
        found = []
        if call is None:
            call = f"{method} {path}"
            found.append(Violation("request", call, "path", "the document has no such call"))
        else:
            asked = {re.sub(r"\[\d*\]$", "[]", name) for name, _ in urllib.parse.parse_qsl(query, True)}
            found += [Violation("request", call, f"query.{name}", "the document has no such member of the query")
                      for name in sorted(asked - names)]
        if said and not said.startswith("["):  # cut by Prism, as a header would be too long
            found.append(Violation("response", call, "prism", said[:300]))
            said = None
        for each in json.loads(said) if said else []:
            where = ".".join(re.sub(r"^\d+$", "*", str(part)) for part in each["location"])
            # Without the place once more: "Response body property 0.number must be integer".
            message = re.sub(r"^(Response|Request) (body )?(property|parameter) \S+ ", "", each["message"])
            found.append(Violation(each["location"][0], call, where, message))
        if status >= 400 and b"stoplight.io/prism" in content:
            found.append(Violation("request", call, "prism", content.decode(errors="replace")[:300]))
        with self._lock:
            self.calls[call] = self.calls.get(call, 0) + 1
            self.violations += found
