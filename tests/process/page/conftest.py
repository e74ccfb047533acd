"""The page's server on a recorded run, and a client that sends exactly the bytes it is told to."""

from __future__ import annotations

import json
import socket
import threading
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from otelrun.viewer.page.answers import Answers
from otelrun.viewer.page.server import PageServer
from tests.support.shop_trace import write_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = "20261124-110000-3f9a"
DEADLINE_S = 20.0


class Reply(NamedTuple):
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON, unpacked."""
        body = zlib.decompress(self.body, 31) if self.headers.get("content-encoding") == "gzip" else self.body
        return json.loads(body)


class Client:
    """Speaks to one server."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token
        self.cookie = f"otelrun-{port}={token}"
        self.host = f"127.0.0.1:{port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S)

    def raw(self, sent: bytes) -> list[Reply]:
        """Send bytes and give all answers until the server closes the connection."""
        with self.connect() as connection:
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it was refused before all was sent
            received = b""
            try:
                while chunk := connection.recv(65_536):
                    received += chunk
            except ConnectionResetError:
                pass
        return list(replies(received))

    def ask(self, target: str = "/api/runs", method: str = "GET", body: bytes = b"", **headers: str | None) -> Reply:
        """Send one request as the page would; a header that is None is left out."""
        fields: dict[str, str | None] = {"Host": self.host, "Cookie": self.cookie, "Connection": "close"}
        if method == "POST":
            fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        fields |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        lines = [f"{method} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items() if v is not None), "", ""]
        (reply,) = self.raw("\r\n".join(lines).encode("latin-1") + body)
        return reply

    def query(self, sql: str) -> Reply:
        return self.ask(f"/api/run/{RUN}/sql", "POST", json.dumps({"sql": sql}).encode())


def replies(received: bytes) -> Iterator[Reply]:
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers["content-length"])
        yield Reply(int(first.split()[1]), headers, received[:length])
        received = received[length:]


@pytest.fixture
def client(server: PageServer) -> Client:
    return Client(server.port, server.token)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PageServer]:
    write_run(str(tmp_path), RUN)
    server = PageServer(Answers(str(tmp_path)))
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    server.stop()
    thread.join(DEADLINE_S)
    server.close()
    assert not thread.is_alive()
