"""The profile's limits as plain slots, so that the recording path reads them without a dataclass in between."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from otelrun.profile import model


class Limits:
    """How much one span or log record may hold; see ``profile.model.SpanLimits`` for the meaning of each."""

    __slots__ = ("count", "event_count", "events", "length", "link_count", "links")

    def __init__(self, limits: model.SpanLimits | model.LogLimits) -> None:
        """Copy the limits of a span, or of a log record (which has no events and links)."""
        self.count: int = limits.attribute_count_limit
        self.length: int | None = limits.attribute_value_length_limit
        self.events: int = getattr(limits, "event_count_limit", sys.maxsize)
        self.links: int = getattr(limits, "link_count_limit", sys.maxsize)
        self.event_count: int = getattr(limits, "event_attribute_count_limit", sys.maxsize)
        self.link_count: int = getattr(limits, "link_attribute_count_limit", sys.maxsize)
