"""The reference page of profiles names every key of ours, every shipped profile, and shows an example that loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from otelrun.profile.distribution import OTELRUN
from otelrun.profile.loading import load_profile
from otelrun.profile.rules import Map
from otelrun.profile.source import shipped_names

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "profile.md").read_text(encoding="utf-8")
EXAMPLES = [text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "extends" not in text]


def names(rule, before=""):
    for key, below in rule.keys.items():
        if isinstance(below, Map):
            yield from names(below, f"{before}{key}.")
        else:
            yield f"{before}{key}"


@pytest.mark.parametrize("name", [*names(OTELRUN), *shipped_names()])
def test_the_page_names(name):
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_loads_without_a_word(text, tmp_path):
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    assert load_profile(str(path), {"API_KEY": "x"}).warnings == ()
