"""A Django site on a server of its own, set up as ``manage.py`` and ``wsgi.py`` do."""

import logging
import os
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.core.wsgi import get_wsgi_application
from http_calls import get

logging.disable()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_site")


class Handler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


server = make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), handler_class=Handler)
thread = threading.Thread(target=server.serve_forever, args=(0.02,))
thread.start()
for path in ("/v1/items/7?q=1", "/v1/gone", "/v1/fail", "/nowhere"):
    print(*get(server.server_port, path))
server.shutdown()
thread.join()
server.server_close()
