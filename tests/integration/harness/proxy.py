"""A door between a worker and PostgreSQL that can be shut at a chosen moment."""
import os
import re
import socket
import tempfile
import threading

from harness.listening import Listening, relay
from harness.programs import ROOT

READY = b"Z\0\0\0\x05I"  # ReadyForQuery, outside a transaction: what came before is committed


class Proxy(Listening):
    """Passes everything on, until cut_after() is armed and the moment has come, or it is frozen."""

    def __init__(self, server_directory):
        self._server = f"{server_directory}/.s.PGSQL.5432"
        self._folder = tempfile.TemporaryDirectory()
        self.directory = self._folder.name
        os.chmod(self.directory, 0o755)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{self.directory}/.s.PGSQL.5432")
        listener.listen(16)
        self._statement, self._times = None, 0
        self._lock = threading.Lock()
        self._goes_on = threading.Event()
        self._goes_on.set()
        self.cuts = 0
        super().__init__(listener)

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
        super().close()
        self._folder.cleanup()

    def serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._server)
        except OSError:
            client.close()
            return
        connection = {"is_chosen": False, "seen": b""}
        relay(client, server, lambda chunk: self._see_request(chunk, connection), lambda chunk: self._see_answer(chunk, connection))

    def _see_request(self, chunk, connection):
        with self._lock:
            if self._statement is not None and self._statement.search(chunk):
                self._times -= 1
                if self._times == 0:
                    self._statement = None
                connection["is_chosen"] = True
        self._goes_on.wait()
        return True

    def _see_answer(self, chunk, connection):
        connection["seen"] = connection["seen"][1 - len(READY):] + chunk
        if connection["is_chosen"] and READY in connection["seen"]:
            self.cuts += 1
            return False
        self._goes_on.wait()
        return True
