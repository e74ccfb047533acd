"""Redis, RESP 2: ``GET`` gives 42, ``INCR`` of anything is an error, the rest is OK."""

from __future__ import annotations

from tests.support.stubs.server import Connection, Stub

_ANSWERS = {
    b"HELLO": b"-ERR unknown command\r\n",
    b"GET": b"$2\r\n42\r\n",
    b"INCR": b"-WRONGTYPE not a number\r\n",
    b"PING": b"+PONG\r\n",
}


class _Connection(Connection):
    def converse(self) -> None:
        is_multi = 0
        while True:
            words = [self._word() for _ in range(int(self._line()[1:]))]
            name = words[0].upper()
            if name == b"MULTI":
                is_multi = 1
                self.write(b"+OK\r\n")
            elif name == b"EXEC":
                self.write(b"*%d\r\n" % (is_multi - 1) + b"+OK\r\n" * (is_multi - 1))
                is_multi = 0
            elif is_multi:
                is_multi += 1
                self.write(b"+QUEUED\r\n")
            else:
                self.write(_ANSWERS.get(name, b"+OK\r\n"))

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.read(1)
        return line[:-2]

    def _word(self) -> bytes:
        return self.read(int(self._line()[1:]) + 2)[:-2]


class RedisStub(Stub):
    """The server."""

    connection = _Connection
