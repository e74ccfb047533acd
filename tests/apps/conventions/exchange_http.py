"""Requests over HTTP that are answered well, badly and not at all, a task that fails, and log lines of each kind."""

import asyncio
import colorsys
import http.client
import http.server
import logging
import socket
import threading
import time

logging.basicConfig(level="DEBUG", format="%(levelname)s %(message)s")
logging.getLogger("asyncio").setLevel("CRITICAL")
log = logging.getLogger("exchange")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/raise":
            raise LookupError(self.path)
        self.send_response(int(self.path.partition("?")[0].lstrip("/")))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_BREW = do_POST = do_GET

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass


def call_http():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,)).start()
    for method, path in (("GET", "/200?sig=secret"), ("POST", "/404"), ("GET", "/500"), ("BREW", "/200"), ("GET", "/raise")):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
        try:
            connection.request(method, path, headers={"User-Agent": "exchange"})
            connection.getresponse().read()
        except http.client.RemoteDisconnected:
            log.exception("not answered")
        connection.close()
    with socket.create_connection(server.server_address) as broken:
        broken.sendall(b"GET nowhere at all HTTP/9.9.9\r\n\r\n")
        while broken.recv(4096):
            pass
    port = server.server_port
    server.shutdown()
    server.server_close()
    try:
        http.client.HTTPConnection("127.0.0.1", port, timeout=20).request("GET", "/")
    except OSError:
        log.warning("refused", extra={"attempt": 1}, stack_info=True)


async def fail_in_a_task():
    await asyncio.create_task(check_stock())


async def check_stock():
    await asyncio.sleep(0.5)  # for the lag of the loop
    time.sleep(0.05)  # noqa: ASYNC251 - it holds the loop up
    raise LookupError


async def fail_in_tasks():
    await asyncio.gather(fail_in_a_task(), return_exceptions=True)


call_http()
colorsys.rgb_to_hsv(0.5, 0.5, 0.5)
asyncio.run(fail_in_tasks())
print("all exchanged")
