"""A Falcon application, typed as Falcon 4 allows, on a server of its own."""

import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import falcon
from http_calls import get

Typed = falcon.App[falcon.Request, falcon.Response]


class Item:
    def on_get(self, request, response, number):
        response.text = str(number)


class Handler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


class Shop(Typed):
    pass


app = Shop()
app.add_route("/items/{number:int}", Item())
server = make_server("127.0.0.1", int(sys.argv[1]), app, handler_class=Handler)
thread = threading.Thread(target=server.serve_forever, args=(0.02,))
thread.start()
for path in ("/items/7?q=1", "/nowhere"):
    print(*get(server.server_port, path))
server.shutdown()
thread.join()
server.server_close()
