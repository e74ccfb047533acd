"""A program that has set OpenTelemetry's SDK up for itself, as its documentation says, and exports to lists."""

import http.server
import logging
import threading
import urllib.request

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

tracer = trace.get_tracer("app")  # before the provider is set, as most modules do
meter = metrics.get_meter("app")
counter = meter.create_counter("early.counter")
histogram = meter.create_histogram("early.histogram", explicit_bucket_boundaries_advisory=[1.0, 2.0])
gauge = meter.create_observable_gauge("early.gauge", [lambda _: [metrics.Observation(7)]])
event_logger = _logs.get_logger("app")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        with tracer.start_as_current_span("handle"):
            self.send_response(200)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def serve_one_request() -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/").read()
    thread.join()
    server.server_close()


def main() -> None:
    spans, logs, reader = InMemorySpanExporter(), InMemoryLogRecordExporter(), InMemoryMetricReader()
    tracer_provider, logger_provider = TracerProvider(), LoggerProvider()
    tracer_provider.add_span_processor(SimpleSpanProcessor(spans))
    logger_provider.add_log_record_processor(SimpleLogRecordProcessor(logs))
    trace.set_tracer_provider(tracer_provider)
    metrics.set_meter_provider(MeterProvider([reader]))
    _logs.set_logger_provider(logger_provider)
    handler = LoggingHandler(logger_provider=logger_provider)
    logging.getLogger().addHandler(handler)

    with tracer.start_as_current_span("early"):
        logging.warning("one")
    trace.get_tracer("late").start_span("late").end()
    event_logger.emit(body="event")
    counter.add(1)
    histogram.record(1.5)
    meter.create_counter("late.counter").add(1)
    serve_one_request()

    logging.getLogger().removeHandler(handler)  # from CPython 3.12 on its flush at the end fails, with an address in the message
    print(sorted(span.name for span in spans.get_finished_spans()))
    print([data.log_record.body for data in logs.get_finished_logs()])
    for resource in reader.get_metrics_data().resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                (point,) = metric.data.data_points
                print(metric.name, getattr(point, "explicit_bounds", None) or point.value)


if __name__ == "__main__":
    main()
