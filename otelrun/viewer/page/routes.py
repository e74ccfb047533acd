"""What a request asks for: pure, from method and target to a route. Knows no run and joins no path.

Nothing is decoded in a path: what is not spelled as written here is not there.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs

RUNS, RUN, SQL_RUN, STATIC, PACKED = "runs", "run", "sql-run", "static", "report"

_RUN = r"/api/run/(?P<run>[0-9A-Za-z][0-9A-Za-z_.-]{0,63})"
_OF_RUN = re.compile(
    _RUN + r"(?:/(?:(?P<view>requests|errors|logs|metrics|processes|sql|search)"
    r"|trace/(?P<trace>[0-9a-f]{1,32})|log/(?P<log>[0-9]{1,19})))?"
)
_FIELD_LIMIT = 20


class Route(NamedTuple):
    """What is asked for.

    Attributes:
        kind: ``runs``; of a run ``run``, ``trace``, ``log``, ``requests``, …, and ``sql-run`` where a query is to be run;
            ``static``; ``report``.
        run: the run's full id.
        name: the trace, the log record, or the static file's address.
        query: the first value of each field after the question mark.
    """

    kind: str
    run: str = ""
    name: str = ""
    query: dict[str, str] = {}  # noqa: RUF012 - is never changed


def route_of(method: str, target: str) -> Route | None:
    """Say what is asked for; None where nothing can be meant.

    Args:
        method: ``GET`` or ``POST``.
        target: path and query, as sent.
    """
    path, _, fields = target.partition("?")
    if method == "POST":
        match = _OF_RUN.fullmatch(path)
        return Route(SQL_RUN, match["run"]) if match and match["view"] == "sql" else None
    if path == "/api/runs":
        return Route(RUNS)
    if path == "/api/report":
        return Route(PACKED)
    match = _OF_RUN.fullmatch(path)
    if match is None:
        return None if path.startswith("/api/") else Route(STATIC, name=path)
    for kind in ("trace", "log"):
        if match[kind]:
            return Route(kind, match["run"], match[kind])
    return Route(match["view"] or RUN, match["run"], query=_query(fields))


def _query(fields: str) -> dict[str, str]:
    try:
        values = parse_qs(fields, max_num_fields=_FIELD_LIMIT)
    except ValueError:
        return {}
    return {name: found[0] for name, found in values.items()}


def number_in(query: dict[str, str], name: str, otherwise: int, highest: int) -> int:
    """Read a number of a query; ``otherwise`` where there is none, never above ``highest``."""
    text = query.get(name, "")
    return min(int(text), highest) if text.isascii() and text.isdecimal() and len(text) <= 18 else otherwise  # noqa: PLR2004 - fits 64 bits
