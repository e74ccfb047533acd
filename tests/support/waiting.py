"""Wait for a thing to become true, with a deadline. The only place in the tests that sleeps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Value = TypeVar("_Value")


def wait_for(predicate: Callable[[], _Value], deadline_s: float, *, what: str = "", poll_s: float = 0.01) -> _Value:
    """Call ``predicate`` until it gives something true, and give that.

    Args:
        predicate: cheap; called at least once, and once more at the deadline.
        deadline_s: seconds from now.
        what: what is waited for, for the message.
        poll_s: between two calls.

    Raises:
        AssertionError: the deadline passed; the message names the last value.
    """
    deadline = time.monotonic() + deadline_s
    while True:
        is_late = time.monotonic() >= deadline
        value = predicate()
        if value:
            return value
        if is_late:
            raise AssertionError(f"not within {deadline_s} s: {what or 'the condition'} (last: {value!r})")
        time.sleep(poll_s)
