"""Run the test suites of real projects bare and under otelrun of this checkout, and tell each test that ends otherwise.

    python3 tests/run.py --version                                    # makes .venv-tests, once
    .venv-tests/bin/python -m tests.suites.projects                   # all; or some: click flask
    .venv-tests/bin/python -m tests.suites.projects --instrumented    # with upstream's instrumentation of the project

Each project is installed from the package index, with pinned requirements, into an environment of its own outside the
checkout; its tests come from its source distribution. The exit status is 1 where a test's outcome differs that is not seen
to waver bare, too.
"""

from __future__ import annotations

import argparse
import glob
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.suites.junit import MISSING, differences, read_junit, told, totals
from tests.suites.project_table import PROJECTS, Project
from tests.support.programs import Result, environment, run_otelrun, run_python
from tests.support.project import ROOT, pyproject

if TYPE_CHECKING:
    from collections.abc import Sequence

REQUIREMENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "requirements")
BARE, OTELRUN, UPSTREAM = "bare", "otelrun", "opentelemetry-instrument"
_PRELUDE = "suite_prelude"
_AGAIN = 3  # how often a test that differs is run alone, each way
_DISTRO = "opentelemetry-distro==0.66b1"


class NotInstallableError(Exception):
    """The package index cannot be reached, or does not have what is pinned."""


class NoReportError(Exception):
    """A suite ended without a report: it could not be started, or did not end in time."""


