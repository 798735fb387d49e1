"""Servers of the tests that are none of the programs: each connection in a thread of its own."""
import socket
import threading


class Listening:
    """Accepts on `listener` until it is closed, and lets serve(client) do the rest."""

    def __init__(self, listener):
        self._listener = listener
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        raise NotImplementedError


class LoopbackListening(Listening):
    """On a free port."""

    def __init__(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = listener.getsockname()[1]
        super().__init__(listener)


def pass_on(source, target, passes=lambda chunk: True):
    """Hands on what comes, as long as passes(chunk) says so; then both ends are shut."""
    try:
        while (chunk := source.recv(65536)) and passes(chunk):
            target.sendall(chunk)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def relay(client, server, sees_request=lambda chunk: True, sees_answer=lambda chunk: True):
    """Passes on both ways until one of them ends, then closes both."""
    asking = threading.Thread(target=pass_on, args=(client, server, sees_request), daemon=True)
    asking.start()
    pass_on(server, client, sees_answer)
    asking.join()
    for end in (client, server):
        end.close()
