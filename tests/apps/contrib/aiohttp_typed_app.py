"""An aiohttp application whose middlewares are a tuple that it shares, made of the class as its own module has it."""

import asyncio
import sys

from aiohttp import web
from aiohttp.web_app import Application
from http_calls import get


@web.middleware
async def polite(request, handler):
    return await handler(request)


async def item(request):
    return web.Response(text="here")


MIDDLEWARES = (polite,)


async def main():
    app = Application(middlewares=MIDDLEWARES)
    shared = [polite]
    other = web.Application(middlewares=shared)
    app.add_routes([web.get("/item", item)])
    print(type(app) is web.Application, type(other) is Application, len(app.middlewares), len(shared))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    print(*await asyncio.to_thread(get, int(sys.argv[1]), "/item"))
    await runner.cleanup()


asyncio.run(main())
