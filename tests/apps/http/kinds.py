"""One server of each kind that the standard library builds on ``http.server``, asked by itself, raw; prints all the answers.

    kinds.py KIND [CERTIFICATE KEY]
"""

import http.server
import logging
import os
import re
import socket
import ssl
import sys
import threading
import urllib.request
import warnings
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

warnings.simplefilter("ignore", DeprecationWarning)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 0.3

    def do_GET(self):
        logging.getLogger("app").warning("at %s", self.path)
        if self.path == "/twice":
            self.answer()
        if self.path == "/upgrade":
            self.send_response(101)
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.close_connection = True
            return
        if self.path != "/never":
            self.answer()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer()

    def answer(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


class CallingHandler(Handler):
    def do_GET(self):
        if self.path.startswith("/call"):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.server_port}/healthz") as response:
                response.read()
        super().do_GET()


class RpcHandler(SimpleXMLRPCRequestHandler):
    rpc_paths = ("/RPC2",)


def make_wsgi(_):
    def application(_, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello ", b"wsgi"]

    server = WSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(application)
    return server


def make_xmlrpc(_):
    server = SimpleXMLRPCServer(("127.0.0.1", 0), RpcHandler, logRequests=True)
    server.register_function(pow)
    return server


def make_cgi(_):
    os.makedirs("cgi-bin", exist_ok=True)
    with open("cgi-bin/hello.py", "w") as script:
        script.write("print('Content-Type: text/plain\\n\\nhello cgi')\n")

    class CgiHandler(http.server.CGIHTTPRequestHandler):
        have_fork = False  # as another user, who may not be let in here

    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), CgiHandler)


def make_tls(_):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[2:])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


CALL = b"<methodCall><methodName>pow</methodName><params><param><value><int>2</int></value></param><param><value><int>5</int></value></param></params></methodCall>"
GET = b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n"
KINDS = {
    "plain": (
        lambda kind: http.server.HTTPServer(("127.0.0.1", 0), kind),
        [
            GET % b"/pipelined/1" + GET % b"/pipelined/2" + GET % b"/pipelined/3",
            b"GET /old\r\n",
            b"GET /old HTTP/1.0\r\n\r\n",
            b"POST /continued HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
            GET % b"/twice",
            GET % b"/never",
            GET % b"/upgrade",
            b"GET /malformed HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
            b"BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n",
            b"nonsense\r\n\r\n",
            b"GET / HTTP/7.7\r\n\r\n",
            b"GET /slow HTTP/1.1\r\nHost",
            b"\r\n",
            b"",
        ],
    ),
    "calling": (lambda _: http.server.ThreadingHTTPServer(("127.0.0.1", 0), CallingHandler), [GET % b"/call/7", GET % b"/healthz"]),
    "wsgi": (make_wsgi, [GET % b"/a"]),
    "xmlrpc": (make_xmlrpc, [b"POST /RPC2 HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(CALL), CALL), b"POST /no HTTP/1.0\r\n\r\n"]),
    "cgi": (make_cgi, [GET % b"/cgi-bin/hello.py", GET % b"/cgi-bin/none.py"]),
    "tls": (make_tls, [GET % b"/secret"]),
}


def talk(server, request):
    connection = socket.create_connection(server.server_address[:2], timeout=10)
    if sys.argv[1] == "tls":
        context = ssl.create_default_context(cafile=sys.argv[2])
        connection = context.wrap_socket(connection, server_hostname="localhost")
    with connection:
        connection.sendall(request)
        if b"/slow" not in request and sys.argv[1] != "tls":
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
            if sys.argv[1] == "tls" and answer.endswith(b"ok"):
                break
        return re.sub(rb"Date: [^\r]*", b"Date: ...", answer)


def main():
    make, requests = KINDS[sys.argv[1]]
    with make(Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        for request in requests:
            print(request, talk(server, request))
        server.shutdown()


if __name__ == "__main__":
    main()
