"""Becoming the program: same process, as if the launcher had never been.

Tested on Linux; the POSIX part is expected to work on macOS. On Windows, which has no exec that keeps the process, the
program is started, waited for, and its exit status passed on: expected, not tested.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from otelrun.environment_variables import OTELRUN_HANDOFF
from otelrun.errors import CommandNotExecutableError, CommandNotFoundError
from otelrun.isolation import go_round

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otelrun.launch.target import Target

_SHELL = "/bin/sh"
_IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFZ", "SIGXFSZ")
_LOOKS_BINARY = 80


def execute(target: Target, environment: Mapping[str, str]) -> NoReturn:
    """Replace this process by the program, which goes the way round where its options would keep otelrun out.

    Raises:
        CommandNotExecutableError: the system refuses.
        CommandNotFoundError: the file has just gone.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    way_round = go_round(target.executable, target.arguments) if OTELRUN_HANDOFF in environment else None
    if way_round is not None:
        target = target._replace(executable=way_round[0], arguments=way_round[1])
    if os.name == "nt":
        _spawn(target, environment)
    _restore_signals()
    try:
        os.execve(target.executable, target.arguments, dict(environment))  # noqa: S606 - what a launcher is for
    except OSError as error:
        if error.errno == errno.ENOEXEC and not _is_binary(target.executable):
            _execute_with_shell(target, environment)
        _refuse(target.executable, error)


def initial_variable_names() -> frozenset[str] | None:
    """Give the names of the variables this process was started with; None where the system does not tell."""
    try:
        with open("/proc/self/environ", "rb") as file:
            return frozenset(os.fsdecode(entry.partition(b"=")[0]) for entry in file.read().split(b"\0"))
    except OSError:
        return None


def _restore_signals() -> None:
    """Give back what CPython ignores in itself and ``execve`` would pass on."""
    for name in _IGNORED_BY_PYTHON:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)  # noqa: TID251 - the launcher's own, on behalf of the program


def _execute_with_shell(target: Target, environment: Mapping[str, str]) -> NoReturn:
    """Run a script without a shebang as ``execvp`` and every shell do."""
    path = target.executable if os.sep in target.executable else os.path.join(os.curdir, target.executable)
    try:
        os.execve(_SHELL, [_SHELL, path, *target.arguments[1:]], dict(environment))  # noqa: S606 - as above
    except OSError as error:
        _refuse(_SHELL, error)


def _is_binary(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"\0" in file.read(_LOOKS_BINARY)
    except OSError:
        return False


def _refuse(path: str, error: OSError) -> NoReturn:
    if error.errno == errno.ENOENT and os.path.exists(path):
        message = f"{path}: the interpreter named in its first line does not exist"
        raise CommandNotExecutableError(message) from error
    message = f"{path}: {error.strerror}"
    kind = CommandNotFoundError if error.errno == errno.ENOENT else CommandNotExecutableError
    raise kind(message) from error


def _spawn(target: Target, environment: Mapping[str, str]) -> NoReturn:
    import subprocess  # noqa: PLC0415 - Windows only, and costs 10 ms

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # noqa: TID251 - the console sends Ctrl-C to the program as well
    try:
        done = subprocess.run([target.executable, *target.arguments[1:]], env=dict(environment), check=False)  # noqa: S603
    except OSError as error:
        _refuse(target.executable, error)
    raise SystemExit(done.returncode)
