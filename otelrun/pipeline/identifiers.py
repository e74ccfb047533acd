"""Trace and span ids: random, from a generator of our own, new in every process. Never the program's ``random``."""

from __future__ import annotations

import os
from _random import Random

from otelrun.lifecycle import fork

_generator = Random()


def _seed() -> None:
    _generator.seed(int.from_bytes(os.urandom(32), "little"))


_seed()
fork.in_child(_seed)
random_bits = _generator.getrandbits


def new_trace_id() -> int:
    """Give a random 128-bit id, never 0."""
    return random_bits(128) or new_trace_id()


def new_span_id() -> int:
    """Give a random 64-bit id, never 0."""
    return random_bits(64) or new_span_id()


def new_uuid() -> str:
    """Give a random UUID, version 4, as text (the ``uuid`` module costs an import)."""
    data = bytearray(os.urandom(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    text = data.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
