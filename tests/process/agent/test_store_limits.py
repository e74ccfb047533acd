"""A store that reaches its limit while its agent is killed again and again: nothing is counted twice, nothing goes uncounted."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from otelrun.errors import StoreEmptyError
from otelrun.store.queries import open_store
from tests.process.agent.conftest import DEADLINE_S, kill, worker_of
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

COUNT = 12_000


def pruned_spans(run):
    if os.path.exists(run.directory.store):
        with suppress(StoreEmptyError), open_store(run.directory.store) as store:
            return store.pruned().spans
    return 0


def test_what_is_stored_and_what_was_pruned_add_up_though_agents_are_killed_while_they_prune(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", str(COUNT), "wait", max_run_mb=1, ring_size=32 * 1024 * 1024)
    seen = 0
    for _ in range(3):
        seen = wait_for(lambda before=seen: (now := pruned_spans(run)) > before and now, DEADLINE_S, what="pruning")
        worker = worker_of(run.agent)
        if worker:
            kill(worker)
    run.wait_for_line("recorded")
    run.finish()
    run.wait_for_agent()

    with open_store(run.directory.store) as store:
        totals, pruned = store.totals(), store.pruned()
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
    assert run.state()["dropped"]["spans"] == 0
    assert (totals.spans + pruned.spans, totals.logs + pruned.logs) == (COUNT, COUNT)
    assert totals.spans + totals.logs > 1_000
    assert os.path.getsize(run.directory.store) <= 1024 * 1024
