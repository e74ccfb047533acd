from __future__ import annotations

import asyncio
import contextvars
import inspect
import traceback

import pytest
from opentelemetry import context, trace

from otelrun.instrumentation import asyncio_queue, asyncio_tasks

KINDS = (asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue)


@pytest.fixture
def patched(telemetry, ledger):
    asyncio_queue.apply(ledger, {})
    asyncio_tasks.apply(ledger, {})
    return telemetry


@pytest.mark.parametrize("kind", KINDS)
def test_each_item_is_worked_on_in_the_context_in_which_it_was_put(patched, tracer, kind):
    async def consume(items, seen):
        while True:
            item = await items.get()
            seen[item] = trace.get_current_span()
            items.task_done()
            assert context.get_current() == {}

    async def run():
        items, seen, expected = kind(), {}, {}
        consumer = asyncio.ensure_future(consume(items, seen))
        for number in range(20):
            with tracer.start_as_current_span(str(number)) as span:
                await items.put(number)
            expected[number] = span
            await asyncio.sleep(0)
        items.put_nowait(20)
        expected[20] = trace.INVALID_SPAN
        await items.join()
        consumer.cancel()
        await asyncio.gather(consumer, return_exceptions=True)
        assert seen == expected

    asyncio.run(run())


def test_a_task_started_in_a_span_is_not_bound_to_it_and_the_starter_stays_in_it(patched, tracer):
    async def consume(items, seen):
        seen.append(trace.get_current_span())
        while await items.get():
            seen.append(trace.get_current_span())

    async def run():
        items, answers, seen = asyncio.Queue(), asyncio.Queue(), []
        with tracer.start_as_current_span("first") as first:
            consumer = asyncio.create_task(consume(items, seen))
            await items.put(1)
            with tracer.start_as_current_span("of somebody else"):
                answers.put_nowait("answer")
            await answers.get()
            assert trace.get_current_span() is first
        with tracer.start_as_current_span("second") as second:
            await items.put(2)
        await items.put(3)
        await items.put(0)
        await consumer
        assert seen == [first, first, second, trace.INVALID_SPAN]

    asyncio.run(run())


def test_a_get_in_a_task_of_its_own_does_not_touch_who_waits_for_it(patched, tracer):
    async def run():
        items = asyncio.Queue()
        with tracer.start_as_current_span("producer"):
            items.put_nowait(1)
        with tracer.start_as_current_span("own") as own:
            assert await asyncio.wait_for(items.get(), 10) == 1
            assert trace.get_current_span() is own

    asyncio.run(run())


def test_a_cancelled_get_leaves_the_last_item(patched, tracer):
    async def run():
        items = asyncio.Queue()
        with tracer.start_as_current_span("work"):
            items.put_nowait(1)
        await items.get()
        getting = asyncio.ensure_future(items.get())
        await asyncio.sleep(0)
        getting.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await getting
        with pytest.raises(asyncio.QueueEmpty):
            items.get_nowait()
        assert context.get_current() == {}
        return caught.value

    error = asyncio.run(run())
    assert not [frame for frame in traceback.extract_tb(error.__traceback__) if "otelrun/instr" in frame.filename]


def test_a_patched_get_is_a_coroutine_function(patched):
    assert inspect.iscoroutinefunction(asyncio.Queue.get)


def test_a_context_given_to_create_task_is_the_one(patched, tracer):
    if "context" not in inspect.signature(asyncio.create_task).parameters:
        pytest.skip("new in Python 3.11")

    async def look():
        return trace.get_current_span()

    async def run():
        empty = contextvars.Context()
        with tracer.start_as_current_span("work"):
            assert await asyncio.create_task(look(), context=empty) is trace.INVALID_SPAN

    asyncio.run(run())
