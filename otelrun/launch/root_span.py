"""``--root-span``: one span around the whole command, from its start to its end, with its exit status.

The launcher stays as the command's parent and tells the end to a process that it forks before: the recorder, which holds the
run's first ring with the span open in it. So the agent does not take the run for over before the span is written, and where the
launcher is killed, the span arrives as one that was interrupted. Follows the conventions for spans of command line programs:
https://opentelemetry.io/docs/specs/semconv/cli/cli-spans/
"""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun import __version__
from otelrun.inheritance import read_context, write_context
from otelrun.launch.init import let_go_of_all_but
from otelrun.pipeline import sampler
from otelrun.profile import model
from otelrun.ring import layout
from otelrun.ring.record import SPAN, LinkRecord, Scope, SpanRecord, encode, encode_definition, encode_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otelrun.launch.target import Target
    from otelrun.profile.model import Profile

SCOPE = "otelrun.launch.root_span"
TRACEPARENT, TRACESTATE = "TRACEPARENT", "TRACESTATE"
PROCESS_EXECUTABLE_NAME = "process.executable.name"
PROCESS_EXECUTABLE_PATH = "process.executable.path"
PROCESS_COMMAND_ARGS = "process.command_args"
PROCESS_PID = "process.pid"
PROCESS_EXIT_CODE = "process.exit.code"
ERROR_TYPE = "error.type"

_HEADER = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z")
_SAMPLED, _RANDOM, _KNOWN_FLAGS = 1, 2, 3
_HAS_REMOTE, _IS_REMOTE = 0x100, 0x200  # OTLP's: whether the parent is remote is known, and it is
_ERROR = 2
_DATA, _TABLES = 65_536, 8_192  # bytes of the recorder's ring
_OPEN = 8 * layout.OPEN_SLOT_SIZE
_LONGEST_ANSWER = 32
_PATIENCE_S = 1.0
_POLL_S = 0.001


