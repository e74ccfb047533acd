"""AMQP 0-9-1: takes connections, channels, queues and consumers, and delivers what is published to the consumer of its queue."""

from __future__ import annotations

import struct

from tests.support.stubs.server import Connection, EndOfConnectionError, Stub

_METHOD, _HEADER, _BODY, _HEARTBEAT, _END = 1, 2, 3, 8, b"\xce"
_START_OK, _TUNE_OK, _OPEN, _CLOSE = (10, 11), (10, 31), (10, 40), (10, 50)
_CHANNEL_OPEN, _CHANNEL_CLOSE = (20, 10), (20, 40)
_DECLARE, _CONSUME, _CANCEL, _PUBLISH, _ACK = (50, 10), (60, 20), (60, 30), (60, 40), (60, 80)


def _short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def _long(text: bytes) -> bytes:
    return struct.pack("!I", len(text)) + text


class _Connection(Connection):
    def converse(self) -> None:
        self._waiting: list[tuple[bytes, bytes]] = []
        self._consumers: dict[bytes, bytes] = {}
        self.read(8)  # AMQP 0 0 9 1
        self._method(0, 10, 10, b"\0\x09" + _long(b"") + _long(b"PLAIN") + _long(b"en_US"))
        while True:
            kind, channel, body = self._frame()
            if kind == _METHOD:
                self._answer(channel, struct.unpack("!HH", body[:4]), body[4:])

    def _answer(self, channel: int, name: tuple[int, ...], arguments: bytes) -> None:
        if name == _START_OK:
            self._method(0, 10, 30, struct.pack("!HIH", 0, 131_072, 0))
        elif name == _OPEN:
            self._method(0, 10, 41, _short(b""))
        elif name == _CLOSE:
            self._method(0, 10, 51)
            raise EndOfConnectionError
        elif name == _CHANNEL_OPEN:
            self._method(channel, 20, 11, _long(b""))
        elif name == _CHANNEL_CLOSE:
            self._method(channel, 20, 41)
        elif name == _DECLARE:
            queue = arguments[3 : 3 + arguments[2]]
            self._method(channel, 50, 11, _short(queue) + struct.pack("!II", 0, 1))
        elif name == _CONSUME:
            queue, rest = arguments[3 : 3 + arguments[2]], arguments[3 + arguments[2] :]
            tag = rest[1 : 1 + rest[0]]
            self._consumers[queue] = tag
            self._method(channel, 60, 21, _short(tag))
            self._deliver(channel)
        elif name == _CANCEL:
            self._method(channel, 60, 31, _short(arguments[1 : 1 + arguments[0]]))
        elif name == _PUBLISH:
            self._take(channel, arguments)

    def _take(self, channel: int, arguments: bytes) -> None:
        exchange = arguments[2]
        key = arguments[4 + exchange : 4 + exchange + arguments[3 + exchange]]
        _, _, header = self._frame()
        (size,) = struct.unpack("!Q", header[4:12])
        content = b""
        while len(content) < size:
            content += self._frame()[2]
        message = struct.pack("!BHI", _HEADER, channel, len(header)) + header + _END
        message += struct.pack("!BHI", _BODY, channel, len(content)) + content + _END
        self._waiting.append((key, message))
        self._deliver(channel)

    def _deliver(self, channel: int) -> None:
        for number, (key, message) in enumerate(tuple(self._waiting), 1):
            if key in self._consumers:
                self._waiting.remove((key, message))
                where = struct.pack("!QB", number, 0) + _short(b"") + _short(key)
                self._method(channel, 60, 60, _short(self._consumers[key]) + where)
                self.write(message)

    def _method(self, channel: int, kind: int, method: int, arguments: bytes = b"") -> None:
        body = struct.pack("!HH", kind, method) + arguments
        self.write(struct.pack("!BHI", _METHOD, channel, len(body)) + body + _END)

    def _frame(self) -> tuple[int, int, bytes]:
        while True:
            kind, channel, size = struct.unpack("!BHI", self.read(7))
            body = self.read(size + 1)[:-1]
            if kind != _HEARTBEAT:
                return kind, channel, body


class AmqpStub(Stub):
    """The server."""

    connection = _Connection
