"""otelrun's own voice inside other people's processes: one line on stderr, once, and a boundary that fails open.

Never uses ``logging`` or ``sys.stderr``: the program may have replaced, closed or instrumented them.
Imports nothing that the bare interpreter has not loaded.
"""

from __future__ import annotations

import os
import stat

from otelrun.environment_variables import OTELRUN_QUIET, OTELRUN_STRICT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_TRUE = ("1", "true", "yes")
_STDERR = 2
_told: set[str] = set()
_listeners: list[Callable[[str, str], None]] = []


def _stderr() -> tuple[int, int, int] | None:
    """Say what file descriptor 2 is: device, inode, mode; None where it is closed."""
    try:
        status = os.fstat(_STDERR)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mode


_stderr_at_start = _stderr()


def _is_still_stderr() -> bool:
    """Say whether descriptor 2 is not a file that the program has opened in the place of a closed stderr."""
    now = _stderr()
    if now is None or _stderr_at_start is None:
        return False
    return now[:2] == _stderr_at_start[:2] or not stat.S_ISREG(now[2])


def is_strict() -> bool:
    """Say whether failures inside ``guarded`` are raised (otelrun's own tests only)."""
    return os.environ.get(OTELRUN_STRICT, "").lower() in _TRUE


def add_listener(listener: Callable[[str, str], None]) -> None:
    """Have every later notice also handed to ``listener(slug, text)``, printed or not."""
    _listeners.append(listener)


def tell(slug: str, text: str) -> None:
    """Print one line ``otelrun: text`` on file descriptor 2, once per slug and process, if that is still stderr.

    Args:
        slug: stable name of the notice; a second notice of the same slug is dropped.
        text: one line, without a line end; control characters are escaped.
    """
    if slug in _told:
        return
    _told.add(slug)
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    for listener in tuple(_listeners):
        with guarded("notice-listener"):
            listener(slug, line)
    if os.environ.get(OTELRUN_QUIET, "").lower() in _TRUE or not _is_still_stderr():
        return
    try:  # noqa: SIM105 - contextlib is not loaded in the bare interpreter
        os.write(_STDERR, f"otelrun: {line}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        pass  # stderr is closed: nobody to tell


class guarded:  # noqa: N801 - reads as a word at its uses
    """The one boundary at which otelrun's own failures end: ``with guarded("what"): ...``.

    Any ``Exception`` raised inside is dropped after one notice; ``BaseException`` (KeyboardInterrupt, SystemExit)
    passes, since it is the program's. The program's own code must never run inside.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        """Name the work for the notice."""
        self._what = what

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        """Swallow an ``Exception`` and tell it once, unless strict."""
        if kind is None or not issubclass(kind, Exception):
            return False
        try:
            if is_strict():
                return False
            if self._what != "notice-listener":
                tell(f"guarded:{self._what}", f"{self._what} failed, the program goes on: {kind.__name__}: {error}")
        except Exception:  # noqa: BLE001, S110 - the boundary itself: an error that cannot be printed, a program at its recursion limit
            pass
        return True
