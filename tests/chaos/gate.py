"""A gate between the programs and what they talk to: it can cut, hold up, delay, drop, and lose the answer to a commit."""
import os
import re
import socket
import tempfile
import threading
import time

SOCKET = ".s.PGSQL.5432"
READY = b"Z\0\0\0\x05I"  # ReadyForQuery, outside a transaction: what came before is committed


class Gate:
    """Passes everything on between two sockets, also after the other side was away; all methods are for any thread."""

    def __init__(self, listener, connect):
        self._listener, self._connect = listener, connect
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._open.set()
        self._delay = 0
        self._pairs = []
        self._statement = None
        self.lost_answers = 0
        listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        self.cut(None)

    def _choose(self, choose):
        with self._lock:
            return [pair for pair in self._pairs if choose is None or choose()]

    def cut(self, choose):
        """Cuts the connections for which choose() is true (None: all of them); returns how many."""
        chosen = self._choose(choose)
        for pair in chosen:
            _hang_up(pair)
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
            _hang_up(pair)

    def cut_after(self, statement):
        """The next transaction with this prepared statement is committed, and its answer is lost with the connection."""
        with self._lock:
            self._statement = re.compile(rb"B.{4}\0" + statement.encode() + rb"\0", re.DOTALL)  # its Bind message

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = self._connect()
            except OSError:
                client.close()
                continue
            pair = {"ends": (client, server), "ends_left": 2, "is_chosen": False, "is_dropped": False, "seen": b""}
            with self._lock:
                self._pairs.append(pair)
            for source, target, passes in ((client, server, self._see_request), (server, client, self._see_answer)):
                threading.Thread(target=self._pass_on, args=(source, target, passes, pair), daemon=True).start()

    def _see_request(self, chunk, pair):
        with self._lock:
            if self._statement is not None and self._statement.search(chunk):
                self._statement = None
                pair["is_chosen"] = True
        return True

    def _see_answer(self, chunk, pair):
        pair["seen"] = pair["seen"][-len(READY):] + chunk
        if pair["is_chosen"] and READY in pair["seen"]:
            self.lost_answers += 1
            return False
        return True

    def _pass_on(self, source, target, passes, pair):
        try:
            while True:
                chunk = source.recv(65536)
                if not chunk or not passes(chunk, pair):
                    break
                time.sleep(self._delay)
                self._open.wait()
                if not pair["is_dropped"]:
                    target.sendall(chunk)
        except OSError:
            pass
        _hang_up(pair)
        with self._lock:
            pair["ends_left"] -= 1
            if pair["ends_left"] > 0:
                return
            self._pairs.remove(pair)
        for end in pair["ends"]:
            end.close()


class DatabaseGate(Gate):
    """Before PostgreSQL's socket in `server_directory`; programs find this one in `directory`."""

    name = "database"

    def __init__(self, server_directory):
        self._folder = tempfile.TemporaryDirectory(prefix="koppeling-gate.")
        self.directory = self._folder.name
        os.chmod(self.directory, 0o755)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{self.directory}/{SOCKET}")
        os.chmod(f"{self.directory}/{SOCKET}", 0o777)
        super().__init__(listener, lambda: _connect_unix(f"{server_directory}/{SOCKET}"))

    def close(self):
        super().close()
        self._folder.cleanup()


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


def _hang_up(pair):
    for end in pair["ends"]:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
