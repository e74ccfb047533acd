"""Finding a command as the shell does, and saying what is near when there is none."""

from __future__ import annotations

import os
import stat
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn

from otelrun.errors import CommandNotExecutableError, CommandNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOOL_FOLDERS = (("uv", "tools"), ("pipx", "venvs"))
_NEAR = 0.75  # a transposed or a missing letter; "runcon" is not what "gunicorn" was to be
_CACHE_FOLDERS = ("archive-v", "environments-v", "builds-v")


def find_command(word: str, environment: Mapping[str, str]) -> tuple[str, bool]:
    """Find the file that the shell would run for ``word``.

    Returns:
        The path as the shell would spell it, and whether the shell itself would have found another one: a tool runner (uvx)
        puts otelrun's own environment first on PATH, and the program's Python is not the one in there.

    Raises:
        CommandNotFoundError: nothing of that name.
        CommandNotExecutableError: a directory, or a file without permission to execute.
    """
    if os.sep in word or (os.altsep and os.altsep in word):
        _check_file(word)
        return word, False
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    own = own_folder(environment)
    theirs = [folder for folder in folders if own is None or os.path.realpath(folder) != own]
    found, refused = _search(word, theirs, environment)
    if not found and own is not None:
        found, refused = _search(word, folders, environment)
        return (found, False) if found else _give_up(word, refused, folders)
    if not found:
        _give_up(word, refused, folders)
    return found, len(theirs) != len(folders)


def own_folder(environment: Mapping[str, str]) -> str | None:
    """Give otelrun's own bin directory where it is that of a tool (``uvx``, ``pipx``), not of the program's environment."""
    if sys.prefix == sys.base_prefix or environment.get("VIRTUAL_ENV") == sys.prefix or not is_of_a_tool(sys.prefix):
        return None
    return os.path.realpath(os.path.dirname(sys.executable) if sys.executable else os.path.join(sys.prefix, "bin"))


def is_of_a_tool(prefix: str) -> bool:
    """Say whether an environment was made for one tool, by where uv and pipx put these."""
    parts = os.path.normpath(prefix).replace("\\", "/").split("/")
    if any(part.startswith(_CACHE_FOLDERS) for part in parts):
        return True
    return any(pair in _TOOL_FOLDERS for pair in pairwise(parts))


def _search(word: str, folders: list[str], environment: Mapping[str, str]) -> tuple[str, str]:
    """Give the first executable file, and the first file that is not executable."""
    refused = ""
    for folder in folders:
        for name in _spellings(word, environment):
            path = os.path.join(folder or os.curdir, name)
            if os.path.isfile(path):
                if _is_executable(path):
                    return path, refused
                refused = refused or path
    return "", refused


def _spellings(word: str, environment: Mapping[str, str]) -> list[str]:
    if os.name != "nt":
        return [word]
    extensions = environment.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").split(";")
    return [word] + [word + extension for extension in extensions]


def _check_file(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except NotADirectoryError:
        message = f"{path}: a part of the path is not a directory"
        raise CommandNotExecutableError(message) from None
    except PermissionError:
        message = f"{path}: permission denied"
        raise CommandNotExecutableError(message) from None
    except OSError:
        message = f"{path}: no such file{_near_files(path)}"
        raise CommandNotFoundError(message) from None
    if stat.S_ISDIR(mode):
        message = f"{path}: is a directory"
        if os.path.isfile(os.path.join(path, "__main__.py")):
            message += f"; did you mean `otelrun python {path}`?"
        raise CommandNotExecutableError(message)
    if not _is_executable(path):
        message = f"{path}: not executable"
        message += f"; did you mean `otelrun python {path}`?" if path.endswith((".py", ".pyz")) else ""
        raise CommandNotExecutableError(message)


def _is_executable(path: str) -> bool:
    """Say whether the system would execute it: for the effective user and with the capabilities of this process."""
    return os.access(path, os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def _give_up(word: str, refused: str, folders: list[str]) -> NoReturn:
    if refused:
        message = f"{refused}: not executable"
        raise CommandNotExecutableError(message)
    if word.endswith((".py", ".pyz")) and os.path.exists(word):
        message = f"{word}: not a command; did you mean `otelrun python {word}`?"
    elif os.path.exists(word):
        message = f"{word}: not a command on PATH; did you mean `otelrun .{os.sep}{word}`?"
    else:
        near = _nearest(word, [name for folder in folders for name in _names(folder)])
        message = f"{word}: command not found" + (f"; did you mean {near!r}?" if near else "")
    raise CommandNotFoundError(message)


def _near_files(path: str) -> str:
    folder, name = os.path.split(path)
    near = _nearest(name, _names(folder or os.curdir))
    return f"; did you mean {os.path.join(folder, near)!r}?" if near else ""


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder or os.curdir)
    except OSError:
        return []


def _nearest(word: str, names: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a message, and costs 6 ms

    return next(iter(get_close_matches(word, sorted(set(names)), n=1, cutoff=_NEAR)), "")
