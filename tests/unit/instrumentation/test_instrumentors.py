from __future__ import annotations

import asyncio
import http.client
import http.server
import logging
import multiprocessing.pool
import queue
import sched
import threading
from concurrent.futures import thread
from importlib import import_module

import pytest

from otelrun.instrumentation import instrumentors, registry
from otelrun.instrumentation.upstream import BaseInstrumentor

STANDARD_LIBRARY = {
    instrumentors.HttpServerInstrumentor: (http.server.BaseHTTPRequestHandler, "parse_request"),
    instrumentors.HttpClientInstrumentor: (http.client.HTTPConnection, "putrequest"),
    instrumentors.ThreadingInstrumentor: (threading.Thread, "start"),
    instrumentors.FuturesInstrumentor: (thread._WorkItem, "run"),
    instrumentors.LoggingInstrumentor: (logging.Logger, "filter"),
    instrumentors.QueueInstrumentor: (queue.Queue, "get"),
    instrumentors.AsyncioQueueInstrumentor: (asyncio.Queue, "get"),
    instrumentors.PoolsInstrumentor: (multiprocessing.pool, "worker"),
    instrumentors.SchedInstrumentor: (sched.scheduler, "run"),
}


@pytest.mark.parametrize("kind", STANDARD_LIBRARY, ids=lambda kind: kind.__name__)
def test_instrument_patches_and_uninstrument_restores(telemetry, kind):
    owner, name = STANDARD_LIBRARY[kind]
    before = getattr(owner, name)
    instrumentor = kind()
    instrumentor.instrument()
    try:
        assert getattr(owner, name) is not before
    finally:
        instrumentor.uninstrument()
    assert getattr(owner, name) is before


def test_every_instrumentation_of_the_registry_has_an_instrumentor_of_its_name():
    modules = {
        kind.module for kind in vars(instrumentors).values() if isinstance(kind, type) and "module" in vars(kind)
    }
    assert {registry.entry_point_name(module) for module in modules} == registry.entry_point_names()


@pytest.mark.parametrize(
    "name", [name for names in registry.OWN.values() for name in names if not name.startswith("grpc.")]
)
def test_every_instrumentation_has_the_one_shape(name):
    module = import_module(f"otelrun.instrumentation.{name}")
    assert registry.entry_point_name(name) == module.NAME
    assert f"otelrun.instrumentation.{module.NAME}" == module.SCOPE
    assert [target for target in module.TARGETS if name not in registry.OWN[target]] == []
    assert callable(module.apply)


def test_the_instrumentors_are_upstreams():
    assert issubclass(instrumentors.HttpServerInstrumentor, BaseInstrumentor)
    assert instrumentors.HttpServerInstrumentor() is not instrumentors.HttpClientInstrumentor()
    assert instrumentors.GrpcClientInstrumentor().instrumentation_dependencies() == ("grpcio >= 1.42.0",)
