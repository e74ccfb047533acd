"""The other pipeline: the stock SDK with the profile's processors and exporters, inside the program.

Used where no agent can run. Built at the first span, measurement or log record and never before: until then the global
providers are deferred ones that cost nothing. Flushed at a normal end within the exit budget, all signals at once.
"""

from __future__ import annotations

from _thread import RLock, allocate_lock, start_new_thread
from time import monotonic

from otelrun import diagnostics
from otelrun.lifecycle import exit as at_end
from otelrun.lifecycle import fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from otelrun.profile import model


class InProcess:
    """Builds the SDK's providers of one profile, each once, all with the same resource."""

    def __init__(self, profile: model.Profile, reason: str) -> None:
        """Prepare; nothing of the SDK is loaded.

        Args:
            profile: what to follow.
            reason: why the telemetry is not left to the agent; empty where the profile asks for that.
        """
        self._profile = profile
        self._reason = reason
        self._lock = RLock()
        self._built: dict[str, Any] = {}
        self._resource: Any = None
        fork.in_child(self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = RLock()

    def real(self, signal: str) -> Any:
        """Give the SDK's provider of a signal, built now if need be; the API's no-op one where that fails (told once)."""
        with self._lock:
            if signal not in self._built:
                self._built[signal] = _no_op(signal)  # what building it records of itself goes nowhere
                self._tell()
                with diagnostics.guarded(f"in-process pipeline for {signal}"):
                    self._built[signal] = self._build(signal)
            return self._built[signal]

    def _build(self, signal: str) -> Any:
        from otelrun.pipeline import sdk  # noqa: PLC0415 - loads the SDK

        if self._resource is None:
            self._resource = sdk.build_resource(self._profile)
            sdk.quiet()
            at_end.at_exit(self.finish)
        return sdk.build_provider(signal, self._profile, self._resource)

    def _tell(self) -> None:
        if not self._built or self._profile.otelrun.pipeline == "in_process":
            return
        reason = f" ({self._reason})" if self._reason else ""
        diagnostics.tell("pipeline-in-process", f"exporting from inside the program, without the local store{reason}")

    def finish(self) -> None:
        """Shut all providers down at once; wait for them no longer than the exit budget."""
        budget_s = self._profile.otelrun.exit_budget_ms / 1000
        deadline = monotonic() + budget_s
        waiting = []
        for built in self._built.values():
            done = allocate_lock()
            done.acquire()
            waiting.append(done)
            try:
                start_new_thread(_shut_down, (built, done))
            except RuntimeError:  # no more threads at this stage of the interpreter's end
                _shut_down(built, done)
        late = [done for done in waiting if not done.acquire(timeout=max(0.0, deadline - monotonic()))]
        if late:
            diagnostics.tell("exit-budget", f"telemetry not delivered within {budget_s:g} s at exit is lost")


def _shut_down(provider: Any, done: Any) -> None:
    try:
        with diagnostics.guarded("shutting down the in-process pipeline"):
            getattr(provider, "shutdown", int)()
    finally:
        done.release()


def _no_op(signal: str) -> Any:
    if signal == "traces":
        from opentelemetry.trace import NoOpTracerProvider  # noqa: PLC0415 - whichever signal is used

        return NoOpTracerProvider()
    if signal == "metrics":
        from opentelemetry.metrics import NoOpMeterProvider  # noqa: PLC0415

        return NoOpMeterProvider()
    from opentelemetry._logs import NoOpLoggerProvider  # noqa: PLC0415

    return NoOpLoggerProvider()


def provider(pipeline: InProcess, signal: str) -> Any:
    """Give the deferred provider of ``traces``, ``metrics`` or ``logs``."""
    if signal == "traces":
        from otelrun.pipeline.deferred_traces import DeferredTracerProvider  # noqa: PLC0415 - each needs its API module

        return DeferredTracerProvider(pipeline)
    if signal == "metrics":
        from otelrun.pipeline.deferred_metrics import DeferredMeterProvider  # noqa: PLC0415

        return DeferredMeterProvider(pipeline)
    from otelrun.pipeline.deferred_logs import DeferredLoggerProvider  # noqa: PLC0415

    return DeferredLoggerProvider(pipeline)
