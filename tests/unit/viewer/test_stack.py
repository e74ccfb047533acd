"""Stack traces are read back as Python prints them."""

from __future__ import annotations

import traceback

from otelrun.viewer.stack import Frame, frames_of, innermost_own

TEXT = """Traceback (most recent call last):
  File "/srv/app.py", line 15, in item
    return find(number)
           ^^^^^^^^^^^^
  File "/srv/app.py", line 20, in Shop.find
  File "/venv/lib/python3.12/site-packages/lib.py", line 99, in <lambda>
    raise KeyError(number)
KeyError: 13
"""


def test_frames_have_their_code_where_the_trace_shows_it() -> None:
    assert frames_of(TEXT) == [
        Frame("/srv/app.py", 15, "item", "return find(number)", is_own=True),
        Frame("/srv/app.py", 20, "Shop.find", "", is_own=True),
        Frame("/venv/lib/python3.12/site-packages/lib.py", 99, "<lambda>", "raise KeyError(number)", is_own=False),
    ]


def test_the_innermost_own_frame_is_where_it_went_wrong() -> None:
    frame = innermost_own(frames_of(TEXT))
    assert frame is not None
    assert frame.location == "app.py:20 in Shop.find"
    assert innermost_own(frames_of("no stack trace")) is None


def test_a_group_of_exceptions_is_read() -> None:
    def fail() -> None:
        raise ExceptionGroup("two", [ValueError("a")])  # noqa: F821 - 3.11 and later

    try:
        fail()
    except NameError:
        return  # 3.10 knows no groups
    except Exception:
        frames = frames_of(traceback.format_exc())
    assert [frame.function for frame in frames][-1] == "fail"
    assert "ExceptionGroup" in frames[-1].code


def test_a_line_number_of_any_length_is_harmless() -> None:
    assert frames_of(f'  File "x.py", line {"9" * 10_000}, in f')[0].line == 999_999_999
