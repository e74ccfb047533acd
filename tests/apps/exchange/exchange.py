"""One HTTP exchange within one process; the handler logs from itself, a task and a pool. Ends with status 3."""

import asyncio
import http.client
import http.server
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

logging.basicConfig(stream=sys.stdout, level="INFO", format="%(levelname)s %(message)s")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        logging.info("in the handler")
        asyncio.run(self.count())
        with ThreadPoolExecutor(1) as pool:
            pool.submit(logging.warning, "in a pool").result()
        self.send_response(204)
        self.end_headers()

    async def count(self):
        logging.info("in a task")

    def log_message(self, *args):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
thread = threading.Thread(target=server.handle_request)
thread.start()
connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
connection.request("GET", "/stock")
print(connection.getresponse().status)
connection.close()
thread.join()
server.server_close()
sys.exit(3)
