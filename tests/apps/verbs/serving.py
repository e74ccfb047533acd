"""A server that asks itself for each path that is written to its standard input, one a line."""

import http.client
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

log = logging.getLogger("shop")


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            if self.path == "/items/13":
                raise ValueError("unlucky item 13")
        except ValueError:
            log.exception("cannot sell %s", self.path)
            self.send_response(500)
        else:
            self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Stay quiet."""


logging.basicConfig(stream=sys.stdout)
server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
for line in sys.stdin:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request("GET", line.strip())
    connection.getresponse().read()
    connection.close()
server.shutdown()
