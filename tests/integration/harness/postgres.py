"""A small PostgreSQL client: simple queries over a unix socket or TCP, with SQLSTATEs and typed values."""
import base64
import decimal
import hashlib
import hmac
import json
import os
import socket
import struct

_READERS = {
    16: lambda text: text == "t",
    20: int, 21: int, 23: int, 26: int, 28: int,
    114: json.loads, 3802: json.loads,
    700: float, 701: float, 1700: decimal.Decimal,
}
SASL = 10  # the kind of authentication request that asks for SCRAM


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

    def __init__(self, place, database, user="postgres", timeout=60, password=None):
        """`place` is a directory with a socket, or (host, port); `timeout` is for each answer."""
        is_path = isinstance(place, (str, os.PathLike))
        self._socket = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
        self._socket.settimeout(timeout)
        self._password = password
        self.warnings = []  # what the server said beside its answers
        try:
            self._socket.connect(f"{place}/.s.PGSQL.5432" if is_path else place)
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
        self._stream.close()  # it holds the descriptor, too
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

    def _log_in(self):
        """SCRAM-SHA-256 (RFC 5802); the server's own proof is not looked at."""
        if self._password is None:
            raise ConnectionError("the server wants a password")
        own = f"n=,r={base64.b64encode(os.urandom(18)).decode()}"
        self._send_password(b"SCRAM-SHA-256\0" + struct.pack("!i", len(own) + 3) + b"n,," + own.encode())
        kind, body = self._message()
        if kind != b"R":
            raise SqlError(_read_fields(body))
        given = body[4:].decode()
        parts = dict(part.split("=", 1) for part in given.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self._password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        last = f"c=biws,r={parts['r']}"
        signature = hmac.digest(hashlib.sha256(key).digest(), f"{own},{given},{last}".encode(), "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
        self._send_password(f"{last},p={proof}".encode())
        if self._message()[0] != b"R":
            raise ConnectionError("the server refuses the password")

    def _send_password(self, words):
        self._socket.sendall(b"p" + struct.pack("!i", 4 + len(words)) + words)

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
            elif kind == b"N":
                self.warnings.append(_read_fields(body))
            elif kind == b"R" and struct.unpack("!i", body[:4])[0] == SASL:
                self._log_in()
            elif kind == b"R" and struct.unpack("!i", body[:4])[0] != 0:
                raise ConnectionError("the server wants another kind of password")
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
