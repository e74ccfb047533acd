"""The registry for fork: what must be reset in a forked child, and what must stand still while the parent forks."""

from __future__ import annotations

import os

from otelrun.diagnostics import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_in_child: list[Callable[[], None]] = []
_registered = False


def in_child(reset: Callable[[], None]) -> None:
    """Call ``reset`` in every forked child, in the order of registration, before the program's code goes on."""
    global _registered
    _in_child.append(reset)
    if not _registered and hasattr(os, "register_at_fork"):
        _registered = True
        os.register_at_fork(after_in_child=_run_in_child)


def around(stop: Callable[[], None], go_on: Callable[[], None]) -> None:
    """Call ``stop`` before each fork, and ``go_on`` after it in the parent."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_guarded(stop), after_in_parent=_guarded(go_on))


def _guarded(function: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        with guarded("fork"):
            function()

    return run


def _run_in_child() -> None:
    for reset in _in_child:
        with guarded("fork"):
            reset()
