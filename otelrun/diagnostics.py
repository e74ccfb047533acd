"""otelrun's own voice inside other people's processes: one line on stderr, once, and a boundary that fails open.

Never uses ``logging`` or ``sys.stderr``: the program may have replaced, closed or instrumented them.
Imports nothing that the bare interpreter has not loaded.
"""

from __future__ import annotations

import os
import stat
import sys

from otelrun import stood_down
from otelrun.environment_variables import OTELRUN_QUIET, OTELRUN_STRICT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import Any

_TRUE = ("1", "true", "yes")
_STDERR = 2
_PACKAGE = "otelrun"
_API = frozenset(
    ("", "_logs", "attributes", "baggage", "context", "metrics", "propagate", "propagators", "trace", "version")
)
RING_OFF = "ring-off"
API, INCOMPLETE = "api", "incomplete"
"""Slugs of what ails every process of a run alike: it is told once in a run, and written down like reasons to stand down."""

_told: set[str] = set()
_listeners: list[Callable[[str, str], None]] = []
_run_directory = b""


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


def set_run(directory: bytes) -> None:
    """Say which run this process belongs to."""
    global _run_directory  # noqa: PLW0603 - the one process-wide state here, with what was told
    _run_directory = directory


def add_listener(listener: Callable[[str, str], None]) -> None:
    """Have every later notice also handed to ``listener(slug, text)``, printed or not."""
    _listeners.append(listener)


def is_told(slug: str) -> bool:
    """Say whether this process, or the one it was forked from, has told a notice."""
    return slug in _told


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
    if slug in (API, INCOMPLETE) and not stood_down.record(_run_directory, slug, line):
        return
    if os.environ.get(OTELRUN_QUIET, "").lower() in _TRUE or not _is_still_stderr():
        return
    try:  # noqa: SIM105 - contextlib is not loaded in the bare interpreter
        os.write(_STDERR, f"otelrun: {line}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        pass  # stderr is closed: nobody to tell


class guarded:  # noqa: N801 - reads as a word at its uses
    """The one boundary at which otelrun's own failures end: ``with guarded("what"): ...``.

    Any ``Exception`` raised inside is dropped after one notice; ``BaseException`` (KeyboardInterrupt, SystemExit)
    passes, since it is the program's, and so does whatever a signal handler of the program's raises in the middle of the
    work. Other code of the program's must never run inside.

    On hot paths the same without a call, as long as all goes well::

        try:
            ...
        except Exception:
            with guarded("what"):
                raise
    """

    __slots__ = ("_drops_exits", "_what")

    def __init__(self, what: str, *, drops_exits: bool = False) -> None:
        """Name the work for the notice.

        Args:
            what: the work.
            drops_exits: it is that of other people's code, which may say ``sys.exit()``: only KeyboardInterrupt passes, which
                cannot be told from the user's.
        """
        self._what = what
        self._drops_exits = drops_exits

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        """Swallow an ``Exception`` and tell it once, unless strict."""
        if kind is None:
            return False
        try:
            return self._is_dropped(kind, error, traceback)
        except Exception:  # noqa: BLE001 - the boundary itself: a program at its recursion limit
            return issubclass(kind, Exception)

    def _is_dropped(
        self, kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if is_strict():
            return False
        if not sys.meta_path and issubclass(kind, ImportError):  # the interpreter ends: nothing can be imported
            return True
        if issubclass(kind, RecursionError) and _is_stack_used_up():  # by the program, which will find that out itself
            return True
        is_incomplete = _is_incomplete(error)
        is_of_api = not (self._drops_exits or is_incomplete) and _is_of_api(error, traceback)
        may_exit = self._drops_exits or is_of_api
        if not issubclass(kind, Exception) and (not may_exit or issubclass(kind, KeyboardInterrupt)):
            return False
        if _is_of_signal_handler(traceback):
            return False
        if is_of_api:
            text = "not observed: the OpenTelemetry API in the program's environment cannot be used"
            tell(API, f"{text}: {_describe(kind, error)}")
        elif is_incomplete:
            text = "a part of otelrun is missing, the program goes on without"
            tell(INCOMPLETE, f"{text}: {_describe(kind, error)}")
        elif self._what != "notice-listener":
            tell(f"guarded:{self._what}", f"{self._what} failed, the program goes on: {_describe(kind, error)}")
        return True


def _is_stack_used_up() -> bool:
    """Say whether more than half of what the stack may hold is below this call: it is the program that goes that deep."""
    left = sys.getrecursionlimit() // 2
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the only way to see how deep this is
    while frame is not None and left > 0:
        left -= 1
        frame = frame.f_back
    return frame is not None


def _is_incomplete(error: BaseException | None) -> bool:
    """Say whether a module of otelrun's own could not be found: it was removed or replaced while the program runs."""
    return isinstance(error, ImportError) and _is_own(error.name)


def _is_of_api(error: BaseException | None, traceback: TracebackType | None) -> bool:
    """Say whether a module of the program's OpenTelemetry API could not be imported, or lacks what otelrun needs of it."""
    if isinstance(error, ImportError) and _is_api(error.name):
        return True
    if isinstance(error, AttributeError) and isinstance(error.obj, type(sys)) and _is_api(error.obj.__name__):
        return True
    if isinstance(error, SyntaxError) and f"{os.sep}opentelemetry{os.sep}" in str(error.filename):
        return True
    while traceback is not None:
        frame, traceback = traceback.tb_frame, traceback.tb_next
        name = frame.f_globals.get("__name__")
        # the body of a module of otelrun's own fails over what an API of long ago is like
        if frame.f_code.co_name == "<module>" and (_is_api(name) or (traceback is None and _is_own(name))):
            return True
    return False


def _is_own(module_name: object) -> bool:
    return str(module_name).partition(".")[0] == _PACKAGE


def _is_api(module_name: object) -> bool:
    top, _, below = str(module_name).partition(".")
    return top == "opentelemetry" and below.partition(".")[0] in _API


def _describe(kind: type[BaseException], error: BaseException | None) -> str:
    try:
        return f"{kind.__name__}: {error}"
    except Exception:  # noqa: BLE001 - it is other people's: its text may fail, too
        return kind.__name__


def _is_of_signal_handler(traceback: TracebackType | None) -> bool:
    """Say whether an exception comes out of one of the program's signal handlers."""
    signals = sys.modules.get("_signal")  # of every interpreter, but for the last moments of one
    if signals is None:
        return False
    handlers = {_code_of(signals.getsignal(number)) for number in signals.valid_signals()} - {None}
    while traceback is not None:
        if traceback.tb_frame.f_code in handlers:
            return True
        traceback = traceback.tb_next
    return False


def _code_of(function: Any) -> Any:
    """Give the code that calling an object runs; None where it is not Python's."""
    function = getattr(function, "func", function)  # of a functools.partial
    function = getattr(function, "__func__", function)  # of a method
    code = getattr(function, "__code__", None)
    return code or getattr(getattr(type(function), "__call__", None), "__code__", None)  # noqa: B004 - not asked whether
