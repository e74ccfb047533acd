from __future__ import annotations

import gc
import logging
import logging.handlers
import queue
import threading
import traceback
import weakref

import pytest
from opentelemetry import context, trace

from otelrun.instrumentation import logging as logs
from otelrun.instrumentation import queue as queues
from otelrun.instrumentation import threading as threads
from otelrun.instrumentation.links import LINK_KEY

KINDS = (queue.Queue, queue.LifoQueue, queue.PriorityQueue)


@pytest.fixture
def patched(telemetry, ledger):
    queues.apply(ledger, {})
    threads.apply(ledger, {})
    return telemetry


def in_thread(function):
    """Run it in a thread that was started outside of any span; give what it gives."""
    result = []
    thread = threading.Thread(target=lambda: result.append(function()))
    token = context.attach(context.Context())
    thread.start()
    context.detach(token)
    thread.join(10)
    return result[0]


def got(items, count):
    """Get so many items; give each with the span that is current then, and what is after ``task_done``."""
    seen = {}
    for _ in range(count):
        item = items.get(timeout=10)
        seen[item] = trace.get_current_span()
    items.task_done()
    return seen, trace.get_current_span()


@pytest.mark.parametrize("kind", KINDS)
def test_each_item_is_worked_on_in_the_context_in_which_it_was_put(patched, tracer, kind):
    items, expected = kind(), {}
    for number in (3, 1, 2, 5, 4):
        with tracer.start_as_current_span(str(number)) as span:
            items.put(number)
        expected[number] = span
    items.put(6)
    expected[6] = trace.INVALID_SPAN
    assert in_thread(lambda: got(items, 6)) == (expected, trace.INVALID_SPAN)


@pytest.mark.parametrize("kind", KINDS)
def test_one_object_put_twice_has_the_context_of_each_time(patched, tracer, kind):
    items = kind()
    items.put(7)
    with tracer.start_as_current_span("later") as later:
        items.put(7)

    def get_both():
        return [(items.get(), trace.get_current_span())[1] for _ in range(2)]

    expected = [trace.INVALID_SPAN, later]
    assert in_thread(get_both) == (expected[::-1] if kind is queue.LifoQueue else expected)


def test_a_get_that_times_out_leaves_the_last_item(patched, tracer):
    items = queue.Queue()
    with tracer.start_as_current_span("work"):
        items.put(1)

    def get_one_and_none():
        items.get()
        with pytest.raises(queue.Empty):
            items.get(timeout=0.001)
        return context.get_current()

    assert in_thread(get_one_and_none) == {}


def test_who_is_in_a_span_of_its_own_stays_there(patched, tracer):
    items = queue.Queue()
    with tracer.start_as_current_span("producer"):
        items.put(1)
    with tracer.start_as_current_span("own") as own:
        items.get()
        assert trace.get_current_span() is own
    assert context.get_current() == {}


def test_a_consumer_started_in_a_span_is_not_bound_to_it(patched, tracer):
    items, seen = queue.Queue(), []

    def consume():
        seen.append(trace.get_current_span())
        while items.get(timeout=10) is not None:
            seen.append(trace.get_current_span())

    with tracer.start_as_current_span("first") as first:
        consumer = threading.Thread(target=consume)
        consumer.start()
        items.put(1)
    with tracer.start_as_current_span("second") as second:
        items.put(2)
    items.put(3)
    items.put(None)
    consumer.join(10)
    assert seen == [first, first, second, trace.INVALID_SPAN]


def test_a_link_takes_the_place_of_the_span(telemetry, tracer, ledger):
    queues.apply(ledger, {"context": "link"})
    items = queue.Queue()
    with tracer.start_as_current_span("producer") as span:
        token = context.attach(context.set_value("own", "kept"))
        items.put(1)
        context.detach(token)

    def get_one():
        items.get()
        return dict(context.get_current())

    assert in_thread(get_one) == {LINK_KEY: span.get_span_context(), "own": "kept"}


def test_none_patches_nothing(telemetry, ledger):
    before = queue.Queue.get
    queues.apply(ledger, {"context": "none"})
    assert queue.Queue.get is before


