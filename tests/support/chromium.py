"""A headless Chromium under test: started once, with a fresh profile, and a page of its own for each who asks.

It is driven through pipes, by the standard library alone. It can reach this machine and nothing else: every other name and address
is mapped to nothing. It must not be shared between tests that need different command lines.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.support.browser_page import BrowserPage
from tests.support.devtools import Connection, DevToolsError

if TYPE_CHECKING:
    from typing_extensions import Self

REBOUND_NAME = "rebound.example"
"""A name of somebody else's that leads to this machine."""

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FIRST_FREE = 10  # above the descriptors 3 and 4, on which Chromium expects its pipes
_AT_ITS_DESCRIPTORS = (
    "import os, sys; r, w = map(int, sys.argv[1:3]); os.dup2(r, 3); os.dup2(w, 4); os.execv(sys.argv[3], sys.argv[3:])"
)
_SWITCHES = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # the tests run as root in containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-breakpad",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--lang=en",
    f"--host-resolver-rules=MAP {REBOUND_NAME} 127.0.0.1,MAP * ~NOTFOUND,EXCLUDE 127.0.0.1,EXCLUDE localhost,EXCLUDE [::1]",
)


def find_chromium() -> str | None:
    """Give the path of an installed Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Chromium:
    """A running browser. As a context manager it leaves nothing running."""

    def __init__(self, path: str) -> None:
        """Start it.

        Args:
            path: of its command.
        """
        self._profile = tempfile.mkdtemp(prefix="otelrun-chromium-")
        (commands_read, commands_write), (events_read, events_write) = os.pipe(), os.pipe()
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, _FIRST_FREE) for fd in (commands_read, events_write)]
        try:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-ISc", _AT_ITS_DESCRIPTORS, *map(str, ends), path, *_SWITCHES),
                    f"--user-data-dir={self._profile}",
                    "about:blank",
                ],
                pass_fds=ends,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "HOME": self._profile},
            )
        finally:
            for fd in (commands_read, events_write, *ends):
                os.close(fd)
        self._connection = Connection(events_read, commands_write)
        self.version = str(self._connection.call("Browser.getVersion")["product"])

    def new_page(self, *, is_dark: bool = False, width: int = 1280, height: int = 900) -> BrowserPage:
        """Open a page that shares neither cookies nor storage with any other.

        Args:
            is_dark: whether its user prefers a dark theme.
            width: of the window, in CSS pixels.
            height: of the window, in CSS pixels.
        """
        call = self._connection.call
        context = call("Target.createBrowserContext")["browserContextId"]
        target = call("Target.createTarget", url="about:blank", browserContextId=context, width=width, height=height)
        session = call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        return BrowserPage(self._connection, session, context, is_dark=is_dark, size=(width, height))

    def close(self) -> None:
        """End it and remove its profile."""
        with suppress(DevToolsError, OSError):
            self._connection.call("Browser.close", deadline_s=5)
        self._connection.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self) -> Self:
        """Nothing to set up."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()
