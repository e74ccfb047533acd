"""Run CPython's own regression tests bare and under otelrun, and print what differs.

    python3 tests/suites/cpython.py [--python PATH ...] [--share ci|all] [--jobs N] [--results FILE] [FILES ...]

Each file runs as ``python -m test -v FILE``, first bare, then under the otelrun of this checkout, on interpreters that
have nothing of otelrun installed. What differs runs again, alone, up to twice each way: a test that is then the same both
ways is told as unsteady, not as a difference. The exit status is 1 if a difference is left that ``cpython_known.py`` does
not list. Progress goes to a terminal, the result to stdout.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from tests.suites.own_python import move_into

    move_into()

import argparse
import json
import signal
import subprocess
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING

from tests.suites.comparison import Comparison, compare
from tests.suites.cpython_known import is_known
from tests.suites.outcomes import BARE, OBSERVED, Difference, Outcomes, end_all
from tests.suites.regrtest import has_file, run_file
from tests.support.interpreters import find_interpreter
from tests.support.programs import environment

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSIONS = ("3.10", "3.11", "3.12", "3.13")

FILES = (
    "test_httpservers", "test_http_cookies", "test_httplib", "test_urllib", "test_urllib2_localnet",
    "test_urllib_response", "test_socketserver", "test_wsgiref", "test_xmlrpc", "test_threading", "test_thread",
    "test_threading_local", "test_concurrent_futures", "test_asyncio", "test_logging", "test_queue", "test_sched",
    "test_contextlib", "test_context", "test_subprocess", "test_multiprocessing_fork", "test_multiprocessing_spawn",
    "test_multiprocessing_forkserver", "test_runpy", "test_site", "test_cmd_line", "test_cmd_line_script",
    "test_zipapp", "test_zipimport", "test_inspect", "test_pickle", "test_copy", "test_signal", "test_atexit",
    "test_gc", "test_weakref", "test_traceback", "test_warnings", "test_faulthandler", "test_os", "test_posix",
    "test_import", "test_importlib",
)  # fmt: skip
"""Whatever otelrun patches, hooks into, or could be seen through."""

CI_FILES = (
    "test_httpservers", "test_http_cookies", "test_urllib_response", "test_wsgiref", "test_thread",
    "test_threading_local", "test_queue", "test_sched", "test_contextlib", "test_context", "test_runpy",
    "test_site", "test_zipapp", "test_copy", "test_atexit", "test_traceback", "test_warnings",
)  # fmt: skip
"""The share that runs with our own tests: quick ones, where a launcher would show."""

DEADLINE_S = 1_200.0


def compare_file(python: str, version: str, file: str, deadline_s: float = DEADLINE_S) -> Comparison:
    """Run a file of this interpreter's tests both ways."""

    def run(way: str, only: Sequence[str]) -> Outcomes:
        return run_file(way, python, file, only=only, deadline_s=deadline_s)

    return compare(version, file, run)


def print_report(comparisons: list[Comparison], absent: list[tuple[str, str]]) -> bool:
    """Print the table and the differences; give whether all that differs is known."""
    versions = sorted(
        {comparison.version for comparison in comparisons}, key=lambda version: int(version.split(".")[1])
    )
    print(f"| File | {' | '.join(versions)} |\n|---|{'---|' * len(versions)}")
    by_place = {(comparison.file, comparison.version): comparison for comparison in comparisons}
    for file in dict.fromkeys(comparison.file for comparison in comparisons):
        cells = [say_counts(by_place.get((file, version))) for version in versions]
        print(f"| {file} | {' | '.join(cells)} |")
    cells = [say_counts(sum_up(version, comparisons)) for version in versions]
    print(f"| all | {' | '.join(cells)} |")
    for version, file in absent:
        print(f"{version} {file}: not in this installation")
    is_good = True
    for comparison in comparisons:
        place = f"{comparison.version} {comparison.file}"
        if not comparison.bare:
            print(f"{place}: RAN NO TEST")
            is_good = False
        for difference in comparison.unsteady:
            print(f"{place}: unsteady: {difference}")
        for difference in comparison.differences:
            known = is_known(difference.test, comparison.version)
            is_good = is_good and known
            print(f"{place}: {'known' if known else 'DIFFERS'}: {difference}")
    return is_good


