"""How an asyncio event loop fares, for those who ask: its lag as a histogram, callbacks that held it up as span events.

Nothing is patched where neither option is set.

- ``loop_lag: true``: while a loop runs, a timer of otelrun's is in it, four times a second; the lag is how late it fires.
- ``slow_callback_ms: 100``: a callback, or a step of a task, that takes longer is an event of the span it ran in.
"""

from __future__ import annotations

import sys
from time import perf_counter

from otelrun.diagnostics import guarded
from otelrun.instrumentation.patching import without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Handle, TimerHandle
    from collections.abc import Callable, Mapping
    from typing import Any

    from otelrun.instrumentation.duration import Record
    from otelrun.instrumentation.patching import Ledger

NAME = "asyncio"
SCOPE = "otelrun.instrumentation.asyncio"

LAG = "otelrun.asyncio.loop.lag"
LAG_DESCRIPTION = "How late a timer of an event loop fires."
LAG_BOUNDARIES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SLOW_CALLBACK = "otelrun.asyncio.slow_callback"
CALLBACK_DURATION = "otelrun.asyncio.callback.duration"
CODE_FUNCTION_NAME = "code.function.name"

_INTERVAL_S = 0.25
_MS_PER_S = 1000
_GUARD = guarded(NAME)  # one for all: it keeps nothing


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch the loop for what the options ask for."""
    from asyncio.base_events import BaseEventLoop  # noqa: PLC0415 - loaded by the program
    from asyncio.events import Handle  # noqa: PLC0415 - as above

    if options.get("loop_lag") is True:
        ledger.wrap(BaseEventLoop, "run_forever", _run_forever)
    slow_ms = options.get("slow_callback_ms")
    if isinstance(slow_ms, int | float) and slow_ms > 0:
        ledger.wrap(Handle, "_run", lambda original: _run(original, slow_ms / _MS_PER_S))


def _run_forever(original: Callable[[Any], None]) -> Callable[[Any], None]:
    record: list[Record] = []

    def run_forever(self: Any) -> None:
        probe = None
        with _GUARD:
            if not (self.is_closed() or self.is_running()):
                probe = _Probe(self, record)
        try:
            original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            if probe is not None:
                with _GUARD:
                    probe.stop()

    return run_forever


class _Probe:
    """The timer in one loop while it runs."""

    def __init__(self, loop: AbstractEventLoop, record: list[Record]) -> None:
        """Set it for the first time; the histogram is made with the first loop."""
        from contextvars import Context  # noqa: PLC0415 - loaded by asyncio

        if not record:
            from otelrun.instrumentation.duration import create_duration  # noqa: PLC0415 - loads OpenTelemetry

            record.append(create_duration(SCOPE, LAG, LAG_DESCRIPTION, LAG_BOUNDARIES_S))
        self._loop = loop
        self._record = record[0]
        self._nothing = Context()
        self._due = 0.0
        self._handle: TimerHandle
        self._set()

    def _set(self) -> None:
        self._due = self._loop.time() + _INTERVAL_S
        self._handle = self._loop.call_at(self._due, self._fire, context=self._nothing)

    def _fire(self) -> None:
        with _GUARD:
            self._record(max(0.0, self._loop.time() - self._due), {}, None)
            self._set()

    def stop(self) -> None:
        """Take it out of the loop."""
        self._handle.cancel()


def _run(original: Callable[[Handle], None], slow_s: float) -> Callable[[Handle], None]:
    """Called for each callback and for each step of a task; it catches what these raise."""

    def _run(self: Handle) -> None:
        began = perf_counter()
        try:
            original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        took_s = perf_counter() - began
        if took_s >= slow_s:
            with _GUARD:
                _tell(self, took_s)

    return _run


def _tell(handle: Any, took_s: float) -> None:
    """Write a slow callback on the span that is current in its context now; without the API there is none."""
    api, trace = sys.modules.get("opentelemetry.context"), sys.modules.get("opentelemetry.trace")
    if api is None or trace is None:
        return
    span = trace.get_current_span(handle._context.copy().run(api.get_current))
    if span.is_recording():
        span.add_event(SLOW_CALLBACK, {CODE_FUNCTION_NAME: _name(handle._callback), CALLBACK_DURATION: took_s})


def _name(callback: Any) -> str:
    """Name the coroutine whose step a callback is, or the callback itself."""
    task: Any = getattr(callback, "__self__", None)
    work = task.get_coro() if hasattr(task, "get_coro") else callback
    while hasattr(work, "func"):  # partial
        work = work.func
    return str(getattr(work, "__qualname__", None) or type(work).__qualname__)
