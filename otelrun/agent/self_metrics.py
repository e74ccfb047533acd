"""The run's accounts as metrics of OpenTelemetry's conventions, ``otel.sdk.*``: accounts in, metric series out. No I/O.

What a process recorded has the resource of that process. What became of it at the exporters has the resource of the run's
first process, without what is about that very process, and a ``service.instance.id`` of the agent's own. The numbers are
those of the accounts, so they go on from where a killed agent left them.

The points made here are delivered, held and counted like any others: each collection adds them to what
``otel.sdk.exporter.metric_data_point.*`` says at the next. Nothing is sent because a number has changed, only at the
intervals of the profile's readers and once at the end, so they do not keep themselves going.
"""

from __future__ import annotations

from binascii import crc32
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from otelrun import __version__
from otelrun.agent.collection import Measured
from otelrun.delivery import exporters
from otelrun.delivery.encode import ProcessEncoder
from otelrun.profile import delivered
from otelrun.ring.reader import SeriesState
from otelrun.ring.record import LEFT_TO_PROGRAM, Scope, Series
from otelrun.store.accounts import NO_ROOM, TOO_LARGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otelrun.profile.model import Exporter, Profile
    from otelrun.ring.reader import RingReader
    from otelrun.store.accounts import ExporterAccount, ProcessAccount, RunAccounts

COMPONENT_NAME = "otel.component.name"
COMPONENT_TYPE = "otel.component.type"
ERROR_TYPE = "error.type"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
INSTANCE_ID = "service.instance.id"

QUEUE_FULL = "queue_full"
REJECTED = "rejected"
COUNTER = "counter"
UP_DOWN_COUNTER = "up_down_counter"


class Metric(NamedTuple):
    """A metric of the conventions."""

    name: str
    unit: str
    instrument: str = COUNTER


LOG_CREATED = Metric("otel.sdk.log.created", "{log_record}")
PROCESSED = {
    "spans": Metric("otel.sdk.processor.span.processed", "{span}"),
    "logs": Metric("otel.sdk.processor.log.processed", "{log_record}"),
}
EXPORTED = {
    "spans": Metric("otel.sdk.exporter.span.exported", "{span}"),
    "logs": Metric("otel.sdk.exporter.log.exported", "{log_record}"),
    "metrics": Metric("otel.sdk.exporter.metric_data_point.exported", "{data_point}"),
}
INFLIGHT = {
    "spans": Metric("otel.sdk.exporter.span.inflight", "{span}", UP_DOWN_COUNTER),
    "logs": Metric("otel.sdk.exporter.log.inflight", "{log_record}", UP_DOWN_COUNTER),
    "metrics": Metric("otel.sdk.exporter.metric_data_point.inflight", "{data_point}", UP_DOWN_COUNTER),
}

RING_TYPE = "otelrun.ring.writer.RingWriter"
_OWN_TYPES = {"otlp_file": "otelrun.delivery.file.OtlpFile", "console": "otelrun.delivery.console.Console"}
_SIGNAL_WORDS = {"spans": "span", "logs": "log", "metrics": "metric"}
_RING_ERRORS = {NO_ROOM: QUEUE_FULL, TOO_LARGE: "too_large"}
_PORTS = {"http": 80, "https": 443}
_OF_ONE_PROCESS = ("process.", "thread.")


class SelfMetrics:
    """Makes the run's own metrics.

    Attributes:
        resource: of what is about no single process. That of the run's first process, without what is of that process alone.
    """

    def __init__(self, profile: Profile, run_id: str, description: Mapping[str, Any], resource: dict[str, Any]) -> None:
        """Prepare.

        Args:
            profile: the run's.
            run_id: names the agent's own instance, whichever of the run's agents this is.
            description: ``run.json``.
            resource: as an earlier agent had it; empty where there was none.
        """
        self._schema_url = profile.resource.schema_url or ""
        self._instance = f"otelrun-agent-{run_id}"
        self._started_ns = int(description.get("started_ns") or 0)
        service = str(description.get("service_name") or "unknown_service")
        self.resource = resource or {"service.name": service, INSTANCE_ID: self._instance}
        self._is_given = bool(resource)
        self._first_ns = 0
        self._components = components(profile)

    def of_process(self, reader: RingReader, process: ProcessAccount, now_ns: int) -> Measured:
        """Give what one process recorded.

        Args:
            reader: of its ring.
            process: its account.
            now_ns: the current time.
        """
        resource = reader.resource()
        if resource and not self._is_given and (not self._first_ns or reader.created_ns < self._first_ns):
            self._first_ns = reader.created_ns
            self.resource = {**_shared(resource), INSTANCE_ID: self._instance}
        states = process_series(process, reader.created_ns, now_ns)
        return Measured(f"self/{process.ring}", reader.identity, states, lambda: self._encoder(resource))

    def of_exporters(self, run: RunAccounts, now_ns: int) -> Measured:
        """Give what became of what all exporters were given."""
        states = exporter_series(run, self._components, self._started_ns or self._first_ns or now_ns, now_ns)
        return Measured("self", 0, states, lambda: self._encoder(self.resource))

    def _encoder(self, resource: Mapping[str, Any]) -> ProcessEncoder:
        return ProcessEncoder(resource, self._schema_url, lambda _: Scope("otelrun.agent", __version__, "", {}))


