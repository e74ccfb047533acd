"""YAML 1.2's core schema, beyond the rows in ``test_substitute``."""

from __future__ import annotations

import math

import pytest

from otelrun.profile.scalars import resolve, resolve_tagged


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("Null", None),
        ("+12", 12),
        ("-0", 0),
        ("0xFF", 255),
        ("0b1", "0b1"),
        ("1.", 1.0),
        ("1.5E+3", 1500.0),
        ("+.inf", math.inf),
        ("tRUE", "tRUE"),
        ("\u0661", "\u0661"),
        ("12 ", "12 "),
        ("9" * 5_000, "9" * 5_000),
    ],
)
def test_a_plain_scalar_has_the_value_of_the_core_schema(text, expected):
    assert (type(resolve(text)), resolve(text)) == (type(expected), expected)


def test_not_a_number_is_a_number():
    assert math.isnan(resolve(".nan"))


@pytest.mark.parametrize(
    ("tag", "text"), [("int", "1.5"), ("int", "true"), ("bool", "yes"), ("null", "x"), ("float", "x")]
)
def test_a_tag_that_does_not_fit_is_refused(tag, text):
    with pytest.raises(ValueError, match=tag):
        resolve_tagged(f"tag:yaml.org,2002:{tag}", text)


def test_a_foreign_tag_is_unknown():
    with pytest.raises(LookupError):
        resolve_tagged("!env", "x")
