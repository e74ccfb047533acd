from __future__ import annotations

import sched
import traceback

import pytest
from opentelemetry import context, trace

from otelrun.instrumentation import sched as schedulers


class Clock:
    now = 0.0

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def scheduler(telemetry, ledger):
    schedulers.apply(ledger, {})
    clock = Clock()
    return sched.scheduler(lambda: clock.now, clock.sleep)


def test_an_action_runs_in_the_context_of_enter_and_of_no_other(scheduler, tracer):
    seen = []

    def act(name):
        seen.append((name, trace.get_current_span()))

    with tracer.start_as_current_span("second") as second:
        event = scheduler.enter(2, 1, act, ("second",))
    with tracer.start_as_current_span("first") as first:
        scheduler.enterabs(1, 1, act, kwargs={"name": "first"})
        scheduler.cancel(scheduler.enter(1.5, 1, act, ("cancelled",)))
    scheduler.enter(3, 1, act, ("none",))
    assert event.action is act
    assert [each.argument for each in scheduler.queue] == [(), ("second",), ("none",)]
    with tracer.start_as_current_span("runs") as runs:
        scheduler.run()
        assert trace.get_current_span() is runs
    assert seen == [("first", first), ("second", second), ("none", runs)]


def test_an_action_can_enter_the_next_and_leave_by_an_exception(scheduler, tracer):
    def fail():
        scheduler.enter(1, 1, seen.append, (trace.get_current_span(),))
        raise ValueError("its own")

    seen = []
    with tracer.start_as_current_span("work") as work:
        scheduler.enter(1, 1, fail)
    with pytest.raises(ValueError, match="its own") as caught:
        scheduler.run()
    assert context.get_current() == {}
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames if "otelrun/instrumentation" in frame.filename] == []
    scheduler.run()
    assert seen == [work]


def test_a_run_that_does_not_block_gives_the_time_of_the_next(scheduler, tracer):
    seen = []
    with tracer.start_as_current_span("work") as work:
        scheduler.enter(0, 1, lambda: seen.append(trace.get_current_span()))
        scheduler.enter(5, 1, int)
    assert scheduler.run(blocking=False) == 5
    assert seen == [work]
    assert context.get_current() == {}


def test_contexts_of_cancelled_events_are_forgotten(scheduler, tracer, telemetry):
    with tracer.start_as_current_span("work"):
        for _ in range(100):
            scheduler.cancel(scheduler.enter(1, 1, int))
        scheduler.enter(1, 1, int)
    (entry,) = [
        cell.cell_contents.find(id(scheduler))
        for cell in type(scheduler).run.__closure__
        if hasattr(cell.cell_contents, "find")
    ]
    assert len(entry.value) <= 2
