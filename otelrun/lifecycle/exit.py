"""The registry for a normal end of the interpreter. Nothing that must not be lost may depend on it."""

from __future__ import annotations

from otelrun.diagnostics import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_at_exit: list[Callable[[], None]] = []
_before_end: dict[str, Callable[[], None]] = {}
_registered = False


def at_exit(finish: Callable[[], None]) -> None:
    """Call ``finish`` when the interpreter ends normally, last registered first. It must not block."""
    global _registered
    _at_exit.append(finish)
    if not _registered:
        _registered = True
        import atexit  # noqa: PLC0415 - a program that records nothing does not find it loaded

        atexit.register(_run_at_exit)


def is_anything_at_exit() -> bool:
    """Say whether ``at_exit`` was given anything: whether this process has recorded something."""
    return _registered


def at_the_very_end(finish: Callable[[], None]) -> None:
    """Call ``finish`` when the interpreter has ended normally, after what everybody else has registered.

    Call this before any of the program's code runs: what is registered first is called last.
    """
    import atexit  # noqa: PLC0415 - loaded only where this is wanted

    atexit.register(finish)


def before_end(name: str, look: Callable[[], None]) -> None:
    """Call ``look`` before what ``at_exit`` was given, if anything was by then; never registers anything for it alone.

    Args:
        name: the second one of a name takes the place of the first.
        look: may still record.
    """
    _before_end[name] = look


def _run_at_exit() -> None:
    for look in tuple(_before_end.values()):
        with guarded("exit"):
            look()
    while _at_exit:
        with guarded("exit"):
            _at_exit.pop()()
