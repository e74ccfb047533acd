"""What a record costs in the agent: read from the ring, written to the store, packed for OTLP. One after the other, and together.

    python tests/benchmarks/agent.py [JSON FILE]

The records are what the program's pipeline writes: spans of 11 attributes as a request of ``http.server`` has, and log records of
5. Packing by hand is compared with the SDK's own encoder, which packs the SDK's spans.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from time import process_time_ns

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..")))

from otelrun.delivery.encode import ProcessEncoder
from otelrun.ring.reader import RingReader
from otelrun.store.ingest import StoreWriter
from tests.benchmarks.sides import ROUNDS, build_ours, write_json

RECORDS = 2048
BATCH = 512
REQUEST = {
    "http.request.method": "GET",
    "url.scheme": "http",
    "network.protocol.version": "1.1",
    "url.path": "/shop/cart",
    "server.address": "shop.example",
    "server.port": 8080,
    "network.peer.address": "127.0.0.1",
    "network.peer.port": 50_000,
    "client.address": "127.0.0.1",
    "user_agent.original": "probe/1.0",
    "http.response.status_code": 200,
}
LINE = {
    "code.file.path": "/srv/shop/cart.py",
    "code.function.name": "add",
    "code.line.number": 42,
    "thread.id": 140_000_000_000,
    "thread.name": "MainThread",
}


def batches(records):
    return [records[first : first + BATCH] for first in range(0, len(records), BATCH)]


def write_spans(tracer):
    for _ in range(RECORDS):
        tracer.start_span("GET", kind=trace.SpanKind.SERVER, attributes=REQUEST).end()


def write_logs(logger):
    for number in range(RECORDS):
        logger.emit(timestamp=1, severity_text="INFO", body=f"added {number} to the cart of ada", attributes=LINE)


def sdk_spans():
    kept = InMemorySpanExporter()
    provider = SdkTracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    write_spans(provider.get_tracer("benchmark"))
    return batches(kept.get_finished_spans())


class Clock:
    """Keeps the least time of each step, in µs a record."""

    def __init__(self):
        self.best = {}

    def time(self, step, run):
        gc.collect()
        begun = process_time_ns()
        result = run()
        taken = (process_time_ns() - begun) / RECORDS / 1000
        self.best[step] = min(self.best.get(step, taken), taken)
        return result


def go_through(clock, reader, store, process, encode):
    """Do with the records in the ring what the agent does."""
    read = clock.time("read", lambda: [reader.read(BATCH) for _ in range(RECORDS // BATCH)])
    reader.commit()

    def keep():
        for records in read:
            store.add(process, records, reader.scope)
            store.commit()

    clock.time("store", keep)
    clock.time("pack", lambda: [encode([record for _, record in records], BATCH) for records in read])


def main():
    clocks = {"span": Clock(), "log record": Clock()}
    with tempfile.TemporaryDirectory() as directory:
        recorder, ours = build_ours(directory)
        tracer, logger = ours.traces.get_tracer("benchmark", "1"), ours.logs.get_logger("shop.cart")
        reader = RingReader(recorder.writer.path)
        encoder = ProcessEncoder(reader.resource(), "", reader.scope)
        store = StoreWriter(os.path.join(directory, "store.db"))
        process = store.add_process("1-1.ring", 1, 1, 1, {"service.name": "benchmark"})
        stock = sdk_spans()
        for _ in range(ROUNDS):
            write_spans(tracer)
            go_through(clocks["span"], reader, store, process, encoder.spans)
            clocks["span"].time("pack, SDK", lambda: [encode_spans(spans).SerializeToString() for spans in stock])
            write_logs(logger)
            go_through(clocks["log record"], reader, store, process, encoder.logs)
        dropped = reader.counts().dropped
        store.close()
        reader.close()
    best = {kind: clock.best for kind, clock in clocks.items()}
    print(f"{'us of CPU in the agent':24} {'read':>8} {'store':>8} {'pack':>8} {'sum':>8} {'pack, SDK':>10}")
    for kind, us in best.items():
        total = us["read"] + us["store"] + us["pack"]
        sdk = f"{us['pack, SDK']:10.2f}" if "pack, SDK" in us else ""
        print(f"{kind:24} {us['read']:8.2f} {us['store']:8.2f} {us['pack']:8.2f} {total:8.2f} {sdk}")
    write_json(best, dropped)


if __name__ == "__main__":
    main()
