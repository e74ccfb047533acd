"""A server, and 50 clients of it at a time in greenlets and threads; each leaves a span, a log line and what it got."""

from patching import LIBRARY, ORDER, patch_at, spawn, wait_for

patch_at("first")

import contextvars
import http.client
import logging
import queue
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

if LIBRARY == "gevent":
    import http.server  # eventlet cannot mend it any more once it is loaded: such a program waits for ever, bare, too

patch_at("after_imports")

from opentelemetry import metrics, trace

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stdout)
logger = logging.getLogger("exchange")
tracer = trace.get_tracer("exchange")
counter = metrics.get_meter("exchange").create_counter("exchanges")
watched = metrics.get_meter("exchange").create_observable_gauge("watched", [lambda options: [metrics.Observation(1)]])
variable = contextvars.ContextVar("variable", default="unset")

if ORDER == "after_work":
    with tracer.start_as_current_span("before the patch"):
        logger.info("before the patch")
        counter.add(1)
    patch_at("after_work")

import http.server


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with tracer.start_as_current_span("serve", attributes={"job": self.path}):
            time.sleep(0.005)
            body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64


server = Server(("127.0.0.1", 0), Handler)
serving = threading.Thread(target=server.serve_forever, args=(0.05,))
serving.start()


def ask(path):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    connection.request("GET", path)
    try:
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def job(number):
    seen = variable.get()
    variable.set(number)
    with tracer.start_as_current_span("job", attributes={"job": f"/{number}"}):
        counter.add(1)
        got = ask(f"/{number}")
        time.sleep(0.001)
        assert variable.get() == number
    return got, seen


variable.set("main")
with tracer.start_as_current_span("greenlets"):
    done = wait_for([spawn(job, number) for number in range(50)])
print(done == [(f"/{number}", done[0][1]) for number in range(50)], done[0][1])

found = queue.Queue()
with tracer.start_as_current_span("threads"):
    threads = [threading.Thread(target=lambda n=n: found.put(job(n))) for n in range(50, 60)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
print(sorted(found.get() for _ in threads))

with tracer.start_as_current_span("pool"), ThreadPoolExecutor(4) as pool:
    print([got for got, _ in pool.map(job, range(60, 70))])

print(variable.get(), type(threading.current_thread()).__name__)
server.shutdown()
serving.join()
server.server_close()
print(subprocess.run([sys.executable, "-c", "print('child')"], stdout=subprocess.PIPE, check=True).stdout)
logger.info("done")
