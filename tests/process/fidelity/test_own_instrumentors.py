"""A program that calls upstream's instrumentors itself: it sees what it sees bare, and no operation is recorded twice."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.interpreters import make_environment
from tests.support.programs import run_otelrun, run_python
from tests.support.store_rows import stored_spans

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "own_sdk", "own_instrumentors.py")
ENV = {"PYTHONWARNINGS": "ignore", "GRPC_VERBOSITY": "NONE"}  # its core has lines of its own on stderr

OURS = "otelrun.instrumentation."
UPSTREAM = "opentelemetry.instrumentation."


def run(directory: Path, what: str, python: str = sys.executable) -> dict[str, Any]:
    """Run the program bare and under otelrun, compare, and give what ``otelrun show`` says of the run."""
    bare = run_python([APP, what], env=ENV, python=python)
    assert bare.returncode == 0
    observed = run_otelrun([python, APP, what], otelrun_dir=directory, env=ENV)
    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, 0)
    shown: dict[str, Any] = json.loads(run_otelrun(["show", "--json"], otelrun_dir=directory).stdout)
    return shown


def spans(directory: Path) -> list[tuple[str, str, str]]:
    """Give name, kind and scope of all spans."""
    return sorted((span.name, span.kind, span.scope) for span in stored_spans(directory))


def notes(shown: dict[str, Any]) -> list[str]:
    return sorted(note["slug"] for note in shown["run"]["notes"])


def test_its_instrumentor_takes_the_place_of_otelruns_and_leaves_with_its_call(tmp_path: Path) -> None:
    assert notes(run(tmp_path, "requests")) == ["instrumented:requests"]
    assert spans(tmp_path) == [
        ("GET", "client", f"{OURS}http_client"),  # after ``uninstrument``
        ("GET", "server", f"{OURS}http_server"),
        ("GET", "server", f"{OURS}http_server"),
        ("mine", "client", f"{UPSTREAM}requests"),
    ]


def test_an_application_that_it_instruments_is_its_own_and_others_are_observed(tmp_path: Path) -> None:
    assert notes(run(tmp_path, "fastapi")) == ["instrumented:fastapi"]
    servers = [span for span in spans(tmp_path) if span[1] == "server"]
    assert servers == [
        ("GET /hello", "server", f"{UPSTREAM}fastapi"),
        ("mine", "server", f"{UPSTREAM}fastapi"),
        ("mine", "server", f"{UPSTREAM}fastapi"),
    ]


def test_flasks_of_a_program_with_an_sdk_in_an_environment_of_its_own(tmp_path: Path) -> None:
    requirements = ("flask", "opentelemetry-instrumentation-flask", "opentelemetry-sdk")
    python = make_environment(tmp_path / "environment", sys.executable, *requirements)
    shown = run(tmp_path / "runs", "flask", python)
    assert notes(shown) == ["instrumented:flask", "own-traces"]
    assert spans(tmp_path / "runs") == [
        ("GET", "server", f"{OURS}http_server"),  # around the one that it does not instrument itself
        ("GET /<name>", "internal", f"{UPSTREAM}flask"),
        ("GET /<name>", "server", f"{UPSTREAM}flask"),
        ("hello", "internal", "app"),
        ("hello", "internal", "app"),
    ]


@pytest.mark.parametrize("what", ["grpc", "grpc_interceptors"])
def test_a_call_has_one_span_on_each_side(tmp_path: Path, what: str) -> None:
    run(tmp_path, what)
    assert spans(tmp_path) == [
        ("/Echo/Say", "client", f"{UPSTREAM}grpc"),
        ("/Echo/Say", "server", f"{UPSTREAM}grpc"),
    ]


def test_a_log_record_is_recorded_once(tmp_path: Path) -> None:
    assert run(tmp_path, "logging")["run"]["totals"]["logs"] == 1
