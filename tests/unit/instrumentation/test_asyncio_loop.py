"""The lag of a loop and its slow callbacks, for those who ask."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import time
from asyncio.base_events import BaseEventLoop
from asyncio.events import Handle

import pytest
from opentelemetry import trace

from otelrun.instrumentation import asyncio as instrumentation
from otelrun.instrumentation import asyncio_loop

LAG = "otelrun.asyncio.loop.lag"


def test_nothing_is_patched_unless_asked_for(ledger):
    before = BaseEventLoop.run_forever, Handle._run
    instrumentation.apply(ledger, {})
    asyncio_loop.apply(ledger, {"loop_lag": "yes", "slow_callback_ms": 0})
    assert (BaseEventLoop.run_forever, Handle._run) == before
    assert not ledger.is_applied


def test_a_loop_that_is_held_up_lags(telemetry, ledger):
    instrumentation.apply(ledger, {"loop_lag": True})

    async def main():
        await asyncio.sleep(0.2)
        time.sleep(0.3)  # noqa: ASYNC251 - over the moment at which the timer is due
        await asyncio.sleep(0)

    asyncio.run(main())
    (point,) = telemetry.points(LAG)
    assert point.count == 1
    assert 0.1 < point.max < 5
    assert dict(point.attributes) == {}


def test_a_loop_keeps_nothing_when_it_has_run(telemetry, ledger):
    instrumentation.apply(ledger, {"loop_lag": True})
    loop = asyncio.new_event_loop()
    for _ in range(2):
        loop.run_until_complete(asyncio.sleep(0))
    assert all(handle.cancelled() for handle in loop._scheduled)
    loop.close()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        loop.run_forever()


def test_a_loop_that_already_runs_refuses_as_bare(telemetry, ledger):
    instrumentation.apply(ledger, {"loop_lag": True})

    async def main():
        with pytest.raises(RuntimeError, match="already running"):
            asyncio.get_running_loop().run_forever()

    asyncio.run(main())


def hold_up(seconds=0.05):
    time.sleep(seconds)


async def hold_up_in_a_span(tracer):
    with tracer.start_as_current_span("page"):
        await asyncio.sleep(0)
        hold_up()
        await asyncio.sleep(0)


def test_a_slow_step_of_a_task_is_an_event_of_its_span(telemetry, ledger):
    instrumentation.apply(ledger, {"slow_callback_ms": 20})
    asyncio.run(hold_up_in_a_span(telemetry.tracer_provider.get_tracer("test")))
    (event,) = telemetry.span().events
    attributes = dict(event.attributes)
    assert event.name == "otelrun.asyncio.slow_callback"
    assert 0.05 <= attributes.pop("otelrun.asyncio.callback.duration") < 5
    assert attributes == {"code.function.name": "hold_up_in_a_span"}


@pytest.mark.parametrize("callback", [hold_up, functools.partial(hold_up, 0.05)])
def test_a_slow_callback_is_an_event_of_the_span_it_was_made_in(telemetry, ledger, callback):
    instrumentation.apply(ledger, {"slow_callback_ms": 20})
    tracer = telemetry.tracer_provider.get_tracer("test")

    async def main():
        loop = asyncio.get_running_loop()
        with tracer.start_as_current_span("page"):
            context = contextvars.copy_context()
            done = loop.create_future()
            loop.call_soon(callback, context=context)
            loop.call_soon(done.set_result, None)
            await done

    asyncio.run(main())
    (event,) = telemetry.span().events
    assert event.attributes["code.function.name"] == "hold_up"


def test_quick_callbacks_and_those_outside_of_spans_are_none(telemetry, ledger):
    instrumentation.apply(ledger, {"slow_callback_ms": 20})
    tracer = telemetry.tracer_provider.get_tracer("test")

    async def main():
        hold_up()
        await asyncio.sleep(0)
        with tracer.start_as_current_span("page"):
            await asyncio.sleep(0.05)

    asyncio.run(main())
    assert telemetry.span().events == ()


def test_what_a_callback_raises_goes_where_it_goes_bare(telemetry, ledger):
    instrumentation.apply(ledger, {"slow_callback_ms": 20, "loop_lag": True})
    loop, told = asyncio.new_event_loop(), []
    loop.set_exception_handler(lambda _, context: told.append(type(context["exception"])))
    loop.call_soon(lambda: 1 / 0)
    loop.call_soon(loop.stop)
    loop.run_forever()

    def leave():
        raise SystemExit(3)

    loop.call_soon(leave)
    with pytest.raises(SystemExit) as raised:
        loop.run_forever()
    loop.close()
    assert told == [ZeroDivisionError]
    assert [entry.name for entry in raised.traceback][-1] == "leave"
    assert not [entry for entry in raised.traceback if "otelrun/instrumentation" in str(entry.path)]
    assert trace.get_current_span() is trace.INVALID_SPAN
