"""How often a dead worker is replaced, how soon, and when it is given up."""

from __future__ import annotations

import pytest

from otelrun.agent import guard
from otelrun.agent.notices import Notices


class Scene:
    """Workers that die as told, on a clock of their own; stands in for the processes to wait with, too."""

    def __init__(self, deaths):
        self._deaths = iter(deaths)
        self.now = 0.0
        self.pauses = []
        self.firsts = []

    def run_worker(self, serve, _kept, _notices):
        lived_s, death = next(self._deaths)
        self.now += lived_s
        serve(None)
        return death

    def wait(self, timeout_s):
        self.pauses.append(timeout_s)
        self.now += timeout_s


@pytest.fixture
def play(monkeypatch, tmp_path):
    def play(*deaths):
        scene = Scene(deaths)
        monkeypatch.setattr(guard, "_run_worker", scene.run_worker)
        monkeypatch.setattr(guard, "monotonic", lambda: scene.now)
        cause = guard.keep_at_work(
            lambda is_first, _: scene.firsts.append(is_first), Notices(str(tmp_path / "agent.log"), None), scene
        )
        return cause, scene

    return play


def test_work_that_is_done_needs_no_second_worker(play, tmp_path):
    cause, scene = play((100.0, ""))
    assert (cause, scene.firsts, scene.pauses) == ("", [True], [])
    assert not (tmp_path / "agent.log").exists()


def test_first_replacement_comes_at_once_and_later_ones_two_seconds_after_the_one_before(play):
    cause, scene = play((0.5, "died"), (0.5, "died"), (3.0, "died"), (0.0, "died"), (1.0, ""))
    assert (cause, scene.firsts) == ("", [True, False, False, False, False])
    assert scene.pauses == [1.5, 0.0, 2.0]


def test_it_is_given_up_when_the_fifth_replacement_in_a_row_dies_early(play, tmp_path):
    cause, scene = play(*[(1.0, "was killed by signal 9")] * 6)
    assert cause == "the agent was killed by signal 9, 6 times in a row; it is not started again"
    assert len(scene.firsts) == 6
    log = [line.partition("] ")[2] for line in (tmp_path / "agent.log").read_text().splitlines()]
    assert log == ["the agent was killed by signal 9; it is started again"] * 5 + [cause]


def test_worker_that_lived_long_makes_up_for_those_that_did_not(play):
    cause, scene = play(*[(1.0, "died")] * 5, (11.0, "died"), *[(1.0, "died")] * 5, (1.0, ""))
    assert cause == ""
    assert scene.pauses == [1.0] * 8
