"""Every way on which work goes elsewhere in a process, from every kind of server: the trace goes along, exactly."""

from __future__ import annotations

import random

import pytest

from tests.process.propagation.servers import SERVERS, WAYS, Outcome, Sent, run
from tests.support.interpreters import OBSERVED, find_interpreter

pytestmark = pytest.mark.process

HELD = {"inside": "held"}
"""Step of a way → the span of the program's own that it is done in."""


@pytest.fixture(scope="module", params=SERVERS)
def outcome(request, tmp_path_factory):
    return run(request.param, WAYS, tmp_path_factory.mktemp("run"))


@pytest.mark.parametrize("way", WAYS)
def test_the_work_is_in_the_trace_of_its_request_and_below_its_span(outcome, way):
    (request,) = [each for each in outcome.sent if each.way == way]
    assert_exact(outcome, request)


def test_nothing_is_left_in_threads_and_tasks_that_serve_many_requests(outcome):
    assert len(outcome.idle) > 9
    assert {name: variables for name, variables in outcome.idle.items() if any(variables)} == {}


def test_nothing_else_was_recorded(outcome):
    assert outcome.spans.keys() == {request.trace_id for request in outcome.sent}


@pytest.mark.parametrize("kind", SERVERS)
def test_two_hundred_requests_at_the_same_time_are_two_hundred_traces(tmp_path, kind):
    ways = [WAYS[number % len(WAYS)] for number in range(200)]
    random.Random(5).shuffle(ways)
    outcome = run(kind, ways, tmp_path, at_a_time=32)
    for request in outcome.sent:
        assert_exact(outcome, request)
    assert outcome.spans.keys() == {request.trace_id for request in outcome.sent}
    assert {name: variables for name, variables in outcome.idle.items() if any(variables)} == {}


@pytest.mark.parametrize("version", [version for version in OBSERVED if version != "3.11"])
def test_it_is_so_on_every_python(tmp_path, version):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    outcome = run("http.server", WAYS, tmp_path, python=python)
    for request in outcome.sent:
        assert_exact(outcome, request)
    assert {name: variables for name, variables in outcome.idle.items() if any(variables)} == {}


def assert_exact(outcome: Outcome, request: Sent) -> None:
    """Check one request: a SERVER span below the client's, one CLIENT span below it for each step, and nothing else."""
    spans = outcome.spans[request.trace_id]
    (server,) = [span for span in spans if span.kind == "SERVER"]
    assert server.parent_span_id == request.parent_id
    parents = {span.name: span.span_id for span in spans if span.name in HELD.values()}
    clients = [span for span in spans if span.kind == "CLIENT"]
    assert len(spans) == 1 + len(parents) + len(clients)

    asked = {path: value for path, value in outcome.traceparents.items() if path.startswith(f"/{request.number}/")}
    assert len(asked) == len(clients) > 0, request
    for path, traceparent in asked.items():
        version, trace_id, span_id, flags = traceparent.split("-")
        assert (version, trace_id, flags) == ("00", request.trace_id, "01")
        (client,) = [span for span in clients if span.span_id == span_id]
        step = path.rpartition("/")[2]
        expected = parents[HELD[step]] if step in HELD else server.span_id
        assert client.parent_span_id == expected, (request, step)
