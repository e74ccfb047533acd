"""A writer that is killed at any moment leaves a ring in which everything published is whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import pytest

from otelrun.ring.reader import RingReader

pytestmark = pytest.mark.process

WRITER = """
import sys
from otelrun.ring.record import NOTE, encode
from otelrun.ring.writer import RingWriter
writer = RingWriter(sys.argv[1], data_size=1 << 22, tables_size=4096)
sys.stdout.write("ready")
sys.stdout.flush()
number = 0
while True:
    writer.append(NOTE, encode(NOTE, (number, "slug", "x" * (number % 300))))
    number += 1
"""


@pytest.mark.parametrize("attempt", range(6))
def test_sigkill_leaves_only_whole_records(tmp_path, attempt):
    path = str(tmp_path / "a.ring")
    root = os.path.dirname(os.path.dirname(sys.modules["otelrun"].__file__))
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}
    )
    try:
        assert process.stdout.read(5) == b"ready"
        reader = RingReader(path)
        found = []
        wanted = random.Random(attempt).randrange(1, 3000)
        while len(found) < wanted:
            found += reader.read(random.Random(attempt).randrange(1, 50))
            reader.commit()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        process.stdout.close()
    while not reader.is_drained:
        found += reader.read(1000)
    counts = reader.counts()
    numbers = [record.time_ns for _, record in found]
    assert reader.torn == 0
    assert all(record.text == "x" * (record.time_ns % 300) for _, record in found)
    assert numbers == sorted(set(numbers))
    offered, dropped = counts.recorded["notes"], counts.dropped["notes"]
    assert offered - dropped - 1 <= len(numbers) <= offered - dropped
    reader.close()
