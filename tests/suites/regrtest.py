"""CPython's own regression tests: run one file of them, and read what ``python -m test`` says of each test.

Its XML has all tests but not their failed subtests; its verbose text has those.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.suites.outcomes import Outcomes, run_way
from tests.support.programs import environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESOURCES = {"test_socketserver": "network"}
"""What else a file may use; this one calls the loopback interface so. No other may leave this machine."""

_SET_UPS = ("setUpClass", "tearDownClass", "setUpModule", "tearDownModule")
_FAILED = re.compile(
    r"^={70}\n(?P<kind>FAIL|ERROR): (?P<name>\S+) \((?P<place>[^\s()]+)\)(?: (?P<subtest>[(\[].*))?$", re.MULTILINE
)
_COUNTS = re.compile(r"^(Ran \d+ tests?) in .*\n\n(.+)$", re.MULTILINE)
_CHANGED = re.compile(r"^Warning -- (\S+) was modified by", re.MULTILINE)


def has_file(python: str, file: str) -> bool:
    """Say whether the interpreter's installation has this file, or package, of tests; some leave out a few."""
    asked = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('test.{file}') is None)"
    return subprocess.run([python, "-c", asked], env=environment(), capture_output=True, check=False).returncode == 0


def run_file(
    way: str,
    python: str,
    file: str,
    *,
    only: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    deadline_s: float,
) -> Outcomes:
    """Run a file of tests and give what it says of each, and of the whole: its end and what it left changed.

    Args:
        way: bare or under otelrun.
        python: the path of the interpreter.
        file: e.g. ``test_queue``.
        only: the ids of the tests to run; all where it is empty.
        env: added to the scrubbed environment.
        deadline_s: for all of it.
    """
    with tempfile.TemporaryDirectory(prefix="suite-", ignore_cleanup_errors=True) as scratch:
        os.chmod(scratch, 0o755)  # some tests become another user, who starts in it
        report = os.path.join(scratch, "report.xml")
        options = ["-v", "--junit-xml", report, *(word for test in only for word in ("--match", pattern_of(test)))]
        if file in RESOURCES:
            options += ["-u", RESOURCES[file]]
        try:
            command = [python, "-m", "test", *options, file]
            ending = run_way(way, command, scratch=scratch, env=env, deadline_s=deadline_s)
        except AssertionError as lives_on:
            return {file: str(lives_on)}
        outcomes = {file: ", ".join([str(ending), *read_counts(ending.output)])} | read_failures(ending.output)
        if changed := sorted(set(_CHANGED.findall(ending.output))):
            outcomes[f"{file}, what it changed"] = ", ".join(changed)
        return outcomes | read_report(report)


def pattern_of(test: str) -> str:
    """Give what ``--match`` takes for a test; for a set-up, all that it sets up."""
    place, _, name = test.rpartition(".")
    return f"{place}.*" if name in _SET_UPS else test


def read_report(path: str) -> Outcomes:
    """Read the XML report; nothing where there is none, as after a crash. A test that runs twice has ``#2`` behind its id."""
    try:
        cases = ET.parse(path).getroot().iter("testcase")
    except (OSError, ET.ParseError):
        return {}
    outcomes: Outcomes = {}
    for case in cases:
        name = case.get("name")
        if name is None:  # a subtest of it failed: the text says which
            continue
        test, times = name, 1
        while test in outcomes:
            times += 1
            test = f"{name}#{times}"
        outcomes[test] = _read_case(case)
    return outcomes


def _read_case(case: ET.Element) -> str:
    for tag, outcome in (
        ("error", "ERROR"),
        ("failure", "FAIL"),
        ("outcome", "unexpected success"),
        ("output", "expected failure"),
    ):
        if case.find(tag) is not None:
            return outcome
    skipped = case.findtext("skipped")
    return "ok" if skipped is None else f"skipped: {skipped}"


def read_counts(text: str) -> list[str]:
    """Read how many tests of each module ran, and what came of them, from the verbose text."""
    return [": ".join(match.groups()) for match in _COUNTS.finditer(text)]


def read_failures(text: str) -> Outcomes:
    """Read the headings of the failures from the verbose text: tests, subtests, and set-ups of classes and modules."""
    outcomes = {}
    for match in _FAILED.finditer(text):
        name, place = match["name"], match["place"]
        test = place if place.endswith(f".{name}") else f"{place}.{name}"
        outcomes[f"{test} {match['subtest']}" if match["subtest"] else test] = match["kind"]
    return outcomes