def _shared(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Give what of a resource is not about one process; of simple values only, since it is kept as JSON."""
    return {
        name: value
        for name, value in resource.items()
        if isinstance(value, str | int | float) and not name.startswith(_OF_ONE_PROCESS)
    }


def process_series(process: ProcessAccount, start_ns: int, now_ns: int) -> list[SeriesState]:
    """Give the series of one process."""
    make = _Maker(start_ns, now_ns)
    made = process.recorded.get("logs", 0)
    if made:
        make.add(LOG_CREATED, made, {})
    for signal, metric in PROCESSED.items():
        about = {COMPONENT_TYPE: RING_TYPE, COMPONENT_NAME: f"{RING_TYPE}/0"}
        taken = process.put("", signal)
        if taken:
            make.add(metric, taken, about)
        for reason, number in process.dropped.get(signal, {}).items():
            make.add(metric, number, {**about, ERROR_TYPE: _RING_ERRORS.get(reason, error_type(reason))})
    return make.states


def exporter_series(
    run: RunAccounts, known: Mapping[str, Mapping[str, Any]], start_ns: int, now_ns: int
) -> list[SeriesState]:
    """Give the series of all exporters, all processes together.

    Args:
        run: the accounts.
        known: name of an exporter → its attributes, from ``components``.
        start_ns: since when the counters count.
        now_ns: the current time.
    """
    make = _Maker(start_ns, now_ns)
    for exporter in run.exporters:
        _add_exporter(make, exporter, known.get(exporter.name, {}))
    return make.states


def _add_exporter(make: _Maker, exporter: ExporterAccount, about: Mapping[str, Any]) -> None:
    make.add(EXPORTED[exporter.signal], exporter.delivery.exported, about)
    failed: dict[str, int] = {}
    for reason, number in exporter.delivery.dropped.items():
        if reason == LEFT_TO_PROGRAM:
            continue
        error = error_type(reason)
        failed[error] = failed.get(error, 0) + number
    for error, number in failed.items():
        make.add(EXPORTED[exporter.signal], number, {**about, ERROR_TYPE: error})
    make.add(INFLIGHT[exporter.signal], exporter.delivery.held, about)


class _Maker:
    """Makes series that have the same number in every collection and in every agent of a run."""

    def __init__(self, start_ns: int, now_ns: int) -> None:
        self._start_ns = start_ns
        self._now_ns = now_ns
        self.states: list[SeriesState] = []

    def add(self, metric: Metric, value: int, attributes: Mapping[str, Any]) -> None:
        number = crc32(repr((metric.name, sorted(attributes.items()))).encode())
        pairs = dict(attributes)
        series = Series(metric.instrument, metric.name, metric.unit, "", 0, pairs, (), self._start_ns)
        self.states.append(SeriesState(number, series, float(value), False, self._now_ns, 0.0, 0.0, ()))


def error_type(reason: str) -> str:
    """Give a reason as ``error.type``: the HTTP status, the gRPC code, ``rejected``, or the reason in one word.

    Args:
        reason: of a channel or outbox, e.g. ``HTTP 400``, ``gRPC INTERNAL: …``, ``partial success, 3 rejected: …``.
    """
    words = reason.removeprefix("rejected: ").partition(":")[0].split()
    if len(words) > 1 and words[0] in ("HTTP", "gRPC"):
        return words[1]
    if words[:1] == ["partial"]:
        return REJECTED
    return "_".join(words).lower() or REJECTED


def components(profile: Profile) -> dict[str, dict[str, Any]]:
    """Give the attributes of each exporter by the name of its channel."""
    found = {}
    counters: dict[str, int] = {}
    groups: tuple[tuple[str, list[Exporter | None]], ...] = (
        ("spans", [processor.exporter for processor in delivered.span_processors(profile)]),
        ("logs", [processor.exporter for processor in delivered.log_processors(profile)]),
        ("metrics", [reader.exporter for reader in exporters.metric_readers(profile)]),
    )
    for signal, members in groups:
        for number, exporter in enumerate(members):
            if exporter is not None:
                kind = component_type(exporter, signal)
                counters[kind] = counters.get(kind, -1) + 1
                about = {COMPONENT_TYPE: kind, COMPONENT_NAME: f"{kind}/{counters[kind]}"}
                found[f"{signal}-{number}"] = {**about, **_server(exporter)}
    return found


def component_type(exporter: Exporter, signal: str) -> str:
    """Give the conventions' name for a kind of exporter; for one they do not name, the name of its class."""
    if exporter.kind in _OWN_TYPES:
        return _OWN_TYPES[exporter.kind]
    is_json = exporter.kind == "otlp_http" and exporter.encoding == "json"
    return f"{exporter.kind}{'_json' if is_json else ''}_{_SIGNAL_WORDS[signal]}_exporter"


def _server(exporter: Exporter) -> dict[str, Any]:
    if not exporter.endpoint:
        return {}
    url = urlsplit(exporter.endpoint if "://" in exporter.endpoint else f"//{exporter.endpoint}")
    try:
        port = url.port or _PORTS.get(url.scheme)
    except ValueError:
        port = None
    about: dict[str, Any] = {SERVER_ADDRESS: url.hostname} if url.hostname else {}
    return {**about, SERVER_PORT: port} if port else about
