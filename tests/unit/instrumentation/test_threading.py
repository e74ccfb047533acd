from __future__ import annotations

import _thread
import gc
import sys
import threading
import traceback
import weakref

import pytest
from opentelemetry import context, trace

from otelrun.instrumentation import threading as threads


@pytest.fixture
def patched(telemetry, ledger):
    threads.apply(ledger, {})
    return telemetry


def run(thread):
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_a_thread_runs_in_the_context_it_was_started_in(patched, tracer):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(trace.get_current_span()))
    with tracer.start_as_current_span("work") as work:
        run(thread)
    assert seen == [work]


def test_subclasses_and_timers_are_threads(patched, tracer):
    seen = []

    class Own(threading.Thread):
        def run(self):
            seen.append(trace.get_current_span())

    with tracer.start_as_current_span("work") as work:
        run(Own())
        run(threading.Timer(0, lambda: seen.append(trace.get_current_span())))
    assert seen == [work, work]


def test_a_thread_started_outside_any_span_has_no_context(patched, tracer):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(context.get_current()))
    with tracer.start_as_current_span("made here"):
        inside = threading.Thread(target=lambda: run(thread))
    run(inside)
    assert seen == [{}]


def test_names_stack_and_attributes_are_those_of_a_bare_thread(ledger, telemetry, tracer):
    def look(seen):
        seen.append((len(traceback.extract_stack()), sorted(vars(threading.current_thread()))))

    bare, carried = [], []
    run(threading.Thread(target=look, args=(bare,)))
    threads.apply(ledger, {})
    with tracer.start_as_current_span("work"):
        run(threading.Thread(target=look, args=(carried,)))
    assert carried == bare


def test_an_exception_reaches_excepthook_with_a_bare_traceback(patched, tracer, monkeypatch):
    caught = []
    monkeypatch.setattr(threading, "excepthook", lambda args: caught.append((args.exc_value, args.exc_traceback)))
    error = ValueError("its own")

    def fail():
        raise error

    with tracer.start_as_current_span("work"):
        run(threading.Thread(target=fail))
    ((value, stack),) = caught
    assert value is error
    assert not [frame for frame in traceback.extract_tb(stack) if "otelrun/instrumentation" in frame.filename]


def test_starting_twice_fails_as_bare(patched, tracer):
    with tracer.start_as_current_span("work"):
        thread = threading.Thread(target=int)
        run(thread)
        with pytest.raises(RuntimeError, match="threads can only be started once") as caught:
            thread.start()
    assert len(traceback.extract_tb(caught.value.__traceback__)) == (2 if sys.version_info >= (3, 11) else 3)


def test_nothing_is_kept_after_the_thread_ends(patched):
    class Value:
        pass

    value = Value()
    gone = weakref.ref(value)
    token = context.attach(context.set_value("value", value))
    thread = threading.Thread(target=int)
    run(thread)
    context.detach(token)
    del value, token
    gc.collect()
    assert gone() is None


def test_many_threads_do_not_mix_their_contexts(patched, tracer):
    seen = {}

    def look(number):
        seen[number] = trace.get_current_span()

    expected, started = {}, []
    for number in range(50):
        with tracer.start_as_current_span(str(number)) as span:
            thread = threading.Thread(target=look, args=(number,))
            thread.start()
            expected[number] = span
            started.append(thread)
    for thread in started:
        thread.join(10)
    assert seen == expected


def low_level(function, *args):
    done = threading.Event()

    def run(*run_args, **named):
        function(*run_args, **named)
        done.set()

    _thread.start_new_thread(run, *args)
    assert done.wait(10)


def test_a_low_level_thread_runs_in_the_context_it_was_started_in(patched, tracer):
    seen = []

    def look(*args, **named):
        seen.append((trace.get_current_span(), args, named, sys._getframe(1).f_back))

    with tracer.start_as_current_span("work") as work:
        low_level(look, (1, 2), {"three": 3})
    low_level(look, (1,))
    assert seen == [(work, (1, 2), {"three": 3}, None), (trace.INVALID_SPAN, (1,), {}, None)]


def test_what_a_low_level_thread_raises_is_told_as_bare(patched, tracer, monkeypatch):
    told, is_told = [], threading.Event()

    def hook(unraisable):
        named = unraisable.err_msg if unraisable.object is None else repr(unraisable.object)  # the text, from 3.13 on
        told.append(
            (named.rpartition(" by ")[2], [frame.name for frame in traceback.extract_tb(unraisable.exc_traceback)])
        )
        is_told.set()

    def fail():
        raise ValueError

    monkeypatch.setattr(sys, "unraisablehook", hook)
    with tracer.start_as_current_span("work"):
        _thread.start_new_thread(fail, ())
    assert is_told.wait(10)
    assert told == [(repr(fail), ["fail"])]


@pytest.mark.parametrize("arguments", [(), (1, ()), (int,), (int, 1), (int, (), 1)])
def test_a_wrong_low_level_call_fails_as_bare(telemetry, ledger, tracer, arguments):
    with pytest.raises(TypeError) as bare:
        _thread.start_new_thread(*arguments)
    threads.apply(ledger, {})
    with tracer.start_as_current_span("work"), pytest.raises(TypeError) as patched:
        _thread.start_new_thread(*arguments)
    assert str(patched.value) == str(bare.value)
