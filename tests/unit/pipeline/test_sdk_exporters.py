"""A profile's exporter as the SDK's, with nothing taken from the environment."""

from __future__ import annotations

import pytest
from opentelemetry.sdk import metrics
from opentelemetry.sdk.metrics.export import AggregationTemporality, ConsoleMetricExporter
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation

from otelrun.pipeline.sdk_exporters import build_exporter, load_plugin
from otelrun.profile.model import Exporter, Tls

SIGNALS = ["traces", "metrics", "logs"]


@pytest.fixture(autouse=True)
def misleading_environment(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "from-environment=1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://wrong.invalid")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "77")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_INSECURE", "false")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "DELTA")


@pytest.mark.parametrize("signal", SIGNALS)
def test_otlp_over_http(signal):
    exporter = Exporter("otlp_http", "http://127.0.0.1:1/v1/x", headers=(("Api-Key", "secret"),), timeout_ms=2500)
    made = build_exporter(signal, exporter)
    client = made._client
    assert (client._endpoint, client._timeout, client._compression.value) == ("http://127.0.0.1:1/v1/x", 2.5, "none")
    assert client._headers["api-key"] == "secret"
    assert "from-environment" not in client._headers
    assert "content-type" in client._headers
    made.shutdown()


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("headers", [(), (("Api-Key", "secret"),)])
def test_otlp_over_grpc(signal, headers):
    made = build_exporter(signal, Exporter("otlp_grpc", "http://127.0.0.1:1", headers=headers, timeout_ms=2500))
    assert (made._endpoint, made._insecure, made._timeout) == ("127.0.0.1:1", True, 2.5)
    assert made._headers == tuple((name.lower(), value) for name, value in headers)
    assert made._compression.name == "NoCompression"
    made.shutdown()


def test_grpc_over_tls_reads_the_profiles_files(tmp_path):
    tls = Tls(ca_file=str(tmp_path / "missing.pem"))
    exporter = Exporter("otlp_grpc", "https://127.0.0.1:1", tls=tls)
    with pytest.raises(OSError, match=r"missing\.pem"):
        build_exporter("traces", exporter)


@pytest.mark.parametrize(
    ("temporality", "counter", "observed"),
    [("cumulative", 2, 2), ("delta", 1, 1), ("low_memory", 1, 2)],
)
def test_temporality_and_aggregation_are_the_profiles(temporality, counter, observed):
    exporter = Exporter("console", temporality=temporality, histogram_aggregation="base2_exponential_bucket_histogram")
    made = build_exporter("metrics", exporter)
    assert isinstance(made, ConsoleMetricExporter)
    preferred = made._preferred_temporality
    assert preferred[metrics.Counter] == preferred[metrics.Histogram] == AggregationTemporality(counter)
    assert preferred[metrics.ObservableCounter] == AggregationTemporality(observed)
    assert preferred[metrics.UpDownCounter] == AggregationTemporality.CUMULATIVE
    assert type(made._preferred_aggregation[metrics.Histogram]) is ExponentialBucketHistogramAggregation


def test_a_plugin_comes_from_its_entry_point():
    assert type(load_plugin("opentelemetry_traces_exporter", "console", None)).__name__ == "ConsoleSpanExporter"
    with pytest.raises(LookupError, match="opentelemetry_traces_exporter"):
        build_exporter("traces", Exporter("of_nobody"))
