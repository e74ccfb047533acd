"""``logging``: emitted records become OpenTelemetry log records; where formats name them, they carry ``trace_id``, ``span_id``.

One patch on their way, ``Logger.filter``: it is where a record arrives after the logger's level and leaves for the handlers,
whatever they are, and its frame is gone before any of them runs. Handlers, levels, ``lastResort`` and ``basicConfig`` are the
program's. Nothing of OpenTelemetry is loaded before the first record that is emitted.

Options: ``correlation`` says when records carry the ids: ``named``, once a format of this process names them, which is seen
when the format's style is made; ``true``, always; ``false``, never. ``fields`` says what they are called. ``export: false`` makes
no OpenTelemetry log records.
"""

from __future__ import annotations

import re
import sys
from _thread import _local
from _weakref import ref
from contextlib import suppress

from otelrun.diagnostics import guarded
from otelrun.instrumentation import sources
from otelrun.instrumentation.current import current_context
from otelrun.instrumentation.failure import exception_attributes
from otelrun.instrumentation.links import EXCLUDED
from otelrun.instrumentation.patching import without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from logging import Logger, LogRecord, PercentStyle
    from typing import Any

    from opentelemetry._logs import Logger as OtelLogger
    from opentelemetry.context import Context

    from otelrun.instrumentation.patching import Ledger

NAME = "logging"
TARGETS = ("logging",)
SCOPE = "otelrun.instrumentation.logging"

CODE_FILE_PATH = "code.file.path"
CODE_FUNCTION_NAME = "code.function.name"
CODE_LINE_NUMBER = "code.line.number"
CODE_STACKTRACE = "code.stacktrace"
EVENT_NAME = "event.name"
OTEL_EVENT_NAME = "otel.event.name"
THREAD_ID = "thread.id"
THREAD_NAME = "thread.name"

_EVENT_NAMES = frozenset((EVENT_NAME, OTEL_EVENT_NAME))
_OWN_NAMES = ("opentelemetry", "otelrun")
_NO_IDS = ("0", "0")
_NO_FIELDS: tuple[str | None, str | None] = (None, None)
_MAX_DEPTH = 6
_MAX_LOGGERS = 1000
_INT64 = 1 << 63
_GUARD = guarded(NAME)  # one for all: it keeps nothing


