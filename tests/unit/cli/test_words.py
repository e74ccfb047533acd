"""The plain case is read without click, and everything else is left to click."""

from __future__ import annotations

import pytest

from otelrun.cli.wishes import Wishes
from otelrun.cli.words import Launch, read_launch_words

VERBS = ("runs", "show", "prepare")


@pytest.mark.parametrize(
    ("words", "command", "wishes"),
    [
        (["python", "app.py"], ["python", "app.py"], (None, None, None)),
        (
            ["python", "--help", "--profile", "x", "--"],
            ["python", "--help", "--profile", "x", "--"],
            (None, None, None),
        ),
        (["run", "python"], ["python"], (None, None, None)),
        (["run", "show"], ["show"], (None, None, None)),
        (["run", "run"], ["run"], (None, None, None)),
        (["--", "show"], ["show"], (None, None, None)),
        (["--", "--odd"], ["--odd"], (None, None, None)),
        (["--profile", "dev", "run", "--to=http://x", "python"], ["python"], ("dev", None, "http://x")),
        (["--service-name", "a b", "python"], ["python"], (None, "a b", None)),
    ],
)
def test_reads_the_plain_case(words, command, wishes):
    launch = read_launch_words(words, VERBS)

    assert launch is not None
    assert (launch.command, tuple(launch.wishes)) == (command, (*wishes, False, False))


@pytest.mark.parametrize(
    "words", [["--root-span", "--init", "python"], ["--init", "run", "--root-span", "--", "python"]]
)
def test_reads_the_wish_for_a_root_span(words):
    assert read_launch_words(words, VERBS) == Launch(["python"], Wishes(init=True, root_span=True))


@pytest.mark.parametrize("words", [["--init", "python"], ["run", "--init", "python"], ["--init", "--", "python"]])
def test_reads_the_wish_for_an_init(words):
    assert read_launch_words(words, VERBS) == Launch(["python"], Wishes(init=True))


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["--version"],
        ["show"],
        ["runs", "--json"],
        ["--profile"],
        ["--profile", "dev"],
        ["--profile=", "python"],
        ["--init"],
        ["--init=1", "python"],
        ["--unknown", "python"],
        ["run"],
        ["run", "--help"],
        ["--"],
    ],
)
def test_leaves_the_rest_to_click(words):
    assert read_launch_words(words, VERBS) is None
