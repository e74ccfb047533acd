"""A profile as the SDK's own objects: providers, processors, readers, samplers, limits. Loaded only by ``in_process``.

Every value that the SDK would look up in the environment is given explicitly: what counts is the profile.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from opentelemetry.sdk import resources
from opentelemetry.sdk.trace import SpanLimits, TracerProvider, sampling

from otelrun import diagnostics
from otelrun.pipeline import resource as process_resource
from otelrun.pipeline import sdk_exporters, sdk_links

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from otelrun.profile import model


def prepare_for_fork() -> None:
    """Have the thread pool's fork handlers registered before the SDK's, which submit to a pool in the forked child.

    The other way round its lock is still held then, and the child hangs.
    """
    with suppress(RuntimeError):  # at the end of the interpreter, when nobody forks any more
        import concurrent.futures.thread  # noqa: F401, PLC0415


def build_resource(profile: model.Profile) -> Any:
    """Give the one resource, with the same attributes as in the agent's pipeline."""
    attributes = process_resource.build_resource(profile.resource)
    return resources.Resource(attributes, profile.resource.schema_url)


def build_provider(signal: str, profile: model.Profile, resource: Any) -> Any:
    """Give the SDK's provider of ``traces``, ``metrics`` or ``logs``, following the profile's section.

    Raises:
        Exception: whatever a plugin raises.
    """
    build = {"traces": _tracer_provider, "metrics": _meter_provider, "logs": _logger_provider}[signal]
    made = build(profile, resource)
    if hasattr(made, "_disabled"):
        made._disabled = False  # noqa: SLF001 - OTEL_SDK_DISABLED is for the profile to honour
    return made


def _tracer_provider(profile: model.Profile, resource: Any) -> Any:
    section = profile.tracer_provider
    assert section is not None
    provider = TracerProvider(
        sampler=_sampler(section.sampler),
        resource=resource,
        shutdown_on_exit=False,
        span_limits=_span_limits(section.limits),
    )
    if sdk_links.are_wanted(profile):
        provider.add_span_processor(sdk_links.LinkProcessor())
    for processor in section.processors:
        with diagnostics.guarded(f"span processor {processor.kind}"):
            provider.add_span_processor(_span_processor(processor))
    return provider


def _span_processor(processor: model.Processor) -> Any:
    from opentelemetry.sdk.trace import export  # noqa: PLC0415 - each signal loads its own

    if processor.exporter is None:
        return sdk_exporters.load_plugin("opentelemetry_span_processor", processor.kind, processor.plugin_config)
    exporter = sdk_exporters.build_exporter("traces", processor.exporter)
    if processor.kind == "simple":
        return export.SimpleSpanProcessor(exporter)
    return export.BatchSpanProcessor(
        exporter,
        max_queue_size=processor.max_queue_size,
        schedule_delay_millis=processor.schedule_delay_ms,
        max_export_batch_size=min(processor.max_export_batch_size, processor.max_queue_size),
        export_timeout_millis=processor.export_timeout_ms,
    )


def _span_limits(limits: model.SpanLimits) -> SpanLimits:
    length = SpanLimits.UNSET if limits.attribute_value_length_limit is None else limits.attribute_value_length_limit
    return SpanLimits(
        max_attributes=limits.attribute_count_limit,
        max_events=limits.event_count_limit,
        max_links=limits.link_count_limit,
        max_span_attributes=limits.attribute_count_limit,
        max_event_attributes=limits.event_attribute_count_limit,
        max_link_attributes=limits.link_attribute_count_limit,
        max_attribute_length=length,
        max_span_attribute_length=length,
    )


def _sampler(sampler: model.Sampler) -> Any:
    if sampler.kind == "always_on":
        return sampling.ALWAYS_ON
    if sampler.kind == "always_off":
        return sampling.ALWAYS_OFF
    if sampler.kind == "trace_id_ratio_based":
        return sampling.TraceIdRatioBased(sampler.ratio)
    if sampler.kind == "parent_based":
        on, off = sampling.ALWAYS_ON, sampling.ALWAYS_OFF
        return sampling.ParentBased(
            root=_delegate(sampler.root, on),
            remote_parent_sampled=_delegate(sampler.remote_parent_sampled, on),
            remote_parent_not_sampled=_delegate(sampler.remote_parent_not_sampled, off),
            local_parent_sampled=_delegate(sampler.local_parent_sampled, on),
            local_parent_not_sampled=_delegate(sampler.local_parent_not_sampled, off),
        )
    return sdk_exporters.load_plugin("opentelemetry_sampler", sampler.kind, sampler.plugin_config)