_FIELDS = ("trace_id", "span_id")
_NEVER, _INSIDE, _ALWAYS = range(3)


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch ``Logger``, and the styles of formats where these decide on correlation."""
    import logging  # noqa: PLC0415 - loaded by the program

    chosen = options.get("fields") or {}
    trace_id, span_id = (str(chosen.get(name) or name) for name in _FIELDS)
    correlation = _Correlation(trace_id, span_id)
    export = _Export(logging.LogRecord, trace_id, span_id) if options.get("export") is not False else None
    sources.logs.is_logging_exported = export is not None

    def patch_logger() -> None:
        ledger.wrap(logging.Logger, "filter", lambda original: _filter(original, correlation, export))

    wanted = options.get("correlation", "named")
    if wanted is True:
        correlation.always()
    elif wanted is not False:
        notify = patch_logger if export is None else None
        ledger.wrap(logging.PercentStyle, "__init__", lambda original: _init_style(original, correlation, notify))
        with _GUARD:
            correlation.learn_from(getattr(logging, "_handlerList", ()))
    if correlation.is_on or export is not None:
        patch_logger()


def _init_style(
    original: Callable[..., None], correlation: _Correlation, notify: Callable[[], None] | None
) -> Callable[..., None]:
    """Called for every format, whatever its style: the other styles derive from this one."""

    def __init__(self: PercentStyle, fmt: str, *, defaults: Any = None) -> None:  # noqa: N807 - the method's name
        try:
            original(self, fmt, defaults=defaults)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        with _GUARD:
            if correlation.learn(self._fmt, defaults or ()) and notify is not None:
                notify()

    return __init__


def _filter(original: Callable[..., Any], correlation: _Correlation, export: _Export | None) -> Callable[..., Any]:
    current_ids = _CurrentIds()

    def filter(self: Logger, record: LogRecord) -> Any:  # noqa: A001 - the method's name
        ids = _NO_FIELDS
        if correlation.is_on:
            try:
                ids = current_ids()
                correlation.fill(record.__dict__, ids)
            except Exception:
                with _GUARD:
                    raise
        try:
            passed = original(self, record)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        if passed and export is not None:
            export(self, record if passed is True or not hasattr(passed, "getMessage") else passed, ids)
        return passed

    return filter


class _Correlation:
    """Which fields the records get.

    A field for which every format has a default of the program's own is set only inside a span.

    Attributes:
        is_on: whether they get any.
    """

    __slots__ = ("_find_names", "_span_id", "_span_id_name", "_trace_id", "_trace_id_name", "is_on")

    def __init__(self, trace_id: str, span_id: str) -> None:
        self.is_on = False
        self._trace_id = self._span_id = _NEVER
        self._trace_id_name, self._span_id_name = trace_id, span_id
        self._find_names = re.compile(rf"(?:%\(|\$?\{{|\$)({re.escape(trace_id)}|{re.escape(span_id)})(?!\w)").findall

    def always(self) -> None:
        """Set both from now on."""
        self.is_on = True
        self._trace_id = self._span_id = _ALWAYS

    def learn(self, text: Any, defaults: Collection[str]) -> bool:
        """Read a format; say whether it names a field."""
        names = self._find_names(text) if isinstance(text, str) else ()
        if not names:
            return False
        trace_id, span_id = (
            _NEVER if name not in names else _INSIDE if name in defaults else _ALWAYS
            for name in (self._trace_id_name, self._span_id_name)
        )
        self._trace_id = max(self._trace_id, trace_id)
        self._span_id = max(self._span_id, span_id)
        self.is_on = True
        return True

    def learn_from(self, handlers: Collection[Callable[[], Any]]) -> None:
        """Read the formats that were made before, those of the handlers that are referred to."""
        for reference in tuple(handlers):
            style = getattr(getattr(reference(), "formatter", None), "_style", None)
            self.learn(getattr(style, "_fmt", ""), getattr(style, "_defaults", None) or ())

    def fill(self, fields: dict[str, Any], ids: tuple[str, str]) -> None:
        """Set what a record of the program's does not have yet."""
        least = _ALWAYS if ids is _NO_IDS else _INSIDE
        if self._trace_id >= least:
            fields.setdefault(self._trace_id_name, ids[0])
        if self._span_id >= least:
            fields.setdefault(self._span_id_name, ids[1])


