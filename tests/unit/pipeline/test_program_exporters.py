"""Where the program's own SDK sends is compared with where the profile sends, whatever the places are called."""

from __future__ import annotations

import types

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import ConcurrentMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor

from otelrun.pipeline.program_exporters import NOTHING, place, shared
from otelrun.profile.model import Exporter, Processor


def processors(*endpoints):
    """The profile's, each with an exporter."""
    kinds = {"http": "otlp_http", "grpc": "otlp_grpc", "file": "otlp_file"}
    made = (endpoint.partition(" ")[::2] for endpoint in endpoints)
    return [Processor("batch", Exporter(kinds[kind], endpoint=endpoint)) for kind, endpoint in made]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("http://localhost:4318/v1/traces", "http://127.0.0.1:4318/v1/traces/", True),
        ("http://localhost:4318/v1/traces", "[::1]:4317", True),
        ("collector:4317", "http://Collector:4318/v1/logs", True),
        ("https://host/v1/traces", "https://host:443/v1/traces", True),
        ("https://host/one/v1/traces", "https://host/two/v1/traces", False),
        ("http://host:4318/v1/traces", "http://host:9999/v1/traces", False),
        ("http://one:4318/v1/traces", "http://two:4318/v1/traces", False),
    ],
)
def test_a_place_is_the_same_by_all_its_names(one, other, is_same):
    assert (place(one) == place(other)) is is_same


@pytest.fixture
def provider():
    made = TracerProvider()
    yield made
    made.shutdown()


def test_the_exporters_of_the_profile_that_send_to_the_same_place_are_found(provider):
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint="http://localhost:1/v1/traces")))
    profile = processors("file spans.jsonl", "http http://user:secret@127.0.0.1:1/v1/traces", "http http://localhost:2")
    assert shared(provider, profile) == (0b10, ("http://127.0.0.1:1/v1/traces",))


def test_grpc_and_several_processors_at_once_are_read_too():
    provider = TracerProvider(active_span_processor=ConcurrentMultiSpanProcessor(1))
    provider.add_span_processor(SimpleSpanProcessor(GrpcExporter(endpoint="http://localhost:1", insecure=True)))
    assert shared(provider, processors("grpc localhost:1")).bits == 1
    provider.shutdown()


def test_logs_are_read_too():
    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint="http://localhost:1/v1/logs")))
    assert shared(provider, processors("http http://localhost:1/v1/logs")).bits == 1
    provider.shutdown()


def test_exporters_within_those_of_vendors_are_found():
    exporter = types.SimpleNamespace(wrapped_exporter=OTLPSpanExporter(endpoint="http://localhost:1/v1/traces"))
    processor = types.SimpleNamespace(processor=SimpleSpanProcessor(exporter))
    assert shared((processor,), processors("http http://localhost:1/v1/traces")).bits == 1


def test_what_is_not_recognised_is_somewhere_else():
    endless = types.SimpleNamespace()
    endless.processor = endless
    assert shared(endless, processors("http http://localhost:1")) == NOTHING
    assert shared(None, processors("http http://localhost:1")) == NOTHING
