"""Requests that are to leave no trace: no span in them is recorded, no log record exported, wherever their work goes.

What they call elsewhere is told that they are not sampled. Spans of a tracer that is not otelrun's follow their sampler, which
goes by that too, unless the profile has it record everything.
"""

from __future__ import annotations

import os

from opentelemetry import trace
from opentelemetry.context import Context

from otelrun.instrumentation.links import EXCLUDED
from otelrun.instrumentation.sources import PROGRAM_PARENT

_RANDOM = 0x02


class ExcludedSpan(trace.NonRecordingSpan):
    """Stands for all the spans of an excluded request: a child of it is itself."""

    _program_parent = None


def exclude(parent: Context) -> Context:
    """Give the context in which an excluded request runs.

    Args:
        parent: what the request's headers carry.
    """
    remote = trace.get_current_span(parent).get_span_context()
    if remote.is_valid:
        trace_id, flags, state = remote.trace_id, remote.trace_flags & _RANDOM, remote.trace_state
    else:
        trace_id, flags, state = _random_id(16), _RANDOM, None
    own = trace.SpanContext(trace_id, _random_id(8), False, trace.TraceFlags(flags), state)
    own.__dict__[PROGRAM_PARENT] = None
    values = {**parent, EXCLUDED: True}
    return trace.set_span_in_context(ExcludedSpan(own), Context(values))


def _random_id(size: int) -> int:
    return int.from_bytes(os.urandom(size), "big") or _random_id(size)