class _CurrentIds:
    """Gives trace and span id of the current span in hex, ``0`` for none; never loads OpenTelemetry.

    Keeps those of the last context, which never changes, but not the context.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: tuple[ref[Context] | None, tuple[str, str]] = (None, _NO_IDS)

    def __call__(self) -> tuple[str, str]:
        context = current_context()
        if context is None:
            return _NO_IDS
        last, ids = self._last
        if last is None or last() is not context:
            ids = _read_ids()
            with suppress(TypeError):  # a program may attach what is not a Context, and cannot be referred to
                self._last = ref(context), ids
        return ids


def _read_ids() -> tuple[str, str]:
    get_current_span = getattr(sys.modules.get("opentelemetry.trace"), "get_current_span", None)
    if get_current_span is None:
        return _NO_IDS
    span_context = get_current_span().get_span_context()
    if not span_context.span_id:
        return _NO_IDS
    return format(span_context.trace_id, "032x"), format(span_context.span_id, "016x")


class _Api:
    """What is used of the OpenTelemetry API, loaded at the first record that is emitted."""

    __slots__ = ("get_current", "severities", "suppressed")

    def __init__(self) -> None:
        from opentelemetry._logs import SeverityNumber  # noqa: PLC0415 - not before the first record
        from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_current  # noqa: PLC0415

        self.get_current = get_current
        self.suppressed = _SUPPRESS_INSTRUMENTATION_KEY
        self.severities = tuple(SeverityNumber(number) for number in range(25))


class _Export:
    """Turns emitted records into OpenTelemetry log records of a logger of the same name."""

    def __init__(self, record_class: type[LogRecord], trace_id: str, span_id: str) -> None:
        empty = record_class("", 0, "", 0, "", (), None)
        self._standard = frozenset((*empty.__dict__, "message", "asctime", "taskName"))
        self._trace_id_name, self._span_id_name = trace_id, span_id
        self._usual = self._standard.union((trace_id, span_id))
        self._loggers: dict[str, OtelLogger | None] = {}
        self._local = _local()
        self._api: _Api | None = None

    def __call__(self, logger: Logger, record: LogRecord, ids: tuple[str | None, str | None]) -> None:
        """Emit one record, unless it comes from emitting, or from OpenTelemetry itself."""
        if getattr(self._local, "is_busy", False):
            return
        with _GUARD:
            if record.name.partition(".")[0] in _OWN_NAMES:
                return
            body = _message(record)
            attributes = self._attributes(record, ids)  # both may run the program's own __str__, which may log
            self._local.is_busy = True
            try:
                self._emit(logger, record, body, attributes)
            finally:
                self._local.is_busy = False

    def _emit(self, source: Logger, record: LogRecord, body: str, attributes: dict[str, Any]) -> None:
        api = self._api = self._api or _Api()
        current = api.get_current()
        if current.get(api.suppressed) or EXCLUDED in current:
            return
        if record.name not in self._loggers:
            if len(self._loggers) >= _MAX_LOGGERS:
                self._loggers.clear()
            found = sources.get_logger(record.name)
            self._loggers[record.name] = found if sources.takes_parts(found) else None
        logger = self._loggers[record.name]
        if logger is None:
            return
        parts: dict[str, Any] = {
            "timestamp": int(record.created * 1e9),
            "severity_number": api.severities[_severity(record.levelno)],
            "severity_text": record.levelname,
            "body": body,
            "attributes": attributes,
        }
        left = 0 if sources.logs.left_of is None else sources.logs.left_of(source, record.levelno)
        if left and not sources.logs.exporters:
            parts["left"] = left
        elif left and left == sources.logs.exporters:
            return
        if _EVENT_NAMES & attributes.keys():
            parts["event_name"] = _take_event_name(attributes)
        logger.emit(**parts)

    def _attributes(self, record: LogRecord, ids: tuple[str | None, str | None]) -> dict[str, Any]:
        fields = record.__dict__
        attributes: dict[str, Any] = {
            CODE_FILE_PATH: record.pathname,
            CODE_FUNCTION_NAME: record.funcName,
            CODE_LINE_NUMBER: record.lineno,
            THREAD_ID: record.thread,
            THREAD_NAME: record.threadName,
        }
        if record.funcName is None or record.thread is None:
            attributes = {name: value for name, value in attributes.items() if value is not None}
        if record.stack_info:
            attributes[CODE_STACKTRACE] = record.stack_info
        if record.exc_info and record.exc_info[1] is not None:
            attributes.update(exception_attributes(record.exc_info[1], record.exc_info[2]))
        own = {self._trace_id_name: ids[0], self._span_id_name: ids[1]}
        if self._usual.issuperset(fields) and tuple(map(fields.get, own)) in (ids, _NO_FIELDS):
            return attributes
        for name in fields.keys() - self._standard:
            if name not in own or fields[name] != own[name]:
                attributes[str(name)] = _any_value(fields[name], 0)
        return attributes


def _take_event_name(attributes: dict[str, Any]) -> str | None:
    """Take the name of an event, which a field of ``extra`` gives, out of the attributes; the deprecated name counts less."""
    old, name = attributes.pop(EVENT_NAME, None), attributes.pop(OTEL_EVENT_NAME, None)
    found = old if name is None else name
    return None if found is None else str(found)


def _message(record: LogRecord) -> str:
    """Format as the program's handlers will; where that fails, which is theirs to tell, give the raw message."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - the program's own __str__ and __mod__ may raise anything
        return _text(record.msg)


def _severity(level: int) -> int:
    """Map a level to the number of the log data model: 1 to 9 TRACE, 10 DEBUG, 20 INFO, 30 WARN, 40 ERROR, 50 FATAL."""
    if level < 10:  # noqa: PLR2004 - logging.DEBUG
        return 1 if level > 0 else 0
    tens = min(level // 10, 5)
    return 4 * tens + 1 + min(level - 10 * tens, 3)


def _any_value(value: Any, depth: int) -> Any:
    """Copy a structured value as the log data model can carry it; what is none of its types becomes text."""
    if value is None or isinstance(value, str | bool | float | bytes):
        return value
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else str(value)
    if depth < _MAX_DEPTH:
        if isinstance(value, dict):
            return {str(name): _any_value(item, depth + 1) for name, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [_any_value(item, depth + 1) for item in value]
    return _text(value)


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - the program's own __str__
        return f"<{type(value).__qualname__}>"
