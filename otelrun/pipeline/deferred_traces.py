"""A tracer provider that becomes the SDK's at the first span."""

from __future__ import annotations

from opentelemetry import trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from otelrun.pipeline.in_process import Source


class DeferredTracerProvider(trace.ProxyTracerProvider):
    """Stands for the SDK's provider until it is needed."""

    def __init__(self, source: Source) -> None:
        """Know who builds the real one."""
        self._source = source

    def give_way(self, provider: trace.TracerProvider) -> None:
        """Have the tracers that have not been used yet be those of the provider that the program has set."""
        self._source.follow(provider)

    def get_tracer(self, *args: Any, **kwargs: Any) -> DeferredTracer:
        """Give a tracer that asks the real provider at its first span."""
        return DeferredTracer(self._source, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        """Give what only the SDK's provider has (``add_span_processor``, ``force_flush``, ``resource`` …)."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._source.real("traces"), name)


class DeferredTracer(trace.Tracer):
    """Stands for one tracer of the SDK."""

    def __init__(self, source: Source, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep what the tracer was asked for with."""
        self._source = source
        self._wanted = (args, kwargs)
        self._real: Any = None

    def _tracer(self) -> Any:
        if self._real is None:
            args, kwargs = self._wanted
            self._real = self._source.real("traces").get_tracer(*args, **kwargs)
        return self._real

    def start_span(self, *args: Any, **kwargs: Any) -> trace.Span:
        """Start a span; see the API."""
        span: trace.Span = self._tracer().start_span(*args, **kwargs)
        return span

    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Any:
        """Start a span as the current one; see the API."""
        return self._tracer().start_as_current_span(*args, **kwargs)
