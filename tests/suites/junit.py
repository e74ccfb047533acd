"""Outcomes of single tests: read from JUnit XML, compared between two runs, told. Pure, apart from reading the file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MISSING = "not run"
_ORDER = ("passed", "failed", "error", "skipped", "xfailed", MISSING)


def read_junit(path: str) -> dict[str, str]:
    """Give each test's outcome by its id, as pytest takes it on the command line.

    Args:
        path: a report of pytest's, of the family ``xunit1``: the only one that names the file of a test.

    Returns:
        ``passed``, ``failed``, ``error``, ``skipped`` or ``xfailed``; two of them, joined by ``+``, for a test that also
        fails when it is torn down.
    """
    outcomes: dict[str, str] = {}
    for case in ET.parse(path).iter("testcase"):
        name, outcome = _node_id(case), _outcome(case)
        before = outcomes.get(name)
        outcomes[name] = outcome if before in (None, outcome) else f"{before}+{outcome}"
    return outcomes


def totals(outcomes: Mapping[str, str]) -> str:
    """Say how many tests there are of each outcome, e.g. ``120 passed, 3 skipped``."""
    counted = Counter(outcomes.values())
    known = [name for name in _ORDER if name in counted]
    return ", ".join(f"{counted[name]} {name}" for name in known + sorted(counted.keys() - set(known))) or "no tests"


def differences(bare: Mapping[str, str], observed: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Give the tests whose outcome is another one, with both, bare first, in the order of their names."""
    names = sorted(bare.keys() | observed.keys())
    both = {name: (bare.get(name, MISSING), observed.get(name, MISSING)) for name in names}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}


def told(found: Mapping[str, tuple[str, str]], title: str) -> Iterable[str]:
    """Give the lines that tell of differences."""
    for name, (bare, observed) in found.items():
        yield f"  {title}: {name}: bare {bare}, under otelrun {observed}"


def _outcome(case: ET.Element) -> str:
    for child in case:
        if child.tag == "skipped":
            return "xfailed" if child.get("type") == "pytest.xfail" else "skipped"
        if child.tag == "failure":
            return "failed"
        if child.tag == "error":
            return "error"
    return "passed"


def _node_id(case: ET.Element) -> str:
    file, classes, name = case.get("file") or "", case.get("classname") or "", case.get("name") or ""
    module = file.removesuffix(".py").replace("/", ".")
    if not file:
        return f"{classes}::{name}"
    if classes == module or not classes.startswith(f"{module}."):
        return f"{file}::{name}"
    return "::".join((file, *classes[len(module) + 1 :].split("."), name))
