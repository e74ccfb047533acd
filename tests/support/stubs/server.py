"""What all stubs share: a TCP server in a thread, one thread for each connection."""

from __future__ import annotations

import socketserver
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class EndOfConnectionError(Exception):
    """The client has closed the connection."""


class Connection(socketserver.BaseRequestHandler):
    """One connection. ``converse`` is the protocol's; the end of the connection ends it."""

    def handle(self) -> None:
        """Talk until the client goes away."""
        with suppress(EndOfConnectionError, ConnectionError):
            self.converse()

    def converse(self) -> None:
        """Answer what comes."""
        raise NotImplementedError

    def read(self, size: int) -> bytes:
        """Read exactly so many bytes."""
        data = b""
        while len(data) < size:
            part = self.request.recv(size - len(data))
            if not part:
                raise EndOfConnectionError
            data += part
        return data

    def write(self, data: bytes) -> None:
        """Write all of it."""
        self.request.sendall(data)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Stub:
    """The server.

    Attributes:
        port: where it listens.
    """

    connection: type[Connection]

    def __enter__(self) -> Self:
        """Listen."""
        self._server = _Server(("127.0.0.1", 0), self.connection)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
