"""What is to be run: from the words of a command to the file, whether it is Python, and what the service is called."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from otelrun.isolation import go_round, read_shebang
from otelrun.launch.search import find_command
from otelrun.launch.service import infer_service, infer_version
from otelrun.python_command import PythonCommand, is_python, read_python_command

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUNNERS = ("uv", "poetry", "pdm", "pipenv", "hatch", "rye")


class Target(NamedTuple):
    """A command that can be executed.

    Attributes:
        executable: the file, spelt as the shell would spell it to the kernel (a script sees this as its own name).
        arguments: its ``argv``.
        is_python: a Python interpreter runs it, as far as can be seen from here.
        service: inferred name of the service, and a phrase that says where it comes from.
        version: inferred version and where it comes from; None where nothing says it.
        blocking_option: ``-I``, ``-E`` or ``-S`` where one keeps otelrun out of the program and there is no way round; else
            empty.
    """

    executable: str
    arguments: list[str]
    is_python: bool
    service: tuple[str, str]
    version: tuple[str, str] | None
    blocking_option: str = ""


def resolve_target(command: list[str], environment: Mapping[str, str]) -> Target:
    """Find out what a command runs.

    Args:
        command: the words, at least one.
        environment: whose PATH counts.

    Raises:
        CommandNotFoundError: there is no such command.
        CommandNotExecutableError: there is, and it cannot be executed.
    """
    executable, is_hidden = find_command(command[0], environment)
    # an interpreter finds its own environment through argv[0] and PATH: where PATH would mislead it, give the whole path
    arguments = [executable if is_hidden else command[0], *command[1:]]
    directory = _working_directory()
    python, script = _as_python(executable, command)
    if python is None:
        service, version = _of_other_command(command, directory)
        return Target(executable, arguments, is_python=False, service=service, version=version)
    is_file = python.kind == "script" and not script
    program = os.path.dirname(os.path.join(directory, python.program)) if is_file else directory
    is_harmless = python.kind == "information" or go_round(executable, arguments) is not None
    return Target(
        executable,
        arguments,
        is_python=True,
        service=infer_service(python, script, directory),
        version=infer_version(program),
        blocking_option="" if is_harmless else python.blocking_option,
    )


def _as_python(executable: str, command: list[str]) -> tuple[PythonCommand | None, str]:
    """Read the command as one of Python's: an interpreter, or a script whose shebang names one.

    Returns:
        The command line of the interpreter (None where there is no Python in it), and the script where it is one.
    """
    if is_python(executable):
        return read_python_command(command[1:]), ""
    words = read_shebang(executable)
    for index, word in enumerate(words):
        if is_python(word):
            return read_python_command([*words[index + 1 :], executable, *command[1:]]), executable
    return None, ""


def _of_other_command(command: list[str], directory: str) -> tuple[tuple[str, str], tuple[str, str] | None]:
    """Name the service of a command that is not Python; ``uv run app.py`` and its like are named by what they run."""
    name = os.path.basename(command[0])
    if name in _RUNNERS and command[1:2] == ["run"] and len(command) > 2 and not command[2].startswith("-"):  # noqa: PLR2004
        inner = command[2:]
        if is_python(inner[0]):
            return infer_service(read_python_command(inner[1:]), "", directory), infer_version(directory)
        return infer_service(read_python_command(inner), "", directory), infer_version(directory)
    return (name, "name of the command"), None


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it has been deleted; the program may not mind
        return os.sep
