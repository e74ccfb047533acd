"""Checked values → the frozen ``Profile``. Every default that a profile leaves out comes from ``model`` or stands here.

Nothing is judged here any more; see ``checker`` for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otelrun.profile import model
from otelrun.profile.attributes import SERVICE_NAME
from otelrun.profile.endpoints import default_endpoint

if TYPE_CHECKING:
    from otelrun.profile.attributes import Attribute

_LOG_SCHEDULE_DELAY_MS = 1_000
_KINDS = {"otlp_file/development": "otlp_file"}
_PROBABILITY = "probability/development"
_BATCH_KEYS = {
    "schedule_delay": "schedule_delay_ms",
    "export_timeout": "export_timeout_ms",
    "max_queue_size": "max_queue_size",
    "max_export_batch_size": "max_export_batch_size",
}
_EXPORTER_KEYS = {
    "headers": "headers",
    "compression": "compression",
    "timeout": "timeout_ms",
    "encoding": "encoding",
    "output_stream": "output_stream",
    "temporality_preference": "temporality",
    "default_histogram_aggregation": "histogram_aggregation",
}


def read_profile(values: dict[str, Any], *, name: str, origin: str) -> model.Profile:
    """Make the profile of a checked root.

    Args:
        values: what ``Checker.check`` gave for ``official.ROOT``.
        name: what the user asked for.
        origin: the absolute path of the file.
    """
    attributes = (values.get("resource") or {}).get("attributes") or ()
    named = [attribute.source for attribute in attributes if attribute.name == SERVICE_NAME and attribute.value]
    general = _given(values.get("attribute_limits"))
    return model.Profile(
        name=name,
        origin=origin,
        service_name_source=named[0] if named else "",
        resource=_resource(values.get("resource") or {}, attributes),
        propagators=_propagators(values.get("propagator") or {}),
        tracer_provider=_tracer_provider(values.get("tracer_provider"), general),
        meter_provider=_meter_provider(values.get("meter_provider")),
        logger_provider=_logger_provider(values.get("logger_provider"), general),
        instrumentations=_instrumentations(values.get("instrumentation/development") or {}),
        otelrun=_otelrun((values.get("distribution") or {}).get("otelrun")),
        **_given({key: values.get(key) for key in ("disabled", "log_level")}),
    )


def _given(values: dict[str, Any] | None, names: dict[str, str] | None = None) -> dict[str, Any]:
    """Keep what has a value, perhaps under the model's names: null means the default everywhere in this format."""
    found = {key: value for key, value in (values or {}).items() if value is not None}
    return found if names is None else {names[key]: value for key, value in found.items() if key in names}


def _resource(values: dict[str, Any], attributes: tuple[Attribute, ...]) -> model.Resource:
    detection = values.get("detection/development") or {}
    return model.Resource(
        attributes=tuple((attribute.name, attribute.value) for attribute in attributes),
        detectors=tuple(dict.fromkeys(name for name, _ in detection.get("detectors") or ())),
        schema_url=values.get("schema_url"),
    )


def _propagators(values: dict[str, Any]) -> tuple[str, ...]:
    names = [name for name, _ in values.get("composite") or ()]
    listed = [name.strip() for name in (values.get("composite_list") or "").split(",")]
    return tuple(name for name in dict.fromkeys(names + listed) if name not in ("", "none"))


def _tracer_provider(values: dict[str, Any] | None, general: dict[str, Any]) -> model.TracerProvider | None:
    if values is None:
        return None
    chosen = values.get("sampler")
    return model.TracerProvider(
        processors=tuple(_processor(entry, "traces") for entry in values.get("processors") or ()),
        limits=model.SpanLimits(**{**general, **_given(values.get("limits"))}),
        **({"sampler": _sampler(*chosen)} if chosen else {}),
    )


def _sampler(kind: str, values: dict[str, Any] | None) -> model.Sampler:
    given = _given(values)
    if kind in ("trace_id_ratio_based", _PROBABILITY):
        return model.Sampler("trace_id_ratio_based", ratio=given.get("ratio", 1.0))
    if kind == "parent_based":
        delegates: dict[str, Any] = {key: _sampler(*chosen) for key, chosen in given.items()}
        return model.Sampler(kind, **delegates)
    if kind in ("always_on", "always_off"):
        return model.Sampler(kind)
    return model.Sampler(kind, plugin_config=values)


