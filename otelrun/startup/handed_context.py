"""The trace context of whoever starts a program, in the variables of that program's environment, and of no other.

What a process has been handed in this way is taken out of its sight again: ``os.environ``, and the environment that the process
passes on by itself, are what they are bare. For a program that is started with the process's own environment they are in it for
the moment of the start. A variable that the program has set itself stays: its word counts more.
"""

from __future__ import annotations

import os
from _thread import RLock

from otelrun.environment_variables import OTELRUN_CONTEXT
from otelrun.inheritance import read_context, write_context
from otelrun.instrumentation.start_context import BAGGAGE, outgoing, start_context, variable_names
from otelrun.lifecycle import fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_put, _unset = os.putenv, os.unsetenv if hasattr(os, "unsetenv") else None


class _State:
    """Of this process.

    Attributes:
        lock: held while the process's own environment is another program's, until that has been started.
        set_now: the variables of which it is not certain that they are the process's own.
    """

    lock: Any = RLock()
    set_now: frozenset[str] = frozenset()
    is_registered = False


def receive(propagators: Iterable[str], rule: str) -> None:
    """Take up the context that this process was started in, and show the program the variables it would have without otelrun.

    Args:
        propagators: of the profile.
        rule: of the profile, for ``StartContext.begin``.
    """
    start_context.names = names = variable_names(propagators)
    found = {name: os.environ[name] for name in names if name in os.environ}
    is_stale = False
    if OTELRUN_CONTEXT in os.environ:
        shown, is_stale = read_context(os.environ)
        os.environ.pop(OTELRUN_CONTEXT)
        for name, value in shown.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    start_context.begin(found, rule, is_stale=is_stale)


def add_to(environment: dict[Any, Any], names: Mapping[Any, Any]) -> None:
    """Add the current context to the environment that a program is started with.

    Args:
        environment: of text or bytes.
        names: the variables in it, and what they are called there.
    """
    shown = {name: environment.get(names.get(name, name)) for name in start_context.names}
    for name, value in _changes({name: _text(value) for name, value in shown.items()}).items():
        key = names.get(name, name)
        if value is None:
            environment.pop(key, None)
        else:
            environment[key] = value


def set_for_start() -> bool:
    """Put the current context into the process's own environment, for a program that is about to be started with it.

    Returns:
        Whether ``unset`` has to be called after that; no other thread starts a program until then.
    """
    state = _State
    changes = _changes({name: os.environ.get(name) for name in start_context.names})
    if not changes and not state.set_now:
        return False
    if not state.is_registered:
        state.is_registered = True
        fork.in_child(_begin_in_child)
    state.lock.acquire()
    _restore()
    state.set_now = frozenset(changes)
    for name, value in changes.items():
        if value is not None:
            _put(name, value)
        elif _unset is not None:
            _unset(name)
    return True


def let_others_start() -> None:
    """Let other threads start programs though this one's may not have been started yet: it lasts until that one has ended."""
    _State.lock.release()


def unset(*, is_held: bool = True) -> None:
    """Make the process's own environment its own again.

    Args:
        is_held: ``let_others_start`` was not called.
    """
    if not is_held:
        _State.lock.acquire()
    try:
        _restore()
    finally:
        _State.lock.release()


def _restore() -> None:
    names, _State.set_now = _State.set_now, frozenset()
    for name in names:
        own = os.environ.get(name)
        if own is not None:
            _put(name, own)
        elif _unset is not None:
            _unset(name)


def _begin_in_child() -> None:
    """Start afresh, unless this is a child that is about to become the program: ``preexec_fn`` runs in one."""
    if not _State.lock._is_owned():  # noqa: SLF001 - nothing else tells it
        _State.lock = RLock()
        _restore()


def _changes(shown: dict[str, str | None]) -> dict[str, str | None]:
    """Give the changes to an environment that hand the current context over; none where the program has set one in there."""
    if not start_context.names:
        return {}
    inherited = start_context.variables
    if any(value is not None and value != inherited.get(name) for name, value in shown.items()):
        return {}
    given = outgoing()
    is_stale = start_context.is_given and start_context.is_serving and not given.keys() - BAGGAGE
    return write_context(shown, given, is_stale=is_stale and any(shown.values()))


def _text(value: Any) -> str | None:
    return os.fsdecode(value) if isinstance(value, str | bytes) else None
