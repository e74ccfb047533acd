"""The errors and warnings that a run logged: what there is to say of a run in which no request and no exception failed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from otelrun.store.queries import StoreReader

NEWEST = 5_000
"""So many log records are looked at, the newest."""

_ERROR, _WARNING = 17, 13  # severity numbers of OpenTelemetry, the lowest of each
_LONGEST = 2_000

_COUNTS = """
SELECT coalesce(sum(severity_number >= :error), 0), coalesce(sum(severity_number >= :warning AND severity_number < :error), 0)
FROM (SELECT severity_number FROM log ORDER BY time_ns DESC LIMIT :newest)"""

_LAST = """
SELECT coalesce(l.severity_text, 'ERROR'), coalesce(c.name, ''), l.body
FROM (SELECT * FROM log ORDER BY time_ns DESC LIMIT :newest) l LEFT JOIN scope c ON c.id = l.scope
WHERE l.severity_number >= :error ORDER BY l.time_ns DESC, l.id DESC LIMIT 1"""


class LoggedErrors(NamedTuple):
    """What was logged.

    Attributes:
        errors: how many records of severity ERROR and above.
        warnings: how many of severity WARN.
        last: the newest of the errors, ``ERROR shop: unlucky item 13``; empty where there is none.
    """

    errors: int = 0
    warnings: int = 0
    last: str = ""


def logged_errors_of(reader: StoreReader) -> LoggedErrors:
    """Count them."""
    ((errors, warnings),) = reader.rows(_COUNTS, {"error": _ERROR, "warning": _WARNING, "newest": NEWEST})
    for severity, logger, body in reader.rows(_LAST, {"error": _ERROR, "newest": NEWEST}) if errors else ():
        return LoggedErrors(errors, warnings, f"{severity} {logger}: {body}"[:_LONGEST])
    return LoggedErrors(errors, warnings)
