"""Measurements end in the cells of the ring."""

from __future__ import annotations

import threading

import pytest


class Number:
    def __float__(self):
        return 2.5

    def __ge__(self, other):
        return True

    def __lt__(self, other):
        return True

    __gt__ = __le__ = __ge__

    def __radd__(self, other):
        return other + 2.5


def values(ring):
    return {(s.series.name, tuple(sorted(s.series.attributes.items()))): (s.value, s.is_float) for s in ring.series()}


def test_a_counter_adds_up_for_each_attribute_set(ring):
    counter = ring.meter().create_counter("hits", "1", "How many")
    counter.add(1, {"a": "x", "b": 2})
    counter.add(2, {"b": 2, "a": "x"})
    counter.add(5, {"a": "y"})
    counter.add(7)
    counter.add(1.5, {})
    assert values(ring) == {
        ("hits", (("a", "x"), ("b", 2))): (3.0, False),
        ("hits", (("a", "y"),)): (5.0, False),
        ("hits", ()): (8.5, True),
    }
    series = ring.series()[0].series
    assert (series.instrument, series.unit, series.description, series.boundaries) == ("counter", "1", "How many", ())
    assert ring.reader.scope(series.scope).name == "tests"
    assert 0 < series.start_ns <= ring.series()[0].time_ns


def test_one_and_true_and_one_point_nought_are_three_series(ring):
    counter = ring.meter().create_counter("hits")
    for value in (1, True, 1.0):
        counter.add(1, {"v": value})
    assert [(type(s.series.attributes["v"]), s.value) for s in ring.series()] == [(int, 1), (bool, 1), (float, 1)]


def test_attributes_are_taken_as_they_are_now(ring):
    counter = ring.meter().create_counter("hits")
    attributes = {"list": [1]}
    counter.add(1, attributes)
    attributes["list"].append(2)
    counter.add(1, attributes)
    assert [(s.series.attributes, s.value) for s in ring.series()] == [({"list": (1,)}, 1), ({"list": (1, 2)}, 1)]


def test_attributes_that_need_cleaning_are_cleaned(ring):
    counter = ring.meter().create_counter("hits")
    for _ in range(2):
        counter.add(1, {"big": 1 << 80, "object": object(), 5: "x", "": 1})
    (state,) = ring.series()
    assert (state.series.attributes, state.value) == ({"big": str(1 << 80), "object": None, "5": "x"}, 2)


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf"), "one", None, 1j])
def test_a_counter_ignores_what_it_cannot_add_and_tells_it_once(ring, notices, amount):
    counter = ring.meter().create_counter("hits")
    counter.add(amount)
    counter.add(amount)
    assert ring.is_empty()
    assert [slug for slug, _ in notices] == ["measurement:hits"]


def test_an_up_down_counter_goes_both_ways(ring):
    counter = ring.meter().create_up_down_counter("active")
    counter.add(3)
    counter.add(-5)
    assert values(ring) == {("active", ()): (-2.0, False)}


def test_a_gauge_keeps_the_last_value(ring):
    gauge = ring.meter().create_gauge("level")
    gauge.set(3, {"tank": 1})
    gauge.set(1.25, {"tank": 1})
    assert values(ring) == {("level", (("tank", 1),)): (1.25, True)}


def test_foreign_numbers_are_numbers(ring):
    ring.meter().create_counter("hits").add(Number())
    assert values(ring) == {("hits", ()): (2.5, True)}


def test_a_histogram_counts_into_its_buckets(ring):
    histogram = ring.meter().create_histogram("size", "By", explicit_bucket_boundaries_advisory=[1, 10])
    for amount in (0, 1, 1.5, 10, 100):
        histogram.record(amount)
    (state,) = ring.series()
    assert state.series.boundaries == (1.0, 10.0)
    assert (state.counts, state.value, state.minimum, state.maximum) == ((2, 2, 1), 112.5, 0.0, 100.0)
    assert state.is_float


def test_a_histogram_ignores_negative_amounts(ring, notices):
    ring.meter().create_histogram("size").record(-1)
    assert ring.is_empty()
    assert len(notices) == 1


def test_beyond_the_cardinality_limit_measurements_go_to_the_overflow_series(ring):
    counter = ring.meter(cardinality_limit=3).create_counter("hits")
    for number in range(10):
        counter.add(1, {"n": number})
        counter.add(1, {"n": 0})
    assert [(s.series.attributes, s.value) for s in ring.series()] == [
        ({"n": 0}, 11.0),
        ({"n": 1}, 1.0),
        ({"n": 2}, 1.0),
        ({"otel.metric.overflow": True}, 7.0),
    ]


def test_series_that_find_no_room_are_counted_and_told(tmp_path, notices):
    from tests.unit.pipeline.conftest import Ring

    small = Ring(tmp_path, tables_size=4096)
    counter = small.meter().create_counter("hits")
    for number in range(100):
        counter.add(1, {"number": number})
        counter.add(1, {"number": number})
    counts = small.reader.counts()
    assert counts.series_dropped + len(small.series()) == 100
    assert counts.series_dropped > 0
    assert [slug for slug, _ in notices] == ["metric-series-full"]
    small.reader.close()


def test_threads_lose_no_measurement(ring):
    counter = ring.meter().create_counter("hits")
    histogram = ring.meter().create_histogram("size")

    def work():
        for number in range(2000):
            counter.add(1, {"n": number % 3})
            histogram.record(number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = ring.series()
    assert sum(s.value for s in states if s.series.name == "hits") == 8000
    assert sum(sum(s.counts) for s in states if s.series.name == "size") == 8000


def test_without_a_ring_measuring_is_harmless(tmp_path, notices):
    from tests.unit.pipeline.conftest import Ring

    gone = Ring(tmp_path / "gone")
    meter = gone.meter()
    meter.create_counter("c").add(1)
    meter.create_histogram("h").record(1)
    meter.create_gauge("g").set(1)
    assert "ring-off" in [slug for slug, _ in notices]
