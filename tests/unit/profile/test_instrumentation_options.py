"""Options of otelrun's own instrumentations: what is wrong with one is told, and a misspelt one is near another."""

from __future__ import annotations

import pytest

PROFILE = """file_format: "1.1"
instrumentation/development:
  python:
    {name}: {{{option}}}
"""
WHERE = "profile.yaml:4:{column} instrumentation/development.python.{name}.{told}"

MISTAKES = [
    ("queue", "context: lnik", 22, "context: 'lnik' is not known here; write link (or parent or none)"),
    ("asyncio_queue", "context: 1", 30, "context: '1' is not known here; write parent, link or none"),
    (
        "threading",
        "outlived_after_ms: 5s",
        36,
        "outlived_after_ms: '5s' is not an integer (milliseconds); write 5000",
    ),
]
MISSPELT = [
    ("queue", "contxt: link", 13, "contxt: unknown key; did you mean 'context'? It has no effect"),
    ("threading", "outlived_ms: 5", 17, "outlived_ms: unknown key; did you mean 'outlived_after_ms'? It has no effect"),
]


@pytest.mark.parametrize(("name", "option", "column", "told"), MISTAKES)
def test_a_wrong_value_gets_one_line_that_says_what_to_write(problems_of, name, option, column, told):
    told = WHERE.format(column=column, name=name, told=told)
    assert problems_of(PROFILE.format(name=name, option=option)) == (told,)


@pytest.mark.parametrize(("name", "option", "column", "told"), MISSPELT)
def test_a_misspelt_option_gets_a_warning(load, name, option, column, told):
    told = WHERE.format(column=column, name=name, told=told)
    assert load(PROFILE.format(name=name, option=option)).warnings == (told,)


@pytest.mark.parametrize("option", ["context: link", "enabled: false", "context: none"])
def test_a_right_one_gets_no_word(load, option):
    assert load(PROFILE.format(name="queue", option=option)).warnings == ()
