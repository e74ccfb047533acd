"""The transport for ``otlp_file``: OTLP/JSON, one request a line, appended to a file or an open descriptor."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from otelrun.delivery import retry
from otelrun.delivery.otlp_json import to_json


class OtlpFile:
    """Appends requests to a file."""

    def __init__(self, fd: int, signal: str) -> None:
        """Write to an open descriptor."""
        self._fd = fd
        self._signal = signal

    def send(self, data: bytes) -> retry.Outcome:
        """Write one line; see ``channel.Transport``."""
        return write_text(self._fd, to_json(self._signal, data) + "\n")

    def forget(self) -> None:
        """Nothing to let go of; see ``channel.Transport``."""


def open_stream(output_stream: str) -> int:
    """Open the file of an ``output_stream`` such as ``file:///var/log/otel.jsonl`` for appending.

    Raises:
        OSError: it cannot be opened.
    """
    url = urlsplit(output_stream)
    path = unquote(url.path) if url.scheme == "file" else output_stream
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o600)


def write_text(fd: int, text: str) -> retry.Outcome:
    """Write text whole; a reader that has gone away ends delivery to it for good."""
    view = memoryview(text.encode("utf-8", "replace"))
    try:
        while view:
            view = view[os.write(fd, view) :]
    except BrokenPipeError:
        return retry.Outcome(retry.REJECTED, "nobody reads standard output any more")
    return retry.Outcome(retry.DELIVERED)
