"""Each task of a pool of processes runs in the context of the code that submitted it, whatever its worker did before."""

from __future__ import annotations

import os

import pytest

from tests.process.families.arrivals import to_sink
from tests.process.propagation_across.rows import OWN, interpreter, rows
from tests.process.propagation_across.test_starting import APPS
from tests.support.otlp_sink import OtlpSink
from tests.support.pairs import assert_same, run_pair
from tests.support.programs import run_otelrun, run_python
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

CALLED_BACK = ("callback", "pool_callback")
WAYS = (
    "submit",
    "executor_map",
    "callback",
    "apply",
    "apply_async",
    "pool_callback",
    "map",
    "map_chunks",
    "map_async",
    "starmap",
    "imap",
    "imap_chunks",
    "imap_unordered",
)


METHODS = ("fork", "spawn", "forkserver")


def pytest_generate_tests(metafunc):
    if "version" in metafunc.fixturenames:
        ways = [f"{method} {way}" for way in WAYS for method in METHODS]
        metafunc.parametrize(("version", "way"), list(rows(ways, is_full=metafunc.config.getoption("--full"))))


def test_a_task_is_part_of_the_span_that_submitted_it(tmp_path, version, way):
    python = interpreter(version)
    method, way = way.split()
    args = [os.path.join(APPS, "pools.py"), method, way]
    with OtlpSink() as sink:
        observed = run_otelrun([python, *args], otelrun_dir=tmp_path, env=to_sink(sink))
        assert (observed.returncode, observed.stderr) == (0, b"")
        if version == OWN:  # the others have no OpenTelemetry without otelrun
            assert observed.stdout == run_python(args).stdout
        names = ["job", "called back"] if way in CALLED_BACK else ["job"]
        wait_for(lambda: sum(span.name in names for span in sink.spans()) >= 7 * len(names), 20)
        spans = sink.spans()
    submitters = {job: span for span in spans for job in span.attributes.get("jobs", ())}
    for name in names:
        done = {span.attributes["job"]: span for span in spans if span.name == name}
        assert sorted(done) == [1, 2, 3, 4, 5, 6, 7]
        assert done.pop(7).parent_span_id == ""
        assert {job: (span.trace_id, span.parent_span_id) for job, span in done.items()} == {
            job: (submitters[job].trace_id, submitters[job].span_id) for job in done
        }
    assert len({span.trace_id for span in spans}) == len({span.span_id for span in submitters.values()}) + len(names)


@pytest.mark.parametrize("method", METHODS)
def test_failures_and_stacks_are_those_of_a_bare_run(tmp_path, method):
    pair = run_pair([os.path.join(APPS, "failing.py"), method])
    observed = pair.observed.stdout.replace(
        b"'pool.py worker', 'pool.py worker'", b"'pool.py worker'"
    )  # the one frame more
    assert (observed, pair.observed.stderr) == (pair.bare.stdout, pair.bare.stderr)


@pytest.mark.parametrize("way", ["submit_bare", "map_bare"])
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_that_are_not_observed_do_their_work(tmp_path, method, way):
    assert_same(run_pair([os.path.join(APPS, "pools.py"), method, way]))
