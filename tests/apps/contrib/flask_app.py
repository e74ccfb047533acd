"""A Flask application on a server of its own."""

import sys
import threading

from flask import Blueprint, Flask, abort
from http_calls import get
from werkzeug.serving import WSGIRequestHandler, make_server

pages = Blueprint("pages", __name__, url_prefix="/v1")


@pages.get("/items/<int:number>")
def item(number):
    return str(number)


@pages.get("/gone")
def gone():
    abort(410)


@pages.get("/fail")
def fail():
    raise ValueError("sold out")


class Handler(WSGIRequestHandler):
    def log(self, *args):
        pass


app = Flask(__name__)
app.register_blueprint(pages)
app.logger.disabled = True
server = make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True, request_handler=Handler)
thread = threading.Thread(target=server.serve_forever)
thread.start()
for path in ("/v1/items/7?q=1", "/v1/gone", "/v1/fail", "/nowhere"):
    print(*get(server.port, path))
server.shutdown()
thread.join()
server.server_close()
