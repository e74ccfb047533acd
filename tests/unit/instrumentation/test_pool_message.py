from __future__ import annotations

import os
import pickle

import pytest

from otelrun.instrumentation import pool_message

VARIABLES = {"TRACEPARENT": "00-a-b-01", "BAGGAGE": "a=é,b=\udcff"}


@pytest.mark.parametrize(
    "task", [None, (1, 0, print, (), {}), (2, 1, len, (b"otelrun\0",), {"x": os.urandom(100_000)})]
)
def test_whoever_knows_of_no_context_finds_the_task(task):
    message = bytes(pool_message.write(task, pool_message.trailer(VARIABLES)))
    assert pickle.loads(message) == task
    assert pool_message.read(message) == VARIABLES


@pytest.mark.parametrize("value", ["", b"otelrun\0", 1, None, {"a": [b"\0"]}])
def test_a_pickle_alone_has_none(value):
    assert pool_message.read(pickle.dumps(value)) == {}


def test_what_cannot_be_pickled_is_left_to_the_library():
    assert pool_message.write(lambda: None, b"") is None
