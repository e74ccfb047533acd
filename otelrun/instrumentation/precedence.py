"""The program's own calls of instrumentors come first: what otelrun has applied gives way, and nobody sees that it was there.

An instrumentor that otelrun applies is not marked as applied, so that the program may apply it as in a bare run: without a
warning, with providers of its own. At that call ours is undone; so is an instrumentation of otelrun's own of the same library.
"""

from __future__ import annotations

import sys
from _thread import get_ident

from otelrun.diagnostics import guarded
from otelrun.instrumentation.guards import prepare_undoing
from otelrun.instrumentation.in_place import FAILED, HOOKED, LEFT, in_place
from otelrun.instrumentation.patching import Ledger, without_frame
from otelrun.instrumentation.registry import UPSTREAM_BASE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Note = Callable[[str, str], None]

_FLAG = "_is_instrumented_by_opentelemetry"
_METHODS = ("instrument_", "uninstrument_")
_MARK = "_otelrun_gives_way"
_NOTE = "the program instruments %s itself: otelrun leaves it to it"
_GRPC = "opentelemetry.instrumentation.grpc"
_COUNTERPARTS = {
    (_GRPC, "GrpcInstrumentorClient"): "grpc_client",
    (_GRPC, "GrpcInstrumentorServer"): "grpc_server",
    (_GRPC, "GrpcAioInstrumentorClient"): "grpc_aio_client",
    (_GRPC, "GrpcAioInstrumentorServer"): "grpc_aio_server",
}
"""Module and class of upstream's instrumentors → instrumentation of otelrun's own that makes spans of the same operations."""


class Precedence:
    """Who instruments what in this process."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._applied: dict[int, tuple[str, Callable[[], None]]] = {}  # id of an instrumentor → name, what undoes it
        self._own: dict[str, list[Ledger]] = {}
        self._given_way: set[str] = set()
        self._applying: set[int] = set()  # the threads that are in the middle of ``apply``
        self.note: Note | None = None

    def keep(self, name: str, ledger: Ledger) -> None:
        """Remember the patches of an instrumentation of otelrun's own, by its entry-point name."""
        self._own.setdefault(name, []).append(ledger)

    def has_given_way(self, name: str) -> bool:
        """Say whether the program instruments itself what this entry point is for."""
        return name in self._given_way

    def text_of(self, name: str) -> str:
        """Say in one line that the program instruments this library itself."""
        return _NOTE % name

    def apply(self, name: str, instrumentor: Any, apply: Callable[[], Callable[[], None] | None]) -> str:
        """Apply one of upstream's instrumentors, unless the program has.

        Args:
            name: of its entry point.
            instrumentor: the object, of which there is one.
            apply: applies it, and gives what undoes it; None: its own ``_uninstrument``.

        Returns:
            The state of it, of ``in_place``.
        """
        if getattr(instrumentor, "is_instrumented_by_opentelemetry", False) or self.has_given_way(name):
            return LEFT
        self._applying.add(get_ident())
        try:
            undo = apply()
        finally:
            self._applying.discard(get_ident())
        if undo is None:
            if not getattr(instrumentor, "__dict__", {}).pop(_FLAG, False):
                return FAILED  # and it has said so
            undo = instrumentor._uninstrument
            self._watch_methods(instrumentor)
        self._applied[id(instrumentor)] = name, undo
        return HOOKED

    def give_way(self, instrumentor: Any) -> None:
        """Undo what otelrun has applied of what the program is about to instrument, or no longer wants instrumented."""
        if get_ident() in self._applying:
            return
        kind = type(instrumentor)
        with guarded("giving way to the program's instrumentor"):
            name, undo = self._applied.pop(id(instrumentor), ("", None))
            if undo is not None:
                self._leave(name)
                prepare_undoing(name)
                undo()
            own = _COUNTERPARTS.get((kind.__module__, kind.__name__), "")
            if own and not self.has_given_way(own):
                self._leave(own)
                for ledger in self._own.pop(own, ()):
                    ledger.undo()

    def _leave(self, name: str) -> None:
        self._given_way.add(name)
        self.tell(name)

    def tell(self, name: str) -> None:
        """Write down that the program instruments this library itself: among the facts, and as a note of the run."""
        in_place.leave(name, self.text_of(name))
        if self.note is not None:
            self.note(f"instrumented:{name}", _NOTE % name)

    def _watch_methods(self, instrumentor: Any) -> None:
        """Give way, too, when the program instruments one client or engine, by a method of the class."""
        kind = type(instrumentor)
        for name, member in tuple(vars(kind).items()):
            if name.startswith(_METHODS):
                is_bound = isinstance(member, (staticmethod, classmethod))
                function = member.__func__ if is_bound else member
                if callable(function) and not hasattr(function, _MARK):
                    replacement = _before(lambda: self.give_way(instrumentor), function)
                    setattr(kind, name, type(member)(replacement) if is_bound else replacement)


def _before(act: Callable[[], None], function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function that looks like ``function`` and calls ``act`` before it."""
    from functools import wraps  # noqa: PLC0415 - loaded by upstream's instrumentors, not at start-up

    @wraps(function)
    def method(*args: Any, **kwargs: Any) -> Any:
        act()
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    method.__dict__[_MARK] = True
    return method


precedence = Precedence()
"""Of this process."""


def watch() -> None:
    """Have the program's calls of ``instrument`` and ``uninstrument`` noticed, now that upstream's base class is loaded."""

    def make_wrapper(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            precedence.give_way(self)
            try:
                return original(self, *args, **kwargs)
            except BaseException as error:
                without_frame(error, getattr(error.__traceback__, "tb_next", None))
                raise

        return call

    base = sys.modules[UPSTREAM_BASE].BaseInstrumentor
    ledger = Ledger()
    ledger.wrap(base, "instrument", make_wrapper)
    ledger.wrap(base, "uninstrument", make_wrapper)
