"""An application is instrumented when it is about to handle its first request, unless the program has done so."""

from __future__ import annotations

import sys
import types

import pytest

from otelrun.instrumentation import applications, precedence

FLAG = "_is_instrumented_by_opentelemetry"


class Flask:
    """As much of Flask as is looked at."""

    def __init__(self):
        self.before_request_funcs = {None: [len]}
        self.teardown_request_funcs = {None: [len]}
        self.wsgi_app = lambda *_: "answer"

    def __call__(self, environ, start_response):
        return self.wsgi_app(environ, start_response)


class Starlette:
    """As much of Starlette as is looked at."""

    def build_middleware_stack(self):
        return "stack"


class Instrumentor:
    """Upstream's, which notes its calls."""

    calls: list[tuple[str, object]]

    @staticmethod
    def instrument_app(app, tracer_provider=None, excluded_urls=None):
        Instrumentor.calls.append((tracer_provider, excluded_urls))
        setattr(app, FLAG, True)
        if isinstance(app, Flask):
            app._before_request, app._teardown_request = repr, str
            app.before_request_funcs[None].append(repr)
            app.teardown_request_funcs[None].append(str)
        else:
            build = app.build_middleware_stack
            app.build_middleware_stack = lambda: ["instrumented", build()]


@pytest.fixture
def told(monkeypatch):
    notes = []
    monkeypatch.setattr(precedence.precedence, "note", lambda slug, _: notes.append(slug))
    monkeypatch.setattr(applications, "precedence", precedence.precedence)
    for name, kind in (("flask.app", Flask), ("starlette.applications", Starlette)):
        monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(**{kind.__name__: kind}))
    monkeypatch.setattr(Flask, "__call__", Flask.__call__)
    monkeypatch.setattr(Starlette, "build_middleware_stack", Starlette.build_middleware_stack)
    Instrumentor.calls = []
    return notes


def test_flask_is_instrumented_at_the_first_request_before_the_programs_functions(told):
    applications.apply("flask", Instrumentor, {"tracer_provider": "ours", "excluded_urls": "/health", "unknown": 1})
    app = Flask()
    assert Instrumentor.calls == []
    assert [app({}, None), app({}, None)] == ["answer", "answer"]
    assert Instrumentor.calls == [("ours", "/health")]
    assert app.before_request_funcs == {None: [repr, len]}
    assert app.teardown_request_funcs == {None: [str, len]}
    assert told == []


def test_the_stack_of_starlette_is_built_with_it(told):
    applications.apply("starlette", Instrumentor, {})
    app = Starlette()
    assert app.build_middleware_stack() == ["instrumented", "stack"]
    assert "build_middleware_stack" in vars(app)
    assert len(Instrumentor.calls) == 1


@pytest.mark.parametrize(("name", "kind", "call"), [("flask", Flask, Flask.__call__), ("starlette", Starlette, None)])
def test_one_that_the_program_instruments_is_left_alone(told, name, kind, call):
    applications.apply(name, Instrumentor, {})
    app = kind()
    setattr(app, FLAG, True)
    assert app.build_middleware_stack() == "stack" if call is None else app({}, None) == "answer"
    assert Instrumentor.calls == []
    assert told == [f"instrumented:{name}"]


def test_one_that_the_program_no_longer_wants_instrumented_stays_so(told):
    applications.apply("flask", Instrumentor, {})
    app = Flask()
    app({}, None)
    setattr(app, FLAG, False)
    app({}, None)
    assert len(Instrumentor.calls) == 1


def test_it_is_undone_for_applications_to_come(told):
    undo = applications.apply("flask", Instrumentor, {})
    undo()
    Flask()({}, None)
    assert Instrumentor.calls == []


def test_what_fails_does_not_reach_the_program(told, monkeypatch):
    monkeypatch.delenv("OTELRUN_STRICT", raising=False)
    applications.apply("starlette", Instrumentor, {})
    app = Starlette()
    monkeypatch.setattr(Instrumentor, "calls", None)
    assert app.build_middleware_stack() == "stack"
