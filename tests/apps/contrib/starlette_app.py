"""A Starlette application, with one mounted in it."""

from asgi_calls import call
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


async def item(request):
    return PlainTextResponse(request.path_params["number"])


async def fail(request):
    raise ValueError("sold out")


app = Starlette(routes=[Route("/fail", fail), Mount("/v1", routes=[Route("/items/{number}", item)])])
call(app, "/v1/items/7?q=1", "/fail", "/nowhere")
