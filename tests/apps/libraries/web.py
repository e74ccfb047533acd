"""A FastAPI application and somebody who asks it, within one process and without a socket."""

import asyncio
import logging

import fastapi
import httpx

app = fastapi.FastAPI()


@app.get("/items/{number}")
async def item(number: int) -> int:
    logging.getLogger("web").warning("item %d", number)
    return number


async def main():
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:
        print((await client.get("/items/7")).text)


asyncio.run(main())
