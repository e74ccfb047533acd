"""Each task of a pool of processes runs in the context of the code that submitted it, whatever its worker did before."""

from __future__ import annotations

import os
import sys

import pytest

from tests.process.families.arrivals import to_sink
from tests.process.propagation_across.test_starting import APPS
from tests.support.otlp_sink import OtlpSink
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


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("way", WAYS)
def test_a_task_is_part_of_the_span_that_submitted_it(tmp_path, method, way):
    args = [os.path.join(APPS, "pools.py"), method, way]
    bare = run_python(args)
    with OtlpSink() as sink:
        observed = run_otelrun([sys.executable, *args], otelrun_dir=tmp_path, env=to_sink(sink))
        assert (observed.returncode, observed.stdout, observed.stderr) == (0, bare.stdout, bare.stderr)
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
