"""An HTTP server: ``/status/404`` answers with that status, everything else with 200; the body repeats method and path."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler

from tests.support.stubs.server import Stub


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        before, _, status = self.path.rpartition("/")
        body = f"{self.command} {self.path}".encode()
        self.send_response(int(status) if before == "/status" else 200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _AwsHandler(_Handler):
    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target", "")
        is_good = not target.endswith("DeleteTable")
        body = b'{"TableNames":["orders"]}' if is_good else b'{"__type":"ResourceNotFoundException","message":"no"}'
        self.send_response(200 if is_good else 400)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("x-amzn-RequestId", "request-1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer


class HttpStub(Stub):
    """The server."""

    connection = _Handler  # type: ignore[assignment] # it has ``handle``


class AwsStub(Stub):
    """DynamoDB: lists one table, and has none to delete."""

    connection = _AwsHandler  # type: ignore[assignment] # it has ``handle``
