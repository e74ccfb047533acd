"""How CPython reads its own command line: which of the words is the program. Pure; used on both sides of exec."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_TAKE_A_VALUE = "cmWX"
_INFORMATION = "hV?"
_STOP_SITE = "IES"


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
    while index < len(words) and words[index].startswith("-") and words[index] != "-":
        word = words[index]
        index += 1
        if word == "--":
            break
        if word.startswith("--"):
            if word != "--check-hash-based-pycs":
                return PythonCommand("information", "", blocking, words[index:])
            index += 1
            continue
        flags, last, value = _split_options(word)
        blocking = blocking or next((f"-{flag}" for flag in flags if flag in _STOP_SITE), "")
        if last and last in _INFORMATION:
            return PythonCommand("information", "", blocking, words[index:])
        if last and not value:
            value = words[index] if index < len(words) else ""
            index += 1
        if last == "c":
            return PythonCommand("code", "", blocking, words[index:])
        if last == "m":
            return PythonCommand("module", value, blocking, words[index:])
    if index >= len(words) or words[index] == "-":
        return PythonCommand("stdin", "", blocking, words[index + 1 :])
    return PythonCommand("script", words[index], blocking, words[index + 1 :])


def _split_options(word: str) -> tuple[str, str, str]:
    """Split ``-Ium`` or ``-Wignore`` into plain flags, the one option that ends the word (if any), and what follows it."""
    for position, letter in enumerate(word):
        if letter in _TAKE_A_VALUE or letter in _INFORMATION:
            return word[1:position], letter, word[position + 1 :]
    return word[1:], "", ""
