"""Every function that otelrun patches looks as it does bare: what a program can find out by looking at it is compared.

The points come from the instrumentations themselves, applied in a child; what is left to see is listed here and in the reference.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.support.interpreters import OBSERVED, find_interpreter
from tests.support.pairs import assert_same, run_pair
from tests.support.programs import run_python

pytestmark = pytest.mark.process

SCRIPT = os.path.join(os.path.dirname(__file__), "appearance.py")
ROOT = str(Path(__file__).parents[3])

ALL = {"__closure__", "__globals__", "inspect.getclosurevars"}
"""A replacement is a function of otelrun's, with what it needs in its closure."""

INHERITED = {"__qualname__", "keys", "pickle", "repr"}
"""It stands in the class that inherited the function, and is named by that: pickle finds it there."""

LED_TO = {"__dict__", "dir", "functools.wraps", "has __wrapped__", "unwrap", "vars"}
"""``__wrapped__`` leads to the original, which has annotations, or parameters that differ between versions."""

OTHER_PARAMETERS = {
    "__defaults__", "__kwdefaults__", "co_argcount", "co_kwonlyargcount", "flags", "inspect.getfullargspec", "parameters",
}  # fmt: skip
"""What is read of the code itself and does not follow ``__wrapped__``, as ``inspect.signature`` does."""

ARE_COMPILED = {"_thread.start_new_thread"}
COMPILED = {"autospec", "mock", "type"}
"""``type()`` of the replacement of a compiled one is another, which says it is the same; ``mock`` gives it its parameters."""

ARE_ANNOTATED = ("opentelemetry.context.",)
ARE_INHERITED = {
    "concurrent.futures.process._SafeQueue.get",
    "concurrent.futures.process._SafeQueue.put",
    "http.server.BaseHTTPRequestHandler.finish",
    "logging.Logger.filter",
}
OWNERS_OF_INHERITED = {point.rpartition(".")[0] for point in ARE_INHERITED}
HAVE_OTHER_PARAMETERS = (
    "asyncio.base_events.",
    "concurrent.futures.thread._WorkItem.",
    "grpc.",
)


def look(python: str, what: str, points: bytes = b"") -> bytes:
    done = run_python([SCRIPT, what], stdin=points, env={"PYTHONPATH": ROOT}, python=python)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.mark.parametrize("version", OBSERVED)
def test_a_patched_function_looks_as_it_does_bare(version):
    is_own = version == f"{sys.version_info[0]}.{sys.version_info[1]}"  # has grpc
    python = sys.executable if is_own else find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    points = look(python, "points")
    bare, patched = (json.loads(look(python, what, points)) for what in ("bare", "patched"))
    assert len(bare) >= (67 if is_own else 43 if version < "3.14" else 42)  # 3.14 needs no Thread._set_ident
    unexpected = {}
    for point, facts in bare.items():
        always = {"type"} if point in ARE_COMPILED else ALL
        allowed = set(always)
        if point in ARE_COMPILED:
            allowed |= COMPILED
        if point in ARE_INHERITED:
            allowed |= INHERITED
        elif point.rpartition(".")[0] in OWNERS_OF_INHERITED:
            allowed.add("keys")
        if point.startswith(ARE_ANNOTATED):
            allowed |= LED_TO
        if point.startswith(HAVE_OTHER_PARAMETERS):
            allowed |= LED_TO | OTHER_PARAMETERS
        if version == "3.10":
            allowed.add("lines")  # no instruction stands at the line of the definition
        differing = {
            fact: (value, patched[point][fact]) for fact, value in facts.items() if value != patched[point][fact]
        }
        assert set(differing) >= always, f"{point} is not patched"
        if differing.keys() - allowed:
            unexpected[point] = {fact: values for fact, values in differing.items() if fact not in allowed}
    assert unexpected == {}


CORNERS = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "patches", "corners.py")

TASK_SPANS = """
file_format: "1.1"
distribution: {otelrun: {extends: default}}
instrumentation/development: {python: {asyncio: {task_spans: ["*"]}}}
"""


def test_what_others_change_stays_as_it_is():
    assert_same(run_pair([CORNERS]))


def test_a_task_with_a_span_shows_one_more_callback_in_its_repr_and_nothing_else(tmp_path):
    profile = tmp_path / "profile.yaml"
    profile.write_text(TASK_SPANS)
    pair = run_pair([CORNERS], options=["--profile", str(profile)])
    assert pair.observed.stdout.replace(b"named work True", b"named work False") == pair.bare.stdout
    assert pair.observed.stderr == pair.bare.stderr
