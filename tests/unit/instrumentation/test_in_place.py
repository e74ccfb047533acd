"""What is kept of each instrumentation: how it went, and why it is not in place."""

from __future__ import annotations

import pytest

from otelrun import diagnostics
from otelrun.instrumentation.in_place import FAILED, HOOKED, IMPORTED, LEFT, OFF, InPlace


@pytest.fixture
def facts(monkeypatch):
    monkeypatch.setattr(diagnostics, "_told", set())
    monkeypatch.setattr(diagnostics, "_listeners", [])
    monkeypatch.setenv("OTELRUN_QUIET", "1")
    return InPlace()


def test_what_is_said_last_of_a_library_counts(facts):
    facts.put("flask", "flask", IMPORTED, "opentelemetry-instrumentation-flask")
    facts.put("flask", "flask", HOOKED, "opentelemetry-instrumentation-flask")
    facts.put("threading", "threading", OFF, "otelrun")

    assert facts.entries() == (
        ("flask", "flask", "hooked", "opentelemetry-instrumentation-flask", ""),
        ("threading", "threading", "off", "otelrun", ""),
    )


def test_each_change_is_written_once_there_is_something_to_write_into(facts):
    written = []
    facts.put("flask", "flask", IMPORTED, "d")
    facts.write = written.append
    facts.put("flask", "flask", IMPORTED, "d")
    facts.put("redis", "redis", HOOKED, "d")
    facts.leave("redis", "why")

    assert written == [("redis", "redis", "hooked", "d", ""), ("redis", "redis", "left", "d", "why")]


def test_one_that_is_not_said_to_be_in_place_has_failed_with_what_was_told(facts):
    with facts.applying("flask", "flask", "d"), diagnostics.guarded("instrumentation flask"):
        raise RuntimeError("boom")

    text = "instrumentation flask failed, the program goes on: RuntimeError: boom"
    assert facts.entries() == (("flask", "flask", FAILED, "d", text),)


def test_what_is_told_of_a_part_is_kept_beside_what_is_in_place(facts):
    with facts.applying("queue", "queue", "otelrun") as applied:
        diagnostics.tell("patch:queue.Queue.get", "not instrumented: there is no queue.Queue.get")
        diagnostics.tell("patch:queue.Queue.put", "not instrumented: there is no queue.Queue.put")
        diagnostics.tell("something-else", "unrelated")
        applied.state = HOOKED

    text = "not instrumented: there is no queue.Queue.get; not instrumented: there is no queue.Queue.put"
    assert facts.entries() == (("queue", "queue", "hooked", "otelrun", text),)


def test_one_that_is_applied_in_the_middle_of_another_keeps_its_own_reason(facts):
    with facts.applying("outer", "outer", "d") as outer:
        with facts.applying("inner", "inner", "d"):
            diagnostics.tell("patch:inner", "it is the inner one's")
        outer.state = HOOKED
    diagnostics.tell("patch:later", "nobody's")

    assert facts.entries() == (
        ("inner", "inner", "failed", "d", "it is the inner one's"),
        ("outer", "outer", "hooked", "d", ""),
    )


def test_one_that_has_to_wait_is_not_kept(facts):
    with facts.applying("flask", "flask", "d") as applied:
        applied.state = ""

    assert facts.entries() == ()


def test_all_that_is_in_place_gives_way_and_the_rest_stays_as_it_was(facts):
    facts.put("flask", "flask", HOOKED, "d")
    facts.put("redis", "redis", IMPORTED, "d")
    facts.leave("", "another agent")

    assert [entry[2:] for entry in facts.entries()] == [(LEFT, "d", "another agent"), (IMPORTED, "d", "")]
