"""A mistaken profile, as the person at the terminal sees it."""

from __future__ import annotations

import sys

import pytest

from tests.support.golden import FOLDER
from tests.support.programs import run_otelrun

pytestmark = pytest.mark.process


def test_three_mistakes_end_with_three_lines_and_status_2_before_the_program_starts():
    command = ["--profile", "three_mistakes.yaml", sys.executable, "-c", "print('started')"]
    result = run_otelrun(command, cwd=FOLDER, env={"API_KEY": "s3cret"})
    expected = [f"otelrun: {line}" for line in (FOLDER / "three_mistakes.txt").read_text("utf-8").splitlines()]
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.decode().splitlines() == expected


def test_a_bad_value_of_a_standard_variable_does_not_stop_the_program():
    env = {"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_RESOURCE_ATTRIBUTES": "nonsense"}
    result = run_otelrun([sys.executable, "-c", "print('started')"], env=env)
    assert (result.returncode, result.stdout) == (0, b"started\n")
    assert b"OTEL_TRACES_EXPORTER: its value is not known here" in result.stderr
    assert b"nonsense" not in result.stderr
