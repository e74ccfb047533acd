"""Every name that otelrun writes is one of opentelemetry-semantic-conventions; so is what arrives: types, units, required ones.

Statically: each text of the code that could be such a name. Dynamically: what a real receiver gets of the shop, and of
programs that make calls of each kind which end in each way.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
import sys
from pathlib import Path

import pytest

from tests.contract import conventions
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun

ROOT = Path(__file__).parents[2]
ROOMS = ("agent", "delivery", "instrumentation", "pipeline", "ring", "store")
SCOPE = "otelrun.instrumentation."

_LOOKS_LIKE_A_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_FILES = {"db", "json", "jsonl", "lock", "log", "txt"}
_MODULES = {
    "aiohttp",
    "asyncio",
    "concurrent",
    "django",
    "eventlet",
    "fastapi",
    "flask",
    "multiprocessing",
    "mysql",
    "opentelemetry",
    "sqlalchemy",
    "starlette",
}
_MODULES_BESIDE_NAMES = {"http.client", "http.server", "urllib.request", "socket.socket"}
_GRPC = re.compile(r"grpc\.(aio|client|server|aio_client|aio_server|\w+_ms|enable_retries|primary_user_agent)")


def is_something_else(text):
    """Whether a text that looks like a name is a module's, a file's, or an option of gRPC's channels."""
    first, _, last = text.partition(".")[0], None, text.rpartition(".")[2]
    return first in _MODULES or last in _FILES or text in _MODULES_BESIDE_NAMES or bool(_GRPC.fullmatch(text))


def is_own_module(text):
    """Whether a text names a module of otelrun, or an instrumentation scope: that of an entry point."""
    if text.startswith(SCOPE):
        return True
    return text == "otelrun.agent" or (text.startswith("otelrun.") and importlib.util.find_spec(text) is not None)


