"""What a profile says of those who serve many requests: below the one they work for, or linked to it."""

from __future__ import annotations

import pytest

from tests.process.propagation.servers import run

pytestmark = pytest.mark.process

WAYS = ["`queue.Queue`, long-lived consumers", "`asyncio.Queue`, long-lived consumer"]

PROFILE = """
file_format: "1.1"
distribution: {{otelrun: {{extends: default}}}}
instrumentation/development:
  python: {python}
"""


def run_with(tmp_path, python, ways):
    profile = tmp_path / "profile.yaml"
    profile.write_text(PROFILE.format(python=python))
    return run("http.server", ways, tmp_path / "runs", profile=str(profile))


def split(outcome):
    """Give the SERVER spans, by their trace, and the roots."""
    spans = [span for spans in outcome.spans.values() for span in spans]
    servers = {span.trace_id: span for span in spans if span.kind == "SERVER"}
    return servers, [span for span in spans if not span.parent_span_id]


def test_consumers_are_linked_to_the_requests_they_work_for(tmp_path):
    ways = WAYS * 3
    outcome = run_with(tmp_path, "{queue: {context: link}, asyncio_queue: {context: link}}", ways)
    servers, roots = split(outcome)
    linked = [(link.trace_id, link.span_id) for root in roots for link in root.links]
    assert sorted(linked) == sorted((span.trace_id, span.span_id) for span in servers.values())
    assert len(servers) == len(roots) == len({root.trace_id for root in roots}) == len(ways)
    assert [len(outcome.spans[request.trace_id]) for request in outcome.sent] == [1] * len(ways)


def test_nothing_is_carried_with_items_where_the_profile_says_so(tmp_path):
    outcome = run_with(tmp_path, "{queue: {context: none}, asyncio_queue: {enabled: false}}", ["a call", *WAYS[:1]])
    servers, roots = split(outcome)
    assert len(servers) == 2
    assert roots == []  # the consumers stay where they were started: in the second request
    assert [len(outcome.spans[request.trace_id]) for request in outcome.sent] == [2, 2]


def test_a_thread_that_outlives_its_request_is_linked_to_it_after_the_time_that_the_profile_says(tmp_path):
    ways = ["`Thread` that outlives the request"]
    outcome = run_with(tmp_path, "{threading: {outlived_after_ms: 20}}", ways)
    ((trace_id, server),) = split(outcome)[0].items()
    (root,) = split(outcome)[1]
    assert (trace_id, len(outcome.spans[trace_id])) == (outcome.sent[0].trace_id, 1)
    assert [(link.trace_id, link.span_id) for link in root.links] == [(trace_id, server.span_id)]
