"""Keeps a stock in Redis."""

import asyncio
import sys

import redis
from redis.asyncio import Redis

client = redis.Redis(port=int(sys.argv[1]), protocol=2)
client.set("stock", 42)
print(client.get("stock"))
with client.pipeline() as pipeline:
    print(pipeline.set("a", 1).set("b", 2).execute())
try:
    client.incr("name")
except redis.ResponseError as error:
    print(error)
client.close()


async def main():
    async with Redis(port=int(sys.argv[1]), protocol=2) as client:
        print(await client.get("stock"))


asyncio.run(main())
