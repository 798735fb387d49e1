"""A service that speaks HTTP/2 and misbehaves by a script: in front of the simulator, over TLS."""
import http.client
import ssl
import threading
import time

import h2.config
import h2.connection
import h2.events
from h2.errors import ErrorCodes
from hyperframe.frame import GoAwayFrame

from harness.listening import LoopbackListening, hang_up


class H2Peer(LoopbackListening):
    """Passes each request on to a port on loopback. `script(request)` may return what to do instead of that, or with
    its answer: "refuse", "reset", "goaway", "hang", "cut" (half of the answer, then a reset)."""

    def __init__(self, certificate, target_port, script=lambda request: None):
        self._target_port, self.script = target_port, script
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._context.set_alpn_protocols(["h2"])
        self._lock = threading.Lock()
        self.requests = []
        self.connections = 0
        self._clients = []
        super().__init__()
        self.url = f"https://localhost:{self.port}"

    def serve(self, client):
        with self._lock:
            self.connections += 1
            number = self.connections
        try:
            client = self._context.wrap_socket(client, server_side=True)
        except OSError:
            client.close()
            return
        with self._lock:
            self._clients.append(client)
        _Connection(self, client, number).run()

    def vanish(self):
        """All connections break, with all that is on them."""
        with self._lock:
            clients, self._clients = self._clients, []
        for client in clients:
            hang_up(client)

    def ask(self, request):
        """The simulator's answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._target_port, timeout=60)
        try:
            connection.request(request["method"], request["path"], request["body"] or None, request["headers"])
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Connection:
    def __init__(self, peer, client, number):
        self._peer, self._socket, self._number = peer, client, number
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._lock = threading.Lock()  # of the connection's state and what is sent
        self._requests = {}
        self._last = 1 << 31

    def run(self):
        try:
            with self._lock:
                self._h2.initiate_connection()
                self._flush()
            while chunk := self._socket.recv(65536):
                with self._lock:
                    events = self._h2.receive_data(chunk)
                    self._flush()
                for event in events:
                    self._take(event)
        except OSError:
            pass
        self._socket.close()

    def _flush(self):
        self._socket.sendall(self._h2.data_to_send())

    def _take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            headers = dict(event.headers)
            self._requests[event.stream_id] = {
                "method": headers[":method"], "path": headers[":path"], "connection": self._number, "body": b"",
                "headers": {name: value for name, value in headers.items()
                            if name in ("authorization", "content-type", "accept")}}
        elif isinstance(event, h2.events.DataReceived):
            self._requests[event.stream_id]["body"] += event.data
            with self._lock:
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded) and event.stream_id <= self._last:
            threading.Thread(target=self._answer, args=(event.stream_id,), daemon=True).start()

    def _answer(self, stream):
        request = self._requests[stream]
        with self._peer._lock:
            self._peer.requests.append(request)
            what = self._peer.script(request)
        try:
            getattr(self, f"_{what or 'pass'}")(stream, request)
        except OSError:
            pass
        except h2.exceptions.ProtocolError:
            pass  # the other side has given up that stream

    def _reset(self, stream, _request, code=ErrorCodes.INTERNAL_ERROR):
        with self._lock:
            self._h2.reset_stream(stream, code)
            self._flush()

    def _refuse(self, stream, request):
        self._reset(stream, request, ErrorCodes.REFUSED_STREAM)

    def _goaway(self, stream, _request):
        """Nothing from this stream on is looked at; what came before may end."""
        self._last = max(stream - 2, 0)
        frame = GoAwayFrame(0, last_stream_id=self._last, error_code=ErrorCodes.NO_ERROR)
        with self._lock:  # not by the library, which would read nothing more
            self._socket.sendall(frame.serialize())

    def _hang(self, _stream, _request):
        pass

    def _cut(self, stream, request):
        self._pass(stream, request, lambda body: body[:len(body) // 2])

    def _pass(self, stream, request, edit=None):
        status, headers, body = self._peer.ask(request)
        kept = [(name.lower(), value) for name, value in headers if name.lower() in ("content-type", "retry-after")]
        with self._lock:
            self._h2.send_headers(stream, [(":status", str(status)), *kept])
            self._flush()
        sent = body if edit is None else edit(body)
        for start in range(0, len(sent), 16000):
            self._send(stream, sent[start:start + 16000])
        with self._lock:
            if edit is None:
                self._h2.end_stream(stream)
            else:
                self._h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
            self._flush()

    def _send(self, stream, chunk):
        while True:
            with self._lock:
                if self._h2.local_flow_control_window(stream) >= len(chunk):
                    self._h2.send_data(stream, chunk)
                    self._flush()
                    return
            time.sleep(0.005)
