"""A profile's exporter as the SDK's object, with every value given explicitly. Loaded only by ``in_process``.

OTLP over HTTP and gRPC come from opentelemetry-exporter-otlp, console from the SDK, files from ``otlp_json``, all else from
entry points.
"""

from __future__ import annotations

from importlib import import_module

from otelrun import diagnostics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from otelrun.profile import model

_CLASSES = {"traces": "OTLPSpanExporter", "metrics": "OTLPMetricExporter", "logs": "OTLPLogExporter"}
_MODULES = {"traces": "trace_exporter", "metrics": "metric_exporter", "logs": "_log_exporter"}
_CONSOLE = {
    "traces": ("opentelemetry.sdk.trace.export", "ConsoleSpanExporter"),
    "metrics": ("opentelemetry.sdk.metrics.export", "ConsoleMetricExporter"),
    "logs": ("opentelemetry.sdk._logs.export", "ConsoleLogRecordExporter"),
}
_FILE = {"traces": "JsonSpanExporter", "metrics": "JsonMetricExporter", "logs": "JsonLogRecordExporter"}
_OWN_HEADERS = ("content-type", "content-encoding", "user-agent")


def build_exporter(signal: str, exporter: model.Exporter) -> Any:
    """Give the exporter of ``traces``, ``metrics`` or ``logs``.

    Raises:
        LookupError: no package knows this kind.
        Exception: whatever a plugin or a TLS file raises.
    """
    metric_options = _metric_options(exporter) if signal == "metrics" else {}
    if exporter.kind == "otlp_http":
        return _http(signal, exporter, metric_options)
    if exporter.kind == "otlp_grpc":
        return _grpc(signal, exporter, metric_options)
    if exporter.kind == "console":
        module, name = _CONSOLE[signal]
        return getattr(import_module(module), name)(**metric_options)
    if exporter.kind == "otlp_file":
        from otelrun.pipeline import otlp_json  # noqa: PLC0415 - only for files

        return getattr(otlp_json, _FILE[signal])(exporter.output_stream, **metric_options)
    return load_plugin(f"opentelemetry_{signal}_exporter", exporter.kind, exporter.plugin_config)


def _http(signal: str, exporter: model.Exporter, metric_options: dict[str, Any]) -> Any:
    package = "opentelemetry.exporter.otlp.proto.http"
    if exporter.encoding == "json":
        diagnostics.tell("otlp-json", "OTLP over HTTP is sent as protobuf, not JSON, by the in-process pipeline")
    compression = import_module(package).Compression
    made = getattr(import_module(f"{package}.{_MODULES[signal]}"), _CLASSES[signal])(
        endpoint=exporter.endpoint,
        headers=dict(exporter.headers),
        timeout=exporter.timeout_ms / 1000,
        compression=compression.Gzip if exporter.compression == "gzip" else compression.NoCompression,
        certificate_file=exporter.tls.ca_file,
        client_key_file=exporter.tls.key_file,
        client_certificate_file=exporter.tls.cert_file,
        **metric_options,
    )
    headers = getattr(getattr(made, "_client", None), "_headers", None)
    if isinstance(headers, dict):  # it adds those of the environment whatever it is given
        wanted = {name.lower() for name, _ in exporter.headers}
        for name in [name for name in headers if name.lower() not in (*_OWN_HEADERS, *wanted)]:
            del headers[name]
    return made


def _grpc(signal: str, exporter: model.Exporter, metric_options: dict[str, Any]) -> Any:
    import grpc  # noqa: PLC0415 - 40 ms, only where the profile asks for it

    insecure = exporter.endpoint.startswith("http://") or bool(
        exporter.tls.insecure and not exporter.endpoint.startswith("https://")
    )
    credentials = None
    if not insecure:
        credentials = grpc.ssl_channel_credentials(
            _read(exporter.tls.ca_file), _read(exporter.tls.key_file), _read(exporter.tls.cert_file)
        )
    module = import_module(f"opentelemetry.exporter.otlp.proto.grpc.{_MODULES[signal]}")
    made = getattr(module, _CLASSES[signal])(
        endpoint=exporter.endpoint,
        insecure=insecure,
        credentials=credentials,
        headers=tuple((name.lower(), value) for name, value in exporter.headers),
        timeout=exporter.timeout_ms / 1000,
        compression=grpc.Compression.Gzip if exporter.compression == "gzip" else grpc.Compression.NoCompression,
        **metric_options,
    )
    if not exporter.headers and hasattr(made, "_headers"):
        made._headers = ()  # noqa: SLF001 - it takes those of the environment for none
    return made


def _read(path: str | None) -> bytes | None:
    if path is None:
        return None
    with open(path, "rb") as file:
        return file.read()


def _metric_options(exporter: model.Exporter) -> dict[str, Any]:
    from opentelemetry.sdk import metrics  # noqa: PLC0415 - each signal loads its own
    from opentelemetry.sdk.metrics.export import AggregationTemporality  # noqa: PLC0415
    from opentelemetry.sdk.metrics.view import (  # noqa: PLC0415
        ExplicitBucketHistogramAggregation,
        ExponentialBucketHistogramAggregation,
    )

    cumulative, delta = AggregationTemporality.CUMULATIVE, AggregationTemporality.DELTA
    synchronous = cumulative if exporter.temporality == "cumulative" else delta
    observed = delta if exporter.temporality == "delta" else cumulative
    exponential = exporter.histogram_aggregation == "base2_exponential_bucket_histogram"
    histogram = ExponentialBucketHistogramAggregation() if exponential else ExplicitBucketHistogramAggregation()
    return {
        "preferred_temporality": {
            metrics.Counter: synchronous,
            metrics.Histogram: synchronous,
            metrics.ObservableCounter: observed,
            metrics.UpDownCounter: cumulative,
            metrics.ObservableUpDownCounter: cumulative,
            metrics.ObservableGauge: cumulative,
        },
        "preferred_aggregation": {metrics.Histogram: histogram},
    }


def load_plugin(group: str, name: str, config: Any) -> Any:
    """Make a component from an entry point, with its configuration as keyword arguments.

    Raises:
        LookupError: no installed package has it.
        Exception: whatever it raises.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - dear, and only for plugins

    for entry in entry_points(group=group, name=name):
        return entry.load()(**dict(config or {}))
    message = f"no installed package provides {name!r} in the group {group}"
    raise LookupError(message)
