from __future__ import annotations

import gc
import queue
import threading
import traceback
import weakref
from concurrent.futures import ThreadPoolExecutor, thread

import pytest
from opentelemetry import context, trace

from otelrun.instrumentation import futures
from otelrun.instrumentation import queue as queues
from otelrun.instrumentation import threading as threads


@pytest.fixture
def patched(telemetry, ledger):
    futures.apply(ledger, {})
    return telemetry


@pytest.fixture
def pool():
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_submit_and_map_run_in_the_submitters_context(patched, tracer, pool):
    with tracer.start_as_current_span("work") as work:
        assert pool.submit(trace.get_current_span).result(10) is work
        assert list(pool.map(lambda _: trace.get_current_span(), range(3))) == [work] * 3
    assert pool.submit(context.get_current).result(10) == {}


def test_done_callbacks_called_by_the_worker_are_in_it_too(patched, tracer, pool):
    seen, go = [], threading.Event()
    with tracer.start_as_current_span("work") as work:
        future = pool.submit(go.wait, 10)
    future.add_done_callback(lambda _: seen.append(trace.get_current_span()))
    go.set()
    future.result(10)
    pool.submit(int).result(10)
    assert seen == [work]


def test_a_job_that_leaves_a_context_behind_does_not_touch_the_next(patched, tracer, pool):
    with tracer.start_as_current_span("work"):
        pool.submit(lambda: context.attach(context.set_value("left", "behind"))).result(10)
    assert pool.submit(context.get_current).result(10) == {}


@pytest.mark.parametrize(("args", "kwargs"), [((), {}), ((), {"fn": int})])
def test_a_wrong_call_fails_as_bare(patched, tracer, pool, args, kwargs):
    with (
        tracer.start_as_current_span("work"),
        pytest.raises(TypeError, match="missing 1 required positional argument: 'fn'"),
    ):
        pool.submit(*args, **kwargs)


def test_tracebacks_show_the_submitted_function_and_no_frame_of_ours(patched, tracer, pool):
    def fail():
        raise ValueError("its own")

    with tracer.start_as_current_span("work"):
        error = pool.submit(fail).exception(10)
    assert [frame.name for frame in traceback.extract_tb(error.__traceback__)] == ["run", "fail"]
    assert error.__traceback__.tb_frame.f_code.co_filename == thread.__file__


def test_a_future_with_an_exception_is_freed_without_the_collector(patched, tracer, pool):
    def fail():
        raise ValueError

    gc.collect()
    gc.disable()
    try:
        with tracer.start_as_current_span("work"):
            future = pool.submit(fail)
        error = future.exception(10)
        pool.submit(int).result(10)
        gone = weakref.ref(future)
        del future
        assert gone() is None
        del error
    finally:
        gc.enable()


def test_the_thread_that_a_job_has_started_is_not_bound_to_it(patched, ledger, tracer):
    threads.apply(ledger, {})
    seen = []
    with ThreadPoolExecutor(1, initializer=lambda: seen.append(trace.get_current_span())) as pool:
        with tracer.start_as_current_span("first") as first:
            seen.append(pool.submit(trace.get_current_span).result(10))
        seen.append(pool.submit(trace.get_current_span).result(10))
    assert seen == [first, first, trace.INVALID_SPAN]


def test_a_consumer_that_is_a_job_works_in_the_context_of_each_item(patched, ledger, tracer):
    queues.apply(ledger, {})
    items, seen = queue.Queue(), []

    def consume():
        seen.append(trace.get_current_span())
        while items.get(timeout=10):
            seen.append(trace.get_current_span())
        return context.get_current()

    with ThreadPoolExecutor(1) as pool:
        with tracer.start_as_current_span("first") as first:
            job = pool.submit(consume)
        with tracer.start_as_current_span("second") as second:
            items.put(1)
        items.put(2)
        items.put(0)
        assert job.result(10) == {}
        assert pool.submit(context.get_current).result(10) == {}
    assert seen == [first, second, trace.INVALID_SPAN]
