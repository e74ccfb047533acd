"""Do the same thing three times: at once, again, and in a child; wait for a line on standard input before each."""

import os
import subprocess
import sys
import threading


def work():
    from http.client import HTTPConnection
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        client = HTTPConnection(*server.server_address)
        client.request("GET", "/")
        print(client.getresponse().status, flush=True)
        client.close()
        server.shutdown()


if len(sys.argv) > 1:
    work()
    sys.exit(5)
for step in ("first", "second"):
    print(step, flush=True)
    sys.stdin.readline()
    work()
print("third", flush=True)
sys.stdin.readline()
for _ in range(2):
    print(subprocess.call([sys.executable, os.path.abspath(__file__), "child"]), flush=True)
sys.exit(4)
