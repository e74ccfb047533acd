"""Daemon threads that record until the interpreter kills them do not keep it from ending."""

from __future__ import annotations

import pytest

from tests.process.pipeline.programs import processes, run

pytestmark = pytest.mark.process

ROUNDS = 8


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_what_is_recorded_last_arrives_though_threads_were_killed_in_the_middle_of_a_record(tmp_path, attempt):
    result = run(
        tmp_path,
        """
        import threading, time

        class Late:
            def __init__(self):
                self.span = tracer.start_span("late")

            def __del__(self):
                for _ in range(200):
                    tracer.start_span("later").end()
                self.span.end()

        late = Late()
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
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    [process] = processes(tmp_path)
    assert process.torn == 0
    names = [span.name for span in process.spans]
    assert (names.count("later"), names.count("late")) == (200, 1)
