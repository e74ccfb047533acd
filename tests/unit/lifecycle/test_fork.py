"""A fork waits for imports of what is ours in other threads: the child would wait for them for ever."""

from __future__ import annotations

import sys
import threading
import weakref
from types import SimpleNamespace

import pytest

from otelrun.lifecycle import fork


class Lock:
    def __init__(self, owner: int | None) -> None:
        self.owner = owner


def held(monkeypatch: pytest.MonkeyPatch, name: str, lock: Lock) -> None:
    locks = {name: weakref.ref(lock)}
    monkeypatch.setitem(sys.modules, "_frozen_importlib", SimpleNamespace(_module_locks=locks))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "owner", "is_waited_for"),
    [
        ("opentelemetry.trace", 1, True),
        ("otelrun.pipeline.span", 1, True),
        ("opentelemetry.trace", None, False),
        ("opentelemetry.trace", "this one", False),
        ("app", 1, False),
    ],
)
def test_only_another_threads_import_of_what_is_ours_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, name: str, owner: int | str | None, is_waited_for: bool
) -> None:
    lock = Lock(threading.get_ident() if owner == "this one" else owner)  # type: ignore[arg-type]
    held(monkeypatch, name, lock)
    assert fork.is_another_thread_importing() is is_waited_for


def test_this_interpreter_keeps_its_locks_where_they_are_looked_for() -> None:
    assert isinstance(sys.modules["_frozen_importlib"]._module_locks, dict)  # type: ignore[attr-defined]
    assert not fork.is_another_thread_importing()


def test_an_import_that_does_not_end_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = Lock(1)
    held(monkeypatch, "otelrun.x", lock)
    monkeypatch.setattr(fork, "_PATIENCE_S", 0.02)
    waits: list[float] = []
    monkeypatch.setattr(fork, "sleep", waits.append)
    fork._wait_for_imports()
    assert waits
    lock.owner = None
    waits.clear()
    fork._wait_for_imports()
    assert not waits
