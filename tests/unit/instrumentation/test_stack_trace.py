from __future__ import annotations

import sys
import traceback

import pytest

from otelrun.instrumentation.stack_trace import FIRST_FRAMES, LAST_FRAMES, MAX_CHAIN, MAX_FRAMES, format_stack_trace


def raised(fail):
    try:
        fail()
    except BaseException as error:
        return error


def deep(depth, fail):
    if depth % 2:  # two lines by turns, which Python does not fold
        return deep(depth - 1, fail)
    return deep(depth - 1, fail) if depth else fail()


def plain():
    raise ValueError("two\nlines")


def caused():
    try:
        plain()
    except ValueError as error:
        raise KeyError("after") from error


def in_context():
    try:
        caused()
    except KeyError:
        raise RuntimeError("while handling")  # noqa: B904 - with a context, not a cause


def by_itself():
    try:
        plain()
    except ValueError as error:
        error.__cause__ = KeyError("without a traceback")
        error.__cause__.__context__ = error
        raise


@pytest.mark.parametrize("fail", [plain, caused, in_context, by_itself, lambda: deep(MAX_FRAMES - 4, plain)])
def test_the_usual_exception_is_shown_as_python_shows_it(fail):
    error = raised(fail)
    assert format_stack_trace(error, error.__traceback__) == "".join(traceback.format_exception(error))
    assert format_stack_trace(error, None) == "".join(traceback.format_exception(type(error), error, None))


def test_a_group_is_shown_as_python_shows_it():
    if sys.version_info < (3, 11):
        pytest.skip("groups came with 3.11")
    group = ExceptionGroup  # noqa: F821 - there from 3.11 on
    error = raised(lambda: (_ for _ in ()).throw(group("all", [raised(caused), raised(plain)])))
    assert format_stack_trace(error, error.__traceback__) == "".join(traceback.format_exception(error))


def test_of_a_deep_traceback_the_first_and_last_frames_remain():
    error = raised(lambda: deep(300, plain))
    shown = format_stack_trace(error, error.__traceback__).splitlines()
    frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    shown_frames = [line.rpartition(" in ")[2] for line in shown if line.startswith('  File "')]
    assert shown_frames == frames[:FIRST_FRAMES] + frames[-LAST_FRAMES:]
    assert shown[0] == "Traceback (most recent call last):"
    assert f"  [{len(frames) - FIRST_FRAMES - LAST_FRAMES} frames left out]" in shown
    assert shown[-2:] == ["ValueError: two", "lines"]


def test_frames_of_one_line_are_folded_as_python_folds_them():
    def down():
        down()

    error = raised(down)
    assert "  [Previous line repeated " in format_stack_trace(error, error.__traceback__)


def test_of_a_long_chain_the_last_exceptions_remain():
    error = raised(plain)
    for number in range(MAX_CHAIN + 5):
        following = raised(caused)
        following.__cause__ = None if number % 2 else error
        following.__context__ = error
        following.__suppress_context__ = False
        error = following
    shown = format_stack_trace(error, error.__traceback__)
    assert shown.startswith(
        f"[exceptions before the last {MAX_CHAIN} left out]\n\nTraceback (most recent call last):\n"
    )
    assert shown.count("KeyError: 'after'\n") == MAX_CHAIN
    whole = "".join(traceback.format_exception(error))
    assert whole.endswith(shown.partition("\n\n")[2])
