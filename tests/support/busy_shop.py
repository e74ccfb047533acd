"""A run of a busy shop with as many spans as wished, as its program would have recorded them, made in seconds from a seed.

Four workers. A request is a server span; below it are calls to a catalogue (HTTP), to pricing (gRPC) and to a database. Attributes
are those of the instrumentations; ids, times and numbers are as irregular as real ones, so that sizes and loads are real, too.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from otelrun.ring.reader import SeriesState
from otelrun.ring.record import EventRecord, LogRecord, Scope, Series, SpanRecord
from tests.support.made_run import START_NS, MadeProcess, make_run

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKERS = 4
RATE_NS = 2_000_000
"""From one request to the next of the same worker, on average."""

MOMENTS = 10
"""At how many the metrics were read."""

US, MS = 1_000, 1_000_000
_INTERNAL, _SERVER, _CLIENT = 0, 1, 2
_UNSET, _ERROR = 0, 2
_HTTP_SERVER, _HTTP_CLIENT, _GRPC_CLIENT, _SQLITE, _SHOP = range(1, 6)
_OWN = "otelrun.instrumentation."
SCOPES = {
    _HTTP_SERVER: Scope(_OWN + "http_server", "0.1.0", "", {}),
    _HTTP_CLIENT: Scope(_OWN + "http_client", "0.1.0", "", {}),
    _GRPC_CLIENT: Scope(_OWN + "grpc_client", "0.1.0", "", {}),
    _SQLITE: Scope("opentelemetry.instrumentation.sqlite3", "0.66b2", "", {}),
    _SHOP: Scope("shop", "", "", {}),
}
ROUTES = ("/order/<int:item>", "/items", "/items/<int:item>", "/basket", "/search", "/health")
_SHARES = (30, 20, 25, 10, 10, 5)
_QUERIES = (
    "SELECT id, name, price FROM item WHERE id = ?",
    "SELECT count(*) FROM basket WHERE customer = ?",
    "UPDATE stock SET pieces = pieces - 1 WHERE item = ? AND warehouse = ?",
)
_STACK = """Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/flask/app.py", line 1511, in wsgi_app
    response = self.full_dispatch_request()
  File "/srv/shop/app.py", line 41, in order
    price = price_of(item)
  File "/srv/shop/pricing.py", line 26, in price_of
    raise LookupError(f"item {item} has no price")