def _delegate(sampler: model.Sampler | None, default: Any) -> Any:
    return default if sampler is None else _sampler(sampler)


def _meter_provider(profile: model.Profile, resource: Any) -> Any:
    from opentelemetry.sdk import metrics  # noqa: PLC0415 - each signal loads its own

    section = profile.meter_provider
    assert section is not None
    filters = {"always_on": metrics.AlwaysOnExemplarFilter, "always_off": metrics.AlwaysOffExemplarFilter}
    readers: list[Any] = []
    for reader in section.readers:
        with diagnostics.guarded(f"metric reader {reader.kind} {reader.exporter.kind}"):
            readers.append(_metric_reader(reader, section.cardinality_limit))
    return metrics.MeterProvider(
        metric_readers=readers,
        resource=resource,
        exemplar_filter=filters.get(section.exemplar_filter, metrics.TraceBasedExemplarFilter)(),
        shutdown_on_exit=False,
    )


def _metric_reader(reader: model.MetricReader, cardinality_limit: int) -> Any:
    from opentelemetry.sdk import metrics  # noqa: PLC0415 - each signal loads its own
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415

    if reader.kind == "pull":
        return sdk_exporters.load_plugin(
            "opentelemetry_metrics_exporter", reader.exporter.kind, reader.exporter.plugin_config
        )
    instruments = (
        metrics.Counter,
        metrics.UpDownCounter,
        metrics.Histogram,
        metrics.ObservableCounter,
        metrics.ObservableUpDownCounter,
        metrics.ObservableGauge,
    )
    return PeriodicExportingMetricReader(
        sdk_exporters.build_exporter("metrics", reader.exporter),
        export_interval_millis=reader.interval_ms,
        export_timeout_millis=reader.timeout_ms,
        cardinality_limits=dict.fromkeys(instruments, cardinality_limit),
    )


def _logger_provider(profile: model.Profile, resource: Any) -> Any:
    from opentelemetry.sdk import _logs  # noqa: PLC0415 - each signal loads its own

    section = profile.logger_provider
    assert section is not None
    length = section.limits.attribute_value_length_limit
    unset = _logs.LogRecordLimits.UNSET
    count = section.limits.attribute_count_limit
    limits = _logs.LogRecordLimits(
        max_attributes=count,
        max_attribute_length=unset if length is None else length,
        max_log_record_attributes=count,
        max_log_record_attribute_length=unset if length is None else length,
    )
    provider = _logs.LoggerProvider(resource=resource, shutdown_on_exit=False, log_record_limits=limits)
    for processor in section.processors:
        with diagnostics.guarded(f"log record processor {processor.kind}"):
            provider.add_log_record_processor(_log_processor(processor))
    return provider


def _log_processor(processor: model.Processor) -> Any:
    from opentelemetry.sdk._logs import export  # noqa: PLC0415 - each signal loads its own

    if processor.exporter is None:
        return sdk_exporters.load_plugin("opentelemetry_log_record_processor", processor.kind, processor.plugin_config)
    exporter = sdk_exporters.build_exporter("logs", processor.exporter)
    if processor.kind == "simple":
        return export.SimpleLogRecordProcessor(exporter)
    return export.BatchLogRecordProcessor(
        exporter,
        schedule_delay_millis=processor.schedule_delay_ms,
        max_export_batch_size=min(processor.max_export_batch_size, processor.max_queue_size),
        export_timeout_millis=processor.export_timeout_ms,
        max_queue_size=processor.max_queue_size,
    )


class _Told(logging.Handler):
    """Turns what the SDK logs about its own trouble into one notice, instead of lines in the program's log."""

    def emit(self, record: logging.LogRecord) -> None:
        with diagnostics.guarded("telling of the SDK's trouble"):
            diagnostics.tell("sdk-log", record.getMessage())


def quiet() -> None:
    """Keep the SDK's and the exporters' own log records out of the program's handlers, and tell the first error."""
    handler = _Told(logging.ERROR)
    for name in ("opentelemetry.sdk", "opentelemetry.exporter"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.propagate = False
