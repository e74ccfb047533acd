"""How values read."""

from __future__ import annotations

import pytest

from otelrun.store.rows import EventRow, SpanRow
from otelrun.viewer import phrases

MS, S = 1_000_000, 1_000_000_000


def span(status_message: str = "", events: tuple[EventRow, ...] = (), name: str = "n", **attributes: object) -> SpanRow:
    values = {key.replace("__", "."): value for key, value in attributes.items()}
    return SpanRow(1, "t", "s", "", name, "client", 0, 1, "error", status_message, values, "shop", 1, "", events)


def exception(**attributes: object) -> EventRow:
    return EventRow(1, "exception", {f"exception.{key}": value for key, value in attributes.items()})


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 µs"),
        (900, "1 µs"),
        (999_499, "999 µs"),
        (999_999, "1.00 ms"),
        (1_254_000, "1.25 ms"),
        (48_240_000, "48.2 ms"),
        (99_960_000, "100 ms"),
        (999_960_000, "1.00 s"),
        (3_104 * MS, "3.10 s"),
        (59_960 * MS, "60.0 s"),
        (125 * S, "2 min 05 s"),
        (3_725 * S, "1 h 02 min"),
    ],
)
def test_durations_have_three_digits_and_a_unit(ns: int, text: str) -> None:
    assert phrases.duration(ns) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (1, "just now"),
        (40, "40 s ago"),
        (200, "3 min ago"),
        (9_000, "2 h ago"),
        (400_000, "4 days ago"),
    ],
)
def test_times_are_told_from_now(seconds: int, text: str) -> None:
    assert phrases.ago(1_000_000 * S, (1_000_000 + seconds) * S) == text


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("plain [bold] </script> ü 漢", "plain [bold] </script> ü 漢"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("two\nlines\r\t\x00", "two\\nlines\\r\\t\\x00"),
        ("right \u202eto left\u2066", "right \\u202eto left\\u2066"),
        ("lone \ud800", "lone \\ud800"),
        ("x" * 1_000_000, "x" * 2_000 + "…"),
        ({"k": [1, None]}, '{"k":[1,null]}'),
    ],
)
def test_foreign_text_is_made_harmless(text: object, harmless: str) -> None:
    assert phrases.visible(text) == harmless


def test_counts_have_their_unit() -> None:
    assert [phrases.count(1, "span"), phrases.count(12_000, "process", "processes")] == [
        "1 span",
        "12,000 processes",
    ]


def test_status_codes_come_from_http_or_rpc() -> None:
    assert phrases.status_code(span(http__response__status_code=404)) == "404"
    assert phrases.status_code(span(rpc__response__status_code="NOT_FOUND")) == "NOT_FOUND"
    assert phrases.status_code(span()) == ""


def test_the_target_is_told_where_the_name_does_not() -> None:
    assert phrases.target(span(url__full="http://a:1/b")) == "a:1/b"
    assert phrases.target(span(name="GET /b", url__path="/b")) == ""
    assert phrases.target(span(db__query__text=["odd"])) == ""


def test_a_failure_is_the_last_exception_else_the_status() -> None:
    assert phrases.failure(
        span("ignored", (exception(type="KeyError", message="'a'"), exception(type="E", message="m")))
    ) == ("E", "m")
    assert phrases.failure(span("ValueError: no", error__type="ValueError")) == ("ValueError", "no")
    assert phrases.failure(span("", error__type="500", http__response__status_code=500)) == ("", "")
    assert phrases.failure(span("", (exception(type=7, message=None),))) == ("7", "")


def test_the_failing_line_is_the_last_in_the_users_own_code() -> None:
    frames = [
        '  File "/srv/app.py", line 15, in item',
        '  File "C:\\\\srv\\\\own.py", line 16, in deeper',
        '  File "/venv/lib/python3.12/site-packages/lib.py", line 99, in inner',
    ]
    assert phrases.failing_line(span("", (exception(stacktrace="\n".join(frames)),))) == "own.py:16 in deeper"
    assert phrases.failing_line(span("", (exception(stacktrace=frames[2]),))) == ""
    assert phrases.failing_line(span("", (exception(stacktrace=None),))) == ""


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "-"),
        (1, "1 KiB"),
        (36 * 1024, "36 KiB"),
        (999 * 1024, "999 KiB"),
        (1_023 * 1024, "1.0 MiB"),
        (9 * 1024**2, "9.0 MiB"),
        (214 * 1024**2, "214 MiB"),
        (3 * 1024**4, "3072 GiB"),
    ],
)
def test_sizes_have_three_digits_and_a_unit(number: int, text: str) -> None:
    assert phrases.size(number) == text
