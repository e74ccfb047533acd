"""Running a program as ``__main__``, as CPython's own start does it: for ``otelrun/launch/isolated/way_round.py``.

Follows ``Modules/main.c`` and ``Python/pythonrun.c`` of CPython 3.10 to 3.14, which the tests compare it with.
"""

from __future__ import annotations

import os
import sys

from otelrun.python_command import read_python_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, ModuleType, TracebackType
    from typing import Any

_STDIN = "<stdin>"
_STRING = "<string>"
_COMPILED = ".pyc"
_NAME = "/proc/self/comm"


class NotPossibleError(Exception):
    """The program cannot be run in this place; CPython has to do it, or to say why not."""


def prepare(words: list[str], has_own_entry: bool, is_script: bool) -> list[Any]:
    """Make this process look as it does before CPython runs the program of a command line.

    Args:
        words: what follows the interpreter.
        has_own_entry: ``sys.path`` begins with the script's folder, or with that of ``-m`` and ``-c``.
        is_script: the system has executed the script itself: the process has its name.

    Returns:
        The arguments of a function that runs the program, and after them the function.

    Raises:
        Exception: the program is not to be run here.
    """
    command = read_python_command(words)
    main = sys.modules["__main__"]
    main.__doc__ = None
    if is_script and os.path.exists(_NAME):
        with open(_NAME, "wb") as file:
            file.write(os.fsencode(os.path.basename(command.program)))
    if command.kind == "module":
        sys.argv[:] = ["-m", *command.rest]
        return _module(command.program, own_entry=os.getcwd() if has_own_entry else None)
    if command.kind == "script":
        sys.argv[:] = [command.program, *command.rest]
        return _script(main, command.program, has_own_entry=has_own_entry)
    if has_own_entry:
        sys.path.insert(0, "")
    if command.kind == "code":
        sys.argv[:] = ["-c", *command.rest]
        return _code(main, command.program)
    if command.kind == "stdin":
        sys.argv[:] = ["-" if "-" in words else "", *command.rest]
        return _stdin(main, is_interactive="i" in command.flags)
    raise NotPossibleError


def hide_again(error: BaseException) -> None:
    """Have the lowest frame left out where this exception is shown, if it ends the program: CPython 3.10 adds it once more."""
    shown_by = getattr(sys, "excepthook", None)
    if sys.version_info >= (3, 11) or shown_by is None or isinstance(error, SystemExit):
        return

    def excepthook(kind: type[BaseException], value: BaseException, traceback: TracebackType) -> None:
        sys.excepthook = shown_by
        sys.last_traceback = value.__traceback__ = traceback.tb_next
        shown_by(kind, value, traceback.tb_next)

    sys.excepthook = excepthook  # type: ignore[assignment]


def _module(name: str, own_entry: str | None) -> list[Any]:
    import runpy  # noqa: PLC0415 - CPython imports it here, too

    if own_entry is not None:
        sys.path.insert(0, own_entry)
    _forget_file(sys.modules["__main__"])
    return [name, True, runpy._run_module_as_main]  # type: ignore[attr-defined] # noqa: SLF001 - as CPython calls it


def _script(main: ModuleType, path: str, *, has_own_entry: bool) -> list[Any]:
    full_path = path if os.path.isabs(path) else os.path.join(os.getcwd(), path)
    if _is_importable(full_path):  # a directory or a zip file with a __main__
        import runpy  # noqa: PLC0415 - CPython imports it here, too

        sys.path.insert(0, full_path)
        _forget_file(main)
        return ["__main__", False, runpy._run_module_as_main]  # type: ignore[attr-defined] # noqa: SLF001 - as above
    external: Any = sys.modules["_frozen_importlib_external"]
    if full_path.endswith(_COMPILED):
        loader: Any = external.SourcelessFileLoader("__main__", full_path)
        code = loader.get_code("__main__")
    else:
        loader = external.SourceFileLoader("__main__", full_path)
        with open(full_path, "rb") as file:
            code = _compile(file.read(), full_path)
    if has_own_entry:
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    main.__loader__ = loader
    main.__file__ = full_path
    return [code, _execute()]


def _code(main: ModuleType, text: str) -> list[Any]:
    _forget_file(main)
    main.__loader__ = sys.modules["_frozen_importlib"].BuiltinImporter
    if sys.version_info >= (3, 14):
        from textwrap import dedent  # noqa: PLC0415 - CPython does, too

        text = dedent(text)
    code = _compile(text, _STRING)  # text has no coding line
    if sys.version_info >= (3, 13):
        from linecache import _register_code  # type: ignore[attr-defined] # noqa: PLC0415 - CPython does, too

        _register_code(code if sys.version_info >= (3, 14) else _STRING, text, _STRING)
    return [code, _execute()]


def _stdin(main: ModuleType, *, is_interactive: bool) -> list[Any]:
    if is_interactive or sys.stdin is None or sys.stdin.isatty():
        raise NotPossibleError
    main.__file__ = _STDIN
    main.__loader__ = sys.modules["_frozen_importlib"].BuiltinImporter
    return [_compile(sys.stdin.buffer.read(), _STDIN), _execute()]


def _compile(source: str | bytes, file_name: str) -> CodeType:
    code: CodeType = compile(source, file_name, "exec", dont_inherit=True)
    return code


def _execute() -> Callable[..., None]:
    execute: Callable[..., None] = sys.modules["builtins"].exec
    return execute


def _forget_file(main: ModuleType) -> None:
    for name in ("__file__", "__cached__"):
        main.__dict__.pop(name, None)


def _is_importable(path: str) -> bool:
    for hook in sys.path_hooks:
        try:
            sys.path_importer_cache[path] = hook(path)
        except ImportError:
            continue
        return True
    sys.path_importer_cache[path] = None
    return False
