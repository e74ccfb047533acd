"""Daemon threads that record until the interpreter kills them do not keep it from ending."""

from __future__ import annotations

import pytest

from otelrun.profile import model
from tests.process.pipeline.programs import processes, run

pytestmark = pytest.mark.process

ROUNDS = 8
LARGE = model.Profile(otelrun=model.Otelrun(ring=model.Ring(size=1 << 26)))  # nobody reads it meanwhile


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_what_is_recorded_last_arrives_though_threads_were_killed_in_the_middle_of_a_record(tmp_path, attempt):
    result = run(
        tmp_path,
        """
        import threading, time, types

        class Late:
            def __init__(self):
                self.span = tracer.start_span("late")

            def __del__(self, tracer=tracer):  # the module's own names are gone by then
                for _ in range(200):
                    tracer.start_span("later").end()
                self.span.end()

        holder = sys.modules["holder"] = types.ModuleType("holder")
        holder.late = Late()  # goes with the modules, when all other threads are dead
        del holder
        started = threading.Barrier(5)

        def work():
            started.wait()
            while True:
                tracer.start_span("thread").end()
                counter.add(1)

        for _ in range(4):
            threading.Thread(target=work, daemon=True).start()
        started.wait()
        time.sleep(0.02)
        """,
        LARGE,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    [process] = processes(tmp_path)
    assert process.torn == 0
    names = [span.name for span in process.spans]
    assert (names.count("later"), names.count("late")) == (200, 1)
