"""Cases of upstream's suites for threading, asyncio and logging that our other tests do not have: see the reference's list."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry import trace

from otelrun.instrumentation import asyncio as tasks
from otelrun.instrumentation import futures
from otelrun.instrumentation import logging as logs
from otelrun.instrumentation import threading as threads


@pytest.fixture
def tracer(telemetry):
    return telemetry.tracer_provider.get_tracer("test")


def parents(telemetry):
    """Give, for each span, the name of its parent."""
    names = {span.context.span_id: span.name for span in telemetry.spans()}
    return {span.name: names.get(span.parent.span_id if span.parent else 0) for span in telemetry.spans()}


def test_threads_in_threads_nest(telemetry, tracer, ledger):
    threads.apply(ledger, {})

    def run(target):
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()

    def work(name, *below):
        with tracer.start_as_current_span(name):
            for each in below:
                run(each)

    run(lambda: work("root", lambda: work("a", lambda: work("b")), lambda: work("c")))
    assert parents(telemetry) == {"root": None, "a": "root", "b": "a", "c": "root"}


def test_run_without_start_is_a_call_like_any_other(telemetry, tracer, ledger):
    threads.apply(ledger, {})

    def work():
        with tracer.start_as_current_span("work"):
            pass

    with tracer.start_as_current_span("root"):
        threading.Thread(target=work).run()
    assert parents(telemetry) == {"root": None, "work": "root"}


def test_a_run_of_its_own_may_be_called_twice(tracer, ledger):
    threads.apply(ledger, {})
    seen = []

    class Own(threading.Thread):
        def run(self):
            seen.append(trace.get_current_span())

    own = Own()
    given = []
    for name in ("one", "two"):
        with tracer.start_as_current_span(name) as span:
            given.append(span)
            own.run()
    assert seen == given


def test_one_worker_runs_each_job_in_the_span_of_its_submit(tracer, ledger):
    futures.apply(ledger, {})
    with ThreadPoolExecutor(1) as pool:
        given, seen = [], []
        for name in ("one", "two"):
            with tracer.start_as_current_span(name) as span:
                given += [span, span]
                seen += [pool.submit(trace.get_current_span), pool.submit(trace.get_current_span)]
        assert [each.result() for each in seen] == given


def test_a_task_of_something_without_a_name_has_no_span_and_goes_on(telemetry, ledger):
    tasks.apply(ledger, {"task_spans": ["*main", "*numbers*", "*anext*"]})

    async def numbers():
        yield 2

    async def main():
        return await asyncio.create_task(anext(numbers()))

    assert asyncio.run(main()) == 2
    assert [span.name for span in telemetry.spans()] == [main.__qualname__]


async def job(seconds=0.0):
    await asyncio.sleep(seconds)


async def gathered():
    await asyncio.gather(job(), job())


async def waited():
    await asyncio.wait([asyncio.ensure_future(job()), asyncio.ensure_future(job())])


async def as_completed():
    for each in asyncio.as_completed([job(), job()]):
        await each


async def one_after_the_other():
    await asyncio.create_task(job())
    await asyncio.ensure_future(job())


async def grouped():
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(job())


WAYS = [gathered, waited, as_completed, one_after_the_other, *([grouped] if sys.version_info >= (3, 11) else [])]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_task_of_a_named_coroutine_has_one_span_however_it_is_made(telemetry, tracer, ledger, way):
    tasks.apply(ledger, {"task_spans": ["job"]})
    with tracer.start_as_current_span("root") as root:
        asyncio.run(way())
    found = [span for span in telemetry.spans() if span.name == "job"]
    assert [span.parent.span_id for span in found] == [root.get_span_context().span_id] * 2


def test_a_time_out_ends_the_span_of_the_task(telemetry, ledger):
    tasks.apply(ledger, {"task_spans": ["job"]})

    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.ensure_future(job(20)), 0.01)

    asyncio.run(main())
    assert telemetry.span().name == "job"


def test_a_coroutine_for_another_threads_loop_has_its_span(telemetry, ledger):
    tasks.apply(ledger, {"task_spans": ["job"]})
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(job(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert telemetry.span().name == "job"


def test_no_callback_stays_on_a_future(telemetry, ledger):
    tasks.apply(ledger, {"task_spans": ["*"]})

    async def main():
        future = asyncio.get_running_loop().create_future()
        for _ in range(10):
            assert asyncio.ensure_future(future) is future
        assert not future._callbacks

    asyncio.run(main())


@pytest.fixture
def logger(ledger, monkeypatch):
    logs.apply(ledger, {})
    logger = logging.getLogger(f"{__name__}.own")
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [logging.NullHandler()])
    return logger


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ({"otel.event.name": "order.placed", "http.status_code": 200}, "order.placed"),
        ({"event.name": "order.placed", "http.status_code": 200}, "order.placed"),
        ({"event.name": "old", "otel.event.name": "order.placed", "http.status_code": 200}, "order.placed"),
        ({"http.status_code": 200}, None),
    ],
)
def test_the_name_of_an_event_in_extra_is_the_records(telemetry, logger, extra, name):
    logger.warning("placed", extra=extra)
    (record,) = telemetry.logs()
    assert record.event_name == name
    assert record.attributes["http.status_code"] == 200
    assert not {"event.name", "otel.event.name"} & record.attributes.keys()


@pytest.mark.parametrize(
    ("message", "arguments", "body"),
    [
        ("100 %s", (), "100 %s"),
        ("100 %s", ("percent",), "100 percent"),
        (["some", "%s"], ("thing",), "['some', 'thing']"),
        (["some", "%s"], (), "['some', '%s']"),
    ],
)
def test_the_body_is_the_formatted_message(telemetry, logger, message, arguments, body):
    logger.warning(message, *arguments)
    assert telemetry.logs()[0].body == body


def test_an_exception_as_the_message_and_one_of_exceptions(telemetry, logger):
    class OwnError(Exception):
        def __str__(self):
            return "as text"

    try:
        raise OwnError(ZeroDivisionError(ZeroDivisionError("division by zero")))
    except OwnError as error:
        logger.exception(error)  # noqa: TRY401 - the case
    (record,) = telemetry.logs()
    assert record.body == record.attributes["exception.message"] == "as text"
    assert record.attributes["exception.type"].endswith(".OwnError")
    assert "as text" in record.attributes["exception.stacktrace"]


def test_exc_info_that_is_false_is_none(telemetry, logger):
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logger.error("failed", exc_info=False)  # noqa: TRY400 - the case
    assert not [name for name in telemetry.logs()[0].attributes if name.startswith("exception.")]


def test_records_of_several_threads_each_are_exported(telemetry, logger):
    def work():
        logger.warning("from %s", threading.current_thread().name)

    workers = [threading.Thread(target=work, name=str(number)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(record.body for record in telemetry.logs()) == [f"from {number}" for number in range(8)]
