"""The stock SDK behind the API, and real gRPC servers on loopback that speak bytes: what the gRPC tests stand on."""

from __future__ import annotations

import threading
import time
from concurrent import futures
from typing import Any

import grpc
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

SERVICE = "shop.Pricing"
DEADLINE_S = 10


class Telemetry:
    """Providers of one test, and what they were given."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider(shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meter_provider = MeterProvider([self._reader], shutdown_on_exit=False)
        self.tracer = self.tracer_provider.get_tracer("test")

    def spans(self, count: int) -> list[ReadableSpan]:
        """Wait until ``count`` spans have ended; give all that have, in order of their start."""
        deadline = time.monotonic() + DEADLINE_S
        tick = threading.Event()
        while len(self._exporter.get_finished_spans()) < count and time.monotonic() < deadline:
            tick.wait(0.005)
        spans = sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)
        assert len(spans) == count, [(span.name, span.kind, dict(span.attributes or {})) for span in spans]
        return spans

    def of(self, kind: Any, count: int = 1, total: int | None = None) -> list[ReadableSpan]:
        """Give the spans of one kind, waiting as ``spans`` does."""
        found = [span for span in self.spans(total or count) if span.kind is kind]
        assert len(found) == count
        return found

    def points(self, name: str) -> list[tuple[dict[str, Any], int]]:
        """Give the points of one histogram: attributes and count."""
        data = self._reader.get_metrics_data()
        return [
            (dict(point.attributes), point.count)
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


def generic_handler(**behaviors: Any) -> Any:
    """Make a service of SERVICE from ``Method=(kind, behavior)`` pairs."""
    handlers = {
        name: getattr(grpc, f"{kind}_rpc_method_handler")(behavior) for name, (kind, behavior) in behaviors.items()
    }
    return grpc.method_handlers_generic_handler(SERVICE, handlers)


class Running:
    """A synchronous server, running while the ``with`` block does, and a channel to it."""

    def __init__(
        self, *, interceptors: Any = (), client_interceptors: Any = (), workers: int = 8, **behaviors: Any
    ) -> None:
        self.server = grpc.server(
            futures.ThreadPoolExecutor(workers), handlers=[generic_handler(**behaviors)], interceptors=interceptors
        )
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        channel = grpc.insecure_channel(f"localhost:{self.port}")
        self._raw_channel = channel
        self.channel = grpc.intercept_channel(channel, *client_interceptors)

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._raw_channel.close()
        self.server.stop(None).wait(DEADLINE_S)

    def call(self, kind: str, method: str) -> Any:
        return getattr(self.channel, kind)(f"/{SERVICE}/{method}")
