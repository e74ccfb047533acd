"""Reading Python's command line gives what CPython would run."""

from __future__ import annotations

import pytest

from otelrun.python_command import read_python_command


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["app.py", "-m", "x"], ("script", "app.py", "", ["-m", "x"])),
        (["-u", "app.py"], ("script", "app.py", "", [])),
        (["-m", "http.server", "8000"], ("module", "http.server", "", ["8000"])),
        (["-mhttp.server"], ("module", "http.server", "", [])),
        (["-um", "shop"], ("module", "shop", "", [])),
        (["-c", "pass", "-x"], ("code", "", "", ["-x"])),
        (["-cpass"], ("code", "", "", [])),
        (["-W", "error", "-X", "dev", "app.py"], ("script", "app.py", "", [])),
        (["-Werror", "-Xdev", "app.py"], ("script", "app.py", "", [])),
        (["--check-hash-based-pycs", "always", "app.py"], ("script", "app.py", "", [])),
        (["-I", "app.py"], ("script", "app.py", "-I", [])),
        (["-sE", "app.py"], ("script", "app.py", "-E", [])),
        (["-Sm", "shop"], ("module", "shop", "-S", [])),
        (["-WIgnore", "app.py"], ("script", "app.py", "", [])),
        (["--", "-odd.py"], ("script", "-odd.py", "", [])),
        (["-", "x"], ("stdin", "", "", ["x"])),
        ([], ("stdin", "", "", [])),
        (["-i"], ("stdin", "", "", [])),
        (["--version"], ("information", "", "", [])),
        (["-VV"], ("information", "", "", [])),
        (["-m"], ("module", "", "", [])),
    ],
)
def test_reads_the_words_after_the_interpreter(words, expected):
    command = read_python_command(words)

    assert (command.kind, command.program, command.blocking_option, list(command.rest)) == expected
