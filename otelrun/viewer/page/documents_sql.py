"""The document for who writes queries: the schema with its comments, and queries to begin with. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otelrun.store import schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SAVED = (
    (
        "Slowest requests",
        (
            "SELECT started_utc, name, path, round(duration_ms, 2) AS ms, status_code, trace_id\n"
            "FROM requests ORDER BY duration_ms DESC LIMIT 50"
        ),
    ),
    (
        "Endpoints: calls, failures, times",
        (
            "SELECT method, coalesce(route, name) AS endpoint, count(*) AS calls, sum(is_error) AS failed,\n"
            "       round(avg(duration_ms), 2) AS average_ms, round(max(duration_ms), 2) AS longest_ms\n"
            "FROM requests GROUP BY 1, 2 ORDER BY failed DESC, calls DESC"
        ),
    ),
    (
        "Exceptions by type and message",
        (
            "SELECT type, message, count(*) AS times, max(started_utc) AS newest, max(trace_id) AS a_trace\n"
            "FROM errors GROUP BY 1, 2 ORDER BY times DESC"
        ),
    ),
    (
        "Where calls to others spend their time",
        (
            "SELECT kind, name, count(*) AS calls, round(sum(duration_ms), 1) AS total_ms,\n"
            "       round(max(duration_ms), 2) AS longest_ms\n"
            "FROM spans WHERE kind IN ('client', 'producer') GROUP BY 1, 2 ORDER BY total_ms DESC LIMIT 50"
        ),
    ),
    (
        "Traces with most spans",
        (
            "SELECT trace_id, count(*) AS spans, round((max(end_ns) - min(start_ns)) / 1e6, 2) AS ms\n"
            "FROM span GROUP BY trace_id ORDER BY spans DESC LIMIT 50"
        ),
    ),
    (
        "Warnings and errors in the log",
        (
            "SELECT time_utc, severity, logger, body, trace_id\n"
            "FROM logs WHERE severity IN ('WARNING', 'WARN', 'ERROR', 'CRITICAL', 'FATAL') ORDER BY time_ns DESC LIMIT 200"
        ),
    ),
)
"""Title and query."""


def schema_document(view_columns: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Describe what can be asked.

    Args:
        view_columns: the columns of each view, as the store has them.
    """
    views = [
        {
            "name": (name := schema.name_of(statement)),
            "kind": "view",
            "comment": schema.comment_of(statement),
            "columns": [{"name": column, "type": "", "comment": ""} for column in view_columns.get(name, ())],
        }
        for statement in schema.VIEWS
    ]
    tables = [
        {
            "name": schema.name_of(statement),
            "kind": "table",
            "comment": schema.comment_of(statement),
            "columns": [column._asdict() for column in schema.columns_of(statement)],
        }
        for statement in schema.TABLES
    ]
    return {"schema": [*views, *tables], "saved": [{"title": title, "sql": sql} for title, sql in SAVED]}
