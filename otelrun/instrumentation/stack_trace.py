"""An exception's stack trace as text: Python's own, with the middle left out where it would be very long.

A program at its recursion limit has a thousand frames in each traceback, and an exception that leaves a thousand spans is
written down a thousand times.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

MAX_FRAMES = 100
FIRST_FRAMES, LAST_FRAMES = 10, 40
MAX_CHAIN = 20

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


def format_stack_trace(error: BaseException, traceback: TracebackType | None) -> str:
    """Give the text that Python prints for an exception.

    Of more than ``MAX_FRAMES`` frames only the first and the last ones remain, and of a longer chain of causes and contexts
    only the last ``MAX_CHAIN`` exceptions, with one line for what is left out.

    Args:
        error: the exception.
        traceback: its own, or the one to show.
    """
    from traceback import format_exception  # noqa: PLC0415 - not before the first exception

    chain = [(error, traceback, ""), *_led_to(error)]
    if len(chain) <= MAX_CHAIN and all(_depth(link) <= MAX_FRAMES for _, link, _ in chain):
        return "".join(
            format_exception(type(error), error, traceback, -MAX_FRAMES)
        )  # the limit is for a group's exceptions
    lines = [f"[exceptions before the last {MAX_CHAIN} left out]\n\n"] if len(chain) > MAX_CHAIN else []
    for cause, link, text in reversed(chain[:MAX_CHAIN]):
        lines += _format_one(cause, link)
        lines.append(text)
    return "".join(lines)


def _led_to(error: BaseException) -> Iterator[tuple[BaseException, TracebackType | None, str]]:
    """Give the exceptions that led to one, last first, up to one too many: each with its traceback and the text after it."""
    seen = {id(error)}
    while len(seen) <= MAX_CHAIN:
        cause, context = error.__cause__, None if error.__suppress_context__ else error.__context__
        led = context if cause is None else cause
        if led is None or id(led) in seen:
            return
        seen.add(id(led))
        yield led, led.__traceback__, _CONTEXT if cause is None else _CAUSE
        error = led


def _depth(traceback: TracebackType | None) -> int:
    depth = 0
    while traceback is not None:
        depth += 1
        traceback = traceback.tb_next
    return depth


def _format_one(error: BaseException, traceback: TracebackType | None) -> list[str]:
    from traceback import extract_tb, format_exception_only, format_list  # noqa: PLC0415 - loaded by now

    if traceback is None:
        return format_exception_only(error)
    lines = ["Traceback (most recent call last):\n"]
    depth = _depth(traceback)
    if depth > MAX_FRAMES:
        lines += format_list(extract_tb(traceback, FIRST_FRAMES))
        lines.append(f"  [{depth - FIRST_FRAMES - LAST_FRAMES} frames left out]\n")
        for _ in range(depth - LAST_FRAMES):
            traceback = traceback.tb_next if traceback is not None else None
    return [*lines, *format_list(extract_tb(traceback)), *format_exception_only(error)]
