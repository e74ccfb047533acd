from __future__ import annotations

from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)

from otelrun.delivery.encode import ProcessEncoder
from otelrun.delivery.encode_metrics import CUMULATIVE, DELTA, Temporality, requests
from otelrun.ring.reader import SeriesState
from otelrun.ring.record import Scope, Series
from tests.unit.delivery import reference

SCOPE = Scope("meter", "2", "", {})


def make_state(instrument, value, *, series_id=1, is_float=False, counts=(), low=0.0, high=0.0, attributes=None):
    boundaries = (1.0, 5.0) if instrument == "histogram" else ()
    series = Series(instrument, f"my.{instrument}", "1", "What it is", 3, attributes or {}, boundaries, 100)
    return SeriesState(series_id, series, value, is_float, 150, low, high, counts)


def encode(temporality, *states, time_ns=200):
    points = temporality.points("ring", states, time_ns)
    temporality.take("ring", points)
    payloads = requests(points, temporality, ProcessEncoder({"service.name": "shop"}, "", lambda _: SCOPE), 512)
    return b"".join(payload.data for _, payload in payloads)


def expected(*wanted):
    return reference.metrics_request({"service.name": "shop"}, SCOPE, list(wanted))


def metric(name, **data):
    return Metric(name=f"my.{name}", description="What it is", unit="1", **data)


def number(value, start_ns=100, time_ns=200, **plain):
    key = "as_double" if isinstance(value, float) else "as_int"
    return NumberDataPoint(
        start_time_unix_nano=start_ns, time_unix_nano=time_ns, attributes=reference.attributes(plain), **{key: value}
    )


def histogram(total, buckets, start_ns=100, time_ns=200, **extremes):
    return HistogramDataPoint(
        start_time_unix_nano=start_ns,
        time_unix_nano=time_ns,
        count=sum(buckets),
        sum=total,
        bucket_counts=buckets,
        explicit_bounds=[1.0, 5.0],
        **extremes,
    )


def test_cumulative_counter_is_a_monotonic_sum_since_its_start():
    data = Sum(data_points=[number(5)], aggregation_temporality=CUMULATIVE, is_monotonic=True)
    assert encode(Temporality("cumulative"), make_state("counter", 5.0)) == expected(metric("counter", sum=data))


def test_series_of_one_stream_share_a_metric():
    states = [make_state("counter", 5.0, attributes={"a": 1}), make_state("counter", 0.5, series_id=2, is_float=True)]
    points = [number(5, a=1), number(0.5)]
    data = Sum(data_points=points, aggregation_temporality=CUMULATIVE, is_monotonic=True)
    assert encode(Temporality("cumulative"), *states) == expected(metric("counter", sum=data))


def test_up_down_counter_stays_cumulative_under_delta():
    temporality = Temporality("delta")
    data = Sum(data_points=[number(-2)], aggregation_temporality=CUMULATIVE)
    for _ in range(2):
        encoded = encode(temporality, make_state("up_down_counter", -2.0))
        assert encoded == expected(metric("up_down_counter", sum=data))


def test_gauge_has_the_time_of_its_measurement_and_no_start():
    data = Gauge(data_points=[NumberDataPoint(time_unix_nano=150, as_double=1.5)])
    assert encode(Temporality("delta"), make_state("gauge", 1.5, is_float=True)) == expected(
        metric("gauge", gauge=data)
    )


def test_cumulative_histogram_has_its_extremes():
    state = make_state("histogram", 9.5, counts=(1, 2, 1), low=0.5, high=6.0)
    point = histogram(9.5, [1, 2, 1], min=0.5, max=6.0)
    data = Histogram(data_points=[point], aggregation_temporality=CUMULATIVE)
    assert encode(Temporality("cumulative"), state) == expected(metric("histogram", histogram=data))


def test_delta_is_the_difference_to_the_last_collection():
    temporality = Temporality("delta")
    first = Sum(data_points=[number(5)], aggregation_temporality=DELTA, is_monotonic=True)
    second = Sum(data_points=[number(3, 200, 300)], aggregation_temporality=DELTA, is_monotonic=True)
    assert encode(temporality, make_state("counter", 5.0)) == expected(metric("counter", sum=first))
    assert encode(temporality, make_state("counter", 8.0), time_ns=300) == expected(metric("counter", sum=second))


def test_delta_histogram_after_the_first_has_no_extremes_since_they_are_not_of_its_interval():
    temporality = Temporality("low_memory")
    encode(temporality, make_state("histogram", 9.5, counts=(1, 2, 1), low=0.5, high=6.0))
    state = make_state("histogram", 12.5, counts=(1, 3, 1), low=0.5, high=6.0)
    data = Histogram(data_points=[histogram(3.0, [0, 1, 0], 200, 300)], aggregation_temporality=DELTA)
    assert encode(temporality, state, time_ns=300) == expected(metric("histogram", histogram=data))


def test_delta_without_a_new_measurement_gives_no_point_and_its_next_interval_begins_earlier():
    temporality = Temporality("delta")
    encode(temporality, make_state("counter", 5.0))
    assert temporality.points("ring", [make_state("counter", 5.0)], 300) == []
    [point] = temporality.points("ring", [make_state("counter", 6.0)], 400)
    assert (point.start_ns, point.time_ns, point.value) == (200, 400, 1.0)


def test_low_memory_keeps_observable_counters_cumulative():
    assert Temporality("low_memory").of("observable_counter") == CUMULATIVE
    assert Temporality("delta").of("observable_counter") == DELTA


def test_forgotten_ring_starts_anew():
    temporality = Temporality("delta")
    encode(temporality, make_state("counter", 5.0))
    temporality.forget("ring")
    [point] = temporality.points("ring", [make_state("counter", 5.0)], 300)
    assert point.value == 5.0
