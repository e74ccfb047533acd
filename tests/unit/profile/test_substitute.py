"""Every row of the specification's substitution table, its other MUST rows, and what a scalar's type is afterwards."""

from __future__ import annotations

import pytest

from otelrun.profile.nodes import Budget, Mapping, Scalar, compose
from otelrun.profile.problems import Problems
from otelrun.profile.substitute import InvalidReferenceError, substitute

ENVIRONMENT = {
    "STRING_VALUE": "value",
    "BOOL_VALUE": "true",
    "INT_VALUE": "1",
    "FLOAT_VALUE": "1.1",
    "HEX_VALUE": "0xdeadbeef",
    "INVALID_MAP_VALUE": "value\nkey:value",
    "DO_NOT_REPLACE_ME": "Never use this value",
    "REPLACE_ME": "${DO_NOT_REPLACE_ME}",
    "VALUE_WITH_ESCAPE": "value$$",
    "EMPTY": "",
    "YES": "yes",
    "ON": "on",
    "OCT11": "0777",
    "OCT12": "0o777",
    "SEXA": "1:30",
    "EXP": "1e3",
    "DATE": "2024-01-31",
    "UNDER": "1_000",
}

SPECIFICATION_TABLE = [
    ("${STRING_VALUE}", "value"),
    ("${BOOL_VALUE}", True),
    ("${INT_VALUE}", 1),
    ("${FLOAT_VALUE}", 1.1),
    ("${HEX_VALUE}", 3735928559),
    ('"${STRING_VALUE}"', "value"),
    ('"${BOOL_VALUE}"', "true"),
    ('"${INT_VALUE}"', "1"),
    ('"${FLOAT_VALUE}"', "1.1"),
    ('"${HEX_VALUE}"', "0xdeadbeef"),
    ("${env:STRING_VALUE}", "value"),
    ("${INVALID_MAP_VALUE}", "value\nkey:value"),
    ("foo ${STRING_VALUE} ${FLOAT_VALUE}", "foo value 1.1"),
    ("${UNDEFINED_KEY}", None),
    ("${UNDEFINED_KEY:-fallback}", "fallback"),
    ("${REPLACE_ME}", "${DO_NOT_REPLACE_ME}"),
    ("${UNDEFINED_KEY:-${STRING_VALUE}}", "${STRING_VALUE}"),
    ("$${STRING_VALUE}", "${STRING_VALUE}"),
    ("$$${STRING_VALUE}", "$value"),
    ("$$$${STRING_VALUE}", "$${STRING_VALUE}"),
    ("$${STRING_VALUE:-fallback}", "${STRING_VALUE:-fallback}"),
    ("$${STRING_VALUE:-${STRING_VALUE}}", "${STRING_VALUE:-value}"),
    ("${UNDEFINED_KEY:-$${UNDEFINED_KEY}}", "${UNDEFINED_KEY:-${UNDEFINED_KEY}}"),
    ("${VALUE_WITH_ESCAPE}", "value$$"),
    ("a $$ b", "a $ b"),
    ("a $ b", "a $ b"),
]
OTHER_ROWS = [
    ("${EMPTY:-fallback}", "fallback"),
    ("${EMPTY}", None),
    ('"${UNDEFINED_KEY}"', ""),
    ("${env:UNDEFINED_KEY:-d}", "d"),
    ("${UNDEFINED_KEY:-}", None),
    ("${INT_VALUE}${INT_VALUE}", 11),
    ("1${INT_VALUE}", 11),
    ("!!str ${INT_VALUE}", "1"),
    ("!!int ${INT_VALUE}", 1),
    ("!!float ${INT_VALUE}", 1.0),
    ("${unterminated", "${unterminated"),
]
CORE_SCHEMA = [
    ("${YES}", "yes"),
    ("${ON}", "on"),
    ("yes", "yes"),
    ("no", "no"),
    ("off", "off"),
    ("${OCT11}", 777),
    ("${OCT12}", 511),
    ("0777", 777),
    ("0o777", 511),
    ("${SEXA}", "1:30"),
    ("1:30", "1:30"),
    ("${EXP}", 1000.0),
    ("1e-3", 0.001),
    ("${DATE}", "2024-01-31"),
    ("2024-01-31", "2024-01-31"),
    ("${UNDER}", "1_000"),
    ("1_000", "1_000"),
    (".5", 0.5),
    ("-.inf", float("-inf")),
    ("~", None),
    ("TRUE", True),
]


def value_of(text):
    problems = Problems()
    node = compose(f"key: {text}\n", "p.yaml", ENVIRONMENT, problems, Budget())
    problems.raise_errors()
    assert isinstance(node, Mapping)
    scalar = node.get("key")
    assert isinstance(scalar, Scalar)
    return scalar.value


@pytest.mark.parametrize(("text", "expected"), SPECIFICATION_TABLE + OTHER_ROWS + CORE_SCHEMA)
def test_a_scalar_becomes_what_the_specification_says(text, expected):
    assert (type(value_of(text)), value_of(text)) == (type(expected), expected)


def test_keys_are_never_substituted():
    node = compose("${STRING_VALUE}: value\n", "p.yaml", ENVIRONMENT, Problems(), Budget())
    assert list(node.entries) == ["${STRING_VALUE}"]


@pytest.mark.parametrize(
    "text", ["${STRING_VALUE:?error}", "${1API_KEY}", "${API_$KEY}", "${}", "${sys:x}", "${A B}", "${A:d}"]
)
def test_an_invalid_reference_is_an_error(text):
    with pytest.raises(InvalidReferenceError):
        substitute(text, ENVIRONMENT)


def test_an_invalid_reference_shows_no_more_than_its_name():
    with pytest.raises(InvalidReferenceError) as caught:
        substitute("${API:?hunter2}", {})
    expected = "'${API…}' is not a reference; write ${NAME} or ${NAME:-default}, and $$ for a $ itself"
    assert str(caught.value) == expected


def test_what_is_shown_holds_neither_values_nor_defaults():
    result = substitute("Bearer ${KEY} $$ ${OTHER:-hunter2}", {"KEY": "s3cret"})
    assert result._asdict() == {
        "text": "Bearer s3cret $ hunter2",
        "default": "Bearer  $ hunter2",
        "shown": "Bearer ${KEY} $ ${OTHER}",
        "references": ("KEY", "OTHER"),
        "variables": ("KEY",),
    }


def test_bytes_that_are_not_utf_8_become_replacement_characters():
    assert substitute("${X}", {"X": b"a\xff".decode("utf-8", "surrogateescape")}).text.startswith("a\ufffd")
