"""The metrics about the run itself are those of opentelemetry-semantic-conventions: names, units, kinds, attributes."""

from __future__ import annotations

import pytest
from opentelemetry.semconv._incubating.attributes import otel_attributes
from opentelemetry.semconv._incubating.metrics import otel_metrics
from opentelemetry.semconv.attributes import error_attributes, server_attributes, service_attributes

from otelrun.agent import self_metrics
from otelrun.agent.self_metrics import EXPORTED, INFLIGHT, LOG_CREATED, PROCESSED, component_type
from otelrun.profile.model import Exporter

METRICS = [LOG_CREATED, *PROCESSED.values(), *EXPORTED.values(), *INFLIGHT.values()]


class Meter:
    """Keeps what the conventions' own functions ask a meter to make."""

    def create_counter(self, name, unit, description):
        return name, unit, "counter"

    def create_up_down_counter(self, name, unit, description):
        return name, unit, "up_down_counter"


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_the_conventions(metric):
    create = getattr(otel_metrics, f"create_{metric.name.replace('.', '_')}")
    assert create(Meter()) == tuple(metric)


def test_attributes_are_the_conventions():
    assert {
        self_metrics.COMPONENT_NAME: otel_attributes.OTEL_COMPONENT_NAME,
        self_metrics.COMPONENT_TYPE: otel_attributes.OTEL_COMPONENT_TYPE,
        self_metrics.ERROR_TYPE: error_attributes.ERROR_TYPE,
        self_metrics.SERVER_ADDRESS: server_attributes.SERVER_ADDRESS,
        self_metrics.SERVER_PORT: server_attributes.SERVER_PORT,
    } == {
        "otel.component.name": "otel.component.name",
        "otel.component.type": "otel.component.type",
        "error.type": "error.type",
        "server.address": "server.address",
        "server.port": "server.port",
    }
    assert service_attributes.SERVICE_NAME.rpartition(".")[0] == self_metrics.INSTANCE_ID.rpartition(".instance")[0]


@pytest.mark.parametrize("kind", ["otlp_http", "otlp_grpc"])
@pytest.mark.parametrize("encoding", ["protobuf", "json"])
@pytest.mark.parametrize("signal", ["spans", "logs", "metrics"])
def test_types_of_exporters_are_the_conventions(kind, encoding, signal):
    known = {member.value for member in otel_attributes.OtelComponentTypeValues}
    assert component_type(Exporter(kind, encoding=encoding), signal) in known


@pytest.mark.parametrize("kind", ["otlp_file", "console"])
def test_types_that_the_conventions_do_not_name_are_names_of_classes(kind):
    module, _, name = component_type(Exporter(kind), "spans").rpartition(".")
    assert hasattr(__import__(module, fromlist=[name]), name)


def test_the_type_of_the_ring_is_the_name_of_its_class():
    module, _, name = self_metrics.RING_TYPE.rpartition(".")
    assert hasattr(__import__(module, fromlist=[name]), name)
