"""gevent and eventlet: whenever the program patches, it does what it does bare, and each span has the parent it belongs to."""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.programs import run_otelrun, run_python
from tests.support.store_rows import stored_spans

if TYPE_CHECKING:
    from pathlib import Path

    from otelrun.store.rows import SpanRow
    from tests.support.programs import Result

pytestmark = pytest.mark.process

APPS = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "greenlets")
LIBRARIES = ("gevent", "eventlet")
ORDERS = ("first", "after_imports", "after_work", "never")
STRICT = {"OTELRUN_STRICT": "1"}  # nothing of ours fails silently


def observe(arguments: list[str], otelrun_dir: Path) -> tuple[Result, list[SpanRow]]:
    """Run a program bare and under otelrun, which must not show; give its end and its spans."""
    bare = run_python(arguments, cwd=APPS)
    observed = run_otelrun([sys.executable, *arguments], cwd=APPS, otelrun_dir=otelrun_dir, env=STRICT)
    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, bare.returncode)
    return observed, stored_spans(otelrun_dir)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_each_of_many_greenlets_and_threads_has_its_own_trace_of_calls(
    library: str, order: str, tmp_path: Path
) -> None:
    observed, spans = observe(["exchange.py", library, order], tmp_path)

    assert (observed.returncode, b"True " in observed.stdout) == (0, True)
    by_id = {span.span_id: span for span in spans}
    served = {span.attributes["job"]: span for span in spans if span.name == "serve"}
    assert sorted(served) == sorted(f"/{number}" for number in range(70))
    starters: dict[str, set[str]] = {}
    for path, serve in served.items():
        server = by_id[serve.parent_span_id]
        client = by_id[server.parent_span_id]
        job = by_id[client.parent_span_id]
        assert [span.kind for span in (server, client, job)] == ["server", "client", "internal"]
        assert (job.name, job.attributes["job"]) == ("job", path)
        starter = by_id[job.parent_span_id].name if job.parent_span_id else "nobody"
        starters.setdefault(starter, set()).add(path)
    greenlets = "greenlets" if b"True main" in observed.stdout else "nobody"  # where contextvars go along, so do spans
    assert {name: len(paths) for name, paths in starters.items()} == {greenlets: 50, "threads": 10, "pool": 10}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_native_threads_the_hub_a_fork_a_signal_and_a_kill_end_as_bare_and_are_recorded(
    library: str, order: str, tmp_path: Path
) -> None:
    observed, spans = observe(["hub.py", library, order], tmp_path)

    assert (observed.returncode, b"in the child" in observed.stdout) == (0, True)
    expected = {"native": 400, "green": 400, "from the hub": 1, "too long": 1, "killed": 1, "timer": 1, "child": 1}
    if order == "after_work":
        expected["before the patch"] = 1
    assert Counter(span.name for span in spans) == expected
    pids = {span.name: span.pid for span in spans}
    assert pids["child"] != pids["timer"]


def test_a_program_that_gevent_patches_before_it_starts_is_the_same(tmp_path: Path) -> None:
    observed, spans = observe(["-m", "gevent.monkey", "exchange.py", "gevent", "never"], tmp_path)

    assert observed.returncode == 0
    assert Counter(span.name for span in spans)["serve"] == 70
