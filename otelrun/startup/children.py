"""What the program starts: otelrun's two variables are passed on to it, and shown to nobody.

``os.environ`` shows what it shows bare, while the process's own environment, which children inherit, keeps the two. A child
that is handed an environment of its own gets them added, and one whose interpreter's options would shut otelrun out is
started the way round (``otelrun.isolation``). The current trace context goes with them (``otelrun.startup.handed_context``).
"""

from __future__ import annotations

import os
import sys
from _collections_abc import Mapping  # loaded by os

from otelrun.diagnostics import INCOMPLETE, RING_OFF, guarded, is_told, tell
from otelrun.environment_variables import OTELRUN_HANDOFF
from otelrun.inheritance import PYTHONPATH, SHIM, with_shim, without_shim
from otelrun.instrumentation.patching import Ledger, without_frame
from otelrun.isolation import go_round
from otelrun.startup import handed_context
from otelrun.stood_down import run_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NAME = "children"
ALL, NONE = "all", "none"
TARGET = "_posixsubprocess"
"""The module of ``fork_exec``, on which ``subprocess``, ``asyncio`` and ``multiprocessing`` stand."""

_DIRECTORY, _ENVIRONMENT = 4, 5  # of the arguments of fork_exec
_USER_AND_CODE = {21: (16, 17, 18, 20), 23: (17, 18, 19, 21)}  # by their number, those for gid, groups, uid, preexec_fn

_SHIM_FILE = os.path.join(SHIM, "sitecustomize.py")
_set_variable = os.putenv
_execute: Any = getattr(os, "execve", None)

_handoff_text = ""
_goes_round = True
_needed: tuple[str, ...] = ()


def carry(handoff_text: str, children: str, *, goes_round: bool = True) -> None:
    """Take otelrun's variables out of sight, and have children get them as the profile says.

    Args:
        handoff_text: the handoff, to be passed on.
        children: ``all``; ``inherit``: the variables stay where they are, and what becomes of them is the program's affair;
            ``none``: they are gone.
        goes_round: start interpreters the way round, where their options would shut otelrun out. Else only the one that this
            process becomes.
    """
    global _handoff_text, _needed, _goes_round
    if os.name != "posix" or children not in (ALL, NONE):
        return
    _take_out_of_sight()
    if children == NONE:
        _drop()
        return
    _handoff_text = handoff_text
    _goes_round = goes_round
    directory = os.fsdecode(run_directory(handoff_text))
    _needed = (_SHIM_FILE, os.path.join(directory, "rings")) if directory else (_SHIM_FILE,)
    ledger = Ledger()
    posix = sys.modules["posix"]
    for name, make_wrapper in _OF_OS.items():
        if hasattr(os, name):
            ledger.wrap(os, name, make_wrapper)
            setattr(posix, name, getattr(os, name))  # the two are the same functions, and pickled by that one's name
    os.supports_fd.add(os.execve)


def patch_fork_exec(module_name: str) -> None:
    """Patch ``_posixsubprocess.fork_exec``; the hook of that module."""
    if _handoff_text:
        Ledger().wrap(sys.modules[module_name], "fork_exec", _fork_exec)


def _take_out_of_sight() -> None:
    environ: Any = os.environ
    data = environ._data  # noqa: SLF001 - the one dictionary behind os.environ, os.environb and posix.environ
    data.pop(environ.encodekey(OTELRUN_HANDOFF), None)
    key = environ.encodekey(PYTHONPATH)
    value = data.get(key)
    shown = None if value is None else without_shim(environ.decodevalue(value))
    if shown is None:
        data.pop(key, None)
    else:
        data[key] = environ.encodevalue(shown)


