"""Exceptions that nobody catches become log records with the trace; hooks and handlers are the program's."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from types import SimpleNamespace

import pytest
from opentelemetry import trace

from otelrun.instrumentation import failures, logging, sources
from otelrun.lifecycle import exit as at_end


class OrderError(Exception):
    pass


def fail(what="no stock"):
    raise OrderError(what)


async def fail_later(what="no stock"):
    raise OrderError(what)


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    monkeypatch.setattr(sources.logs, "is_logging_exported", False)
    monkeypatch.setattr(sources, "failures", sources.Failures())
    monkeypatch.setattr(at_end, "_before_end", {})


@pytest.fixture
def hooked(monkeypatch):
    """What the program's own ``threading.excepthook`` was called with."""
    seen = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append((args.exc_type, args.thread.name)))
    return seen


def run_thread(target, *args, name="restock"):
    thread = threading.Thread(target=target, args=args, name=name)
    thread.start()
    thread.join()
    return thread


def test_a_threads_exception_is_a_record_and_the_programs_hook_is_called(telemetry, ledger, hooked):
    failures.apply(ledger, {})
    thread = run_thread(fail)
    (record,) = telemetry.logs()
    assert hooked == [(OrderError, "restock")]
    assert (record.body, record.severity_text, record.severity_number.value) == (
        "Exception in thread restock",
        "ERROR",
        17,
    )
    attributes = dict(record.attributes)
    assert attributes.pop("exception.stacktrace").endswith("OrderError: no stock\n")
    assert attributes == {
        "exception.type": f"{__name__}.OrderError",
        "exception.message": "no stock",
        "thread.id": thread.ident,
        "thread.name": "restock",
    }
    assert telemetry.scopes_of_logs() == [failures.SCOPE]


def test_the_hooks_are_the_ones_that_were_there(ledger):
    before = sys.excepthook, threading.excepthook
    failures.apply(ledger, {})
    assert (sys.excepthook, threading.excepthook) == before


def test_a_thread_that_leaves_by_exit_has_not_failed(telemetry, ledger, hooked):
    failures.apply(ledger, {})
    run_thread(sys.exit)
    assert hooked == [(SystemExit, "restock")]
    assert telemetry.logs() == []


def test_a_hook_that_raises_is_told_as_bare(telemetry, ledger, monkeypatch, capsys):
    def broken(args):
        raise LookupError("in the hook")

    monkeypatch.setattr(threading, "excepthook", broken)
    told = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, _: told.append((kind, str(error))))
    failures.apply(ledger, {})
    run_thread(fail)
    assert told == [(LookupError, "in the hook")]
    assert "Exception in threading.excepthook:" in capsys.readouterr().err
    assert len(telemetry.logs()) == 1


def test_what_a_thread_calls_at_its_end_looks_as_bare(ledger):
    bare = threading.Thread()._invoke_excepthook
    failures.apply(ledger, {})
    for _ in range(2):
        seen = threading.Thread()._invoke_excepthook
        for about in ("__name__", "__qualname__", "__module__"):
            assert getattr(seen, about) == getattr(bare, about)
        assert seen.__code__.co_filename == bare.__code__.co_filename


def test_no_thread_or_exception_lives_longer(ledger, hooked):
    import weakref

    failures.apply(ledger, {})
    gc.disable()
    try:
        thread = run_thread(fail)
        reference = weakref.ref(thread)
        del thread
        assert reference() is None
    finally:
        gc.enable()


def leave_a_task(loop_handler=None, *, span=None):
    async def main():
        loop = asyncio.get_running_loop()
        if loop_handler is not None:
            loop.set_exception_handler(loop_handler)
        with span() if span else trace.use_span(trace.INVALID_SPAN):
            asyncio.ensure_future(fail_later())  # noqa: RUF006 - it is to be dropped
            loop.call_soon(fail, "in a callback")
        await asyncio.sleep(0.01)
        gc.collect()

    asyncio.run(main())


