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

    def __init__(self, profile: model.Profile) -> None:
        """Prepare to follow ``profile``; nothing of the SDK is loaded."""
        self._profile = profile
        self._lock = RLock()
        self._built: dict[str, Any] = {}
        self._finishers: list[Finisher] = []
        self._resource: Any = None
        fork.in_child(self._renew)

    def _renew(self) -> None:
        self._lock = RLock()
        for finisher in self._finishers:
            finisher.start()

    def real(self, signal: str) -> Any:
        """Give the SDK's provider of a signal, built now if need be; the API's no-op one where that fails (told once)."""
        with self._lock:
            if signal not in self._built:
                self._built[signal] = _no_op(signal)  # what building it records of itself goes nowhere
                with diagnostics.guarded(f"in-process pipeline for {signal}"):
                    self._built[signal] = self._build(signal)
            return self._built[signal]

    def _build(self, signal: str) -> Any:
        from otelrun.pipeline import sdk  # noqa: PLC0415 - loads the SDK

        if self._resource is None:
            sdk.prepare_for_fork()
            self._resource = sdk.build_resource(self._profile)
            sdk.quiet()
            at_end.at_exit(self.finish)
        built = sdk.build_provider(signal, self._profile, self._resource)
        self._finishers.append(Finisher(built))
        return built

    def finish(self) -> None:
        """Shut all providers down at once; wait for them no longer than the exit budget."""
        budget_s = self._profile.otelrun.exit_budget_ms / 1000
        deadline = monotonic() + budget_s
        for finisher in self._finishers:
            finisher.begin()
        late = [finisher for finisher in self._finishers if not finisher.wait(deadline - monotonic())]
        if late:
            diagnostics.tell("exit-budget", f"telemetry not delivered within {budget_s:g} s at exit is lost")


class Finisher:
    """A thread that waits for the end to shut one provider down.

    It is started with the provider, since at the end itself some interpreters (Python 3.12) start no more threads.
    """

    def __init__(self, provider: Any) -> None:
        """Start waiting."""
        self._provider = provider
        self.start()

    def start(self) -> None:
        """Start waiting, also again in a forked child."""
        self._begin = allocate_lock()
        self._begin.acquire()
        self._done = allocate_lock()
        self._done.acquire()
        with diagnostics.guarded("waiting for the end"):
            start_new_thread(self._run, (self._begin, self._done))

    def _run(self, begin: Any, done: Any) -> None:
        begin.acquire()
        try:
            with diagnostics.guarded("shutting down the in-process pipeline"):
                self._provider.shutdown()
        finally:
            done.release()

    def begin(self) -> None:
        """Say that the end has come."""
        self._begin.release()

    def wait(self, timeout_s: float) -> bool:
        """Say whether the provider was shut down in time."""
        return bool(self._done.acquire(timeout=max(0.0, timeout_s)))


def _no_op(signal: str) -> Any:
    if signal == "traces":
        from opentelemetry.trace import NoOpTracerProvider  # noqa: PLC0415 - whichever signal is used

        return NoOpTracerProvider()
    if signal == "metrics":
        from opentelemetry.metrics import NoOpMeterProvider  # noqa: PLC0415

        return NoOpMeterProvider()
    from opentelemetry._logs import NoOpLoggerProvider  # noqa: PLC0415

    return NoOpLoggerProvider()


class Source:
    """Where a deferred provider gets the real one: from the pipeline, or the program's own once it has set one."""

    def __init__(self, pipeline: InProcess) -> None:
        """Begin with the pipeline's."""
        self._pipeline = pipeline
        self._followed: Any = None

    def follow(self, provider: Any) -> None:
        """Give this provider from now on."""
        self._followed = provider

    def real(self, signal: str) -> Any:
        """Give the real provider of a signal, built now if need be."""
        return self._pipeline.real(signal) if self._followed is None else self._followed


def provider(pipeline: InProcess, signal: str) -> Any:
    """Give a new deferred provider of ``traces``, ``metrics`` or ``logs``."""
    source = Source(pipeline)
    if signal == "traces":
        from otelrun.pipeline.deferred_traces import DeferredTracerProvider  # noqa: PLC0415 - each needs its API module

        return DeferredTracerProvider(source)
    if signal == "metrics":
        from otelrun.pipeline.deferred_metrics import DeferredMeterProvider  # noqa: PLC0415

        return DeferredMeterProvider(source)
    from otelrun.pipeline.deferred_logs import DeferredLoggerProvider  # noqa: PLC0415

    return DeferredLoggerProvider(source)
