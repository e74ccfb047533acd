"""A log record that a handler of the program's sends where the profile sends is marked."""

from __future__ import annotations

import logging

import pytest
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs import _internal as sdk
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from otelrun.instrumentation import sources
from otelrun.pipeline import program_logs
from otelrun.pipeline.limits import Limits
from otelrun.pipeline.logger import LoggerProvider as ProxyProvider
from otelrun.pipeline.program_logs import Left
from otelrun.profile import model
from otelrun.profile.model import Exporter, Processor
from otelrun.ring.record import LEFT_SHIFT

ENDPOINT = "http://localhost:1/v1/logs"
PROFILE = [Processor("batch", Exporter("console")), Processor("batch", Exporter("otlp_http", endpoint=ENDPOINT))]


@pytest.fixture
def provider():
    made = LoggerProvider()
    made.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(endpoint=ENDPOINT)))
    yield made
    made.shutdown()


@pytest.fixture
def told():
    return []


@pytest.fixture
def left(told):
    return Left(PROFILE, told.append)


def logger_with(handler):
    """A logger whose parent has the handler."""
    parent = logging.Logger("a")  # noqa: LOG001 - one that no other test sees
    parent.addHandler(handler)
    logger = logging.Logger("a.b")  # noqa: LOG001 - as above
    logger.parent = parent
    return logger


def test_what_the_program_emits_itself_is_recorded_and_what_a_handler_does_is_not(ring, provider, left, monkeypatch):
    exporter = InMemoryLogRecordExporter()
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    monkeypatch.setattr(sdk.Logger, "emit", sdk.Logger.emit)
    monkeypatch.setattr(sources.logs, "is_logging_exported", True)
    program_logs.record_logs(ProxyProvider(ring.recorder, Limits(model.LogLimits()), ring.resource), left)
    provider._multi_log_record_processor._log_record_processors[0]._exporter.export = lambda _: None

    provider.get_logger("app", "1.0").emit(body="event", attributes={"a": 1}, event_name="happened")
    handler = LoggingHandler(logging.NOTSET, provider)
    handler.emit(logging.LogRecord("a", logging.ERROR, "", 0, "one", (), None))

    assert [data.log_record.body for data in exporter.get_finished_logs()] == ["event", "one"]
    (record,) = ring.logs()
    assert (record.body, record.attributes, record.event_name) == ("event", {"a": 1}, "happened")
    assert record.flags >> LEFT_SHIFT == 0b10
    assert ring.reader.scope(record.scope)[:2] == ("app", "1.0")


def test_by_a_handler_above_the_logger_and_by_level(provider, left, told):
    logger = logger_with(LoggingHandler(logging.WARNING, provider))
    assert [left(logger, level) for level in (logging.INFO, logging.WARNING, logging.ERROR)] == [0, 0b10, 0b10]
    assert told == [(ENDPOINT,)]


def test_not_where_records_do_not_get_to_the_handler(provider, left):
    logger = logger_with(LoggingHandler(logging.NOTSET, provider))
    logger.propagate = False
    assert left(logger, logging.ERROR) == 0


def test_not_by_other_handlers_or_providers(left, told):
    assert left(logger_with(logging.NullHandler()), logging.ERROR) == 0
    assert left(logger_with(LoggingHandler(logging.NOTSET, LoggerProvider())), logging.ERROR) == 0
    assert told == []


def test_through_the_proxy_that_the_handler_was_given(ring, provider, left):
    proxy = ProxyProvider(ring.recorder, Limits(model.LogLimits()), ring.resource)
    logger = logger_with(LoggingHandler(logging.NOTSET, proxy))
    assert left(logger, logging.ERROR) == 0
    proxy.give_way(provider)
    assert left(logger, logging.ERROR) == 0b10
