"""Where spans without a parent go in a process that was started in a trace: below the start, or apart with a link to it."""

from __future__ import annotations

from opentelemetry import trace

from otelrun.instrumentation.links import LINK_KEY
from otelrun.instrumentation.start_context import start_context
from otelrun.pipeline.current import SPAN_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opentelemetry.context import Context


class StartingSpan(trace.NonRecordingSpan):
    """The span in which this process was started, as a parent that a bare run's span would not have."""


def place(context: Context, *, is_entering: bool) -> Context:
    """Give the context for a span without a parent: with the start as its parent, or as what it gets a link to.

    Args:
        context: in which it starts.
        is_entering: its kind is SERVER or CONSUMER.
    """
    start = start_context.span_context()
    if start is None:
        return context
    if is_entering:
        start_context.serve()
    values: dict[str, Any] = dict(context)
    values.update({LINK_KEY: start} if start_context.is_serving else {SPAN_KEY: StartingSpan(start)})
    kind: type[Context] = type(context)
    return kind(values)
