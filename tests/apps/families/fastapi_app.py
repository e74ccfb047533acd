"""A FastAPI application: does the job that the path names, and says which process did it."""

import os

import fastapi

import work

app = fastapi.FastAPI()


@app.get("/{job}")
async def do(job: str) -> int:
    work.do(f"/{job}")
    return os.getpid()
