"""What the command line asked for."""

from __future__ import annotations

from typing import NamedTuple


class Wishes(NamedTuple):
    """The options of ``otelrun run``; None where the command line said nothing.

    Attributes:
        profile: name of a shipped profile, or a file.
        service_name: ``service.name``.
        endpoint: URL of an OTLP receiver.
        init: stay as the program's parent.
        root_span: make one span around the whole command.
    """

    profile: str | None = None
    service_name: str | None = None
    endpoint: str | None = None
    init: bool = False
    root_span: bool = False
