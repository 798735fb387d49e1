"""A door between a worker and PostgreSQL that can be shut at a chosen moment."""
import os
import re
import socket
import tempfile
import threading

from harness.programs import ROOT

READY = b"Z\0\0\0\x05I"  # ReadyForQuery, outside a transaction: what came before is committed


class Proxy:
    """Passes everything on, until cut_after() is armed and the moment has come, or it is frozen."""

    def __init__(self, server_directory):
        self._server = f"{server_directory}/.s.PGSQL.5432"
        self._folder = tempfile.TemporaryDirectory()
        self.directory = self._folder.name
        os.chmod(self.directory, 0o755)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{self.directory}/.s.PGSQL.5432")
        self._listener.listen(16)
        self._statement, self._times = None, 0
        self._lock = threading.Lock()
        self._goes_on = threading.Event()
        self._goes_on.set()
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, statement, times=1):
        """The next transactions with this statement are committed, and their answers are lost with the connection."""
        with self._lock:
            self._times = times
            # Its Bind message when it is prepared, else the Parse message with its text.
            text = (ROOT / "sql" / "queries" / f"{statement}.sql").read_bytes()[:60]
            self._statement = re.compile(rb"B.{4}\0" + statement.encode() + rb"\0|P.{4}\0" + re.escape(text), re.DOTALL)

    def freeze(self):
        """From now on nothing gets through and nobody is told, as with a server that stands still."""
        self._goes_on.clear()

    def close(self):
        self._goes_on.set()
        self._listener.close()
        self._folder.cleanup()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            connection = {"is_chosen": False, "seen": b""}
            for source, target, passes in ((client, server, self._see_request), (server, client, self._see_answer)):
                threading.Thread(target=self._pass_on, args=(source, target, passes, connection), daemon=True).start()

    def _see_request(self, chunk, connection):
        with self._lock:
            if self._statement is not None and self._statement.search(chunk):
                self._times -= 1
                if self._times == 0:
                    self._statement = None
                connection["is_chosen"] = True
        return True

    def _see_answer(self, chunk, connection):
        connection["seen"] = connection["seen"][1 - len(READY):] + chunk
        if connection["is_chosen"] and READY in connection["seen"]:
            self.cuts += 1
            return False
        return True

    def _pass_on(self, source, target, passes, connection):
        try:
            while True:
                chunk = source.recv(65536)
                if not chunk or not passes(chunk, connection):
                    break
                self._goes_on.wait()
                target.sendall(chunk)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
