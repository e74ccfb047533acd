"""How CPython reads its own command line: which of the words is the program. Pure; used on both sides of exec."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_TAKE_A_VALUE = "cmWX"
_STOP_SITE = {"I": "-I", "E": "-E", "S": "-S"}


class PythonCommand:
    """A Python command line, read.

    Attributes:
        kind: ``script`` (a file, directory or zip), ``module`` (-m), ``code`` (-c), ``stdin`` (or interactive), or
            ``information`` (--version, --help: nothing runs).
        program: path of the script, name of the module; else empty.
        blocking_option: ``-I``, ``-E`` or ``-S`` where one keeps ``PYTHONPATH`` or ``site`` from being used; else empty.
        rest: the words after the program.
    """

    __slots__ = ("blocking_option", "kind", "program", "rest")

    def __init__(self, kind: str, program: str, blocking_option: str, rest: Sequence[str]) -> None:
        """Keep the parts."""
        self.kind = kind
        self.program = program
        self.blocking_option = blocking_option
        self.rest = rest


def read_python_command(words: Sequence[str]) -> PythonCommand:
    """Read the words that follow the interpreter, as ``Python/getopt.c`` does."""
    blocking = ""
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if word == "--":
            break
        if word == "-" or not word.startswith("-"):
            index -= 1
            break
        if word.startswith("--"):
            if word == "--check-hash-based-pycs":
                index += 1
            elif word in ("--help", "--version", "--help-all", "--help-env", "--help-xoptions"):
                return PythonCommand("information", "", blocking, words[index:])
            continue
        for position, letter in enumerate(word[1:], start=1):
            if letter in "hV?":
                return PythonCommand("information", "", blocking, words[index:])
            blocking = blocking or _STOP_SITE.get(letter, "")
            if letter not in _TAKE_A_VALUE:
                continue
            value = word[position + 1 :]
            if not value:
                value = words[index] if index < len(words) else ""
                index += 1
            if letter in "cm":
                kind = "code" if letter == "c" else "module"
                return PythonCommand(kind, value if letter == "m" else "", blocking, words[index:])
            break
    if index >= len(words) or words[index] == "-":
        return PythonCommand("stdin", "", blocking, words[index + 1 :])
    return PythonCommand("script", words[index], blocking, words[index + 1 :])
