"""The metric instruments: each measurement goes straight into the cells of its series in the ring.

A series is found by the bytes of its attributes, so that ``1``, ``1.0`` and ``True`` are three series, as in the SDK. Nothing is
collected or exported here: the agent reads the cells, also those of a process that was killed.
"""

from __future__ import annotations

from _thread import RLock
from bisect import bisect_left
from contextlib import suppress
from marshal import dumps
from time import time_ns

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions

from otelrun import diagnostics
from otelrun.pipeline.attributes import add
from otelrun.ring.record import HISTOGRAM_CELLS, SUM_CELLS, Series

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from opentelemetry.metrics import _Gauge as ApiGauge

    from otelrun.ring.recorder import Recorder
else:
    ApiGauge = getattr(metrics, "_Gauge", metrics.Instrument)  # the API has gauges since 1.23

DEFAULT_BOUNDARIES = tuple(map(float, (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)))
OVERFLOW = {"otel.metric.overflow": True}
_MAX_ATTRIBUTES = 1 << 20  # the specification has no attribute limit for metrics
_KEY_VERSION = 2  # of marshal: no references, so that equal attributes give equal bytes
_INFINITY = float("inf")
_CALLBACK_TIMEOUT_MS = 10_000
_ADVICE = "explicit_bucket_boundaries_advisory"


class Stream:
    """What all instruments have: a definition, and the series of it by attributes.

    Attributes:
        definition: instrument kind, name, unit, description, as in ``ring.record.Series``.
        series: key → series, for every form of attributes seen; emptied in a forked child.
    """

    def __init__(
        self,
        recorder: Recorder,
        definition: tuple[str, str, str, str],
        scope: Callable[[], int],
        *,
        cardinality_limit: int,
        boundaries: tuple[float, ...] = (),
    ) -> None:
        """Keep the definition.

        Args:
            recorder: makes the series.
            definition: see the class.
            scope: gives the id of the scope in the current ring.
            cardinality_limit: how many series there may be before the overflow series takes the rest.
            boundaries: of a histogram.
        """
        self.series: dict[bytes, Any] = {}
        self.name = definition[1]
        self._recorder = recorder
        self.definition = definition
        self._scope = scope
        self._limit = cardinality_limit
        self._boundaries = boundaries
        self._distinct: dict[bytes, Any] = {}
        self._lock = RLock()

    def forget(self) -> None:
        """Start from zero in a forked child: the parent's ring stays the parent's."""
        self._lock = RLock()
        self.series.clear()
        self._distinct = {}

    def find(self, attributes: Any) -> Any:
        """Give the series for ``attributes`` the slow way: clean them, order them, make the series if need be."""
        cleaned: dict[str, Any] = {}
        add(cleaned, attributes or {}, _MAX_ATTRIBUTES, None)
        ordered = dict(sorted(cleaned.items()))
        key = dumps(ordered, _KEY_VERSION)
        with self._lock:
            series = self._distinct.get(key)
            if series is None:
                if len(self._distinct) >= self._limit:
                    ordered = OVERFLOW
                    key = b"overflow"
                    series = self._distinct.get(key)
                if series is None:
                    made = self._make(ordered)  # a signal handler may measure, and make the same, in the middle of it
                    if type(made) is NoRoom and self._recorder.is_opening:
                        return made  # this is a signal handler in the middle of making the ring: not for good
                    series = self._distinct.setdefault(key, made)
            if key != b"overflow" and len(self.series) < 4 * self._limit:
                with suppress(ValueError):  # attributes that only ``add`` understands are found the slow way each time
                    self.series[dumps(attributes or None, _KEY_VERSION)] = series
        return series

    def _make(self, attributes: dict[str, Any]) -> Any:
        kind = self.definition[0]
        is_histogram = kind == "histogram"
        cells = HISTOGRAM_CELLS + len(self._boundaries) + 1 if is_histogram else SUM_CELLS
        definition = Series(*self.definition, self._scope(), attributes, self._boundaries, time_ns())
        made = self._recorder.series(definition, cells)
        if made is None:
            if self._recorder.writer is not None:
                diagnostics.tell("metric-series-full", "some metric series find no room; see distribution.otelrun.ring")
            return NoRoom()
        writer, first = made
        return HistogramCells(writer, first) if is_histogram else SumCells(writer, first)

    def refuse(self, amount: Any) -> None:
        """Tell once that a measurement is ignored."""
        diagnostics.tell(f"measurement:{self.name}", f"metric {self.name}: ignoring the measurement {amount!r}")


