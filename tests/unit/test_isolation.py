"""A command line that keeps otelrun out is rewritten so that it does not, and no other is."""

from __future__ import annotations

import sys

import pytest

from otelrun.isolation import AS_SCRIPT, WAY_ROUND, go_round, read_shebang
from tests.unit.launch.test_target import make_script


@pytest.mark.parametrize(
    ("first_line", "rest", "expected"),
    [
        ("#!/usr/bin/env python3", "", ["/usr/bin/env", "python3"]),
        ("#! /usr/bin/python3 -I", "", ["/usr/bin/python3", "-I"]),
        ("#!/bin/sh", "'''exec' \"/a/long/python\" \"$0\" \"$@\"\n' '''\n", ["/a/long/python"]),
        ("#!/bin/sh", "exec python\n", ["/bin/sh"]),
        ("print()", "", []),
    ],
)
def test_reads_the_first_line(tmp_path, first_line, rest, expected):
    assert read_shebang(make_script(tmp_path / "x", first_line, rest)) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-I", "a.py", "-S"], ["-I", WAY_ROUND, "-I", "a.py", "-S"]),
        (["-uEm", "shop", "x"], ["-uE", WAY_ROUND, "-uEm", "shop", "x"]),
        (["-IW", "error", "-c", "pass"], ["-IW", "error", WAY_ROUND, "-IW", "error", "-c", "pass"]),
        (["-S", "--", "a.py"], ["-S", WAY_ROUND, "-S", "--", "a.py"]),
        (["-E"], ["-E", WAY_ROUND, "-E"]),
    ],
)
def test_the_way_round_stands_between_the_options_and_the_whole_command_line(words, expected):
    assert go_round("/usr/bin/python3", ["python", *words]) == ("/usr/bin/python3", ["python", *expected])


@pytest.mark.parametrize(
    "words", [["a.py", "-I"], ["-m", "shop"], [], ["-I", "--version"], ["-Ix", "a.py"], ["-I", WAY_ROUND, "-I", "a.py"]]
)
def test_what_needs_no_way_round_or_cannot_go_it_stays(words):
    assert go_round("/usr/bin/python3", ["python", *words]) is None


@pytest.mark.parametrize(
    ("first_line", "before", "options"),
    [
        ("#!/venv/bin/python -sE", ["/venv/bin/python"], ["-sE"]),
        ("#!/usr/bin/env -S python3 -I -u", ["/usr/bin/env", "python3"], ["-I", "-u"]),
    ],
)
def test_a_script_is_run_by_the_interpreter_of_its_first_line(tmp_path, first_line, before, options):
    path = make_script(tmp_path / "tool", first_line)

    name = [AS_SCRIPT] if len(before) == 1 else []
    assert go_round(path, ["tool", "x"]) == (before[0], [*before, *options, WAY_ROUND, *name, *options, path, "x"])


@pytest.mark.parametrize("first_line", ["#!/bin/sh", f"#!{sys.executable}", "#!/venv/bin/python -s -E", "print()"])
def test_other_scripts_run_as_they_are(tmp_path, first_line):
    assert go_round(make_script(tmp_path / "tool", first_line), ["tool"]) is None


def test_a_file_that_is_not_there_is_for_the_system_to_refuse(tmp_path):
    assert go_round(str(tmp_path / "no_such_file"), ["x"]) is None
