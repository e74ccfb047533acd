"""A context without its span, to which spans that start in it get a link instead. Loads no module.

Tracers of otelrun's look for the link where they start a root span; others start a root span without one.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opentelemetry.context import Context

EXCLUDED = "otelrun-excluded"
"""Is in each context of a request that is to leave no trace, see ``excluded``."""

LINK_KEY = "otelrun-link"
"""In a context: the span context to which root spans get a link."""


def as_link(context: Context) -> Context:
    """Give a context that has all of another, and a link in the place of its span."""
    propagation = sys.modules.get("opentelemetry.trace.propagation")
    key = getattr(propagation, "_SPAN_KEY", "")
    if key not in context or EXCLUDED in context:
        return context
    values: dict[str, Any] = dict(context)
    values[LINK_KEY] = values.pop(key).get_span_context()
    kind: type[Context] = type(context)
    return kind(values)
