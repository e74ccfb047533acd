"""Exceptions pass otelrun's patches as if they were not there, and what stands on the stack of the program's code is listed."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.interpreters import find_interpreter
from tests.support.programs import run_otelrun, run_python

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

APPS = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "patches")

PROFILE = """
file_format: "1.1"
distribution:
  otelrun:
    extends: default
instrumentation/development:
  python:
    asyncio:
      task_spans: ["*"]
"""

OURS = {
    "http.server do_GET": ["handle_one_request"],
    "http.server log_message": ["log_error", "handle_one_request"],
    "http.server flush_headers": ["handle_one_request"],
    "http.server send_error": ["parse_request", "handle_one_request"],
    "http.client send": ["endheaders"],
    "http.client putheader": ["putrequest"],
    "threading target": [],
    "futures job": ["run"],
    "futures callback": ["run"],
    "asyncio task": [],
    "asyncio callback": [],
    "asyncio factory": ["create_task", "create_task"],
    "logging handler": [],
    "logging handler's filter": [],
    "logging filter": ["filter"],
}

_IN_REQUEST = "handle_one_request"

OURS_OF_QUEUES = {
    "item compared": ["_get", "get", _IN_REQUEST],
    "queue _put": [_IN_REQUEST],
    "queue _get": ["get", _IN_REQUEST],
    "asyncio queue _put": [_IN_REQUEST],
    "asyncio queue _get": ["get_nowait", "get", _IN_REQUEST],
    "sched action": ["run", _IN_REQUEST],
    "pool job": ["worker"],
    "pool callback": ["_set"],
    "pool iterable": ["_guarded_task_generation", "_handle_tasks"],
    "low level target": [],
}

OURS_OF_GRPC = {
    "sync unary handler": ["_unary_response_in_pool", "run"],
    "sync stream handler": ["_stream_response_in_pool", "run"],
    "sync handler of a stream": ["_unary_response_in_pool", "run"],
    "sync server interceptor": ["_find_method_handler"],
    "sync client callback": [],
    "aio unary handler": ["observed"],
    "aio stream handler": ["observed"],
    "aio, functions unary handler": ["observed", "run"],
    "aio, functions stream handler": ["_steps", "run"],
    "aio, functions handler of a stream": ["observed", "run"],
}


def run_both(script, python, folder):
    profile = folder / "profile.yaml"
    profile.write_text(PROFILE)
    script = os.path.join(APPS, script)
    bare = run_python([script], python=python)
    observed = run_otelrun(["--profile", str(profile), python, script])
    assert (bare.returncode, observed.returncode) == (0, 0), observed.stderr
    assert b"otelrun" not in observed.stderr
    return json.loads(bare.stdout), json.loads(observed.stdout)


def without_ours(frames):
    return [frame for frame in frames if frame[2] is not True]


def assert_stacks(bare, observed, ours):
    assert {
        where: [frame[1] for frame in seen["frames"] if frame[2] is True] for where, seen in observed.items()
    } == ours
    for where, seen in bare.items():
        assert without_ours(observed[where]["frames"]) == seen["frames"], where


def undoubled(frames):
    """Leave out each frame that is followed by one of the same function: a patch's, on 3.10."""
    return [
        frame
        for frame, after in zip(frames, [*frames[1:], None], strict=True)
        if after is None or frame[:2] != after[:2]
    ]


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.13"])
def test_an_exception_passes_as_bare(version: str, tmp_path: Path) -> None:
    is_own = version == f"{sys.version_info[0]}.{sys.version_info[1]}"
    python = sys.executable if is_own else find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    bare, observed = run_both("passing.py", python, tmp_path)
    facts = observed["passed"]["logging filter itself"]  # the one text that names a function by its class
    facts["args"] = facts["args"].replace("Logger.filter", "Filterer.filter")
    if version == "3.10":
        for passed in (bare["passed"], observed["passed"]):
            passed["asyncio bad argument"]["frames"] = (
                None  # raised by the call of the original: no frame follows the patch's
            )
        for facts in (*bare["passed"].values(), *observed["passed"].values()):
            if isinstance(facts, dict) and facts["frames"]:  # else nothing was raised
                facts["frames"] = undoubled(facts["frames"])
    assert len(bare["passed"]) > 165
    assert observed["passed"] == bare["passed"]
    assert_stacks(bare["stacks"], observed["stacks"], OURS)
    assert [seen["warned"] for seen in observed["stacks"].values()] == [
        seen["warned"] for seen in bare["stacks"].values()
    ]


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_an_exception_passes_queues_and_pools_as_bare(version: str, tmp_path: Path) -> None:
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    bare, observed = run_both("passing_queues.py", sys.executable if version == "3.11" else python, tmp_path)
    assert len(bare["passed"]) > 150
    assert observed["passed"] == bare["passed"]
    assert_stacks(bare["stacks"], observed["stacks"], OURS_OF_QUEUES)


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.13"])
def test_at_the_recursion_limit_the_error_is_the_one_of_a_bare_run(version: str, tmp_path: Path) -> None:
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    bare, observed = run_both("recursing.py", python, tmp_path)
    assert len(bare) == 6
    assert observed == bare


def test_an_exception_passes_grpc_as_bare(tmp_path: Path) -> None:
    bare, observed = run_both("passing_grpc.py", sys.executable, tmp_path)
    assert len(bare["passed"]) == 80
    assert observed["passed"] == bare["passed"]
    assert_stacks(bare["stacks"], observed["stacks"], OURS_OF_GRPC)
