"""How CPython reads its own command line: which of the words is the program. Pure; used on both sides of exec."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_TAKE_A_VALUE = "cmWX"
_INFORMATION = "hV?"
_STOP_SITE = "IES"
_NAMES = ("python", "pypy")


class PythonCommand:
    """A Python command line, read.

    Attributes:
        kind: ``script`` (a file, directory or zip), ``module`` (-m), ``code`` (-c), ``stdin`` (or interactive), or
            ``information`` (--version, --help, a mistake: nothing runs).
        program: path of the script, name of the module, text of the code; else empty.
        rest: the words after the program.
        flags: the letters of the options without a value.
        options: the words before the program; an option that names the program is not among them.
    """

    __slots__ = ("flags", "kind", "options", "program", "rest")

    def __init__(self, kind: str, program: str, rest: Sequence[str], flags: str, options: Sequence[str]) -> None:
        """Keep the parts."""
        self.kind = kind
        self.program = program
        self.rest = rest
        self.flags = flags
        self.options = options

    @property
    def blocking_option(self) -> str:
        """``-I``, ``-E`` or ``-S`` where one keeps ``PYTHONPATH`` or ``site`` from being used; else empty."""
        return next((f"-{flag}" for flag in self.flags if flag in _STOP_SITE), "")


def read_python_command(words: Sequence[str]) -> PythonCommand:
    """Read the words that follow the interpreter, as ``Python/getopt.c`` does."""
    flags = ""
    options: list[str] = []
    index = 0
    while index < len(words) and words[index].startswith("-") and words[index] != "-":
        word = words[index]
        index += 1
        if word == "--":
            break
        if word.startswith("--"):
            if word != "--check-hash-based-pycs":
                return PythonCommand("information", "", words[index:], flags, options)
            options += words[index - 1 : index + 1]
            index += 1
            continue
        plain, last, value = _split_options(word)
        flags += plain
        if last and last in _INFORMATION:
            return PythonCommand("information", "", words[index:], flags, options)
        begin = index - 1
        if last and not value:
            if index >= len(words):  # CPython says what is missing
                return PythonCommand("information", "", (), flags, options)
            value = words[index]
            index += 1
        if last and last in "cm":
            options += [f"-{plain}"] if plain else []
            return PythonCommand("code" if last == "c" else "module", value, words[index:], flags, options)
        options += words[begin:index]
    if index >= len(words) or words[index] == "-":
        return PythonCommand("stdin", "", words[index + 1 :], flags, options)
    return PythonCommand("script", words[index], words[index + 1 :], flags, options)


def is_python(path: str) -> bool:
    """Say whether an executable is a Python interpreter, by its name: ``python3.12``, ``pypy3``, ``python3.13t``."""
    name = os.path.basename(path).lower().removesuffix(".exe")
    name = next((name[len(start) :] for start in _NAMES if name.startswith(start)), "-")
    return not name.removesuffix("t").strip("0123456789.")


def _split_options(word: str) -> tuple[str, str, str]:
    """Split ``-Ium`` or ``-Wignore`` into plain flags, the one option that ends the word (if any), and what follows it."""
    for position, letter in enumerate(word):
        if letter in _TAKE_A_VALUE or letter in _INFORMATION:
            return word[1:position], letter, word[position + 1 :]
    return word[1:], "", ""
