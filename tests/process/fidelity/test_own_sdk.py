"""A program with an SDK of its own exports by itself what it exports bare; otelrun records beside it, and says so."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.pairs import assert_same, run_pair
from tests.support.programs import run_otelrun

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "own_sdk", "own_sdk.py")


def test_its_own_telemetry_is_what_it_is_bare() -> None:
    pair = run_pair([APP], env={"PYTHONWARNINGS": "ignore::DeprecationWarning"})
    assert pair.bare.stdout.startswith(b"['early', 'handle', 'late']\n")
    assert_same(pair)


def test_what_otelrun_instruments_is_recorded_beside_it(tmp_path: Path) -> None:
    run_otelrun([sys.executable, APP], otelrun_dir=tmp_path)
    shown = json.loads(run_otelrun(["show", "--json"], otelrun_dir=tmp_path).stdout)
    assert {shown["trace"]["name"], *(span["name"] for span in shown["trace"]["spans"])} == {"GET"}
    assert [shown["run"]["totals"][name] for name in ("spans", "logs")] == [2, 1]
    assert [note["text"].partition(" for ")[2].partition(":")[0] for note in shown["run"]["notes"]] == [
        "traces",
        "metrics",
        "logs",
    ]