LookupError: item 13 has no price
"""


def make_busy_run(root: str, run_id: str, spans: int, *, longest: int = 0, seed: int = 1) -> str:
    """Write a run of the shop below ``root``.

    Args:
        root: the directory of runs.
        run_id: its id.
        spans: how many it holds, exactly.
        longest: spans of one trace that stands apart: a nightly job. They are among ``spans``.
        seed: of all that is random.

    Returns:
        The run's directory.
    """
    share = (spans - longest) // WORKERS
    counts = [share] * (WORKERS - 1) + [spans - longest - share * (WORKERS - 1)]
    workers = [_Worker(4_194_302 + index, Random(seed + index)) for index in range(WORKERS)]
    processes = [worker.process(count) for worker, count in zip(workers, counts, strict=True)]
    if longest:
        nightly = _Worker(4_194_302 + WORKERS, Random(seed + WORKERS))
        processes.append(nightly.process(0, job=longest))
    end_ns = max(worker.now_ns for worker in workers) + 1_000 * MS
    return make_run(root, run_id, processes, ended_ns=end_ns, command=["gunicorn", "-w", str(WORKERS), "app:app"])


class _Worker:
    """Makes what one worker records."""

    def __init__(self, pid: int, random: Random) -> None:
        self._pid = pid
        self._random = random
        self.now_ns = START_NS
        self._served: dict[tuple[str, int], int] = {}
        self._measured: list[tuple[int, list[SeriesState]]] = []

    def process(self, spans: int, job: int = 0) -> MadeProcess:
        records = [*self._requests(spans)] if spans else [*self._job(job)]
        resource = {"service.name": "shop", "process.pid": self._pid, "process.parent_pid": 4_194_301}
        resource["process.command_args"] = ["gunicorn", "-w", str(WORKERS), "app:app"]
        return MadeProcess(self._pid, resource, records, SCOPES, [*self._measured, (self.now_ns, self._metrics())])

    def _requests(self, spans: int) -> Iterator[SpanRecord | LogRecord]:
        """Give whole requests until ``spans`` spans are made; the last one is as long as is left."""
        left = spans
        while left:
            if left * MOMENTS // spans < MOMENTS - 1 - len(self._measured):
                self._measured.append((self.now_ns, self._metrics()))
            self.now_ns += int(self._random.expovariate(1 / RATE_NS))
            made, logs = self._request(left)
            left -= len(made)
            yield from logs
            yield from made

    def _request(self, limit: int) -> tuple[list[SpanRecord], list[LogRecord]]:
        random = self._random
        route = random.choices(ROUTES, _SHARES)[0]
        item = random.randrange(1, 5_000)
        is_failed = route == ROUTES[0] and random.random() < 0.02
        trace_id, root_id = random.getrandbits(128), random.getrandbits(64)
        at_ns = self.now_ns + random.randrange(80 * US, 400 * US)
        spans: list[SpanRecord] = []
        for _ in range(min(limit - 1, {ROUTES[0]: 6, ROUTES[5]: 0}.get(route, random.randrange(2, 6)))):
            took_ns = int(random.lognormvariate(0, 0.8) * 900 * US)
            scope, kind, name, attributes = self._call(route, item, len(spans))
            parent = spans[-1].span_id if kind == _INTERNAL and spans else root_id
            span_id = random.getrandbits(64)
            end_ns = at_ns + took_ns
            spans.append(SpanRecord(trace_id, span_id, parent, 0x101, name, kind, at_ns, end_ns, attributes, scope))
            at_ns = end_ns + random.randrange(20 * US, 200 * US)
        end_ns = at_ns + random.randrange(50 * US, 500 * US)
        status = 500 if is_failed else 200 if random.random() < 0.97 else 404
        method = "POST" if route == ROUTES[3] else "GET"
        self._served[route, status] = self._served.get((route, status), 0) + 1
        attributes = {
            "http.request.method": method,
            "url.scheme": "http",
            "network.protocol.version": "1.1",
            "url.path": route.replace("<int:item>", str(item)),
            "http.route": route,
            "server.address": "shop.example",
            "server.port": 8000,
            "network.peer.address": "10.0.0.7",
            "network.peer.port": random.randrange(32_768, 61_000),
            "client.address": f"10.0.{random.randrange(256)}.{random.randrange(256)}",
            "http.response.status_code": status,
        }
        events: tuple[EventRecord, ...] = ()
        if is_failed:
            attributes["error.type"] = "500"
            events = (_failure(end_ns - 10 * US, item),)
        spans.append(
            SpanRecord(
                *(trace_id, root_id, 0, 0x101, f"{method} {route}", _SERVER, self.now_ns, end_ns, attributes, 1, ""),
                events=events,
                status=_ERROR if is_failed else _UNSET,
            )
        )
        logs = [self._log(trace_id, root_id, at_ns, item, is_failed=is_failed)] if random.random() < 0.7 else []
        return spans, logs

    def _call(self, route: str, item: int, number: int) -> tuple[int, int, str, dict[str, Any]]:
        if route == ROUTES[0] and number == 0:
            url = f"http://catalogue.example:8001/item/{item}"
            answer = {"http.response.status_code": 200, "network.protocol.version": "1.1"}
            where = {"server.address": "catalogue.example", "server.port": 8001, "url.full": url}
            return _HTTP_CLIENT, _CLIENT, "GET", {"http.request.method": "GET", **where, **answer}
        if route == ROUTES[0] and number == 1:
            answer = {"rpc.system.name": "grpc", "rpc.method": "shop.Pricing/Price", "rpc.response.status_code": "OK"}
            return (
                _GRPC_CLIENT,
                _CLIENT,
                "shop.Pricing/Price",
                {**answer, "server.address": "pricing.example", "server.port": 50051},
            )
        if number % 3 == 2:
            return _SHOP, _INTERNAL, "render basket", {"basket.items": self._random.randrange(1, 40)}
        query = _QUERIES[number % len(_QUERIES)]
        verb = query.partition(" ")[0]
        return _SQLITE, _CLIENT, verb, {"db.system": "sqlite", "db.name": "shop.db", "db.statement": query}

    def _log(self, trace_id: int, span_id: int, time_ns: int, item: int, *, is_failed: bool) -> LogRecord:
        severity, text = (17, "ERROR") if is_failed else (9, "INFO")
        body = f"item {item} has no price" if is_failed else f"order taken: item {item} for {item * 1.99:.2f}"
        where = {"code.file.path": "/srv/shop/app.py", "code.function.name": "order", "code.line.number": 44}
        return LogRecord(time_ns, time_ns, trace_id, span_id, 1, severity, text, body, where, "", _SHOP)

    def _job(self, spans: int) -> Iterator[SpanRecord]:
        """Give one long trace: a job, its batches, and the queries of each."""
        random = self._random
        trace_id, job_id, batch_id = (random.getrandbits(bits) for bits in (128, 64, 64))
        at_ns = START_NS
        query = {"db.system": "sqlite", "db.name": "shop.db", "db.statement": _QUERIES[0]}
        begun_ns = at_ns
        for number in range(spans - 1):
            if number % 50 == 49:
                yield SpanRecord(
                    trace_id, batch_id, job_id, 0x101, f"batch {number // 50}", _INTERNAL, begun_ns, at_ns, {}, _SHOP
                )
                batch_id, begun_ns = random.getrandbits(64), at_ns
                continue
            end_ns = at_ns + int(random.expovariate(1 / MS))
            parent = batch_id if number < (spans - 1) // 50 * 50 else job_id
            yield SpanRecord(
                trace_id, random.getrandbits(64), parent, 0x101, "SELECT", _CLIENT, at_ns, end_ns, query, _SQLITE
            )
            at_ns = end_ns
        yield SpanRecord(trace_id, job_id, 0, 0x101, "nightly stock-taking", _INTERNAL, START_NS, at_ns, {}, _SHOP)

    def _metrics(self) -> list[SeriesState]:
        states = []
        for number, ((route, status), count) in enumerate(self._served.items()):
            attributes = {"http.request.method": "GET", "http.route": route, "http.response.status_code": status}
            name = "http.server.request.duration"
            bounds = (0.005, 0.01, 0.025, 0.05, 0.1)
            series = Series(
                "histogram", name, "s", "Duration of HTTP server requests.", 1, attributes, bounds, START_NS
            )
            counts = (count // 2, count - count // 2, 0, 0, 0, 0)
            state = SeriesState(8 * (number + 1), series, count * 0.005, True, self.now_ns, 0.001, 0.009, counts)
            states.append(state)
        return states


def _failure(time_ns: int, item: int) -> EventRecord:
    message = f"item {item} has no price"
    attributes = {
        "exception.type": "LookupError",
        "exception.message": message,
        "exception.stacktrace": _STACK.replace("item 13", f"item {item}"),
    }
    return EventRecord("exception", time_ns, attributes)