class RootSpan(NamedTuple):
    """The span before it ends: ids, where it belongs, and what it is about."""

    name: str
    trace_id: int
    span_id: int
    parent_span_id: int
    flags: int
    trace_state: str
    links: tuple[LinkRecord, ...]
    attributes: dict[str, Any]
    start_ns: int

    @property
    def is_sampled(self) -> bool:
        """Whether it is recorded."""
        return bool(self.flags & _SAMPLED)

    def add_to(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Build the environment of the command: the span is what it is started in, and its program is not shown that."""
        hidden, _ = read_context(environment)
        shown = {name: hidden.get(name, environment.get(name)) for name in (TRACEPARENT, TRACESTATE)}
        header = f"00-{self.trace_id:032x}-{self.span_id:016x}-{self.flags:02x}"
        given = write_context(shown, {TRACEPARENT: header, TRACESTATE: self.trace_state or None})
        built = {**environment, **given}
        return {name: value for name, value in built.items() if value is not None}


def make(
    target: Target, command: Sequence[str], profile: Profile, environment: Mapping[str, str], pid: int
) -> RootSpan:
    """Make the span, as part of the trace in the environment.

    Args:
        target: what the command resolves to.
        command: its words.
        profile: says what a trace in the environment is, and what is sampled.
        environment: of the launcher.
        pid: the command's process.
    """
    rule = profile.otelrun.start_context
    parent = None if rule == "ignore" else _HEADER.match(environment.get(TRACEPARENT, ""))
    if parent is not None and ((parent[1] == "00" and parent[5]) or not int(parent[2], 16) or not int(parent[3], 16)):
        parent = None
    trace_id, parent_id, flags, state = int.from_bytes(os.urandom(16), "big"), 0, _RANDOM, ""
    links: tuple[LinkRecord, ...] = ()
    relation = sampler.NO_PARENT
    if parent is not None:
        state = environment.get(TRACESTATE, "")
        ids, parent_flags = (int(parent[2], 16), int(parent[3], 16)), int(parent[4], 16) & _KNOWN_FLAGS
        if rule == "link":
            links = (LinkRecord(*ids, state, parent_flags | _HAS_REMOTE | _IS_REMOTE, {}, 0),)
            state = ""
        else:
            trace_id, parent_id = ids
            flags = parent_flags
            relation = sampler.REMOTE_SAMPLED if flags & _SAMPLED else sampler.REMOTE_NOT_SAMPLED
    section = profile.tracer_provider or model.TracerProvider()
    is_sampled = trace_id & sampler.LOW_BITS < sampler.bounds(section.sampler)[relation]
    return RootSpan(
        os.path.basename(command[0]),
        trace_id,
        int.from_bytes(os.urandom(8), "big"),
        parent_id,
        flags & _RANDOM | (_SAMPLED if is_sampled else 0),
        state,
        links,
        {
            PROCESS_EXECUTABLE_NAME: os.path.basename(target.executable),
            PROCESS_EXECUTABLE_PATH: target.executable,
            PROCESS_COMMAND_ARGS: tuple(command),
            PROCESS_PID: pid,
        },
        time.time_ns(),
    )


class Recorder:
    """The process that writes the span when it ends, as its parent knows it.

    Attributes:
        fd: through which it is told the end.
    """

    def __init__(self, span: RootSpan, rings: str, resource: model.Resource) -> None:
        """Start it, and wait until its ring is there.

        Args:
            span: that it is to write.
            rings: the run's directory of rings.
            resource: what the profile says.

        Raises:
            OSError: it cannot be started, or has no ring.
        """
        source, self.fd = os.pipe()
        ready, told = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                let_go_of_all_but({source, told})
                _record(span, rings, resource, source, told)
            finally:
                os._exit(0)
        os.close(source)
        os.close(told)
        try:
            if not os.read(ready, 1):
                os.close(self.fd)
                message = "it has no ring"
                raise OSError(message)
        finally:
            os.close(ready)

    def end(self, status: int) -> None:
        """Tell it the command's exit status, or minus the signal that killed it, and wait until it has written the span."""
        with suppress(OSError):  # it was killed
            os.write(self.fd, b"%d" % status)
        os.close(self.fd)
        deadline = time.monotonic() + _PATIENCE_S
        with suppress(ChildProcessError):
            while os.waitpid(self._pid, os.WNOHANG)[0] == 0 and time.monotonic() < deadline:
                time.sleep(_POLL_S)  # noqa: TID251 - the launcher's own


def _record(span: RootSpan, rings: str, wanted: model.Resource, source: int, told: int) -> None:
    """Be the recorder: only what is loaded here is not the launcher's."""
    from otelrun.ring.writer import RingWriter  # noqa: PLC0415 - not the launcher's

    path = os.path.join(rings, f"{os.getpid()}-{time.time_ns()}.ring")
    writer = RingWriter(path, data_size=_DATA, tables_size=_TABLES, open_size=_OPEN)
    writer.define(layout.TABLE_PROCESS, encode_definition((_resource(span, wanted),)))
    scope = writer.define(layout.TABLE_SCOPE, encode_definition(Scope(SCOPE, __version__, "", {}))) or 0
    about_parent = _HAS_REMOTE | (_IS_REMOTE if span.parent_span_id else 0)
    first = (span.trace_id, span.span_id, span.parent_span_id, span.flags | about_parent, span.name, 0, span.start_ns)
    assert writer.open_spans is not None
    slot = writer.open_spans.put(encode_whole((*first, scope, span.attributes)))
    os.write(told, b"+")
    os.close(told)
    answer = os.read(source, _LONGEST_ANSWER)
    if answer:
        attributes, description = describe_end(span.attributes, int(answer))
        status = _ERROR if description else 0
        record = SpanRecord(
            *first, time.time_ns(), attributes, scope, span.trace_state, (), span.links, status, description
        )
        writer.append(SPAN, encode(SPAN, record), slot)


def describe_end(attributes: dict[str, Any], status: int) -> tuple[dict[str, Any], str]:
    """Give the attributes of a command that has ended, and the description of its error; empty where it has none."""
    if status == 0:
        return {**attributes, PROCESS_EXIT_CODE: 0}, ""
    if status > 0:
        return {**attributes, PROCESS_EXIT_CODE: status, ERROR_TYPE: str(status)}, f"exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:  # a real-time one
        name = f"signal {-status}"
    return {**attributes, ERROR_TYPE: name}, f"killed by {name}"


def _resource(span: RootSpan, wanted: model.Resource) -> dict[str, Any]:
    from otelrun.pipeline.resource import build_resource  # noqa: PLC0415 - not the launcher's

    said = dict(wanted.attributes)
    found = build_resource(wanted)
    kept = {name: value for name, value in found.items() if name in said or not name.startswith("process.")}
    return {**span.attributes, **kept}
