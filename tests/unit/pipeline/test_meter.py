"""Meters make instruments and have observable ones collected."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from opentelemetry import metrics
from opentelemetry.metrics import Observation

from otelrun.lifecycle import exit as at_end
from otelrun.pipeline.instruments import DEFAULT_BOUNDARIES
from otelrun.pipeline.meter import Collector

INVALID = ["", "1st", "with space", "x" * 256, "ü", None, 5]


@pytest.fixture(autouse=True)
def no_exit_hooks(monkeypatch):
    monkeypatch.setattr(at_end, "_at_exit", [])
    monkeypatch.setattr(at_end, "_registered", True)


@pytest.fixture(autouse=True)
def no_thread(monkeypatch):
    """Collection is called for by the test; the thread has tests of its own."""
    started = []
    monkeypatch.setattr(
        "otelrun.pipeline.meter.start_new_thread", lambda run, arguments: started.append((run, arguments))
    )
    monkeypatch.setattr("otelrun.pipeline.meter.fork.around", lambda *_: None)
    return started


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_name_gives_an_instrument_that_does_nothing(ring, notices, name):
    meter = ring.meter()
    meter.create_counter(name).add(1)
    meter.create_up_down_counter(name).add(1)
    meter.create_histogram(name).record(1)
    meter.create_gauge(name).set(1)
    meter.create_observable_counter(name, [lambda _: [Observation(1)]])
    meter.create_observable_gauge(name)
    meter.create_observable_up_down_counter(name)
    assert ring.is_empty()
    assert len(notices) == 1


def test_an_invalid_unit_too(ring, notices):
    ring.meter().create_counter("hits", unit="ü" * 3).add(1)
    assert ring.is_empty()
    assert len(notices) == 1


def test_the_same_instrument_made_twice_is_one_stream(ring):
    provider = ring.meter_provider()
    meter = provider.get_meter("tests")
    first = meter.create_counter("hits", "1", "d")
    assert meter.create_counter("HITS", "1", "d") is first
    assert provider.get_meter("tests") is meter
    assert meter.create_counter("hits", "By", "d") is not first
    assert meter.create_histogram("hits", "1", "d") is not first
    assert provider.get_meter("tests", "2").create_counter("hits", "1", "d") is not first


@pytest.mark.parametrize("advised", [None, [3, 2], ["a"], [1, 1], 5])
def test_unusable_boundaries_give_the_defaults(ring, advised):
    histogram = ring.meter().create_histogram("size", explicit_bucket_boundaries_advisory=advised)
    assert histogram.boundaries == DEFAULT_BOUNDARIES
    assert DEFAULT_BOUNDARIES[:3] == (0.0, 5.0, 10.0)


def test_no_boundaries_is_one_bucket(ring):
    histogram = ring.meter().create_histogram("size", explicit_bucket_boundaries_advisory=[])
    histogram.record(5)
    assert ring.series()[0].counts == (1,)


def test_observable_instruments_are_collected_when_asked(ring, no_thread):
    provider = ring.meter_provider()
    meter = provider.get_meter("tests")
    level = iter([10, 20])

    def generator():
        yield
        while True:
            yield [Observation(5, {"from": "generator"})]

    meter.create_observable_counter("ticks", [lambda _: [Observation(next(level), {"a": 1})]])
    meter.create_observable_up_down_counter("depth", [generator()])
    meter.create_observable_gauge("none")
    assert len(no_thread) == 1
    assert ring.is_empty()
    provider.force_flush()
    provider.force_flush()
    assert [(s.series.instrument, s.series.attributes, s.value) for s in ring.series()] == [
        ("observable_counter", {"a": 1}, 20.0),
        ("observable_up_down_counter", {"from": "generator"}, 5.0),
    ]


def test_callbacks_of_the_same_instrument_made_twice_are_all_called(ring):
    provider = ring.meter_provider()
    meter = provider.get_meter("tests")
    for number in (1, 2):
        meter.create_observable_gauge("level", [lambda _, n=number: [Observation(n, {"n": n})]])
    provider.force_flush()
    assert [s.value for s in ring.series()] == [1.0, 2.0]


def test_a_callback_that_fails_is_told_once_and_disturbs_no_other(ring, notices):
    provider = ring.meter_provider()
    meter = provider.get_meter("tests")
    meter.create_observable_gauge("bad", [lambda _: 1 / 0])
    meter.create_observable_gauge("none", [lambda _: None])
    meter.create_observable_gauge("nan", [lambda _: [Observation(float("nan"))]])
    meter.create_observable_gauge("good", [lambda options: [Observation(options.timeout_millis)]])
    provider.force_flush()
    provider.shutdown()
    assert [(s.series.name, s.value) for s in ring.series()] == [("good", 10_000.0)]
    assert sorted(slug for slug, _ in notices) == ["callback:bad", "callback:none", "measurement:nan"]


def test_they_are_collected_once_more_at_a_normal_exit(ring):
    ring.meter().create_observable_gauge("level", [lambda _: [Observation(3)]])
    at_end._run_at_exit()
    assert [s.value for s in ring.series()] == [3.0]


def test_the_thread_starts_again_in_a_forked_child(no_thread):
    collector = Collector(60)
    collector.ensure_running()
    assert no_thread == []
    collector.watch(object())
    collector.ensure_running()
    assert len(no_thread) == 1
    collector.forget()
    collector.ensure_running()
    assert len(no_thread) == 2


def test_the_thread_has_ended_when_the_program_forks_and_starts_again_after_that(no_thread):
    collector = Collector(0)
    collector.end_thread()
    collector.watch(SimpleNamespace(collect=lambda: None))
    thread = threading.Thread(target=no_thread[0][0], args=no_thread[0][1])
    thread.start()
    collector.end_thread()
    thread.join(10)
    assert not thread.is_alive()
    collector.ensure_running()
    assert len(no_thread) == 2


def test_a_forked_child_starts_from_zero(ring, tmp_path):
    provider = ring.meter_provider()
    counter = provider.get_meter("tests").create_counter("hits")
    counter.add(5)
    parent = ring.series()
    ring.recorder._forget()
    provider._forget()
    counter.add(1)
    assert len(list(tmp_path.iterdir())) == 2
    assert [s.value for s in ring.series()] == [s.value for s in parent] == [5.0]


def test_it_is_the_apis(ring):
    assert isinstance(ring.meter_provider(), metrics.MeterProvider)
    assert isinstance(ring.meter().create_gauge("g"), metrics._Gauge)
    assert (ring.meter().name, ring.meter().version, ring.meter().schema_url) == ("tests", None, None)
