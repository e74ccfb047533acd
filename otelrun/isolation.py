"""Interpreters that PYTHONPATH does not reach (``-I``, ``-E``) or that do without ``site`` (``-S``): the way round.

``python -I app.py`` becomes ``python -I WAY_ROUND -I app.py``: a script of otelrun's starts under the same options, hooks the
interpreter, and runs the program in its place. Used on both sides of exec, only for command lines with such an option.
"""

from __future__ import annotations

import os

from otelrun.python_command import is_python, read_python_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

WAY_ROUND = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch", "isolated", "way_round.py")
"""The script."""

AS_SCRIPT = "--as-script"
"""Word for it: the process is to have the name of the script, which the system has executed itself."""

_ENV = "env"
_SPLIT = "-S"
_SKIPS_FIRST_LINE = "x"
_SHEBANG_LIMIT = 512


def go_round(executable: str, arguments: Sequence[str]) -> tuple[str, list[str]] | None:
    """Rewrite a command line that would keep otelrun out.

    Args:
        executable: the file that is to be executed: an interpreter, or a script whose first line names one.
        arguments: its ``argv``.

    Returns:
        What to execute instead, and its ``argv``; None where nothing has to be rewritten, or it cannot be.
    """
    before: Sequence[str]
    name: tuple[str, ...] = ()
    if is_python(executable):
        before, words = arguments[:1], list(arguments[1:])
    else:
        interpreter = _interpreter_of(executable)
        if not interpreter:
            return None
        executable, before, options = interpreter
        name = (AS_SCRIPT,) if is_python(executable) else ()
        words = [*options, *arguments[1:]]
    command = read_python_command(words)
    is_in_need = command.blocking_option and command.kind != "information"
    if not is_in_need or _SKIPS_FIRST_LINE in command.flags or command.program == WAY_ROUND:
        return None
    if not os.access(WAY_ROUND, os.R_OK):
        return None
    return executable, [*before, *command.options, WAY_ROUND, *name, *words]


def read_shebang(path: str) -> list[str]:
    """Give the words of a script's first line; empty where it is none.

    The two-line form by which installers get around the length limit of a shebang (``'''exec' /a/python "$0" "$@"``) counts.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_SHEBANG_LIMIT)
    except OSError:
        return []
    if not head.startswith(b"#!"):
        return []
    lines = head[2:].decode("utf-8", "replace").splitlines()
    if len(lines) > 1 and lines[1].startswith("'''exec'"):
        return [word.strip('"') for word in lines[1].split()[1:] if word not in ('"$0"', '"$@"')]
    return lines[0].split()


def _interpreter_of(script: str) -> tuple[str, list[str], list[str]] | None:
    """Give what the system executes for a script of Python's, its first arguments, and Python's: options and the script."""
    words = read_shebang(script)
    if words and is_python(words[0]) and len(words) <= 2:  # noqa: PLR2004 - the system passes all that follows as one word
        return words[0], words[:1], [*words[1:], script]
    if len(words) > 2 and os.path.basename(words[0]) == _ENV and words[1] == _SPLIT and is_python(words[2]):  # noqa: PLR2004
        return words[0], [words[0], words[2]], [*words[3:], script]
    return None
