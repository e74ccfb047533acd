"""Calls a server with aiohttp."""

import asyncio
import sys

import aiohttp
from aiohttp import ClientSession

URL = f"http://127.0.0.1:{sys.argv[1]}"


async def main():
    async with ClientSession(URL) as session:
        async with session.get("/items?q=1") as answer:
            print(await answer.text())
        async with session.post("/status/404", data=b"x") as answer:
            print(answer.status)
        try:
            await session.get("http://127.0.0.1:9/")
        except aiohttp.ClientError as error:
            print(type(error).__name__)


asyncio.run(main())
