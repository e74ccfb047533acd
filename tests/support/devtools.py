"""Chromium's DevTools protocol over a pair of pipes: commands, their answers, and events.

The protocol is described at https://chromedevtools.github.io/devtools-protocol/. Messages are JSON, each followed by a zero byte.
No thread: events are handed out while an answer is waited for, or by ``pump``.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Parameters = dict[str, Any]


class DevToolsError(Exception):
    """The browser refused a command, ended, or did not answer in time."""


class Connection:
    """A connection to one browser.

    Attributes:
        endpoints: the descriptors to read from and to write to.
    """

    def __init__(self, read_fd: int, write_fd: int) -> None:
        """Take over the two descriptors.

        Args:
            read_fd: the browser writes its answers and events there.
            write_fd: it reads commands there.
        """
        self.endpoints = (read_fd, write_fd)
        self._number = 0
        self._received = bytearray()
        self._answers: dict[int, dict[str, Any]] = {}
        self._listeners: dict[str, list[Callable[[str, Parameters], None]]] = defaultdict(list)

    def call(self, method: str, session: str = "", deadline_s: float = 30.0, **parameters: Any) -> Any:
        """Send a command and give its result.

        Args:
            method: e.g. ``Page.navigate``.
            session: of the page it is for; empty for the browser.
            deadline_s: seconds from now.
            parameters: of the command.

        Raises:
            DevToolsError: it was refused, or nothing came in time.
        """
        number = self.send(method, session, **parameters)
        deadline = time.monotonic() + deadline_s
        while number not in self._answers:
            if not self.pump(max(0.0, deadline - time.monotonic())):
                raise DevToolsError(f"{method}: no answer within {deadline_s} s")
        answer = self._answers.pop(number)
        if "error" in answer:
            raise DevToolsError(f"{method}: {answer['error'].get('message')}")
        return answer["result"]

    def send(self, method: str, session: str = "", **parameters: Any) -> int:
        """Send a command; gives its number. Its answer, should it come, is kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._write(json.dumps(message).encode() + b"\0")
        return self._number

    def listen(self, session: str, listener: Callable[[str, Parameters], None]) -> None:
        """Have ``listener(method, parameters)`` called with each event of a session."""
        self._listeners[session].append(listener)

    def pump(self, wait_s: float = 0.0) -> bool:
        """Take what has arrived; gives False where nothing did within ``wait_s`` seconds."""
        read_fd = self.endpoints[0]
        if not select.select([read_fd], [], [], wait_s)[0]:
            return False
        data = os.read(read_fd, 1 << 20)
        if not data:
            raise DevToolsError("the browser has ended")
        self._received += data
        *messages, self._received = self._received.split(b"\0")
        for message in messages:
            self._take(json.loads(message))
        return True

    def close(self) -> None:
        """Let go of the pipes, at which the browser ends."""
        for fd in self.endpoints:
            os.close(fd)

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._answers[message["id"]] = message
            return
        for listener in self._listeners[message.get("sessionId", "")]:
            listener(message["method"], message["params"])

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.endpoints[1], data) :]
