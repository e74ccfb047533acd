"""Calls a server of its own with the HTTP client libraries named on the command line."""

import http.server
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
thread = threading.Thread(target=server.serve_forever, args=(0.01,))
thread.start()
try:
    for name in sys.argv[1:]:
        client = __import__(name)
        print(name, client.get(f"http://127.0.0.1:{server.server_port}/{name}").text)
finally:
    server.shutdown()
    thread.join()
    server.server_close()
