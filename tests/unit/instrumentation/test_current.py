from __future__ import annotations

import contextvars
import logging

from opentelemetry import context

from otelrun.instrumentation.current import attach, current_context, detach


def test_what_was_current_before_is_restored():
    token = attach(context.set_value("key", "value"))
    assert current_context() == {"key": "value"}
    detach(token)
    assert current_context() is None


def test_a_token_of_another_context_of_variables_is_let_go_without_a_word(caplog):
    token = contextvars.copy_context().run(attach, context.set_value("key", "value"))
    with caplog.at_level(logging.DEBUG):
        detach(token)
    assert caplog.records == []
    assert current_context() is None


def test_a_runtime_context_of_the_programs_own_api_is_used(monkeypatch):
    monkeypatch.delattr(context, "_RUNTIME_CONTEXT")
    detached = []
    monkeypatch.setattr(context, "detach", detached.append)
    detach("token")
    assert detached == ["token"]
