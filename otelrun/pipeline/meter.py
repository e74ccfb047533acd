"""The meter provider and its meters: make instruments, and have observable ones collected now and then."""

from __future__ import annotations

import os
from _thread import RLock
from itertools import pairwise
from time import monotonic

from opentelemetry import metrics

from otelrun import diagnostics
from otelrun.lifecycle import exit as at_end
from otelrun.lifecycle import fork
from otelrun.lifecycle.native import allocate_lock, sleep, start_new_thread
from otelrun.pipeline import instruments
from otelrun.pipeline.scope import as_arguments, build_scope, scope_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from opentelemetry.metrics import MeterProvider as ApiProxy

    from otelrun.ring.record import Scope
    from otelrun.ring.recorder import Recorder
else:
    from opentelemetry.metrics import _internal

    ApiProxy = getattr(_internal, "_ProxyMeterProvider", metrics.MeterProvider)

_MAX_INTERVAL_S = 60.0
_PATIENCE_S = 0.05
_STEP_S = 0.0002
_MAX_DESCRIPTION = 4096  # a definition must leave room for others in the ring's tables


class MeterProvider(ApiProxy):
    """Gives meters whose instruments measure into the ring; to a program it is the API's proxy, as the tracer provider is."""

    def __init__(self, recorder: Recorder, *, interval_ms: int, cardinality_limit: int) -> None:
        """Prepare; no ring is made before the first measurement.

        Args:
            recorder: makes the series.
            interval_ms: how often observable instruments are collected, at most every minute.
            cardinality_limit: how many attribute sets one instrument may have.
        """
        self._recorder = recorder
        self._cardinality_limit = cardinality_limit
        self._meters: dict[tuple[Any, ...], Meter] = {}
        self._followed: metrics.MeterProvider | None = None
        self.collector = Collector(min(interval_ms / 1000, _MAX_INTERVAL_S))
        fork.in_child(self._forget)

    def _forget(self) -> None:
        for meter in self._meters.values():
            meter.forget()
        self.collector.forget()

    def get_meter(
        self, name: str, version: str | None = None, schema_url: str | None = None, attributes: Any = None
    ) -> metrics.Meter:
        """Give the meter of a scope; the same one for the same scope."""
        scope = build_scope(name, version, schema_url, attributes)
        if self._followed is not None:
            return self._followed.get_meter(*as_arguments(scope))
        key = scope_key(scope)
        meter = self._meters.get(key)
        if meter is None:
            made = Meter(self._recorder, scope, self.collector, self._cardinality_limit)
            meter = self._meters.setdefault(key, made)
        return meter

    def give_way(self, provider: metrics.MeterProvider) -> None:
        """Have the program's instruments, those from before now too, measure for the provider that it has set."""
        self._followed = provider
        for meter in tuple(self._meters.values()):
            meter.follow(provider)

    def on_set_meter_provider(self, meter_provider: metrics.MeterProvider) -> None:
        """Do nothing: the API tells its proxy before the provider is the global one; ``give_way`` follows."""

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Collect observable instruments now; what is measured is in the ring already."""
        self.collector.collect()
        return True

    def shutdown(self, timeout_millis: float = 30_000) -> None:
        """Collect observable instruments once more; measuring goes on."""
        self.force_flush(timeout_millis)


class Meter(metrics.Meter):
    """Makes the instruments of one scope. The same name, kind, unit and description give the same instrument.

    Attributes:
        scope: the scope.
    """

    def __init__(self, recorder: Recorder, scope: Scope, collector: Collector, cardinality_limit: int) -> None:
        """Prepare; the scope is written with the first series."""
        super().__init__(scope.name, scope.version or None, scope.schema_url or None)
        self._recorder = recorder
        self.scope = scope
        self._collector = collector
        self._cardinality_limit = cardinality_limit
        self._instruments: dict[tuple[str, ...], Any] = {}
        self._lock = RLock()

    def follow(self, provider: metrics.MeterProvider) -> None:
        """Make, and have made, the instruments of another provider."""
        theirs = provider.get_meter(*as_arguments(self.scope))
        makers = {name: getattr(theirs, name) for name in dir(theirs) if name.startswith("create_")}
        for (kind, *_), instrument in tuple(self._instruments.items()):
            if f"create_{kind}" in makers:
                instruments.follow(instrument, makers[f"create_{kind}"])
        self.__dict__.update(makers)

    def forget(self) -> None:
        """Start from zero in a forked child."""
        self._lock = RLock()
        for instrument in self._instruments.values():
            instrument.stream.forget()

    def _scope_id(self) -> int:
        self._collector.ensure_running()  # a new series may be the first one of a forked child
        return self._recorder.scope(self.scope)

    def _stream(self, definition: tuple[str, str, str, str], boundaries: tuple[float, ...] = ()) -> instruments.Stream:
        limit = self._cardinality_limit
        return instruments.Stream(
            self._recorder, definition, self._scope_id, cardinality_limit=limit, boundaries=boundaries
        )

    def _instrument(
        self,
        definition: tuple[str, str, str, str],
        make: Callable[[instruments.Stream], Any],
        boundaries: tuple[float, ...] = (),
    ) -> Any:
        kind, name, unit, description = definition
        key = (kind, name.lower(), unit, description)
        with self._lock:
            known = self._instruments.get(key)
            if known is None:
                known = self._instruments[key] = make(self._stream(definition, boundaries))
            return known

    def create_counter(self, name: str, unit: str = "", description: str = "") -> metrics.Counter:
        """Make a counter; one that does nothing where the name or the unit is invalid."""
        definition = _define("counter", name, unit, description)
        if definition is None:
            return metrics.NoOpCounter(name, unit, description)
        counter: metrics.Counter = self._instrument(definition, instruments.Counter)
        return counter

    def create_up_down_counter(self, name: str, unit: str = "", description: str = "") -> metrics.UpDownCounter:
        """Make an up-down counter; one that does nothing where the name or the unit is invalid."""
        definition = _define("up_down_counter", name, unit, description)
        if definition is None:
            return metrics.NoOpUpDownCounter(name, unit, description)
        counter: metrics.UpDownCounter = self._instrument(definition, instruments.UpDownCounter)
        return counter

    def create_gauge(self, name: str, unit: str = "", description: str = "") -> Any:
        """Make a gauge; one that does nothing where the name or the unit is invalid."""
        definition = _define("gauge", name, unit, description)
        if definition is None:
            return metrics._NoOpGauge(name, unit, description)  # noqa: SLF001 - the API exports it under this name
        return self._instrument(definition, instruments.Gauge)

    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: Sequence[float] | None = None,
    ) -> metrics.Histogram:
        """Make a histogram, with the advised boundaries where they are numbers that grow."""
        definition = _define("histogram", name, unit, description)
        if definition is None:
            return metrics.NoOpHistogram(name, unit, description)
        boundaries = _boundaries(explicit_bucket_boundaries_advisory)
        histogram: metrics.Histogram = self._instrument(
            definition, lambda stream: instruments.Histogram(stream, boundaries), boundaries
        )
        return histogram

    def create_observable_counter(
        self, name: str, callbacks: Sequence[Any] | None = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableCounter:
        """Make an observable counter; see ``create_counter``."""
        definition = _define("observable_counter", name, unit, description)
        if definition is None:
            return metrics.NoOpObservableCounter(name, callbacks, unit, description)
        counter: metrics.ObservableCounter = self._observable(definition, instruments.ObservableCounter, callbacks)
        return counter

    def create_observable_up_down_counter(
        self, name: str, callbacks: Sequence[Any] | None = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableUpDownCounter:
        """Make an observable up-down counter; see ``create_counter``."""
        definition = _define("observable_up_down_counter", name, unit, description)
        if definition is None:
            return metrics.NoOpObservableUpDownCounter(name, callbacks, unit, description)
        counter: metrics.ObservableUpDownCounter = self._observable(
            definition, instruments.ObservableUpDownCounter, callbacks
        )
        return counter

    def create_observable_gauge(
        self, name: str, callbacks: Sequence[Any] | None = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableGauge:
        """Make an observable gauge; see ``create_counter``."""
        definition = _define("observable_gauge", name, unit, description)
        if definition is None:
            return metrics.NoOpObservableGauge(name, callbacks, unit, description)
        gauge: metrics.ObservableGauge = self._observable(definition, instruments.ObservableGauge, callbacks)
        return gauge

    def _observable(self, definition: tuple[str, str, str, str], make: Any, callbacks: Sequence[Any] | None) -> Any:
        instrument = self._instrument(definition, make)
        if callbacks:
            instrument.add_callbacks(callbacks)
            self._collector.watch(instrument)
        return instrument


class Collector:
    """Collects observable instruments on a thread of its own, started with the first callback, and once at a normal end.

    The thread ends before each fork, and another one begins after it: from 3.12 on the interpreter warns of a fork while there
    is more than one thread, and to the program there is one. (Early releases of 3.13 count after the new one has begun.)
    """

    def __init__(self, interval_s: float) -> None:
        """Prepare; no thread yet."""
        self._interval_s = interval_s
        self._watched: list[Any] = []
        self._is_running = False
        self._is_exit_known = False
        self._renew_locks()

    def _renew_locks(self) -> None:
        self._go_on = allocate_lock()
        self._go_on.acquire()
        self._has_ended = allocate_lock()
        self._has_ended.acquire()

    def watch(self, instrument: Any) -> None:
        """Collect ``instrument`` from now on."""
        if instrument not in self._watched:
            self._watched.append(instrument)
        self.ensure_running()
        if not self._is_exit_known:
            self._is_exit_known = True
            at_end.at_exit(self.collect)
            fork.around(self.end_thread, self.ensure_running)

    def ensure_running(self) -> None:
        """Start the thread if there is something to collect and none runs in this process."""
        if self._is_running or not self._watched:
            return
        self._is_running = True
        with diagnostics.guarded("collecting observable instruments"):
            start_new_thread(self._run, (self._go_on, self._has_ended))

    def end_thread(self) -> None:
        """Have the thread end, and wait until it is gone; no longer than a moment, since it may be in a callback."""
        if not self._is_running:
            return
        self._is_running = False
        threads = _count_threads()
        end, has_ended = self._go_on, self._has_ended
        self._renew_locks()
        end.release()
        deadline = monotonic() + _PATIENCE_S
        if has_ended.acquire(timeout=_PATIENCE_S):
            while _count_threads() >= threads > 1 and monotonic() < deadline:
                sleep(_STEP_S)

    def forget(self) -> None:
        """Know in a forked child that the thread stayed in the parent."""
        self._renew_locks()
        self._is_running = False

    def collect(self) -> None:
        """Collect everything now, on this thread."""
        for instrument in tuple(self._watched):
            instrument.collect()

    def _run(self, end: Any, has_ended: Any) -> None:
        while not end.acquire(timeout=self._interval_s):
            self.collect()
        has_ended.release()


def _count_threads() -> int:
    """Count the threads of this process as the kernel does; 0 where it does not say."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 0


def _define(kind: str, name: Any, unit: Any, description: Any) -> tuple[str, str, str, str] | None:
    """Check a definition by the API's rules; None, told once, where the name or unit is invalid."""
    if isinstance(name, str):
        checked = metrics.Instrument._check_name_unit_description(  # noqa: SLF001 - what SDKs are meant to call
            name, unit, description
        )
        if checked["name"] is not None and checked["unit"] is not None:
            return kind, str(checked["name"]), str(checked["unit"]), str(checked["description"])[:_MAX_DESCRIPTION]
    diagnostics.tell(f"instrument:{name!r}", f"metric {name!r}: invalid name or unit; its measurements are ignored")
    return None


def _boundaries(advised: Sequence[float] | None) -> tuple[float, ...]:
    if advised is None:
        return instruments.DEFAULT_BOUNDARIES
    try:
        boundaries = tuple(float(boundary) for boundary in advised)
    except (TypeError, ValueError):
        return instruments.DEFAULT_BOUNDARIES
    is_growing = all(low < high for low, high in pairwise(boundaries))
    return boundaries if is_growing else instruments.DEFAULT_BOUNDARIES
