"""The profile's exporters → channels. The one place that knows which kind of exporter is which transport."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from otelrun.delivery.channel import Batching, Channel, Transport
from otelrun.delivery.destination import Destination
from otelrun.delivery.outbox import LIMIT, Outbox
from otelrun.profile.delivered import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otelrun.delivery.kept import Keeping, Unanswered
    from otelrun.delivery.totals import Totals
    from otelrun.profile.model import Exporter, MetricReader, Processor, Profile

LONGEST_DELAY_S = 1.0
"""A batch is sent after this, though the profile allows it to wait longer: waiting saves the program nothing."""

_MILLISECONDS = 1000
_AT_ONCE = Batching(512, 0.0)


class Keeper(Protocol):
    """Who keeps copies of connections, one for each channel, for the agent that follows one that is killed."""

    def keep(self, channel: str, descriptor: int) -> bool:
        """Keep a copy of this in place of the one before; say whether it is kept."""

    def let_go(self, channel: str) -> None:
        """Keep none any more."""

    def take(self, channel: str) -> int | None:
        """Give, once, what an earlier agent had kept; the caller closes it."""


class Surroundings(NamedTuple):
    """What channels need of the agent.

    Attributes:
        cwd: where the run was started, for relative paths of the profile.
        outbox: directory of the outboxes.
        console: file that takes what is for the terminal where there is none.
        stdout: a descriptor of the launcher's standard output, or None.
        before: name of a channel → its counts at the end of an earlier agent.
        destinations: name of a destination → what its channels share; filled as channels are opened.
        tell: see ``Destination``.
        outbox_limit: bytes that each outbox holds.
        keeper: keeps connections; None where there is nobody who could.
    """

    cwd: str
    outbox: str
    console: str
    stdout: int | None
    before: Mapping[str, Totals]
    destinations: dict[str, Destination]
    tell: Callable[[str, str, str], None]
    outbox_limit: int = LIMIT
    keeper: Keeper | None = None


def metric_readers(profile: Profile) -> list[MetricReader]:
    """List the metric readers whose exporters the agent runs."""
    readers = profile.meter_provider.readers if profile.meter_provider else ()
    return [reader for reader in readers if reader.kind == "periodic" and reader.exporter.kind in KINDS]


def batching(processor: Processor) -> Batching:
    """Give when a processor's records are to be sent."""
    if processor.kind == "simple" or (processor.exporter and processor.exporter.kind == "console"):
        return _AT_ONCE
    delay_s = min(processor.schedule_delay_ms / _MILLISECONDS, LONGEST_DELAY_S)
    return Batching(max(1, processor.max_export_batch_size), delay_s)


def open_channel(name: str, exporter: Exporter, when: Batching | None, surroundings: Surroundings) -> Channel:
    """Make the channel of one exporter.

    Args:
        name: signal and number, e.g. ``spans-0``; the same in every agent of a run.
        exporter: of the profile.
        when: when to send; None for at once.
        surroundings: what it needs of the agent.
    """
    signal = name.partition("-")[0]
    path = os.path.join(surroundings.outbox, name)
    outbox = Outbox(path, signal, surroundings.outbox_limit, surroundings.before.get(name))
    where = destination(exporter)
    place = surroundings.destinations.setdefault(where, Destination(where, surroundings.tell))
    keeping = _keeping(name, exporter, surroundings.keeper, outbox)
    return Channel(
        name,
        place,
        outbox=outbox,
        open_transport=lambda: open_transport(exporter, signal, surroundings, keeping),
        batching=when or _AT_ONCE,
        unanswered=_unanswered(name, exporter, surroundings.keeper, outbox),
    )


def _keeping(name: str, exporter: Exporter, keeper: Keeper | None, outbox: Outbox) -> Keeping | None:
    if keeper is None or not _can_be_kept(exporter):
        return None
    from otelrun.delivery.kept import Keeping  # noqa: PLC0415 - as the transports are

    return Keeping(lambda descriptor: keeper.keep(name, descriptor), lambda: keeper.let_go(name), outbox.put_on_wire)


def _can_be_kept(exporter: Exporter) -> bool:
    """Say whether another process can go on reading a connection: not with TLS, the state of which is in this one's memory."""
    return exporter.kind == "otlp_http" and exporter.endpoint.startswith("http://")


def _unanswered(name: str, exporter: Exporter, keeper: Keeper | None, outbox: Outbox) -> Unanswered | None:
    """Take over the connection that an earlier agent had, if it was killed over a request; else end it."""
    descriptor = keeper.take(name) if keeper is not None else None
    if descriptor is None:
        return None
    from otelrun.delivery.kept import Unanswered  # noqa: PLC0415 - seldom needed

    timeout_s = exporter.timeout_ms / _MILLISECONDS or None
    left = Unanswered(descriptor, timeout_s, is_json=exporter.encoding == "json")
    if outbox.left_on_wire() is not None:
        return left
    left.close()
    return None


def open_transport(
    exporter: Exporter, signal: str, surroundings: Surroundings, keeping: Keeping | None = None
) -> Transport:
    """Make the transport of an exporter; its libraries are loaded here and not before.

    Args:
        exporter: of the profile.
        signal: ``spans``, ``logs`` or ``metrics``.
        surroundings: what it needs of the agent.
        keeping: has its connection kept for a next agent, or None.

    Raises:
        OSError: a file of it cannot be opened.
        ValueError: its endpoint cannot be used.
    """
    exporter = resolve_paths(exporter, surroundings.cwd)
    if exporter.kind == "otlp_http":
        from otelrun.delivery.otlp_http import OtlpHttp  # noqa: PLC0415

        return OtlpHttp(exporter, signal, keeping)
    if exporter.kind == "otlp_grpc":
        from otelrun.delivery.otlp_grpc import OtlpGrpc  # noqa: PLC0415

        return OtlpGrpc(exporter, signal)
    from otelrun.delivery.file import OtlpFile, open_stream  # noqa: PLC0415

    is_stdout = exporter.kind == "console" or exporter.output_stream == "stdout"
    if is_stdout and surroundings.stdout is not None:
        fd = surroundings.stdout
    else:
        fd = open_stream(surroundings.console if is_stdout else exporter.output_stream)
    if exporter.kind == "otlp_file":
        return OtlpFile(fd, signal)
    from otelrun.delivery.console import Console  # noqa: PLC0415

    return Console(fd, signal)


def resolve_paths(exporter: Exporter, cwd: str) -> Exporter:
    """Make the TLS files of an exporter absolute: the agent is in ``/``, the profile was written for ``cwd``."""
    tls = exporter.tls
    files = {"ca_file": tls.ca_file, "key_file": tls.key_file, "cert_file": tls.cert_file}
    absolute: dict[str, Any] = {name: os.path.join(cwd, path) for name, path in files.items() if path}
    return exporter._replace(tls=tls._replace(**absolute)) if absolute else exporter


def destination(exporter: Exporter) -> str:
    """Name where an exporter sends to, for people: never a secret, never the path of one signal."""
    if exporter.kind == "console":
        return "console"
    if exporter.kind == "otlp_file":
        return exporter.output_stream
    url = urlsplit(exporter.endpoint if "://" in exporter.endpoint else f"//{exporter.endpoint}")
    host = url.netloc.rpartition("@")[2]
    return f"{url.scheme}://{host}" if url.scheme else host
