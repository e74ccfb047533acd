"""A logger provider that becomes the SDK's at the first log record."""

from __future__ import annotations

from opentelemetry import _logs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from otelrun.pipeline.in_process import InProcess


class DeferredLoggerProvider(_logs.LoggerProvider):
    """Stands for the SDK's provider until it is needed."""

    def __init__(self, pipeline: InProcess) -> None:
        """Know who builds the real one."""
        self._pipeline = pipeline

    def get_logger(
        self, name: str, version: str | None = None, schema_url: str | None = None, attributes: Any = None
    ) -> DeferredLogger:
        """Give a logger that asks the real provider at its first record."""
        return DeferredLogger(self._pipeline, name, version, schema_url, attributes)

    def __getattr__(self, name: str) -> Any:
        """Give what only the SDK's provider has (``add_log_record_processor``, ``force_flush`` …)."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._pipeline.real("logs"), name)


class DeferredLogger(_logs.Logger):
    """Stands for one logger of the SDK."""

    def __init__(
        self, pipeline: InProcess, name: str, version: str | None, schema_url: str | None, attributes: Any
    ) -> None:
        """Keep what the logger was asked for with."""
        super().__init__(name, version, schema_url)
        self._pipeline = pipeline
        self._wanted = (name, version, schema_url, attributes)
        self._real: Any = None

    def enabled(self, **kwargs: Any) -> bool:
        """Say whether a record would be taken; asking builds nothing."""
        return True if self._real is None else bool(self._real.enabled(**kwargs))

    def emit(self, *args: Any, **kwargs: Any) -> None:
        """Emit a log record; see the API."""
        if self._real is None:
            self._real = self._pipeline.real("logs").get_logger(*self._wanted)
        self._real.emit(*args, **kwargs)
