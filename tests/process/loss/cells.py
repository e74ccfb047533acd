"""The loss table: every way to end, every state of the endpoint. What they are called, and what the endpoint does meanwhile.

A cell is one ending with one endpoint; see ``test_table``. Nothing here starts a process.
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.otlp_sink import OtlpSink

MADE = 40
"""Spans, log records and counts that a program makes; one that makes more says so in its title."""

DEADLINE_S = 60.0


@dataclass(frozen=True)
class Ending:
    """A way to end.

    Attributes:
        title: for people.
        word: for ``tests/apps/loss/ending.py``.
        kill: the signal that the test sends for it.
        made: how many spans are made, those of a thread that goes on until the end aside.
        rival: what upstream's launcher delivered of 20 spans, 20 log records and a count of 20 with the endpoint up.
    """

    title: str
    word: str
    kill: signal.Signals | None = None
    made: int = MADE
    rival: str = "0 0 0"


@dataclass(frozen=True)
class Moment:
    """Where a cell is: the endpoint, when the program was started, and how to see whether the agent holds telemetry."""

    sink: OtlpSink
    started_s: float
    late_s: float
    is_holding: Callable[[], bool]


def stay(_: Moment) -> None:
    """Change nothing."""


def come_up(moment: Moment) -> None:
    """Be away until the agent has noticed, and for so long; then listen."""
    wait_for(moment.is_holding, DEADLINE_S, what="the agent to hold telemetry")
    wait_for(lambda: time.monotonic() - moment.started_s >= moment.late_s, DEADLINE_S, what="the endpoint to be late")
    moment.sink.start()


def go_down(moment: Moment) -> None:
    """Stop listening once the first half has arrived."""
    wanted = MADE // 2
    wait_for(
        lambda: (counts := moment.sink.counts())["traces"] == wanted and counts["logs"] == wanted,
        DEADLINE_S,
        what="the first half to arrive",
    )
    moment.sink.stop()


def come_back(moment: Moment) -> None:
    """Listen again, once the agent has noticed that nobody did."""
    wait_for(moment.is_holding, DEADLINE_S, what="the agent to hold telemetry")
    moment.sink.start()


def accept_after_refusing_each_signal(moment: Moment) -> None:
    """Accept, once spans and log records have been put off."""
    wait_for(
        lambda: {"traces", "logs"} <= {request.signal for request in moment.sink.requests()},
        DEADLINE_S,
        what="the first requests",
    )
    moment.sink.behave()


@dataclass(frozen=True)
class Endpoint:
    """A state of the endpoint.

    Attributes:
        title: for people.
        is_listening: whether somebody listens when the program starts.
        behaviour: of the sink.
        is_away: it takes nothing as long as this run lasts: the next run delivers.
        between: what it does between the program's halves.
        before_end: what it does after the second half, before the end.
        after_end: what it does when the program has ended.
        changes: how often its state changes for the agent: so many lines may tell of it.
        rival: what upstream's launcher delivered of the spans of an ordinary program, and how long its exit took.
    """

    title: str
    is_listening: bool = True
    behaviour: dict[str, Any] = field(default_factory=dict)
    is_away: bool = False
    between: Callable[[Moment], None] = stay
    before_end: Callable[[Moment], None] = stay
    after_end: Callable[[Moment], None] = stay
    changes: int = 1
    rival: str = ""


_ALL = "20 20 20"
ENDINGS = (
    Ending("returns", "exit", rival=_ALL),
    Ending("`sys.exit(3)`", "sys_exit", rival=_ALL),
    Ending("an exception", "exception", rival=_ALL),
    Ending("SIGTERM", "signal", signal.SIGTERM),
    Ending("SIGTERM, with a handler that exits", "handler", signal.SIGTERM, rival=_ALL),
    Ending("SIGTERM, blocked in C", "in_c", signal.SIGTERM),
    Ending("SIGINT", "signal", signal.SIGINT, rival=_ALL),
    Ending("SIGHUP", "signal", signal.SIGHUP),
    Ending("SIGKILL", "signal", signal.SIGKILL),
    Ending("`os.abort()`", "abort"),
    Ending("`os._exit(4)`", "os_exit"),
    Ending("`os._exit(4)` in a thread", "os_exit_in_thread"),
    Ending("`os.execv` of Python, which makes 40 more", "execv_python", made=2 * MADE),
    Ending("`os.execv` of `/bin/echo`", "execv_other"),
    Ending("returns while a daemon thread records", "daemon_thread", rival="20 20 not measured"),
    Ending("returns 10 ms after the last span", "exit_after_10_ms", rival="not measured"),
)

ENDPOINTS = (
    Endpoint("up", changes=0, rival="20 of 20, 0.3 s"),
    Endpoint("refused", is_listening=False, is_away=True, rival="0 of 20, 11.5 s"),
    Endpoint("hangs", behaviour={"hang": True}, is_away=True, rival="0 of 20, 15.0 s"),
    Endpoint("503", behaviour={"status": 503}, is_away=True, rival="0 of 20, 11.7 s"),
    Endpoint(
        "429, Retry-After",
        behaviour={"status": 429, "retry_after_s": 1},
        after_end=accept_after_refusing_each_signal,
        changes=2,
        rival="80 of 80, 0.4 s",
    ),
    Endpoint("resets", behaviour={"reset": True}, is_away=True, rival="0 of 20, 12.5 s"),
    Endpoint("up late", is_listening=False, before_end=come_up, changes=2, rival="80 of 80, 0.3 s"),
    Endpoint("restarted", between=go_down, before_end=come_back, changes=2, rival="80 of 80, 0.3 s"),
)

HTTP = "http/protobuf"
GRPC = "grpc"
_GRPC_AWAY = ("refused", "503")
_GRPC_AWAY_ENDINGS = ("returns", "SIGTERM", "SIGKILL")
CELLS = [
    *((ending, endpoint, HTTP) for ending in ENDINGS for endpoint in ENDPOINTS),
    *((ending, ENDPOINTS[0], GRPC) for ending in ENDINGS),
    *(
        (ending, endpoint, GRPC)
        for ending in ENDINGS
        if ending.title in _GRPC_AWAY_ENDINGS
        for endpoint in ENDPOINTS
        if endpoint.title in _GRPC_AWAY
    ),
]
