"""otelrun's instrumentations as ``opentelemetry_instrumentor`` entry points, for ``opentelemetry-instrument`` and for code.

Thin: each class names a module of ``otelrun.instrumentation``; its patches and options are that module's.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from otelrun.instrumentation.patching import Ledger
from otelrun.instrumentation.upstream import BaseInstrumentor

if TYPE_CHECKING:
    from collections.abc import Collection


class _OwnInstrumentor(BaseInstrumentor):
    """Applies and undoes one instrumentation module.

    Attributes:
        module: its name below ``otelrun.instrumentation``.
        requirements: the distributions it instruments; none for the standard library.
    """

    module: ClassVar[str]
    requirements: ClassVar[tuple[str, ...]] = ()
    _ledger: Ledger | None = None

    def instrumentation_dependencies(self) -> Collection[str]:
        """Give the requirements of what is instrumented."""
        return self.requirements

    def _instrument(self, **options: Any) -> None:
        self._ledger = Ledger()
        import_module(f"otelrun.instrumentation.{self.module}").apply(self._ledger, options)

    def _uninstrument(self, **_: Any) -> None:
        if self._ledger is not None:
            self._ledger.undo()
            self._ledger = None


class HttpServerInstrumentor(_OwnInstrumentor):
    """``http.server``."""

    module = "http_server"


class HttpClientInstrumentor(_OwnInstrumentor):
    """``http.client``."""

    module = "http_client"


class GrpcClientInstrumentor(_OwnInstrumentor):
    """``grpc`` channels."""

    module = "grpc.client"
    requirements = ("grpcio >= 1.42.0",)


class GrpcServerInstrumentor(_OwnInstrumentor):
    """``grpc`` servers."""

    module = "grpc.server"
    requirements = ("grpcio >= 1.60.0",)


class GrpcAioClientInstrumentor(_OwnInstrumentor):
    """``grpc.aio`` channels."""

    module = "grpc.aio_client"
    requirements = ("grpcio >= 1.42.0",)


class GrpcAioServerInstrumentor(_OwnInstrumentor):
    """``grpc.aio`` servers."""

    module = "grpc.aio_server"
    requirements = ("grpcio >= 1.42.0",)


class AsyncioInstrumentor(_OwnInstrumentor):
    """``asyncio`` tasks."""

    module = "asyncio"


class ThreadingInstrumentor(_OwnInstrumentor):
    """``threading`` threads and timers."""

    module = "threading"


class FuturesInstrumentor(_OwnInstrumentor):
    """``concurrent.futures`` thread pools."""

    module = "futures"


class MultiprocessingInstrumentor(_OwnInstrumentor):
    """``multiprocessing`` processes that are spawned."""

    module = "multiprocessing"


class LoggingInstrumentor(_OwnInstrumentor):
    """``logging`` records."""

    module = "logging"


class QueueInstrumentor(_OwnInstrumentor):
    """``queue`` queues."""

    module = "queue"


class AsyncioQueueInstrumentor(_OwnInstrumentor):
    """``asyncio`` queues."""

    module = "asyncio_queue"


class PoolsInstrumentor(_OwnInstrumentor):
    """``multiprocessing.pool`` thread pools."""

    module = "pools"


class OpentelemetryContextInstrumentor(_OwnInstrumentor):
    """OpenTelemetry's own context."""

    module = "opentelemetry_context"


class SchedInstrumentor(_OwnInstrumentor):
    """``sched`` schedulers."""

    module = "sched"


class ExceptionsInstrumentor(_OwnInstrumentor):
    """Exceptions that nobody catches."""

    module = "failures"
