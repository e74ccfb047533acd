"""A recorded run that is sent once more arrives as it had arrived from the program: ids, times, attributes with their types."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import otelrun_command, run_otelrun, run_python, start_python
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

APP = os.fspath(Path(__file__).parents[2] / "apps" / "verbs" / "everything.py")


def export(directory, *words, **variables):
    """Run ``otelrun export otlp``; gives the exit status and both outputs."""
    result = run_python(
        [*otelrun_command()[1:], "export", "otlp", *words], env={"OTELRUN_DIR": str(directory), **variables}
    )
    return result.returncode, result.stdout.decode(), result.stderr.decode()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Run the program with a receiver; gives the directory of its run and what the receiver had."""
    directory = tmp_path_factory.mktemp("runs")
    with OtlpSink() as sink:
        result = run_otelrun(
            [sys.executable, APP], otelrun_dir=directory, env={"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}
        )
        assert result.returncode == 0, result
        return directory, sink


def series(sink):
    """Give the last point of each metric series of the program's own, without when it was taken."""
    found = {}
    for metric in sink.metrics():
        if metric.scope.name != "own":
            continue
        for point in sorted(metric.points, key=lambda point: point.time_ns):
            is_gauge = metric.type == "gauge"
            found[metric.name, str(point.attributes)] = (
                repr(replace(metric, points=())),
                repr(point if is_gauge else replace(point, time_ns=0)),
            )
    return found


def assert_equal_telemetry(sent, delivered):
    """Compare what two receivers have, types of values included: 1, 1.0 and True are written differently."""
    assert sorted(map(repr, sent.spans())) == sorted(map(repr, delivered.spans()))
    assert sorted(map(repr, sent.logs())) == sorted(map(repr, delivered.logs()))
    assert series(sent) == series(delivered)
    assert len(series(sent)) == 7


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_what_is_sent_equals_what_the_run_itself_had_delivered(recorded, transport):
    directory, delivered = recorded
    with OtlpSink() as sink:
        url = sink.http_endpoint if transport == "http" else sink.grpc_endpoint.replace("http://", "grpc://")
        status, out, err = export(directory, "--to", url)
        assert (status, err) == (0, "")
        assert "3 spans, 2 log records, " in out
        assert_equal_telemetry(sink, delivered)
    assert [row.trace_state for row in sink.spans()] == [row.trace_state for row in delivered.spans()]


def test_headers_come_from_the_variables_or_from_the_command_line(recorded):
    directory, _ = recorded
    with OtlpSink() as sink:
        variables = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20secret,x-a=old"}
        status, out, err = export(directory, "--to", sink.http_endpoint, "--header", "X-A=new", **variables)
        assert status == 0
        assert {(row.headers["authorization"], row.headers["x-a"]) for row in sink.requests()} == {
            ("Bearer secret", "new")
        }
    assert "secret" not in out + err


def test_the_endpoint_may_come_from_the_variable(recorded):
    directory, _ = recorded
    with OtlpSink() as sink:
        status, _, _ = export(directory, OTEL_EXPORTER_OTLP_ENDPOINT=sink.http_endpoint)
        assert (status, sink.counts()["traces"]) == (0, 3)


def test_without_an_endpoint_it_says_what_to_do(recorded):
    directory, _ = recorded
    status, out, err = export(directory)
    assert (status, out) == (2, "")
    assert err == "otelrun: nothing says where to send: add --to URL, or set OTEL_EXPORTER_OTLP_ENDPOINT\n"


def test_what_is_rejected_is_counted_and_the_status_says_so(recorded):
    directory, _ = recorded
    with OtlpSink(status=400) as sink:
        status, out, err = export(directory, "--to", sink.http_endpoint)
        assert (status, out) == (1, "")
        assert f"3 of 3 spans did not arrive at {sink.http_endpoint}: rejected: HTTP 400" in err
        assert "2 of 2 log records did not arrive" in err


def test_an_endpoint_that_is_away_is_given_up_after_the_timeout(recorded):
    directory, _ = recorded
    url = f"http://127.0.0.1:{free_port()}"
    status, out, err = export(directory, "--to", url, "--timeout", "0.5")
    assert (status, out) == (1, "")
    assert err.splitlines()[0] == f"otelrun: {url} does not take it; asking again, until nothing was accepted for 0.5 s"
    assert f"3 of 3 spans did not arrive at {url}: connection refused" in err


def test_an_endpoint_that_asks_to_wait_is_asked_again(recorded):
    directory, delivered = recorded
    with OtlpSink(status=503) as sink:
        words = [*otelrun_command()[1:], "export", "otlp", "--to", sink.http_endpoint]
        with start_python(words, env={"OTELRUN_DIR": str(directory)}) as program:
            wait_for(sink.requests, 30, what="the first request")
            sink.behave()
            result = program.finish()
        assert result.returncode == 0, result
        assert_equal_telemetry(sink, delivered)
