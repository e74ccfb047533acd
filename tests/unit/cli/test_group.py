"""The help shows how otelrun is used, and click reads a launch just as the plain reader does."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from otelrun import __version__, cli
from otelrun.cli import group as group_module
from otelrun.cli import run as run_module
from otelrun.cli.group import group
from otelrun.cli.words import read_launch_words


@pytest.fixture
def launched(monkeypatch):
    """Catch what would be launched."""
    launched = []
    monkeypatch.setattr(run_module, "launch_command", lambda command, wishes, _: launched.append((command, wishes)))
    return launched


@pytest.mark.parametrize(
    "words",
    [
        ["python", "app.py", "--help", "-m", "--", "x"],
        ["run", "python", "--help"],
        ["run", "show"],
        ["--profile", "dev", "python"],
        ["--profile", "dev", "run", "--service-name", "a", "--to", "http://x", "python"],
        ["--", "--odd"],
        ["--init", "python"],
        ["run", "--init", "python", "--init"],
    ],
)
def test_click_and_the_plain_reader_agree(words, launched):
    result = CliRunner().invoke(group, words, catch_exceptions=False)

    assert result.exit_code == 0
    assert [tuple(read_launch_words(words, ("runs", "show", "prepare")))] == launched


def test_help_begins_with_examples_and_imports_no_verb(monkeypatch):
    monkeypatch.setattr(group_module, "import_module", None)
    result = CliRunner().invoke(group, ["--help"])

    assert result.exit_code == 0
    assert result.output.index("otelrun python app.py") < result.output.index("--profile NAME|FILE")
    assert "prepare" not in result.output


def test_version():
    assert CliRunner().invoke(group, ["--version"]).output == f"otelrun {__version__}\n"


@pytest.mark.parametrize("words", [["--profile"], ["--profile", "dev"], ["--unknown", "x"], ["run"]])
def test_mistakes_end_with_status_2(words, launched):
    result = CliRunner().invoke(group, words)

    assert (result.exit_code, launched) == (2, [])


def test_the_plain_reader_leaves_every_verb_but_run_to_click():
    assert {*cli._VERBS, "run"} >= set(group_module.VERBS)
