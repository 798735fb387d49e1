"""A gate between the programs and PostgreSQL: it can cut, hold up, and lose the answer to a commit."""
import os
import re
import socket
import tempfile
import threading

SOCKET = ".s.PGSQL.5432"
READY = b"Z\0\0\0\x05I"  # ReadyForQuery, outside a transaction: what came before is committed


class Gate:
    """Passes everything on between unix sockets, also after the server was away; all methods are for any thread."""

    def __init__(self, server_directory):
        self._server = f"{server_directory}/{SOCKET}"
        self._folder = tempfile.TemporaryDirectory(prefix="koppeling-gate.")
        self.directory = self._folder.name
        os.chmod(self.directory, 0o755)
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._open.set()
        self._pairs = []
        self._statement = None
        self.lost_answers = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{self.directory}/{SOCKET}")
        os.chmod(f"{self.directory}/{SOCKET}", 0o777)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        self.cut(None)
        self._folder.cleanup()

    def cut(self, choose):
        """Cuts the connections for which choose() is true (None: all of them); returns how many."""
        with self._lock:
            chosen = [pair for pair in self._pairs if choose is None or choose()]
        for pair in chosen:
            _hang_up(pair)
        return len(chosen)

    def hold(self):
        """From now on nothing gets through, and nobody is told: a partition."""
        self._open.clear()

    def let_through(self):
        self._open.set()
        with self._lock:
            self._statement = None

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
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._server)
            except OSError:
                client.close()
                server.close()
                continue
            pair = {"ends": (client, server), "ends_left": 2, "is_chosen": False, "seen": b""}
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
                self._open.wait()
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


def _hang_up(pair):
    for end in pair["ends"]:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
