"""A recorded run made by hand: a shop of three processes, with the shape of a real distributed trace.

server → client → server of another process → gRPC client → gRPC server → internal task, with log lines inside.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import Any

from otelrun.ring.reader import SeriesState
from otelrun.ring.record import EventRecord, Library, LogRecord, NoteRecord, Scope, Series, SpanRecord
from otelrun.store.accounts import Delivery, ExporterAccount, ProcessAccount, RunAccounts
from otelrun.store.ingest import StoreWriter

START_NS = 1_795_514_400_000_000_000  # 2026-11-24 10:00:00 UTC
TRACE_ID = 0x4BF92F3577B34DA6A3CE929D0E0E4736
FAST_TRACE_ID = 0x0AF7651916CD43DD8448EB211C80319C
US, MS = 1_000, 1_000_000
INTERNAL, SERVER, CLIENT = 0, 1, 2

SCOPES = {
    1: Scope("otelrun.instrumentation.http_server", "0.1.0", "", {}),
    2: Scope("shop.orders", "", "", {}),
    3: Scope("shop.pricing", "", "", {}),
}

LIBRARIES = (
    Library("http.server", "http_server", "hooked", "otelrun", ""),
    Library("sqlite3", "sqlite3", "imported", "opentelemetry-instrumentation-sqlite3", ""),
)

DESTINATION = "http://localhost:4318"
ACCOUNTS = RunAccounts(
    (
        ProcessAccount(
            f"4194301-{START_NS}.ring",
            pid=4_194_301,
            is_gone=True,
            recorded={"spans": 5, "logs": 4, "notes": 1},
            dropped={"logs": {"no room": 2}},
            torn=1,
            deliveries={"spans-0": Delivery(5), "logs-0": Delivery(0, 2)},
        ),
        ProcessAccount(
            f"4194302-{START_NS}.ring",
            pid=4_194_302,
            is_gone=True,
            recorded={"spans": 1, "logs": 1},
            deliveries={"spans-0": Delivery(1), "logs-0": Delivery(0, 1)},
        ),
        ProcessAccount(
            f"4194303-{START_NS}.ring",
            pid=4_194_303,
            is_gone=True,
            recorded={"spans": 2, "logs": 1},
            deliveries={"spans-0": Delivery(2), "logs-0": Delivery(0, 1)},
        ),
    ),
    exporters=(
        ExporterAccount("spans-0", "spans", DESTINATION, delivery=Delivery(8)),
        ExporterAccount("logs-0", "logs", DESTINATION, last_error="connection refused", delivery=Delivery(0, 4)),
    ),
)

STACKTRACE = """Traceback (most recent call last):
  File "/srv/shop/pricing.py", line 41, in Quote
    return quote(request)
  File "/srv/shop/pricing.py", line 63, in quote
    raise ValueError(f"no price for {item}")
  File "/usr/lib/python3.11/site-packages/prices/table.py", line 9, in find
    raise KeyError(item)
