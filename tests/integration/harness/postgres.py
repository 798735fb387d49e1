"""A small PostgreSQL client: simple queries over a unix socket, with SQLSTATEs and typed values."""
import decimal
import json
import socket
import struct

_READERS = {
    16: lambda text: text == "t",
    20: int, 21: int, 23: int, 26: int, 28: int,
    114: json.loads, 3802: json.loads,
    700: float, 701: float, 1700: decimal.Decimal,
}


class SqlError(Exception):
    """The server refused a statement; `state` is its SQLSTATE."""

    def __init__(self, fields):
        super().__init__(f"{fields.get('M', 'unknown error')} (SQLSTATE {fields.get('C')})")
        self.state = fields.get("C")
        self.message = fields.get("M", "")
        self.hint = fields.get("H", "")
        self.detail = fields.get("D", "")


def literal(value):
    """A Python value as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, decimal.Decimal)):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return f"'\\x{bytes(value).hex()}'::bytea"
    if isinstance(value, (list, tuple)):
        return "ARRAY[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, dict):
        value = json.dumps(value)
    return "'" + str(value).replace("'", "''") + "'"


class Session:
    """One connection. Statements are text with %s for values."""

    def __init__(self, directory, database, user="postgres", timeout=60):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(f"{directory}/.s.PGSQL.5432")
            self._stream = self._socket.makefile("rb")
            words = f"user\0{user}\0database\0{database}\0application_name\0tests\0\0".encode()
            self._socket.sendall(struct.pack("!ii", 8 + len(words), 196608) + words)
            self._collect()
        except BaseException:
            self._socket.close()
            raise

    def close(self):
        try:
            self._socket.sendall(b"X\0\0\0\4")
        except OSError:
            pass
        self._socket.close()

    def rows(self, query, *values):
        """All rows of the last statement that has any, as dictionaries."""
        if values:
            query %= tuple(literal(value) for value in values)
        words = query.encode() + b"\0"
        self._socket.sendall(b"Q" + struct.pack("!i", 4 + len(words)) + words)
        return self._collect()

    def run(self, query, *values):
        self.rows(query, *values)

    def row(self, query, *values):
        rows = self.rows(query, *values)
        assert len(rows) == 1, f"one row expected, got {len(rows)} from: {query}"
        return rows[0]

    def column(self, query, *values):
        return [next(iter(row.values())) for row in self.rows(query, *values)]

    def value(self, query, *values):
        return next(iter(self.row(query, *values).values()))

    def _message(self):
        head = self._stream.read(5)
        if len(head) < 5:
            raise ConnectionError("the server closed the connection")
        return head[:1], self._stream.read(struct.unpack("!i", head[1:])[0] - 4)

    def _collect(self):
        names, rows, error = [], [], None
        while True:
            kind, body = self._message()
            if kind == b"T":
                names, rows = _read_description(body), []
            elif kind == b"D":
                rows.append(_read_row(names, body))
            elif kind == b"E":
                error = SqlError(_read_fields(body))
                if error.state[:3] == "57P":  # the server ends this connection
                    raise error
            elif kind == b"R" and struct.unpack("!i", body[:4])[0] != 0:
                raise ConnectionError("the server wants a password")
            elif kind == b"Z":
                if error is not None:
                    raise error
                return rows


def _read_fields(body):
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}


def _read_description(body):
    count, = struct.unpack("!h", body[:2])
    columns, at = [], 2
    for _ in range(count):
        end = body.index(b"\0", at)
        oid, = struct.unpack("!i", body[end + 7:end + 11])
        columns.append((body[at:end].decode(), _READERS.get(oid, str)))
        at = end + 19
    return columns


def _read_row(columns, body):
    row, at = {}, 2
    for name, reader in columns:
        length, = struct.unpack("!i", body[at:at + 4])
        at += 4
        row[name] = None if length < 0 else reader(body[at:at + length].decode())
        at += max(length, 0)
    return row
