"""PostgreSQL, protocol 3 without passwords: every SELECT gives one row with ``answer`` 42; other statements change one row.

A statement with ``broken`` in it is a syntax error. Simple and extended queries; no COPY, no binary results.
"""

from __future__ import annotations

import struct

from tests.support.stubs.server import Connection, EndOfConnectionError, Stub

_TEXT = 25
_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104
_PARAMETERS = {"server_version": "16.0", "client_encoding": "UTF8", "server_encoding": "UTF8", "TimeZone": "UTC"}


def _message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _text(*words: str) -> bytes:
    return b"".join(word.encode() + b"\0" for word in words)


_READY = _message(b"Z", b"I")
_ROW = _message(b"D", struct.pack("!hi", 1, 2) + b"42")
_COLUMNS = _message(b"T", struct.pack("!h", 1) + _text("answer") + struct.pack("!ihihih", 0, 0, _TEXT, -1, -1, 0))
_ERROR = _message(b"E", b"SERROR\0VERROR\0C42601\0Msyntax error\0\0")


class _Connection(Connection):
    def converse(self) -> None:
        self._start()
        statement, is_failed = "", False
        while True:
            kind, body = self._receive()
            if kind == b"Q":
                statement = body[:-1].decode()
                self.write(b"".join(self._result(statement, is_described=True)) + _READY)
            elif kind == b"P":
                statement = body.partition(b"\0")[2].partition(b"\0")[0].decode()
                is_failed = "broken" in statement
                self.write(_ERROR if is_failed else _message(b"1"))
            elif kind == b"S":
                is_failed = False
                self.write(_READY)
            elif not is_failed:
                self._extended(kind, statement)

    def _extended(self, kind: bytes, statement: str) -> None:
        if kind == b"B":
            self.write(_message(b"2"))
        elif kind == b"D":
            self.write(_COLUMNS if statement.upper().startswith("SELECT") else _message(b"n"))
        elif kind == b"E":
            self.write(b"".join(self._result(statement, is_described=False)))
        elif kind == b"C":
            self.write(_message(b"3"))

    def _result(self, statement: str, *, is_described: bool) -> list[bytes]:
        if "broken" in statement:
            return [_ERROR]
        verb = statement.split(maxsplit=1)[0].upper()
        if verb == "SELECT":
            return [_COLUMNS if is_described else b"", _ROW, _message(b"C", _text("SELECT 1"))]
        tag = {"INSERT": "INSERT 0 1", "UPDATE": "UPDATE 1"}.get(verb, verb)
        return [_message(b"C", _text(tag))]

    def _start(self) -> None:
        while True:
            (size,) = struct.unpack("!i", self.read(4))
            body = self.read(size - 4)
            if struct.unpack("!i", body[:4])[0] not in (_SSL_REQUEST, _GSS_REQUEST):
                break
            self.write(b"N")
        self.write(_message(b"R", struct.pack("!i", 0)))
        for pair in _PARAMETERS.items():
            self.write(_message(b"S", _text(*pair)))
        self.write(_message(b"K", struct.pack("!ii", 1, 1)) + _READY)

    def _receive(self) -> tuple[bytes, bytes]:
        kind = self.read(1)
        (size,) = struct.unpack("!i", self.read(4))
        body = self.read(size - 4)
        if kind == b"X":
            raise EndOfConnectionError
        return kind, body


class PostgresStub(Stub):
    """The server."""

    connection = _Connection
