"""Any Python of the machine can be the program's: from 3.10 on it is observed, an older one runs unchanged."""

from __future__ import annotations

import json
import os
import signal
import sys

import pytest

from otelrun.ring.directory import list_runs
from otelrun.stood_down import read
from tests.support.interpreters import OBSERVED, TOO_OLD, find_interpreter
from tests.support.programs import run_otelrun, run_python
from tests.support.store_rows import stored_logs, stored_spans
from tests.support.trees import trees

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "exchange", "exchange.py")
EXCHANGE = [("client", "GET", [("server", "GET", [])])]
LINES = [("INFO", "in the handler"), ("INFO", "in a task"), ("WARNING", "in a pool")]
ENDINGS = {
    "status": ("sys.exit(4)", 4),
    "signal": (f"os.kill(os.getpid(), {int(signal.SIGTERM)})", -signal.SIGTERM),
    "child": ("sys.exit(subprocess.call([sys.executable, '-c', 'import sys; sys.exit(5)']))", 5),
}


def found(version):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"there is no CPython {version} here")
    return python


@pytest.mark.parametrize("version", OBSERVED)
def test_a_program_of_an_interpreter_without_opentelemetry_is_observed(tmp_path, version):
    python = found(version)
    bare = run_python([APP], python=python)

    observed = run_otelrun([python, APP], otelrun_dir=tmp_path)

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, b"", 3)
    assert trees(stored_spans(tmp_path)) == EXCHANGE
    assert [(log.severity_text, log.body) for log in stored_logs(tmp_path)] == LINES


@pytest.mark.parametrize("version", OBSERVED)
def test_it_finds_the_packages_that_it_finds_bare(version):
    python = found(version)
    text = """
import importlib.util, json, sys
names = ("click", "yaml", "rich", "google", "grpc", "requests", "wrapt", "typing_extensions", "packaging", "pytest")
specs = [importlib.util.find_spec(name) for name in names]
print(sys.version, sys.path, sys.prefix, [spec and spec.origin for spec in specs])
"""

    bare = run_python(["-c", text], python=python)
    observed = run_otelrun([python, "-c", text])

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, bare.returncode)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("version", TOO_OLD)
def test_a_program_of_an_interpreter_that_is_too_old_runs_unchanged_after_one_line(tmp_path, version, ending):
    python = found(version)
    text, returncode = ENDINGS[ending]
    program = [
        "-c",
        f"import os, subprocess, sys; sys.stdout.write('%s\\n' % sys.argv); sys.stdout.flush(); {text}",
        "a b",
    ]

    bare = run_python(program, python=python)
    observed = run_otelrun([python, *program], otelrun_dir=tmp_path)

    assert (observed.stdout, observed.returncode) == (bare.stdout, returncode)
    reason = f"not observed: Python {version} is too old, 3.10 is needed"
    assert observed.stderr == f"otelrun: {reason}\n".encode()
    (run,) = list_runs(str(tmp_path))
    assert read(run.path) == [(f"python-{version}", reason, 2 if ending == "child" else 1)]


@pytest.mark.parametrize("version", TOO_OLD)
def test_children_of_an_interpreter_that_is_too_old_cost_one_line_in_all(tmp_path, version):
    old, new = found(version), found("3.12")
    text = f"import subprocess; [subprocess.call([{old!r}, '-c', 'print(4)']) for _ in range(3)]; import runpy; runpy.run_path({APP!r})"

    bare = run_python(["-c", text], python=new)
    observed = run_otelrun([new, "-c", text], otelrun_dir=tmp_path)

    reason = f"not observed: Python {version} is too old, 3.10 is needed"
    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, f"otelrun: {reason}\n".encode(), 3)
    assert trees(stored_spans(tmp_path)) == EXCHANGE
    shown = json.loads(run_otelrun(["show", "--json"], otelrun_dir=tmp_path).stdout)
    assert {"slug": f"python-{version}", "text": reason, "times": 3} in shown["run"]["notes"]


def test_a_program_of_a_newer_interpreter_starts_one_of_an_older_one_and_each_is_observed(tmp_path):
    versions = [version for version in OBSERVED if find_interpreter(version)]
    if len(versions) < 2:
        pytest.skip("needs two CPythons")
    older, newer = found(versions[0]), found(versions[-1])
    text = f"import subprocess; subprocess.run([{older!r}, {APP!r}]); import runpy; runpy.run_path({APP!r})"

    observed = run_otelrun([newer, "-c", text], otelrun_dir=tmp_path)

    assert (observed.stderr, observed.returncode) == (b"", 3)
    assert trees(stored_spans(tmp_path)) == EXCHANGE * 2
    assert len({span.pid for span in stored_spans(tmp_path)}) == 2


def test_the_interpreter_of_a_shebang_is_the_programs(tmp_path):
    python = found("3.12" if sys.version_info[:2] != (3, 12) else "3.11")
    script = tmp_path / "script"
    with open(APP, encoding="utf-8") as file:
        script.write_text(f"#!{python}\n{file.read()}")
    script.chmod(0o755)

    observed = run_otelrun([str(script)], otelrun_dir=tmp_path)

    assert (observed.stderr, observed.returncode) == (b"", 3)
    assert trees(stored_spans(tmp_path)) == EXCHANGE
