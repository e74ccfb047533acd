"""Use a library, and the standard library's client and server; end with a status of its own."""

import sys
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import colours


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


print(colours.blue(), colours.red())
with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever).start()
    client = HTTPConnection(*server.server_address)
    client.request("GET", "/")
    print(client.getresponse().status)
    client.close()
    server.shutdown()
sys.exit(4)
