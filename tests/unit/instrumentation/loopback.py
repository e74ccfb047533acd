"""Real servers and raw requests on the loopback interface; when ``serving`` is left, every request has been handled."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers ``ok`` and keeps quiet."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status=200, body=b"ok"):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        self.answer()


class Server(ThreadingHTTPServer):
    """Waits for its request threads when closed; keeps what went wrong in them."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.errors = []

    def handle_error(self, request, client_address):
        self.errors.append(sys.exc_info()[1])


@contextlib.contextmanager
def serving(handler, make_server=Server):
    """Give the server, running."""
    server = make_server(handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def talk(server, request, *, shut=True):
    """Send bytes, say that no more will come, and give all that is answered."""
    with socket.create_connection(server.server_address[:2], timeout=10) as connection:
        connection.sendall(request)
        if shut:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer
