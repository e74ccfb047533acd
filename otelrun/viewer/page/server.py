"""The wire: HTTP on loopback, one thread a connection. Judges each request by ``access``, answers by ``routes`` and ``answers``.

Listens on 127.0.0.1 and nowhere else, writes no log, and shows nobody a traceback. Static files come from a table that is made
once; no path is ever joined. A client that is slow loses its connection, not the server.
"""

from __future__ import annotations

import contextlib
import io
import json
import secrets
import socket
import threading
import time
import zlib
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol

from otelrun.diagnostics import guarded
from otelrun.viewer.page import access, routes
from otelrun.viewer.page.answers import Answer, error_document
from otelrun.viewer.page.static_files import StaticFile, load_static_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otelrun.viewer.page.routes import Route

FIRST_PORT = 4319
_NEXT_PORTS = 20
_HOST = "127.0.0.1"
_IDLE_S = 60.0
_HEAD_S = 10.0
_SEND_S = 30.0
_LINGER_S = 0.5
_LINGER_READS = 16
_MOST_CONNECTIONS = 64
_WORTH_PACKING = 4_096

_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}


class Answering(Protocol):
    """Where documents come from: ``answers.Answers``, or a report that was opened."""

    def answer(self, route: Route, body: bytes = b"") -> Answer:
        """Answer any route but that of a static file."""


class PageServer:
    """The server, listening from the start."""

    def __init__(self, source: Answering, *, port: int = 0, is_report: bool = False) -> None:
        """Listen.

        Args:
            source: of the documents.
            port: to listen on; 0 for 4319, or the next one that is free, or any.
            is_report: whether the page is to show one report and no runs.

        Raises:
            OSError: the port that was asked for is not free, or there is none.
        """
        self.token = secrets.token_urlsafe(24)
        self._is_stopping = False
        self._server = _listen(port, source, self.token, load_static_files(is_report=is_report))

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def url(self, fragment: str = "", *, is_for_once: bool = False) -> str:
        """Give the address to open, with the key to it.

        Args:
            fragment: what to show first, e.g. ``20261124-093015-3f9a/requests``.
            is_for_once: with a key that opens it a single time, for where others may read the address.
        """
        key = self.token
        if is_for_once:
            key = secrets.token_urlsafe(24)
            self._server.keys_for_once.add(key)
        return f"http://{_HOST}:{self.port}/?k={key}{f'#/{fragment}' if fragment else ''}"

    def serve(self) -> None:
        """Serve until ``stop`` is called, or an exception such as KeyboardInterrupt comes."""
        while not self._is_stopping:
            self._server.handle_request()

    def stop(self) -> None:
        """End ``serve``, which runs in another thread."""
        self._is_stopping = True
        with contextlib.suppress(OSError):  # it waits for a connection, so here is one
            socket.create_connection((_HOST, self.port), _HEAD_S).close()

    def close(self) -> None:
        """Let go of the port."""
        self._server.server_close()


def _listen(port: int, source: Answering, token: str, files: Mapping[str, StaticFile]) -> _Server:
    """Take the port asked for, else the first free one of ours, else any."""
    if port:
        return _Server(port, source, token, files)
    for candidate in range(FIRST_PORT, FIRST_PORT + _NEXT_PORTS + 1):
        with contextlib.suppress(OSError):
            return _Server(candidate, source, token, files)
    return _Server(0, source, token, files)


class _Server(ThreadingHTTPServer):
    """Knows what its handlers need; takes so many connections at once and no more."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 32
    allow_reuse_address = True

    def __init__(self, port: int, source: Answering, token: str, files: Mapping[str, StaticFile]) -> None:
        super().__init__((_HOST, port), _Handler)
        self.source = source
        self.token = token
        self.files = files
        self.keys_for_once: set[str] = set()
        self._slots = threading.BoundedSemaphore(_MOST_CONNECTIONS)

    def server_bind(self) -> None:
        """Bind without asking for the name of this machine, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread for a connection, or close it where there are too many."""
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is nobody's business."""