def _putenv(original: Callable[..., None]) -> Callable[..., None]:
    """``os.environ`` calls it: whatever PYTHONPATH is set to, children find the shim in front."""

    def putenv(*args: Any, **kwargs: Any) -> None:
        is_python_path = len(args) == 2 and _text(args[0]) == PYTHONPATH and _text(args[1]) is not None  # noqa: PLR2004 - name, value
        if is_python_path and _handoff_text:
            args = (args[0], with_shim(_text(args[1])))
        try:
            original(*args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return putenv


def _unsetenv(original: Callable[..., None]) -> Callable[..., None]:
    """``os.environ`` calls it, too."""

    def unsetenv(*args: Any, **kwargs: Any) -> None:
        try:
            original(*args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        if args and _text(args[0]) == PYTHONPATH and _handoff_text:
            _set_variable(PYTHONPATH, with_shim(None))

    return unsetenv


def _with_environment(original: Callable[..., Any]) -> Callable[..., Any]:
    """For functions of a path, arguments and an environment."""

    def start(*args: Any, **kwargs: Any) -> Any:
        with guarded(NAME):
            _stop_if_removed()
            args, kwargs = _changed(args, kwargs)
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return start


def _execv(original: Callable[..., Any]) -> Callable[..., Any]:
    """Like those, but the environment is that of the process."""

    def execv(*args: Any, **kwargs: Any) -> Any:
        with guarded(NAME):
            _stop_if_removed()
            if not kwargs and len(args) == 2:  # noqa: PLR2004 - path and arguments
                args = _way_round(*args) or args
                _execute_in_context(*args)
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return execv


def _system(original: Callable[..., int]) -> Callable[..., int]:
    """A shell is started with the environment of the process, and waited for."""

    def system(*args: Any, **kwargs: Any) -> int:
        with guarded(NAME):
            _stop_if_removed()
            if _handoff_text and len(args) == 1 and not kwargs:
                args = (handed_context.for_shell(*args) or args[0],)
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return system


def _fork_exec(original: Callable[..., int]) -> Callable[..., int]:
    def fork_exec(*args: Any) -> int:
        with guarded(NAME):
            _stop_if_removed()
            args = _changed_fork_exec(args)
        try:
            return original(*args)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return fork_exec


def _own_environment() -> dict[bytes, bytes] | None:
    return handed_context.own_environment() if _handoff_text else None


def _execute_in_context(path: Any, arguments: Any) -> None:
    """Execute it with the current context; returns where there is none, or it cannot be executed, which ``execv`` is to tell."""
    environment = _own_environment()
    if environment is not None and isinstance(arguments, list | tuple):
        try:  # noqa: SIM105 - contextlib is not loaded in the bare interpreter
            _execute(path, arguments, environment)
        except (OSError, ValueError, TypeError):
            pass


_OF_OS = {
    "putenv": _putenv,
    "unsetenv": _unsetenv,
    "execv": _execv,
    "execve": _with_environment,
    "posix_spawn": _with_environment,
    "posix_spawnp": _with_environment,
    "system": _system,
}


def _stop_if_removed() -> None:
    """Let children be what they are bare, once what they would need is gone; say so, unless this process has said worse."""
    missing = next(filter(_is_gone, _needed), "")
    if missing:
        _drop()
        if not is_told(RING_OFF):
            tell(INCOMPLETE, f"what is started from now on is not observed: {missing} was removed")


def _is_gone(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False  # there, but not for this user
    return False


def _drop() -> None:
    """Take the two variables out of the process's own environment, too: children inherit what is seen."""
    global _handoff_text, _needed
    _handoff_text, _needed = "", ()
    shown = os.environ.get(PYTHONPATH)
    os.unsetenv(OTELRUN_HANDOFF)
    if shown is None:
        os.unsetenv(PYTHONPATH)
    else:
        os.putenv(PYTHONPATH, shown)


def _changed(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if "env" in kwargs:
        kwargs = kwargs | {"env": _given(kwargs["env"])}
    elif len(args) == 3:  # noqa: PLR2004 - path, arguments, environment
        path, arguments = _way_round(*args[:2]) or args[:2]
        args = (path, arguments, _given(args[2]))
    return args, kwargs


def _changed_fork_exec(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Change the environment; change the command line, too, unless the child may become somebody who cannot read ours."""
    changed = list(args)
    variables = args[_ENVIRONMENT] if len(args) > _ENVIRONMENT else None
    if isinstance(variables, list | tuple):
        pairs = [os.fsencode(variable).partition(b"=") for variable in variables]
        given = _given({name: value for name, _, value in pairs})
        changed[_ENVIRONMENT] = [os.fsencode(name) + b"=" + os.fsencode(value) for name, value in given.items()]
    positions = _USER_AND_CODE.get(len(args), ())
    if variables is None and positions:
        _add_context(changed, positions[-1])
    if _goes_round and positions and all(args[position] is None or args[position] == -1 for position in positions):
        for path in args[1]:
            if (
                b"\0" in path
                or not os.access(path, os.X_OK)
                or (args[_DIRECTORY] is not None and not os.path.isabs(path))
            ):
                continue  # not the one that will be executed, or not known from here
            way_round = _way_round(path, args[0])
            if way_round is not None:
                changed[1], changed[0] = [os.fsencode(way_round[0])], [os.fsencode(word) for word in way_round[1]]
                break
    return tuple(changed)


def _add_context(changed: list[Any], code: int) -> None:
    """Add the current context to what a child gets that is started with the process's own environment.

    Args:
        changed: the arguments of ``fork_exec``.
        code: where among these the function is that the child is to call.
    """
    environment = _own_environment()
    if environment is None:
        return
    if changed[code] is None:
        changed[_ENVIRONMENT] = [name + b"=" + value for name, value in environment.items()]
    else:
        changed[code] = handed_context.set_before(changed[code], environment)


def _given(environment: Any) -> Any:
    """Give a child's own environment with otelrun's variables added, unless it has them; the switch is for the child to see."""
    if environment is None:
        return _own_environment()  # the process's own
    if not isinstance(environment, Mapping) or not _handoff_text:
        return environment
    given = dict(environment)
    names = {_text(name): name for name in given}
    if OTELRUN_HANDOFF in names:  # of a run of its own
        return environment
    name = names.get(PYTHONPATH, PYTHONPATH)
    value = given.get(name)
    if value is not None and _text(value) is None:
        return environment
    given[name] = with_shim(_text(value))
    given[OTELRUN_HANDOFF] = _handoff_text
    with guarded(NAME):
        handed_context.add_to(given, names)
    return given


def _way_round(path: Any, arguments: Any) -> tuple[str, list[str]] | None:
    """Give the executable and its arguments where a command line has to be rewritten."""
    text = _text(path)
    if text is None or not _handoff_text or not isinstance(arguments, list | tuple):
        return None
    words = [_text(word) for word in arguments]
    return None if None in words else go_round(text, words)  # type: ignore[arg-type]


def _text(value: Any) -> str | None:
    """Decode text, bytes or a path; None for anything else, which is for the system call to refuse."""
    if isinstance(value, str | bytes) or hasattr(type(value), "__fspath__"):
        return os.fsdecode(value)
    return None
