"""An exception as attributes."""

from __future__ import annotations

import asyncio

from otelrun.pipeline.exception import exception_attributes


class BadError(Exception):
    def __str__(self):
        raise RuntimeError


def test_type_is_qualified_unless_builtin():
    assert exception_attributes(OSError("x"))["exception.type"] == "OSError"
    assert exception_attributes(asyncio.QueueEmpty())["exception.type"] == "asyncio.queues.QueueEmpty"


def test_an_exception_without_a_text_does_not_harm():
    assert exception_attributes(BadError())["exception.message"] == "<BadError>"
