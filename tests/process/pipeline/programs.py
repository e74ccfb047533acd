"""Small programs that use the pipeline, started as real interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

from otelrun.profile import handoff, model
from otelrun.ring.reader import RingReader
from otelrun.ring.record import SpanRecord

START = """
import os, sys
from otelrun.profile import handoff
from otelrun.pipeline import providers
providers.prepare(handoff.read(os.environ["TEST_HANDOFF"]))
from opentelemetry import trace, metrics, _logs, propagate
for name in providers.HOOKED:
    providers.install(name)
tracer = trace.get_tracer("app")
counter = metrics.get_meter("app").create_counter("hits")
"""


def run(tmp_path, program, profile=None, *, pipeline="agent", environment=None):
    """Run ``START`` and ``program``; give the finished process."""
    (tmp_path / "rings").mkdir(exist_ok=True)
    text = handoff.write(profile or model.Profile(), run_directory=str(tmp_path), pipeline=pipeline, reason="test")
    root = os.path.dirname(os.path.dirname(sys.modules["otelrun"].__file__))
    return subprocess.run(
        [sys.executable, "-c", START + textwrap.dedent(program)],
        env={**os.environ, "TEST_HANDOFF": text, "PYTHONPATH": root, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def file_profile(path, **otelrun):
    """Give a profile that exports spans to a file as lines of JSON."""
    batch = (model.Processor("batch", model.Exporter("otlp_file", output_stream=f"file://{path}")),)
    return model.Profile(tracer_provider=model.TracerProvider(batch), otelrun=model.Otelrun(**otelrun))


class Process:
    """What one process left in its ring."""

    def __init__(self, path):
        reader = RingReader(str(path))
        self.pid = reader.pid
        self.resource = reader.resource()
        self.records = [record for _, record in reader.read(100_000)]
        self.spans = [record for record in self.records if isinstance(record, SpanRecord)]
        self.series = {state.series.name: state.value for state in reader.series()}
        self.scopes = {reader.scope(span.scope).name for span in self.spans}
        self.torn = reader.torn
        reader.close()


def processes(tmp_path):
    """Give the processes of a run, oldest first."""
    return [Process(path) for path in sorted((tmp_path / "rings").iterdir(), key=lambda path: path.name.split("-")[1])]
