"""One place that telemetry goes to, shared by the channels of all signals: its breaker, and what is told of it, once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from otelrun.delivery.breaker import Breaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_RECORDS = {
    "spans": ("span", "spans"),
    "logs": ("log record", "log records"),
    "metrics": ("metric point", "metric points"),
}
_OLDEST = {"spans": "traces", "logs": "log records", "metrics": "metrics"}


class _Backlog:
    """What one channel has sent since it had to wait, and whether that is all that had waited."""

    def __init__(self) -> None:
        self.sent = 0
        self.is_through = False


class Destination:
    """Where telemetry goes. Safe for the threads of several channels.

    Attributes:
        name: for people, e.g. ``http://localhost:4318``.
        breaker: whether it can be reached.
    """

    def __init__(self, name: str, tell: Callable[[str, str, str], None]) -> None:
        """Begin with nothing told.

        Args:
            name: see the class.
            tell: called with the name, the new state and one line whenever something changes.
        """
        self.name = name
        self.breaker = Breaker()
        self._tell = tell
        self._lock = threading.Lock()
        self._backlogs: dict[str, _Backlog] = {}
        self._reason = ""
        self._refused: dict[tuple[str, str], bool] = {}  # channel and cause → whether it was taken again since
        self._full: set[str] = set()

    def wait(self, channel: str, reason: str) -> None:
        """Say that a channel has to wait.

        Args:
            channel: its name.
            reason: why; told where it is news.
        """
        with self._lock:
            is_news = not self._backlogs or reason != self._reason
            self._backlogs.setdefault(channel, _Backlog()).is_through = False
            self._reason = reason
            if is_news:
                self._tell(self.name, "holding", f"{reason}: telemetry is held locally until it answers")

    def send(self, channel: str, count: int, *, is_through: bool) -> None:
        """Say that a channel that had to wait has sent something.

        Args:
            channel: its name.
            count: how many records were taken there.
            is_through: nothing is left of what had waited; told when this is so of all channels.
        """
        with self._lock:
            backlog = self._backlogs.get(channel)
            if backlog is None:
                return
            backlog.sent += count
            backlog.is_through = is_through
            if is_through:
                self._full.discard(channel)
            if all(backlog.is_through for backlog in self._backlogs.values()):
                sent = ((name.partition("-")[0], backlog.sent) for name, backlog in self._backlogs.items())
                text = _words(sent)
                self._backlogs.clear()
                if text:
                    self._tell(self.name, "delivering", f"delivering again, {text} sent")

    def refuse(self, channel: str, state: str, cause: str, text: str) -> None:
        """Say that a channel's records are not taken.

        Args:
            channel: its name.
            state: ``rejected`` or ``partial``.
            cause: what it is told once for.
            text: what is told.
        """
        with self._lock:
            if (channel, cause) not in self._refused:
                self._refused[channel, cause] = False
                self._tell(self.name, state, text)

    def accept(self, channel: str) -> None:
        """Say that a channel's records are taken; told once after each refusal that was told."""
        with self._lock:
            again = [key for key, is_over in self._refused.items() if key[0] == channel and not is_over]
            self._refused.update(dict.fromkeys(again, True))
            if again and not self._backlogs:
                self._tell(self.name, "delivering", "delivering again")

    def overflow(self, channel: str) -> None:
        """Say that a channel's outbox is full; told once until what it holds is sent."""
        with self._lock:
            if channel not in self._full:
                self._full.add(channel)
                signal = channel.partition("-")[0]
                self._tell(self.name, "full", f"outbox full, dropping the oldest {_OLDEST[signal]}")


def _words(sent: Iterable[tuple[str, int]]) -> str:
    counts = dict.fromkeys(_RECORDS, 0)
    for signal, count in sent:
        counts[signal] += count
    parts = [f"{count:,} held {_RECORDS[signal][count != 1]}" for signal, count in counts.items() if count]
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
