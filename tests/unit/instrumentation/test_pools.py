from __future__ import annotations

import gc
import threading
import traceback
import weakref
from multiprocessing.pool import ThreadPool

import pytest
from opentelemetry import context, trace

from otelrun.instrumentation import pools
from otelrun.instrumentation import threading as threads


@pytest.fixture
def patched(telemetry, ledger):
    pools.apply(ledger, {})
    threads.apply(ledger, {})
    return telemetry


@pytest.fixture
def pool(patched, tracer):
    with tracer.start_as_current_span("creator"):
        made = ThreadPool(2)
    yield made
    made.close()
    made.join()


def look(*_):
    return trace.get_current_span()


WAYS = {
    "apply": lambda pool: [pool.apply(look)],
    "apply_async": lambda pool: [pool.apply_async(look).get(10)],
    "map": lambda pool: pool.map(look, range(5)),
    "map_async": lambda pool: pool.map_async(look, range(5)).get(10),
    "imap": lambda pool: list(pool.imap(look, range(5))),
    "imap in chunks": lambda pool: list(pool.imap(look, range(5), 2)),
    "imap_unordered": lambda pool: list(pool.imap_unordered(look, range(5))),
    "starmap": lambda pool: pool.starmap(look, [(1, 2)] * 5),
    "starmap_async": lambda pool: pool.starmap_async(look, [(1, 2)] * 5).get(10),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_task_runs_in_the_context_of_who_gave_it(pool, tracer, way):
    with tracer.start_as_current_span("work") as work:
        assert set(WAYS[way](pool)) == {work}
    assert set(WAYS[way](pool)) == {trace.INVALID_SPAN}


def test_callbacks_run_in_it_too(pool, tracer):
    seen, done = [], threading.Event()

    def call_back(_):
        seen.append(trace.get_current_span())
        done.set()

    def fail():
        raise ValueError

    with tracer.start_as_current_span("work") as work:
        jobs = [
            lambda: pool.apply_async(int, callback=call_back),
            lambda: pool.map_async(int, [1, 2], callback=call_back),
            lambda: pool.apply_async(fail, error_callback=call_back),
        ]
        for start in jobs:
            done.clear()
            start()
            assert done.wait(10)
    done.clear()
    pool.apply_async(int, callback=call_back)
    assert done.wait(10)
    assert seen == [work, work, work, trace.INVALID_SPAN]


def test_so_does_the_iterable_that_the_pool_reads(pool, tracer):
    def numbers():
        for _ in range(3):
            yield trace.get_current_span()

    with tracer.start_as_current_span("work") as work:
        assert list(pool.imap(lambda span: span, numbers())) == [work] * 3
    assert list(pool.imap(lambda span: span, numbers())) == [trace.INVALID_SPAN] * 3


def test_the_initializer_runs_in_the_context_of_the_creator(patched, tracer):
    seen = []
    with tracer.start_as_current_span("creator") as creator, ThreadPool(1, lambda: seen.append(look())) as pool:
        pool.apply(int)
    assert seen == [creator]


def test_tracebacks_show_no_frame_of_ours(pool, tracer):
    def fail():
        raise ValueError("its own")

    with tracer.start_as_current_span("work"), pytest.raises(ValueError, match="its own") as caught:
        pool.apply(fail)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames] == [
        "test_tracebacks_show_no_frame_of_ours",
        "apply",
        "get",
        "worker",
        "fail",
    ]


def test_nothing_is_kept_after_the_result_is_gone(pool):
    class Value:
        pass

    value = Value()
    gone = weakref.ref(value)
    token = context.attach(context.set_value("value", value))
    pool.map(look, range(3))
    context.detach(token)
    del value, token
    pool.apply(int)
    pool.apply(int)
    gc.collect()
    assert gone() is None
