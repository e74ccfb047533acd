"""Whatever of otelrun's own fails while the program runs, the program goes on as it would, and one line tells.

Every function of the instrumentations that is called while the program's requests, threads, jobs, tasks and log lines go
through the patches is made to raise, one after the other.
"""

from __future__ import annotations

import asyncio
import http.client
import inspect
import io
import logging
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import FunctionType

import pytest
from opentelemetry import context, metrics, propagate, trace
from opentelemetry.sdk.trace import Span

from otelrun import diagnostics
from otelrun.instrumentation import asyncio as tasks
from otelrun.instrumentation import (
    current,
    duration,
    excluded,
    failure,
    futures,
    http_client,
    http_client_redirects,
    http_conventions,
    http_headers,
    http_options,
    http_server,
    http_server_telemetry,
    http_sizes,
    side_table,
    sources,
    stack_trace,
)
from otelrun.instrumentation import logging as logs
from otelrun.instrumentation import threading as threads
from otelrun.instrumentation.patching import Ledger
from tests.unit.instrumentation.loopback import Handler, serving, talk

INSTRUMENTATIONS = (http_server, http_client, http_client_redirects, threads, futures, tasks, logs)
MODULES = (
    *INSTRUMENTATIONS,
    http_server_telemetry,
    http_headers,
    http_conventions,
    http_options,
    http_sizes,
    excluded,
    side_table,
    sources,
    duration,
    failure,
    current,
    stack_trace,
)
OPTIONS = {
    "task_spans": ["*"],
    "routes": ("/{status}",),
    "exclude": ("/201",),
    "excluded_urls": "/202",
    "request_captured_headers": ("x-.*",),
    "response_captured_headers": ("content-length",),
    "body_sizes": True,
    "active_requests": True,
}
KINDS = (RuntimeError, MemoryError, RecursionError)

FAIL_OPEN = {
    "current.current_context", "futures.current_context", "threading.current_context", "logging.current_context",
    "http_server.Door", "http_client._Telemetry", "http_client_redirects._attach",
    "asyncio._TaskSpan.finish", "asyncio._TaskSpan._end", "logging._Export.__call__",
}  # fmt: skip
"""What is called outside of ``guarded``, because all it does is inside."""

NOT_OURS = {"guarded", "tell", "without_frame"}


def internals():
    """Give owner and name of everything that can be made to raise."""
    found = {}
    for module in MODULES:
        room = module.__name__.rpartition(".")[2]
        for name, value in vars(module).items():
            if name in NOT_OURS or f"{room}.{name}" in FAIL_OPEN or name in ("apply", "instrument"):
                continue
            if isinstance(value, FunctionType):
                found[f"{room}.{name}"] = (module, name)
            elif inspect.isclass(value) and value.__module__ == module.__name__:
                for method, function in vars(value).items():
                    label = f"{room}.{name}.{method}"
                    if isinstance(function, FunctionType) and label not in FAIL_OPEN:
                        found[label] = (value, method)
    for owner, name in (
        (context, "attach"),
        (context, "get_current"),
        (trace, "set_span_in_context"),
        (trace, "get_tracer"),
        (metrics, "get_meter"),
        (propagate, "inject"),
        (propagate, "extract"),
        (Span, "end"),
        (Span, "set_attribute"),
        (Span, "set_attributes"),
        (Span, "set_status"),
        (Span, "record_exception"),
    ):
        found[f"{owner.__name__}.{name}"] = (owner, name)
    return found


INTERNALS = internals()


class Answering(Handler):
    def do_GET(self):
        if self.path == "/broken":
            raise ValueError("the handler's")
        if self.path == "/302":
            self.send_response(302)
            self.send_header("Location", "/200")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.answer(int(self.path[1:]))


class Unprintable:
    def __str__(self):
        raise RuntimeError("cannot be printed")


def requests_of_all_kinds():
    seen = []
    with serving(Answering) as server:
        for path in ("/200", "/201", "/500", "/broken"):
            connection = http.client.HTTPConnection(*server.server_address, timeout=10)
            try:
                connection.request("GET", path, headers={"X-Own": "1"})
                response = connection.getresponse()
                seen.append((response.status, response.read()))
            except http.client.HTTPException as error:
                seen.append(repr(error))
            connection.close()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/302") as response:
            seen.append(response.read())
        seen.append(talk(server, b"GET / HTTP/9\r\n\r\n").split(b"\r\n")[0])
    closed = http.client.HTTPConnection(*server.server_address, timeout=10)
    with pytest.raises(ConnectionRefusedError) as refused:
        closed.request("GET", "/")
    return [*seen, repr(refused.value), sorted(vars(closed)), [repr(error) for error in server.errors]]


def threads_and_jobs():
    seen = []
    thread = threading.Thread(target=seen.append, args=("in a thread",))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as pool:
        seen.append(pool.submit(pow, 2, 3).result())
        seen.append(repr(pool.submit(int, "x").exception()))
    return seen


def some_tasks():
    async def fail():
        raise ValueError("the task's")

    async def work(number):
        return number + 1

    async def main():
        return await asyncio.gather(work(1), fail(), work(2), return_exceptions=True)

    return [repr(result) for result in asyncio.run(main())]


def some_lines():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger = logging.Logger("app")  # noqa: LOG001 - out of reach of the test runner's handlers
    logger.addHandler(handler)
    logger.info("one %s", "argument", extra={"own": [1, {"two": 3}]})
    logger.info("none", extra={"what": Unprintable()})
    try:
        raise KeyError("lost")
    except KeyError:
        logger.exception("failed")
    return stream.getvalue()


def run_all(inside):
    return requests_of_all_kinds(), threads_and_jobs(), some_tasks(), some_lines(), run_inside(inside)


def run_inside(inside):
    token = context._RUNTIME_CONTEXT.attach(inside)
    try:
        return threads_and_jobs(), some_lines()
    finally:
        context._RUNTIME_CONTEXT.detach(token)


@pytest.fixture
def told(telemetry, monkeypatch):
    """The slugs of the notices; nothing is printed, and failures are not raised."""
    notices = []
    monkeypatch.delenv("OTELRUN_STRICT")
    monkeypatch.setenv("OTELRUN_QUIET", "1")
    monkeypatch.setattr(diagnostics, "_listeners", [lambda slug, _: notices.append(slug)])
    monkeypatch.setattr(diagnostics, "_told", set())
    return notices


@pytest.fixture
def ledgers(told):
    ledgers = []

    def apply():
        for module in INSTRUMENTATIONS:
            ledgers.append(Ledger())
            module.apply(ledgers[-1], OPTIONS)
        logging.Formatter("%(trace_id)s")

    yield apply
    for ledger in reversed(ledgers):
        ledger.undo()


@pytest.mark.parametrize("label", INTERNALS)
def test_the_program_goes_on_as_bare(label, told, ledgers, tracer, monkeypatch):
    inside = trace.set_span_in_context(tracer.start_span("work"))
    bare = run_all(inside)
    ledgers()
    number = list(INTERNALS).index(label)
    kind = KINDS[number % len(KINDS)]
    owner, name = INTERNALS[label]
    calls = []

    def fail(*_, **__):
        calls.append(label)
        raise kind("ours")

    monkeypatch.setattr(owner, name, fail)
    observed = copy_context().run(run_all, inside)  # what cannot be detached is left behind there
    monkeypatch.undo()
    assert observed == bare
    assert bool(told) == bool(calls), told
