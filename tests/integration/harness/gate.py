"""A gate between the programs and what they talk to: it can cut, hold up, delay, drop, and lose the answer to a
commit."""
import re
import shutil
import socket
import tempfile
import threading
import time

from harness.listening import Listening, hang_up, relay
from harness.programs import ROOT

SOCKET = ".s.PGSQL.5432"
READY = b"Z\0\0\0\x05I"  # ReadyForQuery, outside a transaction: what came before is committed


class Gate(Listening):
    """Passes everything on between two sockets, also after the other side was away; all methods are for any thread."""

    def __init__(self, listener, connect):
        self._connect = connect
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._open.set()
        self._delay = 0
        self._pairs = []
        self._statement, self._times = None, 0
        self.lost_answers = 0
        listener.listen(64)
        super().__init__(listener)

    def close(self):
        super().close()
        self.cut(None)

    def _choose(self, choose):
        with self._lock:
            return [pair for pair in self._pairs if choose is None or choose()]

    def cut(self, choose):
        """Cuts the connections for which choose() is true (None: all of them); returns how many."""
        chosen = self._choose(choose)
        for pair in chosen:
            hang_up(*pair["ends"])
        return len(chosen)

    def hold(self):
        """From now on nothing gets through, and nobody is told: a partition."""
        self._open.clear()

    def delay(self, seconds):
        """From now on each piece of traffic takes so much longer."""
        self._delay = seconds

    def drop(self, choose):
        """What is sent on the chosen connections vanishes, and they look alive; returns how many there are."""
        chosen = self._choose(choose)
        for pair in chosen:
            pair["is_dropped"] = True
        return len(chosen)

    def let_through(self):
        """Ends all of that. A connection that lost something is of no use any more: it is cut."""
        self._delay = 0
        self._open.set()
        with self._lock:
            self._statement = None
            dropped = [pair for pair in self._pairs if pair["is_dropped"]]
        for pair in dropped:
            hang_up(*pair["ends"])

    def cut_after(self, statement, times=1):
        """The next transactions with this statement are committed, and their answers are lost with the connection."""
        # Its Bind message when it is prepared, else the Parse message with its text.
        text = (ROOT / "sql" / "queries" / f"{statement}.sql").read_bytes()[:60]
        with self._lock:
            self._times = times
            self._statement = re.compile(rb"B.{4}\0" + statement.encode() + rb"\0|P.{4}\0" + re.escape(text), re.DOTALL)

    def serve(self, client):
        try:
            server = self._connect()
        except OSError:
            client.close()
            return
        pair = {"ends": (client, server), "is_chosen": False, "is_dropped": False, "seen": b""}
        with self._lock:
            self._pairs.append(pair)
        relay(client, server, lambda chunk: self._pass_request(chunk, pair),
              lambda chunk: self._pass_answer(chunk, pair))
        with self._lock:
            self._pairs.remove(pair)

    def _pass_request(self, chunk, pair):
        with self._lock:
            if self._statement is not None and self._statement.search(chunk):
                self._times -= 1
                if self._times == 0:
                    self._statement = None
                pair["is_chosen"] = True
        return self._let_pass(chunk, pair)

    def _pass_answer(self, chunk, pair):
        pair["seen"] = pair["seen"][1 - len(READY):] + chunk
        if pair["is_chosen"] and READY in pair["seen"]:
            self.lost_answers += 1
            return None
        return self._let_pass(chunk, pair)

    def _let_pass(self, chunk, pair):
        time.sleep(self._delay)
        self._open.wait()
        return b"" if pair["is_dropped"] else chunk


class DatabaseGate(Gate):
    """Before PostgreSQL's socket in `server_directory`; programs find this one in `directory`."""

    name = "database"

    def __init__(self, server_directory):
        self.directory = tempfile.mkdtemp(prefix="gate.", dir=server_directory)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{self.directory}/{SOCKET}")
        super().__init__(listener, lambda: _connect_unix(f"{server_directory}/{SOCKET}"))

    def close(self):
        super().close()
        shutil.rmtree(self.directory, ignore_errors=True)


class ServiceGate(Gate):
    """Before the simulator on `port`; programs call `url`."""

    name = "services"

    def __init__(self, port):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        super().__init__(listener, lambda: socket.create_connection(("127.0.0.1", port)))


def _connect_unix(path):
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(path)
    except OSError:
        server.close()
        raise
    return server
