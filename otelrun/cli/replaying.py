"""Sending a recorded run once more: from its store, through the agent's own encoder and channels, to an OTLP endpoint.

What waits is in a directory of its own that goes with this process; nothing of the run changes.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from otelrun.delivery import encode_metrics, exporters
from otelrun.delivery.encode import ProcessEncoder
from otelrun.delivery.frames import Mark
from otelrun.delivery.handover import LARGEST_BATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from otelrun.delivery.channel import Channel
    from otelrun.delivery.encode import Payload
    from otelrun.profile.model import Exporter, Profile
    from otelrun.store.replay import Replay

SIGNALS = ("spans", "logs", "metrics")
_REQUESTS_WAITING = 8
"""So many requests wait at most: they are well below what an outbox holds, so that none has to make room."""

_LAST_TRY_S = 1.0
"""How long a destination is asked that another signal has waited for in vain."""

_OTLP = ("otlp_http", "otlp_grpc")
_CUMULATIVE = encode_metrics.Temporality("cumulative")


class Sent(NamedTuple):
    """What became of one signal at one destination.

    Attributes:
        signal: ``spans``, ``logs`` or ``metrics``.
        destination: for people; empty where the signal goes nowhere.
        found: how many records the store holds.
        arrived: how many of them were accepted.
        reasons: why the others were not → how many.
        is_away: it was given up since the destination did not answer.
    """

    signal: str
    destination: str
    found: int
    arrived: int
    reasons: Mapping[str, int]
    is_away: bool = False


def otlp_exporters(profile: Profile) -> dict[str, Exporter]:
    """Give the exporter of each signal: the first of the profile's that speaks OTLP to an endpoint."""
    tracer, logger, meter = profile.tracer_provider, profile.logger_provider, profile.meter_provider
    listed: dict[str, list[Exporter | None]] = {
        "spans": [processor.exporter for processor in tracer.processors] if tracer else [],
        "logs": [processor.exporter for processor in logger.processors] if logger else [],
        "metrics": [reader.exporter for reader in meter.readers] if meter else [],
    }
    chosen = {}
    for signal, found in listed.items():
        exporter = next((one for one in found if one is not None and one.kind in _OTLP), None)
        if exporter is not None:
            chosen[signal] = exporter
    return chosen


def send(
    replay: Replay, to: Mapping[str, Exporter], schema_url: str, patience_s: float, is_away: Callable[[str], None]
) -> list[Sent]:
    """Send everything a store holds, one signal after the other.

    Args:
        replay: the store.
        to: the exporter of each signal.
        schema_url: of the resources; empty for none.
        patience_s: how long to go on asking where nothing is accepted.
        is_away: called with the name of a destination that does not answer, and is asked again.

    Returns:
        One entry for each signal of which there is anything.
    """
    with tempfile.TemporaryDirectory(prefix="otelrun-export-") as directory, ExitStack() as stack:
        around = exporters.Surroundings(
            cwd=os.getcwd(),
            outbox=directory,
            console=os.devnull,
            stdout=None,
            before={},
            destinations={},
            tell=lambda name, state, _: is_away(name) if state == "holding" else None,
        )
        sent: list[Sent] = []
        for signal in SIGNALS:
            payloads = _PAYLOADS[signal](replay, schema_url)
            exporter = to.get(signal)
            if exporter is None:
                found = sum(payload.records for payload in payloads)
                sent.append(Sent(signal, "", found, 0, {"the profile sends none": found}))
                continue
            channel = exporters.open_channel(f"{signal}-0", exporter, None, around)
            stack.callback(channel.close)
            stack.callback(channel.stop)
            is_known_away = any(one.destination == channel.destination and one.is_away for one in sent)
            sent.append(_deliver(channel, payloads, min(patience_s, _LAST_TRY_S) if is_known_away else patience_s))
        return [one for one in sent if one.found]


def _deliver(channel: Channel, payloads: Iterator[Payload], patience_s: float) -> Sent:
    """Put requests into a channel and wait for each few of them; what follows one that does not arrive is counted only."""
    found, is_given_up = 0, False
    for number, payload in enumerate(payloads):
        found += payload.records
        if is_given_up:
            continue
        if number % _REQUESTS_WAITING == 0:
            is_given_up = not _is_through(channel, patience_s)
        if not is_given_up:
            channel.put(payload.data, payload.records, Mark(1, number + 1))
            channel.begin_flush()
    if not is_given_up:
        _is_through(channel, patience_s)
    exported, dropped, _ = channel.totals()
    reasons = dict(channel.reasons)
    if found > exported + dropped:
        reasons[channel.last_error or "no answer in time"] = found - exported - dropped
    return Sent(channel.signal, channel.destination, found, exported, reasons, channel.state == "holding")


def _is_through(channel: Channel, patience_s: float) -> bool:
    """Wait until nothing is held, as long as some of it goes; say whether nothing is."""
    before = None
    while before != (now := channel.totals()):
        if channel.wait_flushed(monotonic() + patience_s):
            return True
        before = now
    return False


def _spans(replay: Replay, schema_url: str) -> Iterator[Payload]:
    for process, resource in replay.sources:
        encoder = ProcessEncoder(resource, schema_url, replay.scope_of)
        for records in replay.spans(process):
            yield from encoder.spans(records, LARGEST_BATCH)


def _logs(replay: Replay, schema_url: str) -> Iterator[Payload]:
    for process, resource in replay.sources:
        encoder = ProcessEncoder(resource, schema_url, replay.scope_of)
        for records in replay.logs(process):
            yield from encoder.logs(records, LARGEST_BATCH)


def _metrics(replay: Replay, schema_url: str) -> Iterator[Payload]:
    for process, resource in replay.sources:
        encoder = ProcessEncoder(resource, schema_url, replay.scope_of)
        points = (
            encode_metrics.Point(state, state.series.start_ns, time_ns, state.value, state.counts, True)
            for series in replay.points(process)
            for time_ns, state in series
        )
        while part := list(islice(points, LARGEST_BATCH)):
            for _, payload in encode_metrics.requests(part, _CUMULATIVE, encoder, LARGEST_BATCH):
                yield payload


_PAYLOADS: Mapping[str, Callable[[Replay, str], Iterator[Payload]]] = {
    "spans": _spans,
    "logs": _logs,
    "metrics": _metrics,
}