def _logger_provider(values: dict[str, Any] | None, general: dict[str, Any]) -> model.LoggerProvider | None:
    if values is None:
        return None
    return model.LoggerProvider(
        processors=tuple(_processor(entry, "logs") for entry in values.get("processors") or ()),
        limits=model.LogLimits(**{**general, **_given(values.get("limits"))}),
    )


def _processor(entry: tuple[str, dict[str, Any] | None], signal: str) -> model.Processor:
    kind, values = entry
    if kind not in ("batch", "simple") or values is None:
        return model.Processor(kind, plugin_config=values)
    fields = _given(values, _BATCH_KEYS)
    if kind == "batch" and signal == "logs":
        fields.setdefault("schedule_delay_ms", _LOG_SCHEDULE_DELAY_MS)
    return model.Processor(kind, exporter=_exporter(values["exporter"], signal), **fields)


def _meter_provider(values: dict[str, Any] | None) -> model.MeterProvider | None:
    if values is None:
        return None
    periodic = [reader for _, reader in values.get("readers") or ()]
    limits = [(reader.get("cardinality_limits") or {}).get("default") for reader in periodic]
    return model.MeterProvider(
        readers=tuple(
            model.MetricReader(
                _exporter(reader["exporter"], "metrics"),
                **_given(reader, {"interval": "interval_ms", "timeout": "timeout_ms"}),
            )
            for reader in periodic
        ),
        **_given(
            {
                "exemplar_filter": values.get("exemplar_filter"),
                "cardinality_limit": max(filter(None, limits), default=None),
            }
        ),
    )


def _exporter(chosen: tuple[str, dict[str, Any] | None], signal: str) -> model.Exporter:
    kind, values = chosen
    kind = _KINDS.get(kind, kind)
    if kind not in ("otlp_http", "otlp_grpc", "otlp_file", "console"):
        return model.Exporter(kind, plugin_config=values)
    fields = _given(values, _EXPORTER_KEYS)
    if kind in ("otlp_http", "otlp_grpc"):
        fields["endpoint"] = (values or {}).get("endpoint") or default_endpoint(kind, signal)
        fields["tls"] = model.Tls(**_given((values or {}).get("tls")))
    if kind == "otlp_grpc":  # metadata keys of gRPC are lower case
        fields["headers"] = tuple((name.lower(), value) for name, value in fields.get("headers", ()))
    return model.Exporter(kind, **fields)


def _instrumentations(section: dict[str, Any]) -> tuple[model.Instrumentation, ...]:
    """Read ``python``; what ``general`` says of HTTP holds for our own instrumentations where they say nothing else."""
    values: dict[str, dict[str, Any]] = {name: options or {} for name, options in (section.get("python") or {}).items()}
    general = (section.get("general") or {}).get("http") or {}
    for side in ("client", "server"):
        given = _given(general.get(side))
        if given:
            values[f"http_{side}"] = {**given, **values.get(f"http_{side}", {})}
    return tuple(
        model.Instrumentation(
            name=name,
            enabled=options.get("enabled", True),
            options=tuple((key, value) for key, value in options.items() if key != "enabled"),
        )
        for name, options in values.items()
    )


def _otelrun(values: dict[str, Any] | None) -> model.Otelrun:
    given = _given(values)
    instrumentation = _given(given.pop("instrumentation", None))
    given.pop("extends", None)
    given.pop("remove", None)
    for key in ("enabled", "disabled"):
        if key in instrumentation:
            instrumentation[key] = tuple(instrumentation[key])
    given["methods"] = tuple(
        model.Method(method["target"], tuple(method.get("arguments") or ())) for method in given.get("methods", ())
    )
    for key, part in (("store", model.Store), ("ring", model.Ring)):
        if key in given:
            given[key] = part(**_given(given[key]))
    return model.Otelrun(**given, **instrumentation)
