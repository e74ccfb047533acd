"""The SDK's root spans with the link that their context has, where a profile asks for links. Loaded only by ``in_process``."""

from __future__ import annotations

from opentelemetry.context import get_current
from opentelemetry.sdk.trace import SpanProcessor

from otelrun.diagnostics import guarded
from otelrun.instrumentation.item_contexts import LINK
from otelrun.instrumentation.links import LINK_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opentelemetry.context import Context

    from otelrun.profile import model

_INSTRUMENTATIONS = ("queue", "asyncio_queue")


def are_wanted(profile: model.Profile) -> bool:
    """Say whether any instrumentation makes contexts with links."""
    return any(profile.options(name).get("context") == LINK for name in _INSTRUMENTATIONS)


class LinkProcessor(SpanProcessor):
    """Adds the link when a root span starts."""

    def on_start(self, span: Any, parent_context: Context | None = None) -> None:
        """Add the link of the span's context, if it has one and no span."""
        with guarded("link of a span"):
            if span.parent is None:
                link: Any = (get_current() if parent_context is None else parent_context).get(LINK_KEY)
                if link is not None:
                    span.add_link(link)
