"""Nothing of a program's lives longer under otelrun, and nothing is left for the collector that is not left bare."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.support.interpreters import find_interpreter
from tests.support.programs import run_otelrun, run_python

pytestmark = pytest.mark.process

SCRIPT = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "patches", "references.py")
QUIET = {"GRPC_VERBOSITY": "NONE"}  # or its core may say, on one way or the other, that the server was first to go
MORE_PER_TIME = 0.5  # gRPC's own threads are at work while the objects are counted


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.13"])
def test_objects_die_and_garbage_grows_as_bare(version):
    is_own = version == f"{sys.version_info[0]}.{sys.version_info[1]}"  # has grpc
    python = sys.executable if is_own else find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    arguments = [SCRIPT, *(["grpc"] if is_own else [])]
    bare = run_python(arguments, env=QUIET, python=python)
    observed = run_otelrun([python, *arguments], env=QUIET)
    assert (observed.returncode, observed.stderr) == (bare.returncode, bare.stderr) == (0, b"")
    was, now = json.loads(bare.stdout), json.loads(observed.stdout)
    assert len(was["dead"]) > 60
    assert now["dead"] == was["dead"]
    assert now["garbage"] == was["garbage"] == 0
    assert {name: grown for name, grown in now["growth"].items() if grown > was["growth"][name] + MORE_PER_TIME} == {}
