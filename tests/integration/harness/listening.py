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


def hang_up(*ends):
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def relay(client, server, request=lambda chunk: chunk, answer=lambda chunk: chunk):
    """Hands on both ways what request() and answer() make of each chunk, until a side or one of them (None) ends it."""
    def pass_on(source, target, edit):
        try:
            while (chunk := source.recv(65536)) and (edited := edit(chunk)) is not None:
                target.sendall(edited)
        except OSError:
            pass
        hang_up(client, server)
    asking = threading.Thread(target=pass_on, args=(client, server, request), daemon=True)
    asking.start()
    pass_on(server, client, answer)
    asking.join()
    client.close()
    server.close()
