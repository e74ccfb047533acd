"""Whatever a peer sends as trace headers, it is read as the specifications say, quickly, without a word, and sent on well-formed."""

from __future__ import annotations

import logging
import re
import time
from random import Random

import pytest
from opentelemetry import baggage, trace
from opentelemetry.context.context import Context
from opentelemetry.propagators.textmap import Getter

from otelrun.pipeline.propagator import build_propagator
from tests.support.hostile import expected, hostile_headers

SEED = 5
_SENT_BAGGAGE = re.compile(r"(?:[\w.~%-]*=[\w.~%-]*(?:,|\Z))*", re.ASCII)


class Headers(Getter):
    """Gives each header of its own, by names in any case."""

    def get(self, carrier, key):
        return [value for name, value in carrier if name.lower() == key] or None

    def keys(self, carrier):
        return [name for name, _ in carrier]


@pytest.fixture(scope="module")
def count(request):
    return 100_000 if request.config.getoption("--full") else 10_000


@pytest.mark.timeout(600)
def test_hostile_headers_are_read_as_the_specifications_say(count, caplog):
    propagator = build_propagator(("tracecontext", "baggage"))
    random = Random(SEED)
    caplog.set_level(logging.DEBUG)
    slowest_s = 0.0
    continued = 0
    for _ in range(count):
        headers = hostile_headers(random)
        began = time.thread_time()
        context = propagator.extract(headers, Context(), Headers())
        carrier = {}
        propagator.inject(carrier, context)
        slowest_s = max(slowest_s, time.thread_time() - began)
        found = trace.get_current_span(context).get_span_context()
        wanted = expected(headers)
        if wanted.trace_id:
            continued += 1
            seen = (f"{found.trace_id:032x}", f"{found.span_id:016x}", found.trace_flags.sampled)
            assert seen == (wanted.trace_id, wanted.parent_id, wanted.is_sampled), headers
            assert found.trace_state.to_header() == wanted.trace_state, headers
            assert carrier["traceparent"][:53] == f"00-{wanted.trace_id}-{wanted.parent_id}-"
            assert carrier.get("tracestate", "") == wanted.trace_state
        else:
            assert not found.is_valid, headers
            assert "traceparent" not in carrier
        assert len(baggage.get_all(context)) <= 180
        assert len(carrier.get("baggage", "")) <= 8_192
        assert _SENT_BAGGAGE.fullmatch(carrier.get("baggage", ""))
    assert 0.2 * count < continued < 0.6 * count  # the inputs are of both kinds
    assert slowest_s < 0.1
    assert caplog.records == []