class _PatientSocket(io.RawIOBase):
    """Reads from a socket until a point in time, however slowly the bytes come."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = 0.0

    def wait_at_most(self, seconds: float) -> None:
        """Set how long all reading from now on may take together."""
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, or wait for it."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: _Server
    connection: socket.socket
    rfile: Any  # a buffered reader; typeshed would have it more special than it is

    def setup(self) -> None:
        """Read with a deadline; write each answer at once."""
        super().setup()
        self._patience = _PatientSocket(self.connection)
        self.rfile = io.BufferedReader(self._patience)
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle_one_request(self) -> None:
        """Read one request and answer it."""
        self.close_connection = True
        with contextlib.suppress(TimeoutError, ConnectionError):
            self._patience.wait_at_most(_IDLE_S)
            if not self.rfile.peek(1):
                return
            self._patience.wait_at_most(_HEAD_S)
            self.raw_requestline = self.rfile.readline(65_537)
            if len(self.raw_requestline) > 65_536:  # noqa: PLR2004 - as http.server does
                self.requestline, self.request_version, self.command = "", "HTTP/1.1", ""
                self._refuse(414, "too-long", "The address is too long.")
            elif self.raw_requestline and self.parse_request():
                self._answer()

    def finish(self) -> None:
        """Take in what the client still sends, not for long: else it would learn of a broken connection, not our answer."""
        with contextlib.suppress(OSError, ValueError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self._patience.wait_at_most(_LINGER_S)
            for _ in range(_LINGER_READS):
                if not self.rfile.read1(65_536):
                    break
        super().finish()

    def _answer(self) -> None:
        fields: dict[str, str] = {}
        for name, value in self.headers.items():
            fields[name.lower()] = f"{fields[name.lower()]}, {value}" if name.lower() in fields else value
        head = access.Head(self.command, self.path, fields)
        verdict = access.judge(head, self.server.token, self.server.keys_for_once)
        self.server.keys_for_once.discard(verdict.key)
        if verdict.status == 303:  # noqa: PLR2004 - HTTP's
            self._send(303, b"", "text/plain; charset=utf-8", {"Location": "/", "Set-Cookie": verdict.cookie})
            return
        if verdict.status != 200:  # noqa: PLR2004 - HTTP's
            self.close_connection = True  # its body, if any, is not read
            self._refuse(verdict.status, verdict.slug, verdict.sentence)
            return
        body = self.rfile.read(int(fields["content-length"])) if self.command == "POST" else b""
        if self.command == "GET" and ("content-length" in fields or "transfer-encoding" in fields):
            self.close_connection = True
        self._answer_route(routes.route_of(self.command, self.path), body)

    def _answer_route(self, route: Route | None, body: bytes) -> None:
        if route is None:
            self._refuse(404, "not-found", "There is nothing at this address.")
        elif route.kind != routes.STATIC:
            answer = Answer(
                500, error_document("internal", "otelrun has made a mistake here; its own doing, not yours.")
            )
            with guarded("page"):
                answer = self.server.source.answer(route, body)
            self._send_json(answer)
        elif (file := self.server.files.get(route.name)) is not None:
            self._send(200, file.content, file.type)
        else:
            self._refuse(404, "not-found", "There is nothing at this address.")

    def _refuse(self, status: int, slug: str, sentence: str) -> None:
        """Refuse, for scripts by a document, for people who look at it in a browser by its sentence."""
        if "text/html" in (self.headers.get("accept", "") if hasattr(self, "headers") else ""):
            self._send(status, f"otelrun: {sentence}\n".encode(), "text/plain; charset=utf-8")
        else:
            self._send_json(Answer(status, error_document(slug, sentence)))

    def _send_json(self, answer: Answer) -> None:
        text = json.dumps(answer.document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._send(answer.status, text.encode("utf-8", "backslashreplace"), "application/json; charset=utf-8")

    def _send(self, status: int, content: bytes, kind: str, more: Mapping[str, str] | None = None) -> None:
        fields = {"Content-Type": kind, **_SECURITY, **(more or {})}
        if len(content) > _WORTH_PACKING and "gzip" in self.headers.get("accept-encoding", ""):
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            content = packer.compress(content) + packer.flush()
            fields["Content-Encoding"] = "gzip"
        if status == 405:  # noqa: PLR2004 - HTTP's
            fields["Allow"] = "GET, POST"
        fields["Content-Length"] = str(len(content))
        if self.close_connection:
            fields["Connection"] = "close"
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            *(f"{name}: {value}" for name, value in fields.items()),
        ]
        head = "\r\n".join((*lines, "", "")).encode("latin-1")
        self.connection.settimeout(_SEND_S)
        self.wfile.write(head + (b"" if self.command == "HEAD" else content))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - http.server's
        """Refuse what http.server itself cannot read."""
        self.close_connection = True
        if not hasattr(self, "headers"):
            self.headers = _NO_HEADERS
        self._refuse(int(code), "request", "This request cannot be read.")

    def log_message(self, *_: Any) -> None:
        """Write no log."""


_NO_HEADERS: Any = {}