def test_what_a_loop_is_told_is_a_record_in_the_trace_of_the_work(telemetry, ledger, caplog):
    failures.apply(ledger, {})
    tracer = telemetry.tracer_provider.get_tracer("test")
    leave_a_task(span=lambda: tracer.start_as_current_span("page"))
    page = telemetry.span().context
    records = telemetry.logs()
    assert {record.attributes["exception.message"] for record in records} == {"no stock", "in a callback"}
    assert {(record.trace_id, record.span_id) for record in records} == {(page.trace_id, page.span_id)}
    assert len(caplog.records) == 2  # asyncio's own, as bare


def test_where_logging_is_exported_asyncios_own_record_has_the_trace_and_is_the_only_one(telemetry, ledger, caplog):
    logging.apply(ledger, {})
    failures.apply(ledger, {})
    tracer = telemetry.tracer_provider.get_tracer("test")
    leave_a_task(span=lambda: tracer.start_as_current_span("page"))
    page = telemetry.span().context
    assert telemetry.scopes_of_logs() == ["asyncio", "asyncio"]
    assert {record.span_id for record in telemetry.logs()} == {page.span_id}
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_handler_of_the_programs_is_called_as_bare_and_a_record_made(telemetry, ledger):
    logging.apply(ledger, {})
    failures.apply(ledger, {})
    seen = []
    leave_a_task(lambda _, told: seen.append(told["message"].partition(" fail")[0]))
    assert sorted(seen) == ["Exception in callback", "Task exception was never retrieved"]
    assert telemetry.scopes_of_logs() == [failures.SCOPE] * 2


def test_what_is_no_exception_is_no_record(telemetry, ledger):
    failures.apply(ledger, {})
    seen = []
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _, told: seen.append(told))
    loop.call_exception_handler({"message": "just so"})
    loop.close()
    assert seen == [{"message": "just so"}]
    assert telemetry.logs() == []


def end(monkeypatch, error, *, depth=0, name="__main__"):
    """Have the interpreter's end be looked at, with an exception left where CPython leaves it."""
    frame = SimpleNamespace(f_back=frame_of(depth), f_globals={"__name__": name})
    monkeypatch.setattr(sys, "last_value", error, raising=False)
    monkeypatch.setattr(sys, "last_traceback", SimpleNamespace(tb_frame=frame), raising=False)
    for look in at_end._before_end.values():
        look()


def frame_of(depth):
    return sys._getframe() if depth else None


def test_what_ended_the_program_is_a_record(telemetry, ledger, monkeypatch):
    failures.apply(ledger, {})
    end(monkeypatch, OrderError("at the end"))
    (record,) = telemetry.logs()
    assert (record.body, record.severity_text, record.severity_number.value) == ("Uncaught exception", "FATAL", 21)
    assert record.attributes["exception.message"] == "at the end"


@pytest.mark.parametrize(
    ("error", "about"),
    [
        (SystemExit(3), {}),
        (KeyboardInterrupt(), {}),
        (OrderError("of a test runner"), {"depth": 1}),
        (OrderError("of a thread of an extension's"), {"name": "other"}),
    ],
)
def test_what_others_left_there_is_none(telemetry, ledger, monkeypatch, error, about):
    failures.apply(ledger, {})
    end(monkeypatch, error, **about)
    assert telemetry.logs() == []


def test_after_undo_nothing_is_looked_at(telemetry, ledger, monkeypatch):
    failures.apply(ledger, {})
    ledger.undo()
    end(monkeypatch, OrderError("at the end"))
    assert telemetry.logs() == []


def test_the_span_that_an_exception_left_first_is_the_records(telemetry, ledger, monkeypatch):
    failures.apply(ledger, {})
    error = OrderError("at the end")
    tracer = telemetry.tracer_provider.get_tracer("test")
    inner, outer = tracer.start_span("inner"), tracer.start_span("outer")
    for span in (inner, outer):
        sources.failures.note(error, span.get_span_context())
    end(monkeypatch, error)
    (record,) = telemetry.logs()
    assert (record.trace_id, record.span_id) == (inner.get_span_context().trace_id, inner.get_span_context().span_id)
