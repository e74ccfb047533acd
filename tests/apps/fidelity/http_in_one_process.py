"""A server and its clients in one process: keep-alive, HEAD, an unknown method, an error in the handler, a redirect."""

import http.client
import http.server
import sys
import threading
import urllib.error
import urllib.request


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def version_string(self):
        return "shop"

    def date_time_string(self, timestamp=None):
        return "today"

    def do_GET(self):
        if self.path == "/fail":
            raise RuntimeError("in the handler")
        body = repr((self.command, self.path, sorted(self.headers.keys()))).encode()
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "/here")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format, *args):
        print("log:", format % args, file=sys.stderr)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        print("handle_error:", repr(sys.exc_info()[1]), file=sys.stderr)


server = Server(("127.0.0.1", 0), Handler)
thread = threading.Thread(target=server.serve_forever, args=(0.01,))
thread.start()
connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
for method, path in (("GET", "/a?b=c"), ("HEAD", "/a"), ("BREW", "/a")):
    connection.request(method, path, headers={"X-Mine": "1"})
    answer = connection.getresponse()
    body = answer.read()
    headers = [h for h in answer.getheaders() if h[0] not in ("Date", "Content-Length")]
    print(method, answer.status, answer.reason, headers, len(body) > 0)
connection.close()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(opener.open(f"http://127.0.0.1:{server.server_port}/moved").status)
try:
    opener.open(f"http://127.0.0.1:{server.server_port}/fail")
except (urllib.error.URLError, http.client.HTTPException) as error:
    print(type(error).__name__)
server.shutdown()
thread.join()
server.server_close()