@functools.cache
def written():
    """Give each text of the code that could be a name of the conventions, with the files it is in."""
    found = {}
    for path in (path for room in ROOMS for path in (ROOT / "otelrun" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if _LOOKS_LIKE_A_NAME.fullmatch(text) and not is_something_else(text):
                found.setdefault(text, set()).add(path.name)
    return found


@pytest.mark.parametrize("name", sorted(written()))
def test_a_name_in_the_code_is_the_conventions_and_not_deprecated(name):
    own = {*conventions.OWN, *conventions.OWN_METRICS, *conventions.OWN_EVENTS}
    if name in own or name in conventions.OF_THE_SDK or is_own_module(name):
        return
    assert name in conventions.ATTRIBUTES or name in conventions.METRICS, written()[name]
    assert not conventions.is_deprecated(name)


def test_enough_names_are_compared():
    assert len(written()) > 60


def test_each_attribute_has_a_type_that_is_known():
    names = {name for name in written() if name in conventions.ATTRIBUTES}
    assert names - conventions.TYPES.keys() - conventions.OF_THE_SDK.keys() == set()


def test_what_is_written_down_by_hand_is_known_to_the_conventions():
    by_hand = {
        *conventions.TYPES,
        *(name for names in conventions.REQUIRED_OF_SPANS.values() for name in names),
        *(name for names in conventions.REQUIRED_OF_POINTS.values() for name in names),
        *(name for names in conventions.ALLOWED_OF_POINTS.values() for name in names),
    }
    assert by_hand - conventions.ATTRIBUTES.keys() == set()
    assert conventions.ALLOWED_OF_POINTS.keys() <= conventions.REQUIRED_OF_POINTS.keys()
    assert conventions.REQUIRED_OF_POINTS.keys() - conventions.METRICS.keys() == conventions.OWN_METRICS.keys()


OTLP_TYPES = {
    "histogram": ("histogram", False),
    "counter": ("sum", True),
    "up_down_counter": ("sum", False),
    "observable_gauge": ("gauge", False),
}
PROGRAMS_OWN_FIELDS = {"attempt", "warehouse"}
PROFILE = "tests/apps/conventions/everything.yaml"
PROGRAMS = {
    "shop": ["docs/examples/shop/app.py", "--requests", "2"],
    "http": ["tests/apps/conventions/exchange_http.py"],
    "grpc": ["tests/apps/conventions/exchange_grpc.py"],
    "failing": ["tests/apps/failing/threads_and_tasks.py", "own"],
}


@pytest.fixture(scope="module")
def arrived(tmp_path_factory):
    """Give the receiver of all that a program sent, stopped; each program runs once."""

    @functools.cache
    def run(program):
        with OtlpSink() as sink:
            env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}
            directory = tmp_path_factory.mktemp(program)
            command = ["--profile", PROFILE, sys.executable, *PROGRAMS[program]]
            result = run_otelrun(command, otelrun_dir=directory, env=env, cwd=ROOT)
            assert result.returncode == (program == "failing"), result.stderr.decode()
            return sink

    return run


@pytest.fixture(params=PROGRAMS)
def sink(request, arrived):
    return arrived(request.param)


def problems_of(attributes, where):
    """Give what is wrong with attributes: unknown, deprecated, of another type, of a value outside its enumeration."""
    known = {**conventions.TYPES, **conventions.OWN, **conventions.OF_THE_SDK}
    for name, value in attributes.items():
        if name.startswith(conventions.OWN_TEMPLATES):
            continue
        if name not in known:
            yield f"{where}: unknown {name}"
        elif type(value) is not known[name]:
            yield f"{where}: {name} is {value!r}, not a {known[name].__name__}"
        elif name in conventions.ATTRIBUTES and name != "error.type":
            values = conventions.enumeration(name)
            if values is not None and value not in values:
                yield f"{where}: {name} is {value!r}, not one of {values}"


def ours(rows):
    return [row for row in rows if row.scope.name.startswith("otelrun.")]


@pytest.mark.process
def test_each_attribute_that_arrives_is_known_and_of_its_type(sink):
    found = set()
    for span in ours(sink.spans()):
        found.update(problems_of(span.attributes, span.scope.name))
        for event in span.events:
            found.update(problems_of(event.attributes, event.name))
            found.update({event.name} - {"exception", *conventions.OWN_EVENTS})
    for log in sink.logs():
        own = {name: value for name, value in log.attributes.items() if name not in PROGRAMS_OWN_FIELDS}
        found.update(problems_of(own, "log"))
    for resource in sink.resources():
        found.update(problems_of(resource.attributes, "resource"))
    assert found == set()


@pytest.mark.process
def test_each_span_has_what_it_must_have(sink):
    spans = ours(sink.spans())
    assert spans
    for span in spans:
        required = conventions.REQUIRED_OF_SPANS[span.scope.name.removeprefix(SCOPE), span.kind]
        missing = required - span.attributes.keys()
        if not (
            span.name == "HTTP" and span.attributes["http.response.status_code"] == 400
        ):  # a line that is no request
            assert missing == set(), span
        assert ("error.type" in span.attributes) == (span.status == "ERROR"), span
        if span.scope.name.startswith(f"{SCOPE}grpc"):
            assert "rpc.response.status_code" in span.attributes


@pytest.mark.process
def test_each_metric_is_the_conventions(sink):
    metrics = ours(sink.metrics())
    assert metrics
    for metric in metrics:
        kind, unit, description = conventions.metric(metric.name)
        assert (metric.unit, metric.description) == (unit, description)
        assert (metric.type, metric.is_monotonic) == OTLP_TYPES[kind]
        required = conventions.REQUIRED_OF_POINTS[metric.name]
        for point in metric.points:
            assert required - point.attributes.keys() == set(), (metric.name, point.attributes)
            assert point.attributes.keys() - required - conventions.ALLOWED_OF_POINTS.get(metric.name, set()) == set()
            assert list(problems_of(point.attributes, metric.name)) == []


@pytest.mark.process
def test_each_instrumentation_is_among_what_arrives(arrived):
    sinks = [arrived(program) for program in PROGRAMS]
    spans = [span for sink in sinks for span in ours(sink.spans())]
    assert {(span.scope.name.removeprefix(SCOPE), span.kind) for span in spans} == conventions.REQUIRED_OF_SPANS.keys()
    metrics = [metric.name for sink in sinks for metric in ours(sink.metrics())]
    assert set(metrics) == conventions.REQUIRED_OF_POINTS.keys()


def test_the_buckets_are_the_conventions():
    from opentelemetry.instrumentation._semconv import HTTP_DURATION_HISTOGRAM_BUCKETS_NEW

    from otelrun.instrumentation import http_conventions
    from otelrun.instrumentation.grpc import attributes

    assert http_conventions.DURATION_BOUNDARIES_S == HTTP_DURATION_HISTOGRAM_BUCKETS_NEW
    assert attributes.DURATION_BUCKETS == HTTP_DURATION_HISTOGRAM_BUCKETS_NEW