class SumCells:
    """The cells of a sum or a gauge.

    No ``__slots__``: see ``instrumentation.eventlet_locks``.
    """

    def __init__(self, writer: Any, first: int) -> None:
        """Take over cells that are all zero."""
        self.doubles = writer.doubles
        self.words = writer.words
        self.first = first
        self.time = first + 1
        self.is_float = False
        self.lock = RLock()  # a signal handler may measure in the middle of a measurement

    def add(self, amount: Any) -> None:
        """Add to the value."""
        with self.lock:
            self.doubles[self.first] += amount
        self.words[self.time] = time_ns()
        if type(amount) is not int and not self.is_float:
            self._set_float()

    def set(self, amount: Any) -> None:
        """Replace the value."""
        self.doubles[self.first] = amount
        self.words[self.time] = time_ns()
        if type(amount) is not int and not self.is_float:
            self._set_float()

    def _set_float(self) -> None:
        self.is_float = True
        self.words[self.first + 2] = 1


class HistogramCells:
    """The cells of a histogram; no ``__slots__``, as above."""

    def __init__(self, writer: Any, first: int) -> None:
        """Take over cells that are all zero."""
        self.doubles = writer.doubles
        self.words = writer.words
        self.first = first
        self.minimum = _INFINITY
        self.maximum = -_INFINITY
        self.is_float = False
        self.lock = RLock()

    def record(self, amount: Any, bucket: int) -> None:
        """Add one measurement."""
        first = self.first
        doubles = self.doubles
        words = self.words
        with self.lock:
            doubles[first] += amount
            if amount < self.minimum:
                self.minimum = doubles[first + 1] = amount
            if amount > self.maximum:
                self.maximum = doubles[first + 2] = amount
            words[first + HISTOGRAM_CELLS + bucket] += 1
        words[first + 3] = time_ns()
        if not self.is_float and type(amount) is not int:
            self.is_float = True
            words[first + 4] = 1


class NoRoom:
    """Takes the measurements of a series that found no room in the ring."""

    __slots__ = ()

    def add(self, amount: Any) -> None:
        """Drop it; the ring counts that the series was dropped."""

    set = add

    def record(self, amount: Any, bucket: int) -> None:
        """Drop it."""


class Counter(metrics.Counter):
    """A sum that only grows."""

    def __init__(self, stream: Stream) -> None:
        """Take over a stream."""
        self.stream = stream
        self._series = stream.series

    def add(self, amount: float, attributes: Any = None, context: Any = None) -> None:
        """Add ``amount``; negative, infinite and not-a-number are ignored, told once."""
        try:
            if not 0 <= amount < _INFINITY:
                self.stream.refuse(amount)
                return
            try:
                series = self._series[dumps(attributes or None, _KEY_VERSION)]
            except (KeyError, ValueError):
                series = self.stream.find(attributes)
            series.add(amount)
        except (TypeError, OverflowError):
            self.stream.refuse(amount)


class UpDownCounter(metrics.UpDownCounter):
    """A sum that grows and shrinks."""

    def __init__(self, stream: Stream) -> None:
        """Take over a stream."""
        self.stream = stream
        self._series = stream.series

    def add(self, amount: float, attributes: Any = None, context: Any = None) -> None:
        """Add ``amount``; infinite and not-a-number are ignored, told once."""
        try:
            if not -_INFINITY < amount < _INFINITY:
                self.stream.refuse(amount)
                return
            try:
                series = self._series[dumps(attributes or None, _KEY_VERSION)]
            except (KeyError, ValueError):
                series = self.stream.find(attributes)
            series.add(amount)
        except (TypeError, OverflowError):
            self.stream.refuse(amount)


