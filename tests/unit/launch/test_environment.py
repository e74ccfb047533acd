"""What the launcher's own interpreter did to the environment does not reach the program."""

from __future__ import annotations

import pytest

from otelrun.launch.environment import without_locale_coercion


@pytest.mark.parametrize(
    ("environment", "initial", "expected"),
    [
        ({"LC_CTYPE": "C.UTF-8"}, frozenset({"HOME"}), {}),
        ({"LC_CTYPE": "C.UTF-8"}, frozenset({"LC_CTYPE"}), {"LC_CTYPE": "C.UTF-8"}),
        ({"LC_CTYPE": "C.UTF-8"}, None, {"LC_CTYPE": "C.UTF-8"}),
        ({"LC_CTYPE": "de_DE"}, frozenset(), {"LC_CTYPE": "de_DE"}),
    ],
)
def test_a_locale_set_by_the_launchers_interpreter_is_taken_out(environment, initial, expected):
    assert without_locale_coercion(environment, initial) == expected
