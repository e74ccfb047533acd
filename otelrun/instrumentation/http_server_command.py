"""``python -m http.server``: the module's classes are ``__main__``'s then, and no import tells when they are there.

So ``socketserver``, which is imported before them, has the first server that is made look for them. Loads nothing in any
other program.
"""

from __future__ import annotations

import sys

from otelrun.diagnostics import guarded
from otelrun.instrumentation.patching import without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "http_server"
TARGETS = ("socketserver",)
SCOPE = "otelrun.instrumentation.http_server"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch ``BaseServer`` where ``http.server`` is the program."""
    program = sys.modules.get("__main__")
    if getattr(getattr(program, "__spec__", None), "name", None) != "http.server":
        return
    from socketserver import BaseServer  # noqa: PLC0415 - loaded by the program

    ledger.wrap(BaseServer, "__init__", lambda original: _init(original, ledger, options, program))


def _init(
    original: Callable[..., None], ledger: Ledger, options: Mapping[str, Any], program: Any
) -> Callable[..., None]:
    def __init__(self: Any, server_address: Any, RequestHandlerClass: Any) -> None:  # noqa: N803, N807 - its names
        with guarded(NAME):
            from otelrun.instrumentation import http_server  # noqa: PLC0415 - loaded only where it is needed

            http_server.instrument(ledger, program.BaseHTTPRequestHandler, options).open()
        try:
            original(self, server_address, RequestHandlerClass)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return __init__
