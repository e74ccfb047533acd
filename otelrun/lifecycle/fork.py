"""The registry for fork: what must be reset in a forked child, and what must stand still while the parent forks."""

from __future__ import annotations

import os
import sys
from _thread import get_ident
from time import monotonic

from otelrun.diagnostics import guarded
from otelrun.lifecycle.native import sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LATE = ("opentelemetry", "otelrun")
"""Packages of which modules are imported late, by whichever thread needs them first."""

_PATIENCE_S = 2.0
_POLL_S = 0.001

_in_child: list[Callable[[], None]] = []
_registered = False
_is_waiting_for_imports = False


def wait_for_imports() -> None:
    """Have each fork from now on wait until no other thread is in the middle of importing what is imported late.

    The child would have to wait for that thread to end its import, and does not have it: it would stand still for ever.
    """
    global _is_waiting_for_imports
    if not _is_waiting_for_imports and hasattr(os, "register_at_fork"):
        _is_waiting_for_imports = True
        os.register_at_fork(before=_guarded(_wait_for_imports))


def _wait_for_imports() -> None:
    deadline = 0.0
    while is_another_thread_importing():
        now = monotonic()
        deadline = deadline or now + _PATIENCE_S
        if now >= deadline:
            return
        sleep(_POLL_S)


def is_another_thread_importing() -> bool:
    """Say whether another thread holds the import lock of a module that is imported late; next to no cost where none is."""
    locks = getattr(
        sys.modules.get("_frozen_importlib"), "_module_locks", None
    )  # those of imports that go on, all alike
    for name, reference in tuple(locks.items()) if locks else ():
        if name.partition(".")[0] in _LATE and getattr(reference(), "owner", None) not in (None, get_ident()):
            return True
    return False


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
