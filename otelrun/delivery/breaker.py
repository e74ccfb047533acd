"""One breaker for each destination: while nobody answers there, one channel at a time looks whether somebody does again.

It is about reaching the place alone. What is answered there is the business of the channel that asked: one signal may be refused.
"""

from __future__ import annotations

import random
import threading
from time import monotonic

from otelrun.delivery import retry

HURRY_S = 0.25
"""Between two attempts at the end of a run."""

_PROBE_POLL_S = 0.05


class Breaker:
    """Open after a failure to reach a destination, until it is reached. Safe for the threads of several channels.

    Attributes:
        reason: why it is open; empty while it is closed.
    """

    def __init__(self) -> None:
        """Begin closed."""
        self.reason = ""
        self._lock = threading.Lock()
        self._failures = 0
        self._failed_at = 0.0
        self._retry_at = 0.0
        self._probe = ""

    def ask(self, channel: str, *, is_hurried: bool) -> float:
        """Say in how many seconds a channel may ask again whether it may try; 0 where it may try now.

        A channel that may try while the breaker is open is the probe, and must ``report`` or ``leave``.

        Args:
            channel: its name.
            is_hurried: there is little time left to try in.
        """
        with self._lock:
            if not self.reason:
                return 0.0
            if self._probe not in ("", channel):
                return _PROBE_POLL_S
            retry_at = min(self._retry_at, self._failed_at + HURRY_S) if is_hurried else self._retry_at
            wait_s = max(0.0, retry_at - monotonic())
            if not wait_s:
                self._probe = channel
            return wait_s

    def leave(self, channel: str) -> None:
        """Say that a channel that might try has not, or has learnt nothing of the destination."""
        with self._lock:
            if self._probe == channel:
                self._probe = ""

    def report(self, channel: str, reason: str) -> None:
        """Say whether a channel has reached the destination.

        Args:
            channel: its name.
            reason: why it has not; empty where it has.
        """
        with self._lock:
            is_news = not self.reason or self._probe == channel
            if self._probe == channel:
                self._probe = ""
            self.reason = reason
            if not reason:
                self._failures = 0
            elif is_news:  # of several that were under way when it failed, the first one counts
                self._failures += 1
                self._failed_at = monotonic()
                self._retry_at = self._failed_at + retry.backoff_s(self._failures, random.random)
