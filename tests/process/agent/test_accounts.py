"""The accounts of a run are exact, per process, though its agents are killed; ``state.json`` and the store say the same."""

from __future__ import annotations

import pytest

from otelrun.store.accounts import Delivery, from_state
from otelrun.store.queries import open_store
from tests.process.agent.conftest import DEADLINE_S, kill
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

KILLS = 3


def by_ring(accounts):
    return {process.ring: (process.recorded, process.dropped, process.deliveries) for process in accounts.processes}


def accounts_of(run):
    found = from_state(run.state())
    with open_store(run.directory.store) as store:
        kept = store.accounts()
    assert by_ring(kept) == by_ring(found)
    assert {exporter.name: exporter.delivery for exporter in kept.exporters} == {
        exporter.name: exporter.delivery for exporter in found.exporters
    }
    return found


def test_each_process_has_its_own_account(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "300", "fork", self_metrics=True)
    run.finish()
    run.wait_for_agent()
    accounts = accounts_of(run)
    child, parent = sorted(accounts.processes, key=lambda process: len(process.recorded))
    assert (child.recorded, parent.recorded) == ({"spans": 300}, {"spans": 300, "logs": 300})
    assert child.deliveries == {"spans-0": Delivery(300), "metrics-0": Delivery(1)}
    assert parent.deliveries == {"spans-0": Delivery(300), "logs-0": Delivery(300), "metrics-0": Delivery(1 + 3)}
    of_exporters = 6  # the last points, about what became of all the others
    assert accounts.exporters[2].delivery == Delivery(1 + 4 + of_exporters)


def test_agents_that_are_killed_take_no_number_along(runs, sink):
    sink.behave(rejected=1)
    run = runs.start(sink.http_endpoint, "recording.py", "100", "steady", schedule_delay_ms=10)
    run.wait_for_line("recorded")
    for _ in range(KILLS):
        before = len(sink.requests())
        wait_for(lambda before=before: len(sink.requests()) > before + 2, DEADLINE_S, what="the worker to deliver")
        kill(run.worker)
    stdout, _ = run.process.communicate(timeout=DEADLINE_S)
    made = int(stdout)
    run.wait_for_agent()
    accounts = accounts_of(run)
    [process] = accounts.processes
    assert (process.recorded, process.dropped, process.torn) == ({"spans": made, "logs": 100}, {}, 0)
    spans = process.deliveries["spans-0"]
    assert (spans.put, spans.held, list(spans.dropped)) == (made, 0, ["partial success"])
    assert {exporter.name: exporter.delivery for exporter in accounts.exporters} == process.deliveries
