"""While eventlet looks for locks it finds the program's and not otelrun's, which are native again afterwards."""

from __future__ import annotations

import types
from _thread import RLock

import pytest

from otelrun.instrumentation import eventlet_locks


class Holder:
    """Stands for an object of otelrun's that has a lock."""

    __module__ = "otelrun.somewhere"

    def __init__(self) -> None:
        self._lock = RLock()


class OfTheProgram:
    def __init__(self) -> None:
        self._lock = RLock()


def patched(monkeypatch, ledger, look):
    """Patch a module like eventlet's that calls ``look``; give the function."""
    module = types.ModuleType("eventlet.patcher")
    module._green_existing_locks = look
    monkeypatch.setitem(eventlet_locks.sys.modules, "eventlet.patcher", module)
    eventlet_locks.apply(ledger, {})
    return module


def test_only_the_programs_locks_are_found(monkeypatch, ledger):
    ours, theirs = Holder(), OfTheProgram()
    kept = theirs._lock
    found = []

    def look(rlock_type):
        found.extend(holder for holder in (ours, theirs) if type(holder._lock) is rlock_type)
        with ours._lock:
            pass

    module = patched(monkeypatch, ledger, look)
    module._green_existing_locks(RLock)

    assert found == [theirs]
    assert theirs._lock is kept
    assert type(ours._lock) is RLock


def test_they_are_back_where_eventlet_fails(monkeypatch, ledger):
    ours = Holder()

    def look(rlock_type):
        assert type(ours._lock) is not rlock_type
        raise ValueError("no")

    module = patched(monkeypatch, ledger, look)
    with pytest.raises(ValueError, match="no"):
        module._green_existing_locks(RLock)

    assert type(ours._lock) is RLock


def test_a_version_without_it_is_left_alone(monkeypatch, ledger):
    module = types.ModuleType("eventlet.patcher")
    monkeypatch.setitem(eventlet_locks.sys.modules, "eventlet.patcher", module)
    eventlet_locks.apply(ledger, {})
    assert not hasattr(module, "_green_existing_locks")
