import enum

import pytest

from otelrun.instrumentation.arguments import LONGEST, is_secret, render


class Hostile:
    """An object that does not want to be looked at."""

    def __repr__(self):
        raise ZeroDivisionError

    __str__ = __eq__ = __len__ = __iter__ = __getattribute__ = __repr__
    __hash__ = None


class Colour(enum.Enum):
    RED = 1


class Text(str):
    __slots__ = ()
    __repr__ = Hostile.__repr__


LOOP: list = []
LOOP.append(LOOP)

VALUES = {
    "text": ("text", "text"),
    "number": (7, 7),
    "large": (2**70, str(2**70)),
    "huge": (10**5000, "<int of 16610 bits>"),
    "fraction": (0.5, 0.5),
    "truth": (True, True),
    "nothing": (None, "None"),
    "bytes": (b"ab", "b'ab'"),
    "list": ([1, "a", None], "[1, 'a', None]"),
    "set": ({1}, "{1}"),
    "nested": ({"a": [(1, [2, [3]])]}, "{'a': [(1, […])]}"),
    "empty": ([[[[]]]], "[[[[]]]]"),
    "many": (list(range(100)), "[0, 1, 2, 3, 4, 5, 6, 7, …]"),
    "itself": (LOOP, "[[[[…]]]]"),
    "secrets": ({"user": "me", "X-Api-Key": "k"}, "{'user': 'me', 'X-Api-Key': REDACTED}"),
    "object": (Hostile(), f"<{__name__}.Hostile>"),
    "objects": ([Hostile()], f"[<{__name__}.Hostile>]"),
    "enumeration": (Colour.RED, f"<{__name__}.Colour>"),
    "derived": (Text("a"), f"<{__name__}.Text>"),
    "class": (Hostile, f"<class {__name__}.Hostile>"),
    "function": (len, "<builtin_function_or_method>"),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_value_is_written_without_running_its_own_code(case):
    value, expected = VALUES[case]

    found = render("value", value)

    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize("value", ["x" * 10_000, b"x" * 10_000, ["x" * 10_000] * 100, {"x" * 999: "y" * 999}])
def test_a_value_is_bounded(value):
    assert len(render("value", value)) == LONGEST
    assert render("value", value).endswith("…")


@pytest.mark.parametrize(
    "name", ["password", "dbPassword", "API_KEY", "api-key", "auth_token", "client_secret", "Cookie"]
)
def test_a_secret_is_known_by_its_name(name):
    assert is_secret(name)
    assert render(name, "open sesame") == "REDACTED"


@pytest.mark.parametrize("name", ["price", "user", "key", "author", "path"])
def test_other_names_are_no_secrets(name):
    assert not is_secret(name)
