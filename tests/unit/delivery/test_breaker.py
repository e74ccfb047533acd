from __future__ import annotations

import pytest

from otelrun.delivery import breaker as breaker_file
from otelrun.delivery.breaker import Breaker


class Clock:
    now = 1_000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(breaker_file, "monotonic", made.monotonic)
    monkeypatch.setattr(breaker_file.random, "random", lambda: 1.0)
    return made


def ask(breaker, channel="spans", *, is_hurried=False):
    return breaker.ask(channel, is_hurried=is_hurried)


def test_closed_lets_everybody_try():
    breaker = Breaker()
    assert [ask(breaker, channel) for channel in ("spans", "logs")] == [0.0, 0.0]
    assert not breaker.reason


def test_open_lets_nobody_try_before_its_time_and_then_one(clock):
    breaker = Breaker()
    breaker.report("spans", "connection refused")
    assert (ask(breaker), ask(breaker, "logs"), breaker.reason) == (1.0, 1.0, "connection refused")
    clock.now += 1.0
    assert ask(breaker, "logs") == 0.0
    assert 0.0 < ask(breaker, "spans") < 0.1
    breaker.report("logs", "connection refused")
    assert ask(breaker, "spans") == 2.0


def test_success_of_one_lets_everybody_try(clock):
    breaker = Breaker()
    breaker.report("spans", "connection refused")
    clock.now += 1.0
    assert ask(breaker, "logs") == 0.0
    breaker.report("logs", "")
    assert [ask(breaker, channel) for channel in ("spans", "logs", "metrics")] == [0.0] * 3
    breaker.report("spans", "connection refused")
    assert ask(breaker) == 1.0


def test_several_that_were_under_way_count_as_one_failure(clock):
    breaker = Breaker()
    for channel in ("spans", "logs", "metrics"):
        breaker.report(channel, "timed out")
    assert ask(breaker) == 1.0


def test_probe_that_had_nothing_to_send_leaves_it_to_another(clock):
    breaker = Breaker()
    breaker.report("spans", "connection refused")
    clock.now += 1.0
    assert ask(breaker, "logs") == 0.0
    breaker.leave("logs")
    assert ask(breaker, "spans") == 0.0


def test_at_the_end_of_a_run_one_tries_every_quarter_of_a_second(clock):
    breaker = Breaker()
    for _ in range(8):
        breaker.report("spans", "connection refused")
        assert ask(breaker, is_hurried=True) == 0.25
        clock.now += 0.25
        assert ask(breaker, is_hurried=True) == 0.0
        assert ask(breaker, "logs", is_hurried=True) > 0.0
