"""A Tornado application and its own HTTP client."""

import asyncio
import logging
import sys

from tornado.httpclient import AsyncHTTPClient
from tornado.web import Application, RequestHandler

logging.disable()


class Item(RequestHandler):
    async def get(self, number):
        self.write(number)


class Fail(RequestHandler):
    def get(self):
        raise ValueError("sold out")


async def main():
    server = Application([(r"/items/([0-9]+)", Item), (r"/fail", Fail)]).listen(int(sys.argv[1]), "127.0.0.1")
    for path in ("/items/7?q=1", "/fail", "/nowhere"):
        answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{sys.argv[1]}{path}", raise_error=False)
        print(path, answer.code)
    server.stop()


asyncio.run(main())
