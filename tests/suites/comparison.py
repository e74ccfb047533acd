"""Compare both ways of a file of tests, and tell what differs from what is merely unsteady.

Outcomes of the whole file, such as its exit status, are kept under its name, or under its name, a comma and what they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.suites.outcomes import WAYS, Difference, Outcomes, count_kinds, find_differences

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_RERUNS = 2


@dataclass(frozen=True)
class Comparison:
    """A file of tests on one version: how many of each outcome, both ways, and what differs.

    Attributes:
        unsteady: what differed at first and was the same both ways when it ran again.
    """

    version: str
    file: str
    bare: dict[str, int]
    observed: dict[str, int]
    differences: list[Difference] = field(default_factory=list)
    unsteady: list[Difference] = field(default_factory=list)


def compare(version: str, file: str, run: Callable[[str, Sequence[str]], Outcomes]) -> Comparison:
    """Run a file both ways, and what differs again, until it is the same or has differed three times.

    Args:
        version: of the interpreter.
        file: the name of the file.
        run: gives the outcomes of one way, of the tests of these ids alone, or of all where there are none.
    """
    bare, observed = (run(way, ()) for way in WAYS)
    found = differences = without_consequences(find_differences(bare, observed), file)
    for _ in range(_RERUNS):
        if not differences:
            break
        is_whole = any(is_of_whole(difference.test, file) for difference in differences)
        only = () if is_whole else sorted({base_of(difference.test) for difference in differences})
        again = [run(way, only) for way in WAYS]
        same = {test for test in again[0].keys() | again[1].keys() if again[0].get(test) == again[1].get(test)}
        still = {difference.test for difference in find_differences(*again)}
        differences = [each for each in differences if each.test in still or not _ran(each.test, file, same)]
    unsteady = [difference for difference in found if difference not in differences]
    return Comparison(version, file, _count(bare, file), _count(observed, file), differences, unsteady)


def without_consequences(differences: list[Difference], file: str) -> list[Difference]:
    """Leave out the exit status of a file in which tests differ, and all the tests of one that did not reach its end."""
    ends = [difference for difference in differences if difference.test == file]
    if any("exit status" not in end for difference in ends for end in (difference.bare, difference.observed)):
        return ends
    return [difference for difference in differences if difference.test != file] or ends


def is_of_whole(test: str, file: str) -> bool:
    """Say whether this outcome is of the whole file."""
    return test == file or test.startswith(f"{file},")


def base_of(test: str) -> str:
    """Give the id of the test that this outcome belongs to: without its subtest, and how many times it ran."""
    return test.partition(" ")[0].partition("#")[0]


def _ran(test: str, file: str, same: set[str]) -> bool:
    """Say whether a run has said the same of a test both ways, which saying nothing is not; a set-up is of its class."""
    if is_of_whole(test, file):
        return True
    base = base_of(test)
    return base in same or any(other.startswith(f"{base.rpartition('.')[0]}.") for other in same)


def _count(outcomes: Outcomes, file: str) -> dict[str, int]:
    return count_kinds({test: outcome for test, outcome in outcomes.items() if not is_of_whole(test, file)})
