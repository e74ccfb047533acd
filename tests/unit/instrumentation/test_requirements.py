"""Requirements of instrumentors are read and checked; what cannot be decided is left to upstream."""

from __future__ import annotations

import pytest

from otelrun.instrumentation.requirements import is_satisfied, parse_instruments


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (" requests~=2.0; extra == 'instruments'", ("requests", "~=2.0", False)),
        (' Flask <4,>=1.0 ; extra == "instruments"', ("flask", "<4,>=1.0", False)),
        (" psycopg2-binary>=2.7.3.1; extra == 'instruments-any'", ("psycopg2_binary", ">=2.7.3.1", True)),
        (" redis[hiredis] (>=2.6) ; (extra == 'instruments')", ("redis", ">=2.6", False)),
        (" zope.interface; extra == 'instruments'", ("zope_interface", "", False)),
        (" opentelemetry-api~=1.12", None),
        (" pytest; extra == 'test'", None),
    ],
)
def test_reads_the_instruments_extras(line, expected):
    found = parse_instruments(line)

    assert (None if found is None else (found.distribution, found.specifier, found.is_alternative)) == expected


@pytest.mark.parametrize(
    ("version", "specifier", "expected"),
    [
        ("3.1.3", ">=1.0,<4", True),
        ("4.0", ">=1.0,<4", False),
        ("4.0", "<4.0", False),
        ("4", "<=4.0.0", True),
        ("2.34.2", "~=2.0", True),
        ("3.0", "~=2.0", False),
        ("2.2.9", "~=2.2.1", True),
        ("2.3", "~=2.2.1", False),
        ("1.5", "!=1.5", False),
        ("1.5.1", "!=1.5.*", False),
        ("1.6", "!=1.5.*,==1.*", True),
        ("1.0+local", "==1.0", True),
        ("1.0", "", True),
        ("4.0rc1", "", True),
        ("4.0rc1", "<5", None),
        ("1!2.0", ">=1", None),
        ("1.0", ">=1.0b2", None),
        ("1.0", ">=2,>=1.0b2", False),
    ],
)
def test_checks_a_version(version, specifier, expected):
    assert is_satisfied(version, specifier) is expected
