from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from otelrun.instrumentation import asyncio as tasks
from otelrun.instrumentation import futures


@pytest.fixture
def loop_errors():
    return []


@pytest.fixture
def run(telemetry, ledger, loop_errors):
    """Run ``main`` with the patches as a profile without options applies them."""
    tasks.apply(ledger, {})
    futures.apply(ledger, {})

    def run(main):
        async def wrapped():
            asyncio.get_running_loop().set_exception_handler(lambda _, details: loop_errors.append(details))
            return await main()

        return asyncio.run(wrapped())

    return run


async def look():
    return trace.get_current_span()


def by_create_task():
    return asyncio.create_task(look())


def by_gather():
    async def gathered():
        return (await asyncio.gather(look(), look()))[1]

    return gathered()


def by_task_group():
    async def grouped():
        async with asyncio.TaskGroup() as group:
            task = group.create_task(look())
        return task.result()

    return grouped()


def by_wait_for():
    return asyncio.wait_for(look(), 10)


def _future_set_by(schedule):
    future = asyncio.get_running_loop().create_future()
    schedule(lambda: future.set_result(trace.get_current_span()))
    return future


def by_call_soon():
    return _future_set_by(asyncio.get_running_loop().call_soon)


def by_call_later():
    return _future_set_by(lambda callback: asyncio.get_running_loop().call_later(0, callback))


def by_call_soon_threadsafe():
    return _future_set_by(asyncio.get_running_loop().call_soon_threadsafe)


def by_done_callback():
    future = asyncio.get_running_loop().create_future()
    first = asyncio.get_running_loop().create_future()
    first.add_done_callback(lambda _: future.set_result(trace.get_current_span()))
    first.set_result(None)
    return future


def by_run_in_executor():
    return asyncio.get_running_loop().run_in_executor(None, trace.get_current_span)


def by_to_thread():
    return asyncio.to_thread(trace.get_current_span)


def by_run_coroutine_threadsafe():
    loop = asyncio.get_running_loop()
    outer = contextvars.copy_context()
    result = loop.create_future()

    def other_thread():
        found = outer.run(asyncio.run_coroutine_threadsafe, look(), loop).result(10)
        loop.call_soon_threadsafe(result.set_result, found)

    threading.Thread(target=other_thread).start()
    return result


WAYS = [
    by_create_task,
    by_gather,
    by_wait_for,
    by_call_soon,
    by_call_later,
    by_call_soon_threadsafe,
    by_done_callback,
    by_run_in_executor,
    by_to_thread,
    by_run_coroutine_threadsafe,
    *([by_task_group] if sys.version_info >= (3, 11) else []),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_context_goes_along(run, tracer, way):
    async def main():
        with tracer.start_as_current_span("work") as work:
            waiting = asyncio.ensure_future(way())
        return await waiting, work, trace.get_current_span()

    found, work, after = run(main)
    assert found is work
    assert after is trace.INVALID_SPAN


def test_nothing_is_patched_without_the_option(ledger):
    before = dict(vars(asyncio.base_events.BaseEventLoop))
    tasks.apply(ledger, {"task_spans": []})
    assert dict(vars(asyncio.base_events.BaseEventLoop)) == before


@pytest.fixture
def spans_for(telemetry, ledger):
    def spans_for(*globs):
        tasks.apply(ledger, {"task_spans": list(globs)})
        return telemetry

    return spans_for


async def wanted_job(seen):
    seen.append(trace.get_current_span())


async def other_job(seen):
    seen.append(trace.get_current_span())


def test_named_coroutines_get_a_span_that_is_current_in_their_task(spans_for, tracer):
    telemetry, seen = spans_for("wanted_*"), []

    async def main():
        with tracer.start_as_current_span("work") as work:
            await asyncio.gather(wanted_job(seen), other_job(seen))
            assert trace.get_current_span() is work
        return work

    work = asyncio.run(main())
    job, _ = telemetry.spans()
    assert (job.name, job.kind, job.parent) == ("wanted_job", SpanKind.INTERNAL, work.get_span_context())
    assert [span.get_span_context() for span in seen] == [job.context, work.get_span_context()]


def test_the_main_coroutine_can_be_named_too(spans_for):
    telemetry, seen = spans_for("wanted_job"), []
    asyncio.run(wanted_job(seen))
    assert [span.get_span_context() for span in seen] == [telemetry.span().context]


def test_a_context_the_program_shares_is_left_as_it_was(spans_for):
    if sys.version_info < (3, 11):
        pytest.skip("create_task takes a context from 3.11 on")
    telemetry, seen = spans_for("wanted_job"), []
    shared = contextvars.copy_context()

    async def main():
        await asyncio.create_task(wanted_job(seen), context=shared)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert [span.get_span_context() for span in seen] == [telemetry.span().context]
    assert shared.run(trace.get_current_span) is trace.INVALID_SPAN


def test_a_failing_task_is_an_error_and_is_still_told_as_never_retrieved(spans_for):
    telemetry, told = spans_for("fail"), []

    async def fail():
        raise ValueError("its own")

    fail.__qualname__ = "fail"

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _, details: told.append(details["message"]))
        task = asyncio.create_task(fail())
        await asyncio.wait([task])
        del task
        gc.collect()

    asyncio.run(main())
    assert told == ["Task exception was never retrieved"]
    span = telemetry.span()
    assert (span.attributes["error.type"], span.status.status_code) == ("ValueError", StatusCode.ERROR)


def test_a_cancelled_task_ends_its_span(spans_for):
    telemetry = spans_for("forever")

    async def forever():
        await asyncio.Event().wait()

    forever.__qualname__ = "forever"

    async def main():
        task = asyncio.create_task(forever(), name="mine")
        assert "name='mine' coro=<forever()" in repr(task)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(main())
    assert (telemetry.span().name, telemetry.span().status.status_code) == ("forever", StatusCode.UNSET)