class Gauge(ApiGauge):
    """A last value."""

    def __init__(self, stream: Stream) -> None:
        """Take over a stream."""
        self.stream = stream

    def set(self, amount: float, attributes: Any = None, context: Any = None) -> None:
        """Replace the value; infinite and not-a-number are ignored, told once."""
        observe(self.stream, amount, attributes)


class Histogram(metrics.Histogram):
    """A distribution over buckets."""

    def __init__(self, stream: Stream, boundaries: tuple[float, ...]) -> None:
        """Take over a stream with these boundaries."""
        self.stream = stream
        self.boundaries = boundaries
        self._series = stream.series

    def record(self, amount: float, attributes: Any = None, context: Any = None) -> None:
        """Record ``amount``; negative, infinite and not-a-number are ignored, told once."""
        try:
            if not 0 <= amount < _INFINITY:
                self.stream.refuse(amount)
                return
            try:
                series = self._series[dumps(attributes or None, _KEY_VERSION)]
            except (KeyError, ValueError):
                series = self.stream.find(attributes)
            series.record(amount, bisect_left(self.boundaries, amount))
        except (TypeError, OverflowError):
            self.stream.refuse(amount)


def observe(stream: Stream, amount: Any, attributes: Any) -> None:
    """Set the value of a series, for gauges and everything observable."""
    try:
        if not -_INFINITY < amount < _INFINITY:
            stream.refuse(amount)
            return
        try:
            series = stream.series[dumps(attributes or None, _KEY_VERSION)]
        except (KeyError, ValueError):
            series = stream.find(attributes)
        series.set(amount)
    except (TypeError, OverflowError):
        stream.refuse(amount)


class Observed:
    """What observable instruments have: callbacks, called when it is time to collect."""

    def __init__(self, stream: Stream) -> None:
        """Take over a stream."""
        self.stream = stream
        self._callbacks: list[Any] = []

    def add_callbacks(self, callbacks: Iterable[Any]) -> None:
        """Have more callbacks called; a generator is advanced to its first ``yield``."""
        for callback in callbacks:
            if hasattr(callback, "send"):
                next(callback)
                self._callbacks.append(callback.send)
            else:
                self._callbacks.append(callback)

    def release(self) -> list[Any]:
        """Let go of the callbacks, for another instrument to call."""
        callbacks, self._callbacks = self._callbacks, []
        return callbacks

    def collect(self) -> None:
        """Call each callback and keep what it observes; one that raises is told once and skipped this time."""
        for callback in tuple(self._callbacks):
            self._collect_from(callback)

    def _collect_from(self, callback: Any) -> None:
        try:
            for observation in callback(CallbackOptions(timeout_millis=_CALLBACK_TIMEOUT_MS)):
                observe(self.stream, observation.value, observation.attributes)
        except StopIteration:
            self._callbacks.remove(callback)
        except Exception as error:  # noqa: BLE001 - the program's callback may raise anything
            kind = type(error).__name__
            name = self.stream.name
            diagnostics.tell(f"callback:{name}", f"metric {name}: its callback failed: {kind}: {error}")


class ObservableCounter(Observed, metrics.ObservableCounter):
    """A sum that only grows, observed."""


class ObservableUpDownCounter(Observed, metrics.ObservableUpDownCounter):
    """A sum that grows and shrinks, observed."""


class ObservableGauge(Observed, metrics.ObservableGauge):
    """A last value, observed."""


def follow(instrument: Any, create: Callable[..., Any]) -> None:
    """Have an instrument that the program holds measure for one of another provider from now on.

    Args:
        instrument: one of this file.
        create: the other provider's method that makes one of its kind.
    """
    _, *about = instrument.stream.definition
    if isinstance(instrument, Observed):
        name, *rest = about
        create(name, instrument.release(), *rest)
        return
    advice = getattr(instrument, "boundaries", DEFAULT_BOUNDARIES)
    try:
        theirs = create(*about, **({} if advice == DEFAULT_BOUNDARIES else {_ADVICE: advice}))
    except TypeError:  # of the program, and before 1.30
        theirs = create(*about)
    for method in ("add", "record", "set"):
        if hasattr(instrument, method):
            instrument.__dict__[method] = getattr(theirs, method)
