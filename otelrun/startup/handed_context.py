"""The trace context of whoever starts a program, in the variables of that program's environment, and of no other.

What a process has been handed in this way is taken out of its sight again: ``os.environ``, and the environment that the process
passes on by itself, are what they are bare. A variable that the program has set itself stays: its word counts more.

The process's own environment is never changed for a start: another thread, of a library's too, might be reading it at that
moment. A program that would be started with it is started with a copy; a shell of ``os.system`` sets the variables itself and
becomes the shell that was asked for.
"""

from __future__ import annotations

import os
import sys

from otelrun.environment_variables import OTELRUN_CONTEXT
from otelrun.inheritance import read_context, write_context
from otelrun.instrumentation.start_context import BAGGAGE, outgoing, start_context, variable_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

_put, _unset = os.putenv, getattr(os, "unsetenv", None)

_SHELL, _SHELL_NAME = "/bin/sh", "sh"
_LONGEST_COMMAND = 100_000  # bytes; the system takes 131,071 as one argument


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
    for name, value in _changes({name: _text(value) for name, value in shown.items()}, outgoing()).items():
        key = names.get(name, name)
        if value is None:
            environment.pop(key, None)
        else:
            environment[key] = value


def own_environment() -> dict[bytes, bytes] | None:
    """Give the environment of a program that is started with the process's own, with the current context; None for just that."""
    given = outgoing() if start_context.names else {}
    if not given and not start_context.is_given:
        return None
    environment = _read_own()
    shown = {name: environment.get(os.fsencode(name)) for name in start_context.names}
    changes = _changes({name: _text(value) for name, value in shown.items()}, given)
    if not changes or b"" in environment:
        return None
    for name, value in changes.items():
        if value is None:
            environment.pop(os.fsencode(name), None)
        else:
            environment[os.fsencode(name)] = os.fsencode(value)
    return environment


def set_before(function: Callable[[], object], environment: Mapping[bytes, bytes]) -> Callable[[], object]:
    """Give a function for a forked child: it sets the context in the child's own environment, then calls ``function``."""
    names = (*start_context.names, OTELRUN_CONTEXT)
    values = {name: environment.get(os.fsencode(name)) for name in names}

    def set_and_call() -> object:
        for name, value in values.items():
            if value is not None:
                _put(name, value)
            elif _unset is not None:
                _unset(name)
        return function()

    return set_and_call


def for_shell(command: object) -> bytes | None:
    """Give the command that has a shell set the current context and become the shell of another command; None where it cannot."""
    text = _text(command)
    if text is None or "\0" in text or not start_context.names:
        return None
    changes = _changes({name: os.environ.get(name) for name in start_context.names}, outgoing())
    if not changes or not _is_shell_first():
        return None
    words = [f"unset {name}" if value is None else f"export {name}={_quote(value)}" for name, value in changes.items()]
    changed = os.fsencode("; ".join((*words, f"exec {_SHELL_NAME} -c {_quote(text)}")))
    return changed if len(changed) < _LONGEST_COMMAND else None


def _is_shell_first() -> bool:
    """Say whether ``sh`` is the system's shell for whoever looks it up; by that name, which messages have, it is to be found."""
    for directory in os.get_exec_path():
        path = os.path.join(directory, _SHELL_NAME)
        if os.path.exists(path):
            return os.path.isabs(directory) and os.path.samefile(path, _SHELL)
    return False


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _read_own() -> dict[bytes, bytes]:
    """Read the process's own environment as it is now: libraries change it, too, and ``os.environ`` does not hear of that."""
    posix: Any = sys.modules["posix"]
    if hasattr(posix, "_create_environ"):  # from 3.14 on
        created: dict[bytes, bytes] = posix._create_environ()  # noqa: SLF001 - what os.reload_environ calls
        return created
    import _imp  # noqa: PLC0415 - built in

    another = _imp.create_builtin(posix.__spec__)  # which reads it when it is made
    _imp.exec_builtin(another)
    environment: dict[bytes, bytes] = another.environ
    another.__dict__.clear()
    return environment


def _changes(shown: dict[str, str | None], given: dict[str, str | None]) -> dict[str, str | None]:
    """Give the changes to an environment that hand the current context over; none where the program has set one in there."""
    if not start_context.names:
        return {}
    inherited = start_context.variables
    if any(value is not None and value != inherited.get(name) for name, value in shown.items()):
        return {}
    is_stale = start_context.is_given and start_context.is_serving and not given.keys() - BAGGAGE
    return write_context(shown, given, is_stale=is_stale and any(shown.values()))


def _text(value: Any) -> str | None:
    return os.fsdecode(value) if isinstance(value, str | bytes) else None
