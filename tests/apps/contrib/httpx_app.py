"""Calls a server with httpx, one after the other and side by side."""

import asyncio
import sys

import httpx
from httpx import AsyncClient

URL = f"http://127.0.0.1:{sys.argv[1]}"
with httpx.Client() as client:
    print(client.get(f"{URL}/items?q=1").text)
    print(client.post(f"{URL}/status/404", content=b"x").status_code)
    with client.stream("GET", f"{URL}/stream") as response:
        print(b"".join(response.iter_bytes()))
try:
    httpx.get("http://127.0.0.1:9/")
except httpx.ConnectError as error:
    print(type(error).__name__)


async def main():
    async with AsyncClient(base_url=URL) as client:
        answers = await asyncio.gather(client.get("/a"), client.get("/status/500"))
        print([answer.status_code for answer in answers])


asyncio.run(main())
