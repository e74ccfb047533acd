"""A meter provider that becomes the SDK's at the first measurement, or when a callback is registered."""

from __future__ import annotations

from opentelemetry import metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from opentelemetry.metrics import MeterProvider as ApiProxy
    from opentelemetry.metrics import _Gauge as ApiGauge

    from otelrun.pipeline.in_process import Source
else:
    from opentelemetry.metrics import _internal

    ApiProxy = getattr(_internal, "_ProxyMeterProvider", metrics.MeterProvider)
    ApiGauge = getattr(metrics, "_Gauge", metrics.Instrument)  # the API has gauges since 1.23


class DeferredMeterProvider(ApiProxy):
    """Stands for the SDK's provider until it is needed."""

    def __init__(self, source: Source) -> None:
        """Know who builds the real one."""
        self._source = source

    def give_way(self, provider: metrics.MeterProvider) -> None:
        """Have the meters that have not been used yet be those of the provider that the program has set."""
        self._source.follow(provider)

    def on_set_meter_provider(self, meter_provider: metrics.MeterProvider) -> None:
        """Do nothing, where the API tells its proxy that the program has set a provider of its own."""

    def get_meter(
        self, name: str, version: str | None = None, schema_url: str | None = None, attributes: Any = None
    ) -> DeferredMeter:
        """Give a meter whose instruments ask the real provider at their first measurement."""
        return DeferredMeter(self._source, name, version, schema_url, attributes)

    def __getattr__(self, name: str) -> Any:
        """Give what only the SDK's provider has (``force_flush``, ``shutdown``)."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._source.real("metrics"), name)


class DeferredMeter(metrics.Meter):
    """Stands for one meter of the SDK."""

    def __init__(self, source: Source, name: str, version: str | None, schema_url: str | None, attributes: Any) -> None:
        """Keep what the meter was asked for with."""
        super().__init__(name, version, schema_url)
        self._source = source
        self._attributes = attributes
        self._real: Any = None

    def _meter(self) -> Any:
        if self._real is None:
            wanted = (self.name, self.version, self.schema_url, self._attributes)
            self._real = self._source.real("metrics").get_meter(*wanted)
        return self._real

    def create_counter(self, name: str, unit: str = "", description: str = "") -> metrics.Counter:
        """Give a counter; see the API."""
        return DeferredCounter(lambda: self._meter().create_counter(name, unit, description))

    def create_up_down_counter(self, name: str, unit: str = "", description: str = "") -> metrics.UpDownCounter:
        """Give an up-down counter; see the API."""
        return DeferredUpDownCounter(lambda: self._meter().create_up_down_counter(name, unit, description))

    def create_gauge(self, name: str, unit: str = "", description: str = "") -> Any:
        """Give a gauge; see the API."""
        return DeferredGauge(lambda: self._meter().create_gauge(name, unit, description))

    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: Sequence[float] | None = None,
    ) -> metrics.Histogram:
        """Give a histogram; see the API."""
        advised = {"explicit_bucket_boundaries_advisory": explicit_bucket_boundaries_advisory}
        return DeferredHistogram(lambda: self._meter().create_histogram(name, unit, description, **advised))

    def create_observable_counter(
        self, name: str, callbacks: Sequence[Any] | None = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableCounter:
        """Give an observable counter, the real one where it has callbacks; see the API."""
        if not callbacks:
            return metrics.NoOpObservableCounter(name, callbacks, unit, description)
        counter: metrics.ObservableCounter = self._meter().create_observable_counter(name, callbacks, unit, description)
        return counter

    def create_observable_up_down_counter(
        self, name: str, callbacks: Sequence[Any] | None = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableUpDownCounter:
        """Give an observable up-down counter, the real one where it has callbacks; see the API."""
        if not callbacks:
            return metrics.NoOpObservableUpDownCounter(name, callbacks, unit, description)
        counter: metrics.ObservableUpDownCounter = self._meter().create_observable_up_down_counter(
            name, callbacks, unit, description
        )
        return counter

    def create_observable_gauge(
        self, name: str, callbacks: Sequence[Any] | None = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableGauge:
        """Give an observable gauge, the real one where it has callbacks; see the API."""
        if not callbacks:
            return metrics.NoOpObservableGauge(name, callbacks, unit, description)
        gauge: metrics.ObservableGauge = self._meter().create_observable_gauge(name, callbacks, unit, description)
        return gauge


class _Deferred:
    """What deferred instruments have: the real one, made at the first measurement."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def _real(self) -> Any:
        if self._made is None:
            self._made = self._make()
        return self._made


class DeferredCounter(_Deferred, metrics.Counter):
    """Stands for a counter of the SDK."""

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Add; see the API."""
        self._real().add(*args, **kwargs)


class DeferredUpDownCounter(_Deferred, metrics.UpDownCounter):
    """Stands for an up-down counter of the SDK."""

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Add; see the API."""
        self._real().add(*args, **kwargs)


class DeferredHistogram(_Deferred, metrics.Histogram):
    """Stands for a histogram of the SDK."""

    def record(self, *args: Any, **kwargs: Any) -> None:
        """Record; see the API."""
        self._real().record(*args, **kwargs)


class DeferredGauge(_Deferred, ApiGauge):
    """Stands for a gauge of the SDK."""

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Set; see the API."""
        self._real().set(*args, **kwargs)
