"""The loss table: whatever ends the program, whatever the endpoint does, each record arrives, once, and nothing is felt.

Each cell is one run. Where the endpoint stays away, the run's agent gives up soon and the next run delivers. The program is
compared with a bare run of it: status, time from its last act to its end (without the time for which other programs had the
processors), and what is on stderr.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import select
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pytest

from otelrun.agent import accounting
from otelrun.ring.directory import list_runs
from tests.process.loss.cells import CELLS, DEADLINE_S, GRPC, MADE, Ending, Endpoint, Moment
from tests.process.loss.page import check_cell
from tests.process.loss.runs import agent_log
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import run_otelrun, start_otelrun, start_python, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.programs import Running

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "loss", "ending.py")
NOTICEABLE_NS = 300_000_000
OWN = b"otelrun: "
PROFILE = """
file_format: "1.1"
distribution:
  otelrun:
    extends: default
    exit_budget_ms: {budget_ms}
"""


class Instant(NamedTuple):
    """The monotonic clock, and how long the program had waited for a processor by then: other programs' doing, not otelrun's."""

    clock_ns: int
    waited_ns: int


class End(NamedTuple):
    """How a program ended: status, time from its last act, what was on stderr, and what a thread had recorded by then."""

    status: int
    took_ns: int
    stderr: list[bytes]
    recorded: int


def waited_ns(process: str) -> int:
    """Give how long the first thread of a process, ended or not, has been ready to run without running."""
    with open(f"/proc/{process}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[1])


def now(program: Running) -> Instant:
    return Instant(time.monotonic_ns(), waited_ns(str(program.pid)))


def ended_at(program: Running) -> Instant:
    """Wait for the end of a program, and leave its status to be collected."""
    pidfd = os.pidfd_open(program.pid)
    before_ns = waited_ns("thread-self")
    try:
        assert select.select([pidfd], [], [], DEADLINE_S)[0], "it does not end"
        ended = now(program)
    finally:
        os.close(pidfd)
    late_ns = (
        waited_ns("thread-self") - before_ns
    )  # this thread slept, and then had to wait itself before it saw the end
    return ended._replace(clock_ns=ended.clock_ns - late_ns)


def finish(program: Running, ending: Ending, between: Callable[[], None], before_end: Callable[[], None]) -> End:
    """Lead a program of ``tests/apps/loss/ending.py`` from its start to its end."""
    assert program.read_line(DEADLINE_S) == b"half\n"
    between()
    program.write(b"\n")
    assert program.read_line(DEADLINE_S) == b"made\n"
    before_end()
    program.write(b"\n")
    began = None
    if ending.kill is not None:
        assert program.read_line(DEADLINE_S).startswith(b"ending ")
        began = now(program)
        program.send_signal(ending.kill)
    ended = ended_at(program)
    result = program.finish(DEADLINE_S)
    began = began or Instant(*map(int, re.findall(rb"ending (\d+) (\d+)\n", result.stdout)[-1]))
    lines = [line for line in result.stderr.splitlines() if not line.startswith(b"  ")]  # frames: where a signal met it
    recorded = [int(number) for number in re.findall(rb"recorded (\d+)\n", result.stdout)]
    took_ns = ended.clock_ns - began.clock_ns - (ended.waited_ns - began.waited_ns)
    return End(result.returncode, took_ns, lines, recorded[-1] + 1 if recorded else ending.made)


@functools.cache
def bare_end(ending: Ending) -> End:
    with start_python([APP, str(MADE), ending.word]) as program:
        return finish(program, ending, lambda: None, lambda: None)


def write_profile(folder: Path, budget_ms: int) -> str:
    path = folder / f"budget-{budget_ms}.yaml"
    path.write_text(PROFILE.format(budget_ms=budget_ms), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("ending", "endpoint", "protocol"),
    [
        pytest.param(*cell, id=f"{cell[2].partition('/')[0]}-{cell[1].title}-{cell[0].title}".replace("`", ""))
        for cell in CELLS
    ],
)
def test_each_record_arrives_once_and_the_end_is_as_bare(
    ending: Ending, endpoint: Endpoint, protocol: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    http_port = free_port()
    grpc_port = free_port() if protocol == GRPC else None
    sink = OtlpSink(http_port=http_port, grpc_port=grpc_port, **endpoint.behaviour)
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{grpc_port or http_port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_SERVICE_NAME": "loss",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
    }
    patient = write_profile(tmp_path, 30_000)
    profile = write_profile(tmp_path, 200) if endpoint.is_away else patient
    home = tmp_path / "home"
    moment = Moment(
        sink,
        time.monotonic(),
        3.0 if request.config.getoption("--full") else 1.0,
        lambda: "held locally" in agent_log(home),
    )
    with contextlib.ExitStack() as endings:
        endings.callback(sink.stop)
        if endpoint.is_listening:
            sink.start()
        command = ["--profile", profile, sys.executable, APP, str(MADE), ending.word]
        with start_otelrun(command, otelrun_dir=home, env=env) as program:
            end = finish(program, ending, lambda: endpoint.between(moment), lambda: endpoint.before_end(moment))
        endpoint.after_end(moment)
        wait_until_idle(home, DEADLINE_S)
        if endpoint.is_away:
            assert sink.counts() == {"traces": 0, "logs": 0, "metrics": 0}
            check_held(home, ending, end)
            sink.behave()
            if not endpoint.is_listening:
                sink.start()
            run_otelrun(["--profile", patient, sys.executable, "-c", ""], otelrun_dir=home, env=env)
    check_as_bare(end, bare_end(ending), endpoint.changes)
    received = check_received(sink, ending, end)
    if "retry_after_s" in endpoint.behaviour:
        check_put_off(sink, endpoint.behaviour["retry_after_s"])
    is_updating = request.config.getoption("--update-golden")
    check_cell(protocol, ending.title, endpoint.title, received, is_updating=is_updating)


def check_held(home: Path, ending: Ending, end: End) -> None:
    """All that was made waits in the run's outboxes, the counter as one series per process that counted."""
    (run,) = list_runs(str(home))
    rows = accounting.read(run)["destinations"]
    assert [row["exported"] + row["dropped"] for row in rows] == [0, 0, 0]
    held = {row["signal"]: row["held"] for row in rows}
    in_the_making = held["spans"] - end.recorded
    assert held == {"spans": end.recorded + in_the_making, "logs": held["logs"], "metrics": ending.made // MADE}
    assert 0 <= in_the_making <= is_cut_off(ending)
    assert 0 <= held["logs"] - end.recorded - about_the_end(ending) <= is_cut_off(ending)


def check_received(sink: OtlpSink, ending: Ending, end: End) -> str:
    """Each span, each log record and the whole count has arrived, exactly once; gives the numbers for the page."""
    spans = {span.attributes["number"]: (span.trace_id, span.span_id) for span in sink.spans()}
    logs = {log.body: (log.trace_id, log.span_id) for log in sink.logs()}
    assert sink.counts()["traces"] == len(spans)
    assert sink.counts()["logs"] == len(logs)
    for _ in range(about_the_end(ending)):
        del logs["Uncaught exception"]
    assert sorted(spans) == list(range(len(spans)))
    assert sorted(logs) == sorted(f"made {number}" for number in range(len(logs)))
    assert all(logs[f"made {number}"] == ids for number, ids in spans.items())
    counted = total(sink)
    for number in (len(spans), len(logs), counted):
        assert 0 <= number - end.recorded <= is_cut_off(ending)
    extra = end.recorded - ending.made  # of a thread that went on until the end: as many as it had time for
    return " ".join(str(min(number - extra, ending.made)) for number in (len(spans), len(logs), counted))


def is_cut_off(ending: Ending) -> int:
    """Give how many records may be in the making when the program ends: what arrives may not be acknowledged yet."""
    return int(ending.word == "daemon_thread")


def about_the_end(ending: Ending) -> int:
    """Give how many log records otelrun makes of the end itself."""
    return int(ending.word == "exception")


def total(sink: OtlpSink) -> int:
    """Give the last value of the counter, all processes together."""
    last: Counter[tuple[str, int]] = Counter()
    for metric in sink.metrics():
        assert (metric.name, metric.temporality) == ("loss.made", "CUMULATIVE")
        for point in metric.points:
            stream = (metric.resource["service.instance.id"], point.start_ns)
            last[stream] = max(last[stream], int(point.value or 0))
    return sum(last.values())


def check_as_bare(end: End, bare: End, changes: int) -> None:
    own = [line for line in end.stderr if line.startswith(OWN)]
    others = [line for line in end.stderr if not line.startswith(OWN)]
    assert (end.status, others) == (bare.status, bare.stderr)
    assert len(own) <= changes
    assert end.took_ns - bare.took_ns <= NOTICEABLE_NS, f"{end.took_ns / 1e9:.3f} s, bare {bare.took_ns / 1e9:.3f} s"


def check_put_off(sink: OtlpSink, retry_after_s: float) -> None:
    """No signal was sent again before the time it was asked to wait."""
    for signal in ("traces", "logs"):
        requests = [request for request in sink.requests() if request.signal == signal]
        first_accepted = next(request.at_s for request in requests if request.status == 200)
        refused = [request.at_s for request in requests if request.status == 429]
        assert first_accepted - refused[-1] >= retry_after_s * 0.99  # clocks of two processes
