"""What stands above and below the file: the command line, then the file, then honoured variables, then what was inferred.

Works on the finished profile. The variables that choose exporters and samplers are laid on the file before; see
``variables``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from otelrun.profile import model
from otelrun.profile.attributes import SERVICE_NAME
from otelrun.profile.endpoints import parse_destination
from otelrun.profile.pairs import parse_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping as Environment

    from otelrun.profile.endpoints import Destination
    from otelrun.profile.problems import Problems

SERVICE_VERSION = "service.version"
_OTLP_KINDS = ("otlp_http", "otlp_grpc")
_DISABLED = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
_LOG_BATCH = model.Processor("batch", schedule_delay_ms=1_000)


class Around(NamedTuple):
    """What the caller knows beside the file.

    Attributes:
        service_name: ``--service-name``.
        endpoint: ``--to``, a URL.
        inferred_service: a name, and one phrase on how it was inferred.
        inferred_version: likewise.
    """

    service_name: str | None = None
    endpoint: str | None = None
    inferred_service: tuple[str, str] | None = None
    inferred_version: tuple[str, str] | None = None


def settle(
    profile: model.Profile, around: Around, environment: Environment[str, str], *, honours: bool, problems: Problems
) -> model.Profile:
    """Apply everything around the file.

    Raises:
        ValueError: ``--to`` is no URL; one line.
    """
    if honours:
        profile = _with_disabled(profile, environment)
        profile = _with_attributes(profile, _honoured_attributes(environment, problems))
    if around.service_name:
        profile = _with_service(profile, around.service_name, "--service-name")
    elif not profile.service_name_source and around.inferred_service:
        profile = _with_service(profile, *around.inferred_service)
    if around.inferred_version:
        profile = _with_attributes(profile, {SERVICE_VERSION: around.inferred_version})
    if around.endpoint:
        profile = send_to(profile, parse_destination(around.endpoint))
        if profile.disabled:
            problems.note("--to has no effect: the profile is disabled")
    return profile


def send_to(profile: model.Profile, destination: Destination) -> model.Profile:
    """Send all three signals to one place by OTLP: the file's OTLP exporters go there, and what lacks one gets one.

    An exporter of the file keeps its headers, compression and TLS files; console, file and plugin exporters stay beside it.
    """
    tracer = profile.tracer_provider or model.TracerProvider()
    meter = profile.meter_provider or model.MeterProvider()
    logger = profile.logger_provider or model.LoggerProvider()
    spans = _redirected(tracer.processors, model.Processor("batch"), destination, "traces")
    logs = _redirected(logger.processors, _LOG_BATCH, destination, "logs")
    return profile._replace(
        tracer_provider=tracer._replace(processors=spans),
        meter_provider=meter._replace(readers=_redirected_readers(meter.readers, destination)),
        logger_provider=logger._replace(processors=logs),
    )


def _redirected(
    processors: tuple[model.Processor, ...], new: model.Processor, destination: Destination, signal: str
) -> tuple[model.Processor, ...]:
    others = [entry for entry in processors if not _is_otlp(entry.exporter)]
    first = next((entry for entry in processors if _is_otlp(entry.exporter)), new)
    return (first._replace(exporter=_exporter(first.exporter, destination, signal)), *others)


def _redirected_readers(
    readers: tuple[model.MetricReader, ...], destination: Destination
) -> tuple[model.MetricReader, ...]:
    others = [entry for entry in readers if not _is_otlp(entry.exporter)]
    first = next((entry for entry in readers if _is_otlp(entry.exporter)), None)
    exporter = _exporter(first.exporter if first else None, destination, "metrics")
    return (first._replace(exporter=exporter) if first else model.MetricReader(exporter), *others)


def _is_otlp(exporter: model.Exporter | None) -> bool:
    return exporter is not None and exporter.kind in _OTLP_KINDS


def _exporter(old: model.Exporter | None, destination: Destination, signal: str) -> model.Exporter:
    base = old or model.Exporter(destination.kind)
    encoding = base.encoding if destination.kind == "otlp_http" else "protobuf"
    headers = base.headers
    if destination.kind == "otlp_grpc":  # metadata keys of gRPC are lower case
        headers = tuple((name.lower(), value) for name, value in headers)
    return base._replace(
        kind=destination.kind, endpoint=destination.endpoint(signal), encoding=encoding, headers=headers
    )


def _honoured_attributes(environment: Environment[str, str], problems: Problems) -> dict[str, tuple[str, str]]:
    """Give the attributes of the standard variables, each with the variable's name."""
    found: dict[str, tuple[str, str]] = {}
    variable = "OTEL_RESOURCE_ATTRIBUTES"
    try:
        pairs = parse_pairs(environment.get(variable, ""))
    except ValueError as error:
        problems.note(f"{variable}: its value {error}; write name=value,name=value; the default holds")
        pairs = ()
    found.update((name, (value, variable)) for name, value in pairs)
    if name := environment.get("OTEL_SERVICE_NAME", ""):
        found[SERVICE_NAME] = (name, "OTEL_SERVICE_NAME")
    return found


def _with_attributes(profile: model.Profile, found: dict[str, tuple[str, str]]) -> model.Profile:
    """Add attributes that the profile does not have; an empty service.name counts as none."""
    given = {name for name, value in profile.resource.attributes if name != SERVICE_NAME or value}
    for name, (value, source) in found.items():
        if name in given or not value:
            continue
        if name == SERVICE_NAME:
            profile = _with_service(profile, value, source)
        else:
            profile = _with_resource(profile, (*profile.resource.attributes, (name, value)))
    return profile


def _with_service(profile: model.Profile, name: str, source: str) -> model.Profile:
    others = tuple(pair for pair in profile.resource.attributes if pair[0] != SERVICE_NAME)
    named = _with_resource(profile, ((SERVICE_NAME, name), *others))
    return named._replace(service_name_source=source)


def _with_resource(profile: model.Profile, attributes: tuple[tuple[str, model.AttributeValue], ...]) -> model.Profile:
    return profile._replace(resource=profile.resource._replace(attributes=attributes))


def _with_disabled(profile: model.Profile, environment: Environment[str, str]) -> model.Profile:
    names = tuple(name.strip() for name in environment.get(_DISABLED, "").split(",") if name.strip())
    if not names:
        return profile
    if "*" in names:
        entries = tuple(entry._replace(enabled=False) for entry in profile.instrumentations)
        otelrun = profile.otelrun._replace(default_enabled=False, enabled=())
        return profile._replace(instrumentations=entries, otelrun=otelrun)
    disabled = tuple(dict.fromkeys(profile.otelrun.disabled + names))
    return profile._replace(otelrun=profile.otelrun._replace(disabled=disabled))