@dataclass(frozen=True)
class Suite:
    """A project that is installed and unpacked.

    Attributes:
        project: which.
        python: the interpreter of its environment.
        source: the folder with its tests.
        reports: the folder for what the runs report.
        launcher: the interpreter that otelrun runs on.
        is_instrumented: whether upstream's instrumentation of the project is in its environment.
    """

    project: Project
    python: str
    source: str
    reports: str
    launcher: str
    is_instrumented: bool = False

    def run(self, way: str, tests: Sequence[str] = ()) -> tuple[dict[str, str], Result]:
        """Run the suite one way; give the outcomes and how pytest ended.

        Args:
            way: ``BARE``, ``OTELRUN`` or ``UPSTREAM``.
            tests: ids of single tests; none are all.
        """
        report = os.path.join(self.reports, f"{way}-{time.time_ns()}.xml")
        pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", f"--junitxml={report}"]
        left_out = [word for name in self.project.left_out for word in ("--deselect", name)]
        prelude = ["-p", _PRELUDE] if self.project.prelude else []
        command = [*pytest, *prelude, *self.project.options, *left_out, *(tests or self.project.tests)]
        result = self._start(way, command)
        with open(f"{report}.txt", "wb") as output:
            output.write(result.stdout + result.stderr)
        if not os.path.exists(report):
            raise NoReportError(
                f"{self.project.name} {way}: no report, exit status {result.returncode}; see {report}.txt"
            )
        return read_junit(report), result

    def _start(self, way: str, command: list[str]) -> Result:
        env = {"PATH": os.path.dirname(self.python) + os.pathsep + environment()["PATH"]}
        deadline_s = self.project.deadline_s
        if way == BARE:
            return run_python(command, python=self.python, cwd=self.source, env=env, deadline_s=deadline_s)
        if way == UPSTREAM:
            env |= {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
            launcher = [os.path.join(os.path.dirname(self.python), UPSTREAM), self.python]
            return run_python(
                [*launcher, *command], python=self.python, cwd=self.source, env=env, deadline_s=deadline_s
            )
        return run_otelrun(
            [self.python, *command],
            python=self.launcher,
            cwd=self.source,
            env=env | self.project.env,
            deadline_s=deadline_s,
        )


def prepare(project: Project, scratch: str, *, is_instrumented: bool = False, python: str = sys.executable) -> Suite:
    """Install the project and unpack its tests.

    Args:
        project: which.
        scratch: the folder for everything, outside the checkout; what is there already is used.
        is_instrumented: also install upstream's instrumentation of it.
        python: of which the environment is made.

    Raises:
        NotInstallableError: pip could not get it.
    """
    folder = os.path.join(scratch, project.name + ("-instrumented" if is_instrumented else ""))
    venv, source, reports = (os.path.join(folder, name) for name in ("venv", "source", "reports"))
    made = os.path.join(venv, "bin", "python")
    os.makedirs(reports, exist_ok=True)
    if not os.path.exists(os.path.join(folder, "ready")):
        subprocess.run([python, "-m", "venv", "--clear", "--without-pip", venv], env=environment(), check=True)
        extra = [project.instrumentation, _DISTRO] if is_instrumented else []
        pinned = os.path.join(REQUIREMENTS, f"{project.name}.txt")
        _pip("--python", made, "install", "--requirement", pinned, *extra)
        _unpack(project, folder, source)
        with open(os.path.join(folder, "ready"), "w", encoding="utf-8"):
            pass
    return Suite(project, made, source, reports, _prepare_launcher(scratch), is_instrumented)


def _prepare_launcher(scratch: str) -> str:
    """Make the environment of a user who has installed otelrun and nothing else; the tests' own has much to observe with."""
    venv = os.path.join(scratch, "launcher")
    made = os.path.join(venv, "bin", "python")
    if not os.path.exists(os.path.join(venv, "ready")):
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", venv], env=environment(), check=True)
        constraints = ["--constraint", os.path.join(ROOT, "constraints.txt")]
        _pip("--python", made, "install", *constraints, *pyproject()["project"]["dependencies"])
        with open(os.path.join(venv, "ready"), "w", encoding="utf-8"):
            pass
    return made


def _unpack(project: Project, folder: str, source: str) -> None:
    pinned = f"{project.name}=={project.version}"
    _pip("download", "--no-deps", "--no-binary", project.name, "--dest", folder, pinned)
    (archive,) = glob.glob(os.path.join(glob.escape(folder), f"{project.name}-*.tar.gz"))
    unpacked = os.path.join(folder, "unpacked")
    with tarfile.open(archive) as file:
        file.extractall(unpacked, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    shutil.rmtree(source, ignore_errors=True)
    (top,) = os.listdir(unpacked)
    os.rename(os.path.join(unpacked, top), source)
    if project.prelude:
        with open(os.path.join(source, f"{_PRELUDE}.py"), "w", encoding="utf-8") as plugin:
            plugin.write(project.prelude)
    for name in project.removed:
        shutil.rmtree(os.path.join(source, name))


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments, "-qq", "--disable-pip-version-check"]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if ended.returncode:
        raise NotInstallableError(ended.stderr.strip())


@dataclass(frozen=True)
class Comparison:
    """The outcomes of a suite's tests bare and another way, and of those that differ for good both."""

    bare: dict[str, str]
    observed: dict[str, str]
    lasting: dict[str, tuple[str, str]]  # besides those that are known to be the instrumentation's own


def compare(suite: Suite, way: str = OTELRUN) -> Comparison:
    """Run a suite bare and another way; print both totals, and the tests whose outcome differs."""
    name = suite.project.name
    bare = _told_run(suite, BARE)
    observed = _told_run(suite, way)
    found = differences(bare, observed)
    lasting = _lasting(suite, way, found) if found else {}
    for line in told({test: found[test] for test in found.keys() - lasting.keys()}, "wavers, equal when run again"):
        print(line)
    known = tuple(suite.project.upstreams) if suite.is_instrumented else ()
    upstreams = {test: lasting.pop(test) for test in [*lasting] if test.startswith(known)}
    for line in told(upstreams, "the instrumentation's own"):
        print(line)
    for line in told(lasting, "DIFFERS"):
        print(line)
    print(f"{name}: {len(lasting)} differences", flush=True)
    return Comparison(bare, observed, lasting)


def _told_run(suite: Suite, way: str) -> dict[str, str]:
    outcomes, result = suite.run(way)
    print(
        f"{suite.project.name} {suite.project.version} {way:8}: {totals(outcomes)} ({result.duration_s:.0f} s)",
        flush=True,
    )
    return outcomes


def _lasting(suite: Suite, way: str, found: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Run what differs again; give what differs alone each time, or once more with all the others around it."""
    seen: dict[str, dict[str, set[str]]] = {BARE: {}, way: {}}
    known = [
        test for test, (bare, _) in found.items() if bare != MISSING
    ]  # pytest runs none where it does not know one
    for _ in range(_AGAIN):
        for one, its in seen.items():
            outcomes, _ = suite.run(one, known)
            for test in found:
                its.setdefault(test, set()).add(outcomes.get(test, MISSING))
    alone = {test for test in found if not seen[BARE][test] & seen[way][test]}
    if len(alone) == len(found):
        return found
    again = differences(_told_run(suite, BARE), _told_run(suite, way))
    return {test: pair for test, pair in found.items() if test in alone or test in again}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suites that are named; gives 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="project", help=", ".join(project.name for project in PROJECTS))
    parser.add_argument(
        "--instrumented", action="store_true", help="with upstream's instrumentation in its environment"
    )
    parser.add_argument(
        "--upstream", action="store_true", help="run under opentelemetry-instrument instead, to compare"
    )
    parser.add_argument("--python", default=sys.executable, help="the interpreter of the projects' environments")
    parser.add_argument("--scratch", help="a folder to keep and use again; default: a temporary one")
    options = parser.parse_args(arguments)
    is_instrumented = options.instrumented or options.upstream
    chosen = [
        p for p in PROJECTS if p.name in (options.names or [p.name]) and (p.instrumentation or not is_instrumented)
    ]
    scratch = options.scratch or tempfile.mkdtemp(prefix="otelrun-suites-")
    differing = 0
    try:
        for project in chosen:
            suite = prepare(project, scratch, is_instrumented=is_instrumented, python=options.python)
            try:
                differing += bool(compare(suite, UPSTREAM if options.upstream else OTELRUN).lasting)
            except (NoReportError, AssertionError) as error:  # the second one: it did not end in time
                print(error, flush=True)
                differing += 1
    finally:
        if not options.scratch:
            shutil.rmtree(scratch, ignore_errors=True)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
