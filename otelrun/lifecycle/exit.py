"""The registry for a normal end of the interpreter. Nothing that must not be lost may depend on it."""

from __future__ import annotations

import atexit

from otelrun.diagnostics import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_at_exit: list[Callable[[], None]] = []
_registered = False


def at_exit(finish: Callable[[], None]) -> None:
    """Call ``finish`` when the interpreter ends normally, last registered first. It must not block."""
    global _registered
    _at_exit.append(finish)
    if not _registered:
        _registered = True
        atexit.register(_run_at_exit)


def _run_at_exit() -> None:
    while _at_exit:
        with guarded("exit"):
            _at_exit.pop()()
