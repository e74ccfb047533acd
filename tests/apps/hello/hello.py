"""Asks itself over HTTP; the answer is made in a thread of a pool, with a log line. Knows nothing of OpenTelemetry."""

import concurrent.futures
import http.client
import http.server
import logging
import threading

log = logging.getLogger("hello")
pool = concurrent.futures.ThreadPoolExecutor(1)


def greeting(path):
    log.warning("somebody asks for %s", path, extra={"asked": path})
    return b"hello\n"


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = pool.submit(greeting, self.path).result()
        self.send_response(200 if self.path == "/you" else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
thread = threading.Thread(target=server.serve_forever, args=(0.01,))
thread.start()
for path in ("/you", "/nobody"):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request("GET", path)
    print(connection.getresponse().read())
    connection.close()
server.shutdown()
thread.join()
server.server_close()
pool.shutdown()
