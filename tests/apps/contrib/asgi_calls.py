"""Calls an ASGI application within the process, and prints the answers."""

import asyncio

import httpx


def call(app, *paths):
    async def main():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            for path in paths:
                answer = await client.get(path)
                print(path, answer.status_code, answer.text)

    asyncio.run(main())
