"""The logger provider and its loggers: an emitted log record becomes one record in the ring. Never logs anything itself."""

from __future__ import annotations

from time import time_ns

from opentelemetry import _logs, trace

from otelrun.instrumentation.links import EXCLUDED
from otelrun.instrumentation.sources import is_exported_by_logging
from otelrun.instrumentation.start_context import start_context
from otelrun.lifecycle import fork
from otelrun.pipeline.attributes import add, as_text, clean, clean_value
from otelrun.pipeline.current import SPAN_KEY, get_current
from otelrun.pipeline.exception import exception_attributes
from otelrun.pipeline.readable import resource_view
from otelrun.pipeline.scope import as_arguments, build_scope, scope_key
from otelrun.pipeline.span import W3C_FLAGS, Span, as_time
from otelrun.ring.record import LEFT_SHIFT, LOG, encode_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opentelemetry._logs import LoggerProvider as ApiProxy

    from otelrun.pipeline.limits import Limits
    from otelrun.pipeline.resource import ProcessResource
    from otelrun.ring.record import Scope
    from otelrun.ring.recorder import Recorder
else:
    from opentelemetry._logs import _internal

    ApiProxy = getattr(_internal, "ProxyLoggerProvider", _logs.LoggerProvider)

_MAX_SEVERITY = 24


class LoggerProvider(ApiProxy):
    """Gives loggers that record to the ring; to a program it is the API's proxy, as the tracer provider is.

    Attributes:
        followed: the provider that the program has set, if any.
    """

    def __init__(self, recorder: Recorder, limits: Limits, resource: ProcessResource) -> None:
        """Prepare; no ring is made before the first log record."""
        self._recorder = recorder
        self._limits = limits
        self._resource = resource
        self._loggers: dict[tuple[Any, ...], Logger] = {}
        self.followed: _logs.LoggerProvider | None = None
        fork.in_child(self._forget_scopes)

    def _forget_scopes(self) -> None:
        for logger in self._loggers.values():
            logger.forget_scope()

    @property
    def resource(self) -> Any:
        """The resource of this process."""
        return resource_view(self._resource.attributes(), self._resource.schema_url)

    def get_logger(
        self, name: str, version: str | None = None, schema_url: str | None = None, attributes: Any = None
    ) -> _logs.Logger:
        """Give the logger of a scope; the same one for the same scope."""
        if self.followed is not None:
            return self.followed.get_logger(*as_arguments(build_scope(name, version, schema_url, attributes)))
        key: tuple[Any, ...] = (name, version, schema_url)
        logger = None if attributes else self._loggers.get(key)
        if logger is None:
            scope = build_scope(name, version, schema_url, attributes)
            key = scope_key(scope) if attributes else key
            logger = self._loggers.setdefault(key, Logger(self._recorder, scope, self._limits))
        return logger

    def give_way(self, provider: _logs.LoggerProvider) -> None:
        """Have the loggers, those from before now too, emit to the provider that the program has set."""
        self.followed = provider
        for logger in tuple(self._loggers.values()):
            logger.follow(provider)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Say that nothing waits: what was emitted is in the ring."""
        return True

    def shutdown(self) -> None:
        """Do nothing; recording goes on."""


class Logger(_logs.Logger):
    """Emits the log records of one scope."""

    def __init__(self, recorder: Recorder, scope: Scope, limits: Limits) -> None:
        """Prepare; the scope is written with the first record."""
        super().__init__(scope.name, scope.version, scope.schema_url)
        self._attributes = scope.attributes  # which the API's own before 1.26 does not take
        self._recorder = recorder
        self._scope = scope
        self._scope_id: int | None = None
        self._limits = limits

    def follow(self, provider: _logs.LoggerProvider) -> None:
        """Emit to another provider from now on."""
        theirs = provider.get_logger(*as_arguments(self._scope))
        self.__dict__.update(emit=theirs.emit, enabled=theirs.enabled)

    def forget_scope(self) -> None:
        """Forget the parent's ring in a forked child."""
        self._scope_id = None

    def enabled(self, **_: Any) -> bool:
        """Say that records are wanted, of any severity."""
        return True

    def emit(
        self,
        record: Any = None,
        *,
        timestamp: int | None = None,
        observed_timestamp: int | None = None,
        context: Any = None,
        severity_number: Any = None,
        severity_text: str | None = None,
        body: Any = None,
        attributes: Any = None,
        event_name: str | None = None,
        exception: BaseException | None = None,
        left: int = 0,
    ) -> None:
        """Emit a log record, given as one object or as its parts; see the API. ``left``: see ``sources.Logs``."""
        if record is not None and is_exported_by_logging(1):
            return
        context = get_current() if context is None else context
        if EXCLUDED in context:
            return
        if record is None:
            trace_id, span_id, flags = _ids(context)
        else:
            record = getattr(record, "log_record", record)  # the SDK's own record wraps the API's
            trace_id, span_id, flags = record.trace_id or 0, record.span_id or 0, int(record.trace_flags or 0)
            timestamp, observed_timestamp = record.timestamp, record.observed_timestamp
            severity_number, severity_text = record.severity_number, record.severity_text
            body, attributes = record.body, record.attributes
            event_name = getattr(record, "event_name", None)
            exception = getattr(record, "exception", None)
        limits = self._limits
        kept, dropped = clean(attributes, limits.count, limits.length) if attributes else ({}, 0)
        if exception is not None:
            missing = {name: text for name, text in exception_attributes(exception).items() if name not in kept}
            dropped += add(kept, missing, limits.count, limits.length)
        scope_id = self._scope_id
        if scope_id is None:
            scope_id = self._scope_id = self._recorder.scope(self._scope)
        fields = (
            LOG,
            0 if timestamp is None else as_time(timestamp),
            time_ns() if observed_timestamp is None else as_time(observed_timestamp),
            trace_id,
            span_id,
            flags | left << LEFT_SHIFT,
            _severity(severity_number),
            as_text(severity_text) if severity_text else "",
            body if type(body) is str else clean_value(body),
            kept,
            as_text(event_name) if event_name else "",
            scope_id,
            dropped,
        )
        self._recorder.append(LOG, encode_whole(fields))


def _ids(context: Any) -> tuple[int, int, int]:
    """Give trace id, span id and flags of the context's span; zeros outside of one."""
    span = context.get(SPAN_KEY)
    if span is None and start_context.is_given:
        return start_context.ids()
    if type(span) is Span:
        return span._trace_id, span._span_id, span._flags
    if isinstance(span, trace.Span):
        found = span.get_span_context()
        return found.trace_id, found.span_id, int(found.trace_flags) & W3C_FLAGS
    return 0, 0, 0


def _severity(number: Any) -> int:
    value = getattr(number, "_value_", number)
    return value if type(value) is int and 0 <= value <= _MAX_SEVERITY else 0
