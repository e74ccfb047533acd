"""aiohttp applications that share their middlewares, made of the class in its own module and in the public one."""

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


async def main():
    shared = [polite]
    app = Application(middlewares=shared)
    other = web.Application(middlewares=shared)
    app.add_routes([web.get("/item", item)])
    print(type(app) is web.Application, type(other) is Application, len(app.middlewares), len(shared))
    print(len(web.Application(middlewares=(polite,)).middlewares))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    print(*await asyncio.to_thread(get, int(sys.argv[1]), "/item"))
    await runner.cleanup()


asyncio.run(main())
