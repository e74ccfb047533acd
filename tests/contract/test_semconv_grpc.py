"""The names the gRPC instrumentations write are current ones of the installed semantic conventions."""

from __future__ import annotations

import importlib
import inspect

import pytest
from opentelemetry.metrics import NoOpHistogram, NoOpMeterProvider
from opentelemetry.semconv._incubating.attributes import rpc_attributes
from opentelemetry.semconv._incubating.metrics import rpc_metrics
from opentelemetry.semconv.attributes import error_attributes, network_attributes, server_attributes

from otelrun.instrumentation.grpc import attributes

ATTRIBUTES = {
    "ERROR_TYPE": error_attributes,
    "NETWORK_PEER_ADDRESS": network_attributes,
    "NETWORK_PEER_PORT": network_attributes,
    "RPC_METHOD": rpc_attributes,
    "RPC_METHOD_ORIGINAL": rpc_attributes,
    "RPC_RESPONSE_STATUS_CODE": rpc_attributes,
    "RPC_SYSTEM_NAME": rpc_attributes,
    "SERVER_ADDRESS": server_attributes,
    "SERVER_PORT": server_attributes,
    "RPC_CLIENT_CALL_DURATION": rpc_metrics,
    "RPC_SERVER_CALL_DURATION": rpc_metrics,
}


def documentation_of(module, name):
    """The string that stands below a constant."""
    after = inspect.getsource(module).split(f"\n{name}: Final", 1)[1]
    return after.split('"""', 2)[1]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_name_is_the_conventions_and_not_deprecated(name):
    module = ATTRIBUTES[name]
    assert getattr(attributes, name) == getattr(module, name)
    assert "Deprecated" not in documentation_of(module, name)


def test_every_name_written_is_compared():
    written = {name for name in vars(attributes) if name.isupper() and "." in str(getattr(attributes, name))}
    assert written - {"DURATION_BUCKETS", "_HOST_SCHEMES"} == ATTRIBUTES.keys()


def test_the_system_is_a_known_value():
    assert rpc_attributes.RpcSystemNameValues.GRPC.value == attributes.SYSTEM


@pytest.mark.parametrize("side", ["client", "server"])
def test_the_durations_unit_and_description_are_the_conventions(side, monkeypatch):
    made = []
    meter = NoOpMeterProvider().get_meter("x")

    def create_histogram(name, unit, description, **_):
        made.append((name, unit, description))
        return NoOpHistogram(name)

    monkeypatch.setattr(meter, "create_histogram", create_histogram)
    getattr(rpc_metrics, f"create_rpc_{side}_call_duration")(meter)
    call = importlib.import_module("otelrun.instrumentation.grpc.call")
    monkeypatch.setattr("opentelemetry.metrics.get_meter", lambda *_: meter)
    call.CallTracer("test", "test", getattr(call.SpanKind, side.upper()), {})
    (theirs, ours) = made
    assert ours == theirs
