from __future__ import annotations

import asyncio
import contextvars
import logging

import pytest
from opentelemetry import context, trace

from otelrun.instrumentation import opentelemetry_context


@pytest.fixture
def patched(telemetry, ledger):
    opentelemetry_context.apply(ledger, {})
    return telemetry


def test_a_span_held_by_a_generator_that_is_closed_elsewhere_does_not_stay_current(patched, tracer, caplog):
    async def numbers():
        with tracer.start_as_current_span("held"):
            yield 1
            yield 2

    async def run():
        with tracer.start_as_current_span("outer") as outer:
            async for _ in numbers():
                break
            await asyncio.sleep(0.01)
            assert trace.get_current_span() is outer
        assert context.get_current() == {}
        async for _ in numbers():
            break
        await asyncio.sleep(0.01)
        assert trace.get_current_span() is trace.INVALID_SPAN

    with caplog.at_level(logging.DEBUG):
        asyncio.run(run())
    assert [record for record in caplog.records if "detach" in record.message] == []


def test_a_context_that_others_hold_is_not_touched(patched, tracer, caplog):
    shared = trace.set_span_in_context(tracer.start_span("shared"))
    token = contextvars.copy_context().run(context.attach, shared)
    with caplog.at_level(logging.DEBUG):
        context.detach(token)
    assert caplog.records == []
    assert trace.get_current_span(shared).name == "shared"


def test_a_token_used_twice_is_told_as_bare(patched, caplog):
    token = context.attach(context.set_value("key", "value"))
    context.detach(token)
    context.detach(token)
    assert [record.message for record in caplog.records] == ["Failed to detach context"]
    assert context.get_current() == {}


def test_nothing_is_kept_of_spans_that_were_left(patched, tracer):
    with tracer.start_as_current_span("work"):
        pass
    (used,) = [
        cell.cell_contents
        for cell in type(context._RUNTIME_CONTEXT).detach.__closure__
        if isinstance(cell.cell_contents, dict)
    ]
    assert used == {}
