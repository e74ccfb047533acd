"""``otelrun ui`` under test: started, its address read from what it prints, ended by Ctrl-C."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.support.programs import start_otelrun

if TYPE_CHECKING:
    import os

    from typing_extensions import Self

_ADDRESS = re.compile(r"(http://127\.0\.0\.1:(\d+))/\?k=([\w-]+)(?:#\S*)?\s")


class UiServer:
    """A running ``otelrun ui``.

    Attributes:
        origin: e.g. ``http://127.0.0.1:4319``.
        port: of it.
        token: the key that its link holds.
        printed: the link.
    """

    def __init__(self, otelrun_dir: str | os.PathLike[str], *args: str) -> None:
        """Start it and wait until it says where it listens.

        Args:
            otelrun_dir: its OTELRUN_DIR.
            args: of ``otelrun ui``.
        """
        self._program = start_otelrun(["ui", *args], otelrun_dir=otelrun_dir)
        line = self._program.read_line().decode()
        match = _ADDRESS.fullmatch(line)
        assert match, line
        self.origin, self.port, self.token = match[1], int(match[2]), match[3]
        self.printed = line.strip()

    def link(self, fragment: str = "") -> str:
        """Give a link that opens the page at a place."""
        return f"{self.origin}/?k={self.token}{f'#/{fragment}' if fragment else ''}"

    def close(self) -> None:
        """Interrupt it as Ctrl-C does, and see it end."""
        self._program.send_signal(signal.SIGINT)
        result = self._program.finish()
        assert (result.returncode, result.stderr) == (0, b""), result

    def __enter__(self) -> Self:
        """Nothing to set up."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        with self._program:
            self.close()


def place(run_id: str, view: str = "requests", *trace: str, **query: str) -> str:
    """Give the fragment of a place in the page: a run, a view of it, perhaps an open trace and span, and what is searched for."""
    path = "/".join((run_id, view, *trace))
    return f"{path}?{urlencode(query)}" if query else path