def sum_up(version: str, comparisons: list[Comparison]) -> Comparison:
    """Add the counts of all files of a version."""
    bare: Counter[str] = Counter()
    observed: Counter[str] = Counter()
    for comparison in comparisons:
        if comparison.version == version:
            bare.update(comparison.bare)
            observed.update(comparison.observed)
    return Comparison(version, "all", bare, observed)


def say_counts(comparison: Comparison | None) -> str:
    """Say how many of each outcome, once where both ways say the same."""
    if comparison is None:
        return ""
    bare, observed = (
        ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items(), key=lambda item: item[0].lower()))
        for counts in (comparison.bare, comparison.observed)
    )
    return bare if bare == observed else f"{BARE} {bare}; {OBSERVED} {observed}"


def version_of(python: str) -> str:
    """Ask an interpreter for its version, like ``3.12``."""
    asked = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(asked, env=environment(), capture_output=True, text=True, check=True).stdout.strip()


def read_results(path: str | None) -> list[Comparison]:
    """Read what earlier runs have kept, so that they can be continued."""
    if path is None or not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        for name in ("differences", "unsteady"):
            row[name] = [Difference(**difference) for difference in row[name]]
    return [Comparison(**row) for row in rows]


def main() -> int:
    """Run what the command line says; the exit status is 1 where something differs that is not known."""
    parser = argparse.ArgumentParser(description="CPython's regression tests, bare and under otelrun.")
    parser.add_argument(
        "--python", action="append", help="an interpreter to test; default: those of 3.10 to 3.13 found here"
    )
    parser.add_argument("--share", choices=("ci", "all"), default="all", help="which files; default: all")
    parser.add_argument("--jobs", type=int, default=2, help="files that run at a time; default: 2")
    parser.add_argument(
        "--results", metavar="FILE", help="keep results there as JSON lines; those kept are not run again"
    )
    parser.add_argument("files", nargs="*", metavar="FILES", help="files of tests, e.g. test_queue")
    options = parser.parse_args()
    hear_signals()
    pythons = options.python or [found for version in VERSIONS if (found := find_interpreter(version))]
    files = options.files or {"ci": CI_FILES, "all": FILES}[options.share]
    done = read_results(options.results)
    kept = {(comparison.version, comparison.file) for comparison in done}
    todo, absent = [], []
    for file in files:
        for python in pythons:
            version = version_of(python)
            if not has_file(python, file):
                absent.append((version, file))
            elif (version, file) not in kept:
                todo.append((python, version, file))
    progress = _Progress(len(todo), options.results)
    pool = ThreadPoolExecutor(options.jobs)
    try:
        done += pool.map(lambda place: progress.note(compare_file(*place)), todo)
    finally:  # at an interrupt there is work left
        pool.shutdown(wait=False, cancel_futures=True)
        end_all()
    order = {file: number for number, file in enumerate(FILES)}
    done.sort(key=lambda comparison: order.get(comparison.file, len(order)))
    return 0 if print_report(done, absent) else 1


def hear_signals() -> None:
    """End at SIGTERM as at an interrupt, and let tests be interrupted, which ``nohup`` and a shell's ``&`` have them ignore."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


class _Progress:
    def __init__(self, total: int, results: str | None) -> None:
        self._lock = threading.Lock()
        self._total, self._count, self._results = total, 0, results

    def note(self, comparison: Comparison) -> Comparison:
        with self._lock:
            self._count += 1
            if sys.stderr.isatty():
                what = f"{len(comparison.differences)} differ" if comparison.differences else "the same"
                print(f"[{self._count}/{self._total}] {comparison.version} {comparison.file}: {what}", file=sys.stderr)
            if self._results is not None:
                with open(self._results, "a", encoding="utf-8") as results:
                    results.write(json.dumps(asdict(comparison)) + "\n")
        return comparison


if __name__ == "__main__":
    sys.exit(main())
