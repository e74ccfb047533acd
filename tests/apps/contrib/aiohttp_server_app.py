"""An aiohttp application on a server of its own."""

import asyncio
import sys

from aiohttp import web
from http_calls import get


async def item(request):
    return web.Response(text=request.match_info["number"])


async def gone(request):
    raise web.HTTPGone


async def main():
    app = web.Application()
    app.add_routes([web.get("/items/{number}", item), web.get("/gone", gone)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    for path in ("/items/7?q=1", "/gone", "/nowhere"):
        print(*await asyncio.to_thread(get, int(sys.argv[1]), path))
    await runner.cleanup()


asyncio.run(main())
