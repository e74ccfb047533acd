"""What the program is called and which version it is, inferred from its command line, with where that was seen."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otelrun.python_command import PythonCommand

_SAYS_NOTHING = frozenset(("app", "main", "manage", "wsgi", "asgi", "__main__", "run", "server"))
_PROJECT_VERSION = re.compile(
    r"""^\[project\][ \t]*(?:\#.*)?\n(?:(?!\[).*\n)*?version[ \t]*=[ \t]*["']([^"'\n]+)["']""", re.MULTILINE
)


def infer_service(command: PythonCommand, console_script: str, directory: str) -> tuple[str, str]:
    """Name the service.

    Args:
        command: the command line of the interpreter.
        console_script: path of the script where the command is one itself (by its shebang); else empty.
        directory: the working directory, absolute.

    Returns:
        The name and a phrase that says where it comes from.
    """
    if console_script:
        return _stem(console_script), "name of the command"
    if command.kind == "module":
        return command.program.removesuffix(".__main__"), "name of the module after -m"
    if command.kind == "script":
        stem = _stem(command.program)
        if stem not in _SAYS_NOTHING:
            return stem, "name of the script"
        parent = os.path.basename(os.path.dirname(os.path.normpath(os.path.join(directory, command.program))))
        return (parent, "directory of the script") if parent else (stem, "name of the script")
    name = os.path.basename(directory)
    return (name, "working directory") if name else ("python", "name of the interpreter")


def infer_version(start: str) -> tuple[str, str] | None:
    """Read the version from the nearest ``pyproject.toml``, at ``start`` (a directory) or above it.

    Returns:
        The version and where it was read; None where there is no such file or it gives no static version.
    """
    folder = os.path.abspath(start)
    while True:
        path = os.path.join(folder, "pyproject.toml")
        try:
            with open(path, encoding="utf-8") as file:
                found = _PROJECT_VERSION.search(file.read())
        except (OSError, UnicodeDecodeError):
            found = None
        else:
            return (found.group(1), path) if found else None
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _stem(path: str) -> str:
    name = os.path.basename(os.path.normpath(path))
    stem, extension = os.path.splitext(name)
    return stem if extension in (".py", ".pyw", ".pyz", ".pyc", ".exe", ".zip") and stem else name
