"""``otelrun diff`` of two releases of the clinic: the second asks the database once more for each visit."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.support.programs import otelrun_command, run_otelrun, run_python

pytestmark = pytest.mark.process

CLINIC = os.fspath(Path(__file__).parents[3] / "docs" / "examples" / "clinic" / "app.py")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs")
    for release in ("1", "2"):
        command = [sys.executable, CLINIC, "--rounds", "12", "--register", os.fspath(directory / "clinic.db")]
        result = run_otelrun(command, otelrun_dir=directory, env={"CLINIC_RELEASE": release})
        assert result.returncode == 0, result
    return directory


def diff(directory, *words):
    result = run_python([*otelrun_command()[1:], "diff", *words], env={"OTELRUN_DIR": str(directory), "COLUMNS": "80"})
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def test_the_page_that_got_slower_is_named(runs):
    status, out, _ = diff(runs, "--json")
    document = json.loads(out)
    verdicts = {one["endpoint"]: one["verdict"] for one in document["endpoints"]}
    assert (status, verdicts["GET /today"], verdicts["GET /report"]) == (0, "slower", "too few calls")
    assert document["new_failures"] == document["gone_failures"] == []
    assert document["before"]["run_id"] < document["after"]["run_id"]


def test_people_see_it_on_one_screen(runs):
    status, out, err = diff(runs)
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 80
    assert any("GET /today" in line and "slower" in line for line in lines)


def test_a_build_can_end_by_its_status(runs):
    assert diff(runs, "--exit-code")[0] == 1
    names = [json.loads(diff(runs, "--json")[1])[side]["run_id"] for side in ("before", "after")]
    assert diff(runs, names[1], names[0], "--exit-code")[0] == 0


def test_a_run_alone_is_compared_with_the_newest_of_its_service(tmp_path):
    for service in ("shop", "shop", "other"):
        program = [sys.executable, "-c", "import logging; logging.error('x')"]
        assert run_otelrun(["--service-name", service, *program], otelrun_dir=tmp_path).returncode == 0
    oldest, middle, _ = sorted(os.listdir(tmp_path / "runs"))
    status, out, err = diff(tmp_path, oldest, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["after"]["run_id"] == middle


def test_one_run_cannot_be_compared(runs, tmp_path):
    after = json.loads(diff(runs, "--json")[1])["after"]["run_id"]
    status, _, err = diff(runs, after)
    assert status == 1
    assert "name two: otelrun diff BEFORE AFTER" in err
    assert diff(tmp_path)[0] == 1
