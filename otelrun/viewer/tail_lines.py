"""What ``otelrun tail`` prints for other programs: JSON lines and logfmt. Pure: values in, text out.

Documented in docs/reference/tail-output.md; names are only added, never changed or taken away.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from otelrun.store.encoding import json_text
from otelrun.viewer.tail import Outside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otelrun.store.rows import LogRow
    from otelrun.viewer.tail import Happening, Request

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@+*%{}<>()[],;?&")


def json_lines(happened: Happening, run_id: str) -> Iterator[str]:
    """Give one JSON object for what happened."""
    document = _log(happened.log) if isinstance(happened, Outside) else _request(happened)
    yield json.dumps({**document, "run": run_id}, separators=(",", ":"))


def logfmt_lines(happened: Happening, run_id: str) -> Iterator[str]:
    """Give a line of ``name=value`` pairs for what happened, and one for each log record of a request."""
    if isinstance(happened, Outside):
        yield _pairs({**_log(happened.log), "run": run_id})
        return
    document = _request(happened)
    logs = document.pop("logs")
    calls, shown = document.pop("calls"), document.pop("attributes")
    time_in = document.pop("time_in_ns")
    flat = {f"calls.{name}": number for name, number in calls.items()}
    flat.update({f"time_in_ns.{name}": number for name, number in time_in.items()})
    yield _pairs({**document, **flat, **shown, "run": run_id})
    for log in logs:
        yield _pairs({**log, "run": run_id})


def _request(request: Request) -> dict[str, Any]:
    entry = request.entry
    return {
        "type": "request",
        "time": _time(request.time_ns),
        "time_ns": request.time_ns,
        "start_ns": entry.start_ns,
        "duration_ns": entry.duration_ns,
        "status": entry.status_code,
        "failed": entry.is_failed,
        "interrupted": entry.is_interrupted,
        "endpoint": entry.endpoint,
        "name": entry.name,
        "kind": entry.kind,
        "service": request.service_name,
        "pid": request.pid,
        "failure": entry.failure,
        "location": request.location,
        "times_median": round(request.times_median, 1) or None,
        "spans": entry.spans,
        "calls": entry.calls,
        "time_in_ns": entry.time_in,
        "trace_id": entry.trace_id,
        "span_id": entry.span_id,
        "attributes": request.shown,
        "logs": [_log(log) for log in request.logs],
    }


def _log(log: LogRow) -> dict[str, Any]:
    return {
        "type": "log",
        "time": _time(log.time_ns),
        "time_ns": log.time_ns,
        "severity": log.severity_text,
        "severity_number": log.severity_number,
        "logger": log.logger,
        "body": log.body,
        "service": log.service_name,
        "pid": log.pid,
        "trace_id": log.trace_id,
        "span_id": log.span_id,
    }


def _time(ns: int) -> str:
    seconds, rest_ns = divmod(ns, 1_000_000_000)
    try:
        text = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError, OSError):  # beyond the year 9999
        return ""
    return f"{text}.{rest_ns // 1_000:06}Z"


def _pairs(values: dict[str, Any]) -> str:
    """Join what is not empty as ``name=value``; values with blanks or quotes are JSON strings."""
    return " ".join(
        f"{_name(name)}={_text(value)}" for name, value in values.items() if value not in ("", None, {}, [])
    )


def _name(name: str) -> str:
    return "".join(c if c in _PLAIN else "_" for c in name) or "_"


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json_text(value)
    return text if text and _PLAIN.issuperset(text) else json.dumps(text)
