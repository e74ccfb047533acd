"""Makes a large store quickly, and prunes it as the agent does. Used by tests; prints nothing."""

from __future__ import annotations

import os
import random
import time

from otelrun.ring.record import Scope, SpanRecord
from otelrun.store.ingest import StoreWriter

_SCOPE = Scope("large", "1", "", {})
_TRACES_AT_ONCE = 500
_TEXT = "SELECT item, price FROM stock WHERE item = ? ORDER BY price LIMIT 10 " * 12


def make(path, size):
    """Fill a store without a limit up to ``size`` bytes; give how many spans and traces it has."""
    numbers = random.Random(1)
    writer = StoreWriter(path)
    process = writer.add_process("1-1.ring", 1, 1, 1, {"service.name": "large"})
    place = spans = 0
    begun_ns = time.time_ns() - 3_600_000_000_000
    while os.path.getsize(path) < size:
        records = []
        for _ in range(_TRACES_AT_ONCE):
            trace_id = numbers.getrandbits(128)
            for number in range(1, 5):
                place += 512
                spans += 1
                end_ns = begun_ns + spans * 1_000
                attributes = {"db.query.text": _TEXT, "number": spans}
                fields = (trace_id, spans, spans - number, 0x101, "step", 2, end_ns - 500, end_ns, attributes, 1)
                records.append((place, SpanRecord(*fields)))
        writer.add(process, records, lambda _: _SCOPE)
        writer.commit()
    writer.close()
    return spans, spans // 4


def prune(path, limit):
    """Prune a store until nothing is left to do; give how long each step took, and all of it, in seconds."""
    writer = StoreWriter(path, limit)
    taken = []
    begun = time.monotonic()
    is_more = True
    while is_more:
        at = time.monotonic()
        is_more = writer.prune()
        taken.append(time.monotonic() - at)
    writer.close()
    return taken, time.monotonic() - begun
