"""Whatever is put, got, cleared and moved: an item never has the context of another one."""

from __future__ import annotations

import queue

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context

from otelrun.instrumentation import queue as instrumentation
from otelrun.instrumentation.patching import Ledger

KINDS = (queue.Queue, queue.LifoQueue, queue.PriorityQueue)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 3)),
        st.tuples(st.just("put in a context"), st.integers(0, 3)),
        st.tuples(st.just("get"), st.just(0)),
        st.tuples(st.sampled_from(["clear", "remove", "replace", "turn"]), st.integers(0, 3)),
    ),
    max_size=40,
)


def apply_by_hand(what, items, number):
    """Change the queue as a program does that reaches into it."""
    if what == "clear":
        items.queue.clear()
    elif items.queue and what == "remove":
        items.queue.remove(items.queue[0])
    elif items.queue and what == "replace":
        items.queue[0] = number
    elif what == "turn":
        items.queue.reverse()


@given(st.sampled_from(KINDS), OPERATIONS, st.booleans())
def test_an_item_has_the_context_it_was_put_in_or_none(kind, operations, by_hand):
    ledger = Ledger()
    instrumentation.apply(ledger, {})
    token = context.attach(context.Context())
    try:
        check(kind(), operations, by_hand)
    finally:
        context.detach(token)
        ledger.undo()


def check(items, operations, by_hand):
    """Do it, and compare with a list of the contexts in which each number that is in the queue was put."""
    expected = {number: [] for number in range(4)}
    for serial, (what, number) in enumerate(operations):
        if what == "put":
            items.put(number)
            expected[number].append(None)
        elif what == "put in a context":
            token = context.attach(context.set_value("serial", serial))
            items.put(number)
            context.detach(token)
            expected[number].append(serial)
        elif what == "get":
            if items.queue:
                got = items.get()
                found = context.get_value("serial")
                contexts = expected[got]
                if by_hand:
                    assert found is None or found in contexts
                else:
                    assert found == contexts.pop(-1 if type(items) is queue.LifoQueue else 0)
                items.unfinished_tasks = 1
                items.task_done()
        elif by_hand:
            apply_by_hand(what, items, number)