def test_what_is_cleared_or_moved_by_hand_is_never_mistaken(patched, tracer):
    items = queue.Queue()
    with tracer.start_as_current_span("lost"):
        items.put("x")
        items.put("y")
    with items.mutex:
        items.queue.clear()
    items.put("x")
    assert in_thread(lambda: got(items, 1)) == ({"x": trace.INVALID_SPAN}, trace.INVALID_SPAN)
    with tracer.start_as_current_span("work"):
        items.put("a")
    items.queue[0] = "b"
    assert in_thread(lambda: got(items, 1)) == ({"b": trace.INVALID_SPAN}, trace.INVALID_SPAN)
    with tracer.start_as_current_span("later") as later:
        items.put("c")
    assert in_thread(lambda: got(items, 1)) == ({"c": later}, trace.INVALID_SPAN)


def test_subclasses_keep_items_as_they_like(patched, tracer):
    class Unique(queue.Queue):
        def _init(self, maxsize):
            self.queue = set()

        def _put(self, item):
            self.queue.add(item)

        def _get(self):
            return self.queue.pop()

    class Wrapping(queue.Queue):
        def _put(self, item):
            super()._put([item])

        def _get(self):
            return super()._get()[0]

    unique, wrapping = Unique(), Wrapping()
    with tracer.start_as_current_span("work") as work:
        for _ in range(3):
            unique.put("same")
        wrapping.put("item")
    assert in_thread(lambda: got(unique, 1)) == ({"same": trace.INVALID_SPAN}, trace.INVALID_SPAN)
    assert in_thread(lambda: got(wrapping, 1)) == ({"item": work}, trace.INVALID_SPAN)


def test_items_and_what_the_queue_shows_of_them_are_the_same(patched, tracer):
    item = object()
    items = queue.Queue(1)
    with tracer.start_as_current_span("work"):
        items.put(item)
        with pytest.raises(queue.Full) as caught:
            items.put_nowait(object())
    assert [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)][1:] == ["put_nowait", "put"]
    assert list(items.queue) == [item]
    assert sorted(vars(items)) == sorted(vars(queue.Queue()))
    assert items.get() is item
    with pytest.raises(queue.Empty):
        items.get_nowait()


def test_nothing_is_kept_when_items_or_the_queue_are_gone(patched):
    class Value:
        pass

    def put(items):
        value = Value()
        token = context.attach(context.set_value("value", value))
        items.put(1)
        context.detach(token)
        return weakref.ref(value)

    items, dropped = queue.Queue(), queue.Queue()
    gone, dropped_too = put(items), put(dropped)
    in_thread(lambda: got(items, 1))
    del dropped
    gc.collect()
    assert (gone(), dropped_too()) == (None, None)


def test_a_queue_with_a_thousand_producers_and_several_consumers_mixes_nothing(patched, tracer):
    items, expected, seen = queue.Queue(10), {}, {}

    def consume():
        while (item := items.get(timeout=10)) is not None:
            seen[item] = trace.get_current_span()

    consumers = [threading.Thread(target=consume) for _ in range(3)]
    for consumer in consumers:
        consumer.start()
    for number in range(1000):
        if number % 3:
            with tracer.start_as_current_span(str(number)) as span:
                items.put(number)
            expected[number] = span
        else:
            items.put(number)
            expected[number] = trace.INVALID_SPAN
    for _ in consumers:
        items.put(None)
    for consumer in consumers:
        consumer.join(10)
    assert seen == expected


@pytest.mark.skipif(not hasattr(queue, "ShutDown"), reason="new in Python 3.13")
def test_who_shuts_a_queue_down_works_on_none_of_its_items(patched, tracer):
    items = queue.Queue()
    with tracer.start_as_current_span("work"):
        items.put(1)

    def shut_down():
        items.shutdown(immediate=True)
        with pytest.raises(queue.ShutDown):
            items.get()
        return context.get_current()

    assert in_thread(shut_down) == {}


def test_handlers_behind_a_queue_of_log_records_run_in_the_context_of_the_line(patched, tracer, ledger):
    logs.apply(ledger, {})
    seen = []

    class Handler(logging.Handler):
        def emit(self, record):
            seen.append((record.getMessage(), trace.get_current_span()))

    logger = logging.getLogger("behind a queue")
    records = queue.Queue()
    logger.addHandler(logging.handlers.QueueHandler(records))
    listener = logging.handlers.QueueListener(records, Handler())
    listener.start()
    with tracer.start_as_current_span("work") as work:
        logger.warning("inside")
    logger.warning("outside")
    listener.stop()
    assert seen == [("inside", work), ("outside", trace.INVALID_SPAN)]
    assert [record.body for record in patched.logs()] == ["inside", "outside"]
