"""Runs made by hand for the verbs that follow and compare runs: a shop that is opened again with a slower release."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from otelrun.store.ingest import StoreWriter
from tests.support.shop_trace import CLIENT, MS, SCOPES, SERVER, START_NS, description, exception, log, placed, span

if TYPE_CHECKING:
    from collections.abc import Iterable

BEFORE, AFTER = "20261124-100500-77b1", "20261124-110000-3f9a"
STACK = """Traceback (most recent call last):
  File "/srv/shop/app.py", line {line}, in {function}
    raise ValueError(f"unlucky item {{number}}")
ValueError: unlucky item 13
"""


def write_made_run(root: str, run_id: str, processes: Iterable[Iterable[Any]], *, is_ended: bool = True) -> str:
    """Write a run of one service whose processes recorded these; gives its directory."""
    directory = os.path.join(root, "runs", run_id)
    os.makedirs(directory, mode=0o700)
    about = {**description(run_id), "command": ["python", "app.py"]}
    with open(os.path.join(directory, "run.json"), "w", encoding="utf-8") as file:
        json.dump(about, file)
    writer = StoreWriter(os.path.join(directory, "store.db"))
    writer.describe_run(about)
    for index, records in enumerate(processes):
        pid = 4_194_301 + index
        process = writer.add_process(f"{pid}.ring", pid, 0, START_NS, {"service.name": "shop", "process.pid": pid})
        writer.add(process, placed(list(records)), SCOPES.__getitem__)
    if is_ended:
        writer.end_run(START_NS + 1_520 * MS)
    writer.close()
    return directory


def request(
    number: int,
    route: str,
    took_ms: float,
    *,
    status: int = 200,
    at_ms: float | None = None,
    queries: int = 0,
    where: tuple[int, str] = (15, "item"),
) -> list[Any]:
    """Make one request of a trace of its own: its queries, its span; one that fails has an exception and a log line."""
    start = number * 20.0 if at_ms is None else at_ms
    trace_id, own = number + (1 << 100), number * 1_000 + 1
    records: list[Any] = [
        span(
            own + 1 + n, own, "SELECT", (start + n * 0.1, start + n * 0.1 + 0.08), kind=CLIENT, trace_id=trace_id, **SQL
        )
        for n in range(queries)
    ]
    failed: dict[str, Any] = {}
    if status >= 500:
        records.append(log(own, start + took_ms / 2, f"cannot sell {number}", severity=17, trace_id=trace_id))
        event = exception(
            start + took_ms, "ValueError", "unlucky item 13", STACK.format(line=where[0], function=where[1])
        )
        failed = {"status": 2, "events": (event,), "error__type": "500"}
    web = {"http__request__method": "GET", "http__route": route, "http__response__status_code": status}
    times = (start, start + took_ms)
    records.append(span(own, 0, f"GET {route}", times, kind=SERVER, trace_id=trace_id, **web, **failed))
    return records


SQL = {"db__system__name": "sqlite", "db__query__text": "SELECT 1"}


def first_release() -> list[Any]:
    """Make what the shop recorded before: quick, but for the failure of one item."""
    records = []
    for number in range(30):
        records += request(number, "/items/{id}", 4 + number % 5 * 0.1, queries=1)
        records += request(100 + number, "/today", 2 + number % 3 * 0.1, queries=2)
    records += request(200, "/items/{id}", 4.4, status=500)
    records += request(201, "/old", 3)
    return records


def second_release() -> list[Any]:
    """Make what it recorded after: N+1 queries on /today, a new failure on a new page; /old is gone, /items is the same."""
    records = []
    for number in range(30):
        records += request(number, "/items/{id}", 4.1 + number % 5 * 0.1, queries=1)
        records += request(100 + number, "/today", 18 + number % 3, queries=42)
    records += request(200, "/items/{id}", 4.4, status=500, where=(17, "item"))
    records += request(202, "/checkout", 7, status=500, where=(71, "pay"))
    return records
