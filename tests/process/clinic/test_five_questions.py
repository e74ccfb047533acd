"""Five questions of somebody who is new here, about a program with mistakes in it: each answered in three commands or less.

docs/tutorial/five-questions.md walks through the same ones.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.support.programs import run_otelrun

pytestmark = pytest.mark.process

CLINIC = Path(__file__).parents[3] / "docs" / "examples" / "clinic"
LINE = next(
    number for number, line in enumerate((CLINIC / "app.py").read_text().splitlines(), 1) if '["phone"].split' in line
)

if sys.version_info < (3, 11):
    pytest.skip("what it is run with is pinned for 3.11 and later", allow_module_level=True)


@pytest.fixture(scope="module")
def runs(tmp_path_factory, contrib_python):
    """Run both releases of the clinic; gives the state directory and what the first run said at its end."""
    directory = tmp_path_factory.mktemp("clinic")
    said = []
    for release in ("1", "2"):
        env = {"CLINIC_RELEASE": release, "OTELRUN_SUMMARY": "full", "COLUMNS": "80"}
        words = [contrib_python, os.fspath(CLINIC / "app.py"), "--rounds", "20"]
        result = run_otelrun(words, otelrun_dir=directory, env=env, cwd=directory)
        assert result.returncode == 0
        said.append(result.stderr.decode())
    return directory, said


def ask(runs, *words):
    """Ask with one command; gives its output."""
    result = run_otelrun(words, otelrun_dir=runs[0], env={"COLUMNS": "80"}, cwd=runs[0])
    assert result.returncode == 0, result.stderr
    return result.stdout.decode()


def run_ids(runs):
    """Give the short ids of the two runs, the first release first."""
    listed = json.loads(ask(runs, "runs", "--json"))["runs"]
    return [run["run_id"].rpartition("-")[2] for run in reversed(listed)]


def test_which_line_fails(runs):
    """Step 1: look at what stands below the program's output."""
    _, (first, _) = runs
    assert f"app.py:{LINE} in area_code" in first
    assert "1× on GET /patients/*" in first  # noqa: RUF001 - the sign itself
    assert "log before it: WARNING clinic: patient 13 has no phone number" in first


def test_which_query_is_slow(runs):
    """Step 1: the summary says that /report spends its time in sqlite. Step 2: show a slow request."""
    _, (first, _) = runs
    (report,) = re.findall(r"^  GET /report .*$", first, re.MULTILINE)
    assert re.search(r" sqlite \d\d%", report)
    shown = ask(runs, "show", run_ids(runs)[0], "--slow", "60ms").partition("other traces")[0]
    assert "FROMvisitaJOINvisitbONa.reason=b.reason" in re.sub(r"\s", "", shown)


def test_which_log_lines_belong_to_a_request(runs):
    """Step 1: show the run: its failing request comes first, with its log lines inside."""
    shown = ask(runs, "show", run_ids(runs)[0], "--errors")
    trace = shown.partition("\ntrace ")[2].partition("\n\n")[0]
    assert "WARNING clinic: patient 13 has no phone number" in trace
    assert "ERROR clinic: cannot answer /patients/13" in trace


def test_what_has_changed_since_the_last_run(runs):
    """Step 1: compare with the run before."""
    said = ask(runs, "diff")
    (today,) = re.findall(r"^GET /today .*\n.*$", said, re.MULTILINE)
    assert "slower" in today
    assert "sqlite 1 → 21 per request" in today


def test_sending_it_to_a_colleague(runs, tmp_path):
    """Step 1: write a report. The colleague: open it, in a browser or with otelrun."""
    first, _ = run_ids(runs)
    file = tmp_path / "clinic.html"
    ask(runs, "report", first, "-o", os.fspath(file))
    assert 10_000 < file.stat().st_size < 400_000
    assert file.stat().st_mode & 0o777 == 0o600
