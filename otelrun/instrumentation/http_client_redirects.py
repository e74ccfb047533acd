"""``urllib.request``: tells ``http_client`` which of the requests it sends follow a redirect, and how many went before.

``http.client`` does not know: to it each is a request of its own. ``urllib`` counts them in the request it makes.
"""

from __future__ import annotations

from otelrun.diagnostics import guarded
from otelrun.instrumentation.current import detach
from otelrun.instrumentation.patching import without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextvars import Token
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "http_client"
TARGETS = ("urllib.request",)
SCOPE = "otelrun.instrumentation.http_client"

RESEND_COUNT = "otelrun-http-resend-count"
"""In the context of a request that follows a redirect: how many were sent before."""


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch ``AbstractHTTPHandler``."""
    from urllib.request import AbstractHTTPHandler  # noqa: PLC0415 - loaded by the program

    ledger.wrap(AbstractHTTPHandler, "do_open", _do_open)


def _do_open(original: Callable[..., Any]) -> Callable[..., Any]:
    def do_open(self: Any, http_class: Any, req: Any, **http_conn_args: Any) -> Any:
        token = _attach(req) if getattr(req, "redirect_dict", None) else None
        try:
            return original(self, http_class, req, **http_conn_args)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            if token is not None:
                with guarded(NAME):
                    detach(token)

    return do_open


def _attach(request: Any) -> Token[Any] | None:
    with guarded(NAME):
        from opentelemetry import context  # noqa: PLC0415 - loaded by the first request

        return context.attach(context.set_value(RESEND_COUNT, sum(request.redirect_dict.values())))
    return None
