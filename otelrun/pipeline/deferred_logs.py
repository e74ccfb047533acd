"""A logger provider that becomes the SDK's at the first log record."""

from __future__ import annotations

from opentelemetry import _logs

from otelrun.instrumentation.sources import is_exported_by_logging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opentelemetry._logs import LoggerProvider as ApiProxy

    from otelrun.pipeline.in_process import Source
else:
    from opentelemetry._logs import _internal

    ApiProxy = getattr(_internal, "ProxyLoggerProvider", _logs.LoggerProvider)


class DeferredLoggerProvider(ApiProxy):
    """Stands for the SDK's provider until it is needed."""

    def __init__(self, source: Source) -> None:
        """Know who builds the real one."""
        self._source = source

    def give_way(self, provider: _logs.LoggerProvider) -> None:
        """Have the loggers that have not been used yet be those of the provider that the program has set."""
        self._source.follow(provider)

    def get_logger(
        self, name: str, version: str | None = None, schema_url: str | None = None, attributes: Any = None
    ) -> DeferredLogger:
        """Give a logger that asks the real provider at its first record."""
        return DeferredLogger(self._source, name, version, schema_url, attributes)

    def __getattr__(self, name: str) -> Any:
        """Give what only the SDK's provider has (``add_log_record_processor``, ``force_flush`` …)."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._source.real("logs"), name)


class DeferredLogger(_logs.Logger):
    """Stands for one logger of the SDK."""

    def __init__(self, source: Source, name: str, version: str | None, schema_url: str | None, attributes: Any) -> None:
        """Keep what the logger was asked for with."""
        super().__init__(name, version, schema_url)
        self._source = source
        self._wanted = (name, version, schema_url, attributes)
        self._real: Any = None

    def enabled(self, **kwargs: Any) -> bool:
        """Say whether a record would be taken; asking builds nothing."""
        return True if self._real is None else bool(self._real.enabled(**kwargs))

    def emit(self, *args: Any, **kwargs: Any) -> None:
        """Emit a log record; see the API."""
        if args and is_exported_by_logging(1):
            return
        if self._real is None:
            self._real = self._source.real("logs").get_logger(*self._wanted)
        self._real.emit(*args, **kwargs)
