"""Reading Python's command line gives what CPython would run."""

from __future__ import annotations

import pytest

from otelrun.python_command import is_python, read_python_command


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["app.py", "-m", "x"], ("script", "app.py", "", ["-m", "x"])),
        (["-u", "app.py"], ("script", "app.py", "", [])),
        (["-m", "http.server", "8000"], ("module", "http.server", "", ["8000"])),
        (["-mhttp.server"], ("module", "http.server", "", [])),
        (["-um", "shop"], ("module", "shop", "", [])),
        (["-c", "pass", "-x"], ("code", "pass", "", ["-x"])),
        (["-cpass"], ("code", "pass", "", [])),
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
        (["-m"], ("information", "", "", [])),
        (["-I", "-c"], ("information", "", "-I", [])),
    ],
)
def test_reads_the_words_after_the_interpreter(words, expected):
    command = read_python_command(words)

    assert (command.kind, command.program, command.blocking_option, list(command.rest)) == expected


@pytest.mark.parametrize(
    ("words", "flags", "options"),
    [
        (["-uI", "-W", "error", "-Xdev", "app.py", "-E"], "uI", ["-uI", "-W", "error", "-Xdev"]),
        (["-Im", "shop", "x"], "I", ["-I"]),
        (["-E", "-cpass"], "E", ["-E"]),
        (["-I", "--check-hash-based-pycs", "always", "--", "app.py"], "I", ["-I", "--check-hash-based-pycs", "always"]),
        (["-S"], "S", ["-S"]),
    ],
)
def test_the_options_are_all_that_stands_before_the_program(words, flags, options):
    command = read_python_command(words)

    assert (command.flags, command.options) == (flags, options)


@pytest.mark.parametrize(
    "path", ["python", "/usr/bin/python3", "python3.13t", "pypy3.10", "PYTHON.EXE", "/a/python3.12.exe"]
)
def test_an_interpreter_is_known_by_its_name(path):
    assert is_python(path)


@pytest.mark.parametrize("path", ["python-config", "ipython", "python3-dbg", "pythonw.sh", "/python/run", ""])
def test_and_what_only_sounds_like_one_is_none(path):
    assert not is_python(path)
