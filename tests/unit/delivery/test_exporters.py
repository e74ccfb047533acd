from __future__ import annotations

import pytest

from otelrun.delivery import exporters
from otelrun.delivery.channel import Batching
from otelrun.profile import delivered
from otelrun.profile.model import Exporter, Processor, Profile, Tls, TracerProvider


@pytest.mark.parametrize(
    ("exporter", "name"),
    [
        (Exporter("otlp_http", "http://collector:4318/v1/traces"), "http://collector:4318"),
        (Exporter("otlp_http", "https://user:secret@collector/v1/traces"), "https://collector"),
        (Exporter("otlp_grpc", "collector:4317"), "collector:4317"),
        (Exporter("otlp_grpc", "http://collector:4317"), "http://collector:4317"),
        (Exporter("console"), "console"),
        (Exporter("otlp_file", output_stream="file:///var/log/otel.jsonl"), "file:///var/log/otel.jsonl"),
    ],
)
def test_destination_names_the_place_and_no_secret(exporter, name):
    assert exporters.destination(exporter) == name


@pytest.mark.parametrize(
    ("processor", "when"),
    [
        (Processor("batch", Exporter("otlp_http")), Batching(512, 1.0)),
        (Processor("batch", Exporter("otlp_http"), schedule_delay_ms=200, max_export_batch_size=64), Batching(64, 0.2)),
        (Processor("simple", Exporter("otlp_http")), Batching(512, 0.0)),
        (Processor("batch", Exporter("console")), Batching(512, 0.0)),
    ],
)
def test_batches_wait_as_the_profile_allows_but_no_longer_than_a_second(processor, when):
    assert exporters.batching(processor) == when


def test_tls_files_are_those_of_the_directory_the_run_was_started_in():
    exporter = Exporter("otlp_http", tls=Tls(ca_file="certs/ca.pem", key_file="/abs/key.pem"))
    assert exporters.resolve_paths(exporter, "/app").tls == Tls(ca_file="/app/certs/ca.pem", key_file="/abs/key.pem")


def test_plugins_are_left_to_the_program():
    plugin = Processor("batch", Exporter("my_exporter"))
    profile = Profile(tracer_provider=TracerProvider((plugin, Processor("my_processor"))))
    assert delivered.span_processors(profile) == []
