"""Works as a process that was started inside a trace may. Usage: started.py WAY [PYTHON]"""

import http.server
import logging
import os
import socket
import subprocess
import sys
import threading

from opentelemetry import baggage, trace
from work import NAMES, show_variables, tracer

OTHER = "00-" + "c" * 32 + "-" + "d" * 16 + "-01"
here = os.path.dirname(os.path.abspath(__file__))
shell = ["sh", "-c", "echo shell:$TRACEPARENT:$TRACESTATE:$BAGGAGE"]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        show_variables(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def child(name, **how):
    subprocess.run([sys.executable, os.path.join(here, "work.py"), name], check=True, **how)


def script():
    show_variables("first")
    threading.Thread(target=show_variables, args=("thread",)).start()
    logging.basicConfig(stream=sys.stdout)
    logging.getLogger("work").warning("outside")
    print(trace.get_current_span().get_span_context().is_valid, dict(baggage.get_all()))
    with tracer.start_as_current_span("second", context=trace.set_span_in_context(trace.INVALID_SPAN)):
        pass


def children():
    """Outside of spans."""
    child("inherits")
    child("dropped", env={})
    sys.stdout.flush()
    subprocess.run(shell, check=True)


def server():
    show_variables("before")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for path, header in (("/own", ""), ("/remote", f"traceparent: {OTHER}\r\n")):
        with socket.create_connection(server.server_address) as client:
            client.sendall(f"GET {path} HTTP/1.0\r\n{header}\r\n".encode())
            while client.recv(4096):
                pass
    show_variables("after")
    child("inherits")
    child("dropped", env={})
    server.shutdown()
    thread.join()
    server.server_close()


def own_wishes():
    """A program that hands over a context by itself."""
    with tracer.start_as_current_span("current"):
        child("in_environment", env={"TRACEPARENT": OTHER})
        os.environ["TRACEPARENT"] = OTHER
        child("inherits")
        child("kept", env=dict(os.environ))
        sys.stdout.flush()
        os.system(" ".join(shell[:2]) + f" '{shell[2]}'")


def show_all():
    """To others: a shell, a Python that is not observed."""
    with tracer.start_as_current_span("current"):
        context = trace.get_current_span().get_span_context()
        print(f"{context.trace_id:032x}-{context.span_id:016x}", flush=True)
        subprocess.run(shell, check=True)
        subprocess.run(shell, check=True, env={})
        os.system(" ".join(shell[:2]) + f" '{shell[2]}'")
        print(os.popen(" ".join(shell[:2]) + f" '{shell[2]}'").read(), end="", flush=True)
        child("bare", env={"OTELRUN_DISABLED": "1"})
    subprocess.run(shell, check=True)
    print({name: os.environ[name] for name in NAMES if name in os.environ})


if __name__ == "__main__":
    globals()[sys.argv[1]]()
