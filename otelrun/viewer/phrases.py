"""How values read: durations, times, counts, and foreign text made harmless. Pure text, no layout."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from otelrun.store.encoding import json_text
from otelrun.viewer import stack
from otelrun.viewer.analysis import naming

if TYPE_CHECKING:
    from otelrun.store.rows import Attributes, SpanRow, TraceRow

_US, _MS, _S = 1_000, 1_000_000, 1_000_000_000
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_LONGEST = 2_000
QUERIES = frozenset({"db.query.text", "db.statement"})
"""Attributes that hold the text of a query."""

_TARGETS = (
    "url.full",
    "http.url",
    "url.path",
    "http.target",
    "db.query.text",
    "db.statement",
    "messaging.destination.name",
)


def visible(text: Any, longest: int = _LONGEST) -> str:
    r"""Make a text harmless on a terminal: what is not printable is escaped (``\x1b``, ``\n``), too long is cut with ``…``.

    Args:
        text: a text, or a value that is shown as JSON.
        longest: in characters.
    """
    whole = text if isinstance(text, str) else json_text(text)
    cut = whole[:longest]
    harmless = cut if cut.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in cut)
    return harmless if len(whole) <= longest else harmless + "…"


def duration(ns: int) -> str:
    """Say a duration with three digits and a unit: ``9 µs``, ``1.25 ms``, ``48.2 ms``, ``3.10 s``, ``2 min 05 s``."""
    for unit, name, above in ((_US, "µs", _MS), (_MS, "ms", _S), (_S, "s", 60 * _S)):
        if ns < above * 0.9995:
            value = ns / unit
            digits = 0 if value >= 99.95 or unit == _US else 1 if value >= 9.995 else 2  # noqa: PLR2004 - three digits
            return f"{value:.{digits}f} {name}"
    seconds = round(ns / _S)
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes
        return f"{minutes} min {seconds:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def size(number: int) -> str:
    """Say a size with three digits at most and a unit: ``36 KiB``, ``1.2 MiB``, ``214 MiB``; ``-`` for nothing."""
    if not number:
        return "-"
    value, name = max(1.0, number / 1024), "KiB"
    for larger in ("MiB", "GiB"):
        if value < 999.5:  # noqa: PLR2004 - three digits
            break
        value, name = value / 1024, larger
    return f"{value:.1f} {name}" if value < 9.95 and name != "KiB" else f"{value:.0f} {name}"  # noqa: PLR2004 - as above


def ago(then_ns: int, now_ns: int) -> str:
    """Say how long ago something was: ``just now``, ``40 s ago``, ``3 min ago``, ``5 h ago``, ``2 days ago``."""
    seconds = (now_ns - then_ns) // _S
    if seconds < 2:  # noqa: PLR2004 - nobody counts that
        return "just now"
    for above, unit, name in ((2 * _MINUTE, 1, "s"), (2 * _HOUR, _MINUTE, "min"), (2 * _DAY, _HOUR, "h")):
        if seconds < above:
            return f"{seconds // unit} {name} ago"
    return f"{seconds // _DAY} days ago"


def clock(ns: int, now_ns: int) -> str:
    """Say a time in the local time zone; with its date unless that is today."""
    if not ns:
        return "?"
    then, now = time.localtime(ns // _S), time.localtime(now_ns // _S)
    is_today = (then.tm_year, then.tm_yday) == (now.tm_year, now.tm_yday)
    return time.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M", then)


def count(number: int, one: str, many: str = "") -> str:
    """Say a number of things: ``1 span``, ``12,000 spans``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def path(text: str) -> str:
    """Say a path, from ``~`` where it lies in the home directory."""
    home = os.path.expanduser("~")
    return visible(f"~{text[len(home) :]}" if home != "/" and text.startswith(home + os.sep) else text, 400)


def short_trace(trace_id: str) -> str:
    """Give as much of a trace id as anybody types."""
    return trace_id[:8]


def status_code(span: SpanRow) -> str:
    """Give the HTTP or RPC status code of a span, empty where it has none."""
    return visible(naming.status_of(span.attributes), 32)


def target(span: SpanRow | TraceRow) -> str:
    """Say what a span, or a trace's first span, was about where its name does not: the URL, the query, the queue; else empty."""
    for name in _TARGETS:
        value = span.attributes.get(name)
        if isinstance(value, str) and value:
            about = value.partition("://")[2] or value
            return "" if about in span.name else about
    return ""


def failure(span: SpanRow) -> tuple[str, str]:
    """Give the type and the message of what went wrong in a span; both empty where nothing is known."""
    for event in reversed(span.events):
        if event.name == "exception":
            kind, message = event.attributes.get("exception.type"), event.attributes.get("exception.message")
            return visible(kind or ""), visible(message or "")
    kind = span.attributes.get("error.type") or ""
    message = span.status_message
    if kind == status_code(span):
        kind = ""
    if kind and message.startswith(f"{kind}: "):
        message = message[len(kind) + 2 :]
    return visible(kind), visible(message)


def failing_line(span: SpanRow) -> str:
    """Say where in the user's own code a span's exception was raised, ``app.py:15 in item``; empty where not known."""
    places = (place_of(event.attributes) for event in reversed(span.events) if event.name == "exception")
    return next(filter(None, places), "")


def place_of(exception: Attributes) -> str:
    """Say where an exception, of an event or a log record, was raised in the user's own code; empty where not known."""
    text = exception.get("exception.stacktrace")
    frame = stack.innermost_own(stack.frames_of(text)) if isinstance(text, str) else None
    return visible(frame.location, 120) if frame is not None else ""
