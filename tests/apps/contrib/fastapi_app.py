"""A FastAPI application."""

from asgi_calls import call
from fastapi import APIRouter, FastAPI, HTTPException

router = APIRouter(prefix="/v1")


@router.get("/items/{number}")
async def item(number: int):
    return {"number": number}


@router.get("/gone")
def gone():
    raise HTTPException(410)


@router.get("/fail")
async def fail():
    raise ValueError("sold out")


app = FastAPI()
app.include_router(router)
call(app, "/v1/items/7?q=1", "/v1/gone", "/v1/fail", "/nowhere")
