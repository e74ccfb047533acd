"""What the store's readers get: frozen rows. Ids are lower-case hexadecimal text, times integer ns since the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from otelrun.ring.record import INTERRUPTED

Attributes = dict[str, Any]


@dataclass(frozen=True)
class RunRow:
    """What was run. ``ended_ns`` is None until the last process of the run has ended."""

    run_id: str
    command: tuple[str, ...] = ()
    cwd: str = ""
    started_ns: int = 0
    ended_ns: int | None = None
    root_pid: int = 0
    service_name: str = ""
    service_name_source: str = ""
    profile: str = ""
    pipeline: str = ""
    destinations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Totals:
    """How much a store holds. ``errors`` are spans whose status is error; a metric counts once, however many streams it has."""

    processes: int = 0
    traces: int = 0
    spans: int = 0
    errors: int = 0
    logs: int = 0
    metrics: int = 0
    metric_points: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the program's is in it."""
        return not (self.spans or self.logs or self.metric_points)


@dataclass(frozen=True)
class PrunedRow:
    """What was removed from a store again to keep it below its limit: of what is older than ``until_ns``, not all is there."""

    traces: int = 0
    spans: int = 0
    logs: int = 0
    points: int = 0
    until_ns: int = 0
    pruned_ns: int = 0

    @property
    def is_any(self) -> bool:
        """Whether something was removed."""
        return self.pruned_ns > 0


@dataclass(frozen=True)
class ProcessRow:
    """A process that recorded something.

    ``created_ns`` is when it recorded first, ``ended_ns`` when it had ended, None where that is not (yet) known. ``parent_pid``
    is the process that had started it when it recorded first, None where that is not known; ``parent`` is the ``id`` of that
    process, None where it is not one of these. ``interrupted`` counts the spans that it was in the middle of at its end.
    """

    id: int
    pid: int
    start_ticks: int
    service_name: str
    resource: Attributes
    torn: int
    unstored: int
    ring: str = ""
    created_ns: int = 0
    ended_ns: int | None = None
    parent_pid: int | None = None
    parent: int | None = None
    command: tuple[str, ...] = ()
    interrupted: int = 0


@dataclass(frozen=True)
class LibraryRow:
    """What has become of the instrumentation of one library in one process.

    ``library`` is the module of which the import matters, ``name`` the instrumentation's, by which a profile switches it,
    ``distribution`` what it is from or would be. ``state`` is ``hooked``; ``left`` (the program does it itself), ``off``,
    ``unsupported`` or ``failed``; or ``imported``, where none is installed. ``text`` says why, or is empty.
    """

    process: int
    library: str
    name: str
    state: str
    distribution: str
    text: str = ""


@dataclass(frozen=True)
class NoteRow:
    """Something otelrun itself did or could not do; ``times`` counts the processes that said the same."""

    slug: str
    text: str
    times: int


@dataclass(frozen=True)
class TraceRow:
    """A trace in one line: its first span's name, kind, service and attributes, its extent and its counts."""

    trace_id: str
    name: str
    kind: str
    service_name: str
    attributes: Attributes
    start_ns: int
    end_ns: int
    spans: int
    errors: int
    logs: int
    interrupted: int = 0

    @property
    def duration_ns(self) -> int:
        """From the start of its earliest span to the end of its latest."""
        return max(0, self.end_ns - self.start_ns)


@dataclass(frozen=True)
class EventRow:
    """A span event."""

    time_ns: int
    name: str
    attributes: Attributes


@dataclass(frozen=True)
class LinkRow:
    """A span link."""

    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(frozen=True)
class SpanRow:
    """A span with its events and links. ``parent_span_id`` is empty for the first span of a trace."""

    id: int
    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    kind: str
    start_ns: int
    end_ns: int
    status: str
    status_message: str
    attributes: Attributes
    service_name: str
    pid: int
    scope: str
    events: tuple[EventRow, ...] = ()
    links: tuple[LinkRow, ...] = ()

    @property
    def duration_ns(self) -> int:
        """How long it took, never negative."""
        return max(0, self.end_ns - self.start_ns)

    @property
    def is_error(self) -> bool:
        """Whether it ended in an error."""
        return self.status == "error"

    @property
    def is_interrupted(self) -> bool:
        """Whether it had not ended when its process did."""
        return self.attributes.get(INTERRUPTED) is True


@dataclass(frozen=True)
class LogRow:
    """A log record. ``trace_id`` and ``span_id`` are empty outside a span; ``body`` is the text, else decoded JSON."""

    id: int
    time_ns: int
    trace_id: str
    span_id: str
    severity_number: int
    severity_text: str
    body: Any
    event_name: str
    attributes: Attributes
    logger: str
    service_name: str
    pid: int


@dataclass(frozen=True)
class Trace:
    """Everything of one trace: spans by start, logs by time."""

    summary: TraceRow
    spans: tuple[SpanRow, ...]
    logs: tuple[LogRow, ...]
