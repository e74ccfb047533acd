"""``multiprocessing``: a process that is spawned, by whichever process, starts in the context of ``start``. No spans.

The context travels with what the library tells the new process about its parent: the fork server, which makes it, was started
long before. A forked process has the context in its memory.
"""

from __future__ import annotations

from otelrun.diagnostics import guarded
from otelrun.instrumentation.patching import without_frame
from otelrun.instrumentation.start_context import outgoing, start_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "multiprocessing"
TARGETS = ("multiprocessing.spawn",)
SCOPE = "otelrun.instrumentation.multiprocessing"

_CONTEXT = "otelrun_context"
"""In the dictionary, of which the library uses the keys that it knows."""


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch what prepares a spawned process, in the parent and in the child."""
    from multiprocessing import spawn  # noqa: PLC0415 - loaded by the program

    ledger.wrap(spawn, "get_preparation_data", _get_preparation_data)
    ledger.wrap(spawn, "prepare", _prepare)


def _get_preparation_data(original: Callable[[str], dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    def get_preparation_data(name: str) -> dict[str, Any]:
        try:
            data = original(name)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        with guarded(NAME):
            variables = {name: value for name, value in outgoing().items() if value is not None}
            if variables:
                data[_CONTEXT] = variables
        return data

    return get_preparation_data


def _prepare(original: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """Called in the child, before the program's ``__main__`` is imported there."""

    def prepare(data: dict[str, Any]) -> None:
        with guarded(NAME):
            start_context.replace(data.pop(_CONTEXT, {}))
        try:
            original(data)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return prepare
