"""A WSGI application for servers that run requests in greenlets: each request does its job and has another one do its own.

The one that it asks is its own server, and is told by the headers which trace it belongs to, where somebody puts it in there.
"""

import http.client
import os
import time

import work
from opentelemetry import trace

tracer = trace.get_tracer("greenlets")


def application(environ, start_response):
    path = environ["PATH_INFO"]
    parent = environ.get("HTTP_TRACEPARENT", "")
    with tracer.start_as_current_span("request", attributes={"path": path, "parent": parent}):
        work.do(path)
        time.sleep(0.005)
        if not path.startswith("/back"):
            ask(environ["HTTP_HOST"], f"/back{path}")
        time.sleep(0.001)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Connection", "close")])
        return [b"%d" % os.getpid()]


def ask(host, path):
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, int(answer.read()) > 0) == (200, True)
    finally:
        connection.close()


if __name__ == "__main__":
    import sys

    from gevent.pywsgi import WSGIServer

    WSGIServer(("127.0.0.1", int(sys.argv[1])), application, log=None).serve_forever()