ValueError: no price for 'durian'
"""


def span(
    span_id: int,
    parent: int,
    name: str,
    times: tuple[float, float],
    *,
    kind: int = INTERNAL,
    trace_id: int = TRACE_ID,
    status: int = 0,
    message: str = "",
    events: tuple[EventRecord, ...] = (),
    **attributes: Any,
) -> SpanRecord:
    """Make a span; ``times`` are ms after the start of the run, ``http__route=`` becomes the attribute ``http.route``."""
    start, end = (START_NS + int(t * MS) for t in times)
    values = {key.replace("__", "."): value for key, value in attributes.items()}
    return SpanRecord(
        trace_id, span_id, parent, 0x101, name, kind, start, end, values, 1, "", events, (), status, message
    )


def log(
    span_id: int, at_ms: float, body: Any, *, severity: int = 9, scope: int = 2, trace_id: int = TRACE_ID
) -> LogRecord:
    """Make a log record inside a span; outside any for ``span_id`` 0."""
    time_ns = START_NS + int(at_ms * MS)
    name = {5: "DEBUG", 9: "INFO", 13: "WARNING", 17: "ERROR"}[severity]
    return LogRecord(time_ns, time_ns, trace_id if span_id else 0, span_id, 1, severity, name, body, {}, "", scope)


def exception(at_ms: float, kind: str, message: str, stacktrace: str = "") -> EventRecord:
    """Make an exception event."""
    attributes = {"exception.type": kind, "exception.message": message, "exception.stacktrace": stacktrace}
    return EventRecord("exception", START_NS + int(at_ms * MS), attributes)


def counter(value: float) -> SeriesState:
    """Make the state of one metric series."""
    series = Series("counter", "orders", "1", "Orders received", 2, {"shop.kind": "web"}, (), START_NS)
    return SeriesState(8, series, value, False, START_NS + 40 * MS, 0.0, 0.0, ())


def histogram() -> SeriesState:
    """Make the state of one histogram."""
    name = "http.server.request.duration"
    series = Series("histogram", name, "s", "", 1, {"http.route": "/orders"}, (0.01, 0.1), START_NS)
    return SeriesState(16, series, 0.051, True, START_NS + 50 * MS, 0.002, 0.049, (1, 1, 0))


def failing_order() -> tuple[list[Any], list[Any], list[Any]]:
    """Make the records of a failed order, per process: web, stock, pricing."""
    no_price = exception(36.1, "ValueError", "no price for 'durian'", STACKTRACE)
    failed = {"status": 2, "http__request__method": "POST", "http__response__status_code": 500, "error__type": "500"}
    stock_url = "http://127.0.0.1:8002/stock/durian"
    ok = {"http__request__method": "GET", "http__response__status_code": 200}
    web = [
        log(0xA1, 0.4, "order 17 received"),
        span(0xA2, 0xA1, "check stock", (1.0, 12.5)),
        span(0xA3, 0xA2, "GET", (1.2, 11.9), kind=CLIENT, url__full=stock_url, **ok),
        span(
            0xA4,
            0xA1,
            "shop.Pricing/Quote",
            (13.0, 38.2),
            kind=CLIENT,
            status=2,
            message="no price for 'durian'",
            rpc__system="grpc",
            rpc__response__status_code="UNKNOWN",
            error__type="UNKNOWN",
        ),
        log(0xA1, 38.9, "order 17 failed", severity=17),
        span(0xA1, 0, "POST /orders", (0, 48.2), kind=SERVER, http__route="/orders", url__path="/orders", **failed),
    ]
    stock = [
        span(0xB1, 0xA3, "GET /stock/{item}", (2.9, 10.1), kind=SERVER, url__path="/stock/durian", **ok),
        log(0xB1, 4.0, "1 durian left", severity=13),
    ]
    pricing = [
        log(0xC1, 15.5, "quote for durian", severity=5, scope=3),
        span(
            0xC2,
            0xC1,
            "find price",
            (16.0, 36.1),
            status=2,
            message="ValueError: no price for 'durian'",
            events=(no_price,),
        ),
        span(
            0xC1,
            0xA4,
            "shop.Pricing/Quote",
            (15.1, 36.9),
            kind=SERVER,
            status=2,
            message="ValueError: no price for 'durian'",
            events=(no_price,),
            rpc__system="grpc",
            rpc__response__status_code="UNKNOWN",
        ),
    ]
    return web, stock, pricing


def quick_request(trace_id: int = FAST_TRACE_ID, at_ms: float = 60.0) -> list[Any]:
    """Make the records of a request that went well."""
    return [
        span(
            0xD1,
            0,
            "GET /health",
            (at_ms, at_ms + 0.8),
            kind=SERVER,
            trace_id=trace_id,
            http__response__status_code=200,
            url__path="/health",
        )
    ]


def placed(records: list[Any]) -> list[tuple[int, Any]]:
    """Give each record a position as a ring would."""
    return [(index * 512, record) for index, record in enumerate(records)]


def description(run_id: str) -> dict[str, Any]:
    """Make what run.json holds."""
    return {
        "run_id": run_id,
        "command": ["python", "docs/examples/shop/shop.py"],
        "cwd": "/srv/shop",
        "started_ns": START_NS,
        "root_pid": 4_194_301,  # no such process: above the usual highest id
        "service_name": "shop",
        "service_name_source": "name of the script",
        "profile": "default",
        "profile_origin": "/srv/configs/default.yaml",
        "python": "3.11.7",
        "otelrun_version": "0.1.0",
        "pipeline": "agent",
        "destinations": ["otlp http://localhost:4318"],
    }


def write_run(root: str, run_id: str = "20261124-110000-3f9a") -> str:
    """Write the run directory of the shop below ``root``; gives the run directory."""
    directory = os.path.join(root, "runs", run_id)
    os.makedirs(directory, mode=0o700)
    about = description(run_id)
    with open(os.path.join(directory, "run.json"), "w", encoding="utf-8") as file:
        json.dump(about, file)
    writer = StoreWriter(os.path.join(directory, "store.db"))
    writer.describe_run(about)
    for index, (service, records) in enumerate(zip(("shop", "stock", "pricing"), failing_order(), strict=True)):
        pid = 4_194_301 + index
        process = writer.add_process(
            f"{pid}-{START_NS}.ring", pid, 0, START_NS, {"service.name": service, "process.pid": pid}
        )
        writer.add(process, placed(records), SCOPES.__getitem__)
        writer.set_libraries(process, LIBRARIES)
        writer.end_process(process, START_NS + 1_500 * MS)
    web = 1
    writer.add(
        web,
        [(1 << 20, quick_request()[0]), (2 << 20, NoteRecord(START_NS, "no-tls", "sending without TLS"))],
        SCOPES.get,
    )
    writer.set_metrics(web, [counter(3.0), histogram()], SCOPES.__getitem__, START_NS + 70 * MS)
    writer.set_accounts(ACCOUNTS)
    writer.end_run(START_NS + 1_520 * MS)
    writer.close()
    return directory


if __name__ == "__main__":
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    write_run(sys.argv[1])
