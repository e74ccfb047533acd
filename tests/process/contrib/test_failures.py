"""An instrumentation of somebody else's that fails is off, with one line; the program and the other ones do not notice."""

from __future__ import annotations

import os
import sys

import pytest

from tests.support.programs import run_otelrun
from tests.support.store_rows import stored_spans
from tests.support.trees import trees

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "libraries", "clients.py")
CLASS = "class Instrumentor:\n    is_instrumented_by_opentelemetry = False\n"
FAILURES = {
    "missing": ("", "AttributeError: module 'broken' has no attribute 'Instrumentor'"),
    "import": ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    "syntax": ("def (", "SyntaxError: invalid syntax (broken.py, line 1)"),
    "constructor": (f"{CLASS}    def __init__(self): raise ValueError('no')", "ValueError: no"),
    "instrument": (f"{CLASS}    def instrument(self, **options): raise OSError('no')", "OSError: no"),
}


def install(site, text, requirement):
    """Make a distribution with the instrumentor ``broken``; gives the PYTHONPATH."""
    folder = site / "opentelemetry_instrumentation_broken-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: opentelemetry-instrumentation-broken\nVersion: 1.0\n"
        f'Requires-Dist: {requirement}; extra == "instruments"\n'
    )
    (folder / "entry_points.txt").write_text("[opentelemetry_instrumentor]\nbroken = broken:Instrumentor\n")
    (site / "broken.py").write_text(text)
    return {"PYTHONPATH": str(site)}


@pytest.mark.parametrize("failure", FAILURES)
def test_it_costs_one_line(tmp_path, failure):
    text, reason = FAILURES[failure]
    env = install(tmp_path / "site", text, "requests")

    observed = run_otelrun([sys.executable, APP, "requests", "httpx"], otelrun_dir=tmp_path / "runs", env=env)

    line = f"otelrun: instrumentation broken failed, the program goes on: {reason}\n".encode()
    assert (observed.stdout, observed.returncode) == (b"requests /requests\nhttpx /httpx\n", 0)
    assert observed.stderr == line
    exchange = ("client", "GET", [("server", "GET", [])])
    assert trees(stored_spans(tmp_path / "runs")) == [exchange, exchange]


def test_one_for_another_version_of_its_library_is_not_loaded(tmp_path):
    env = install(tmp_path / "site", "raise SystemExit(9)", "requests<2")

    observed = run_otelrun([sys.executable, APP, "requests"], env=env)

    assert (observed.stdout, observed.returncode) == (b"requests /requests\n", 0)
    (line,) = observed.stderr.splitlines()
    assert line.startswith(b"otelrun: not instrumented: requests 2.")
    assert line.endswith(b" is not supported by opentelemetry-instrumentation-broken (<2)")


def test_one_whose_library_the_program_does_not_import_is_not_loaded(tmp_path):
    env = install(tmp_path / "site", "raise SystemExit(9)", "redis")

    observed = run_otelrun([sys.executable, APP, "requests"], env=env)

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"requests /requests\n", b"", 0)
