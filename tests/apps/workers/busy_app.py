"""A FastAPI application whose worker can be caught in the middle of a request: ``/stuck`` writes its pid to a file and never ends.

The file is the one that BUSY_APP_STUCK names.
"""

import asyncio
import logging
import os

import fastapi

app = fastapi.FastAPI()
log = logging.getLogger("shop")
log.addHandler(logging.NullHandler())
log.setLevel(logging.INFO)


@app.get("/order/{item}")
async def order(item: int) -> int:
    log.info("order of item %d", item)
    if item % 13 == 0:
        raise LookupError(f"item {item} has no price")
    return os.getpid()


@app.get("/stuck")
async def stuck() -> None:
    log.warning("about to be stuck")
    path = os.environ["BUSY_APP_STUCK"]
    with open(path + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(path + ".part", path)
    await asyncio.Event().wait()
