"""``methods`` in a profile: functions of the program become spans and a histogram, and the program notices nothing."""

from __future__ import annotations

import os
import sys

import pytest

from tests.support.interpreters import OBSERVED, find_interpreter
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, run_python

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "methods", "every_kind.py")
PROFILE = """
file_format: "1.1"
tracer_provider: {{processors: [{{batch: {{exporter: {{otlp_http: {{endpoint: {endpoint}/v1/traces}}}}}}}}]}}
meter_provider: {{readers: [{{periodic: {{exporter: {{otlp_http: {{endpoint: {endpoint}/v1/metrics}}}}}}}}]}}
distribution:
  otelrun:
    methods:
{methods}
"""
EVERYTHING = """
      - target: shop.cart:Cart.*
        arguments: true
      - shop.cart:Cart.inherited
      - shop.cart:Cart.size
      - shop.util:*
"""


def profile(tmp_path, sink, methods):
    path = tmp_path / "profile.yaml"
    path.write_text(PROFILE.format(endpoint=sink.http_endpoint, methods=methods))
    return ["--profile", str(path)]


@pytest.mark.parametrize("version", OBSERVED)
def test_calls_are_spans_and_the_program_notices_nothing(tmp_path, version):
    python = (
        sys.executable if sys.version_info[:2] == tuple(map(int, version.split("."))) else find_interpreter(version)
    )
    if python is None:
        pytest.skip(f"there is no CPython {version} here")
    bare = run_python([APP], python=python)
    with OtlpSink() as sink:
        observed = run_otelrun([*profile(tmp_path, sink, EVERYTHING), python, APP])
        spans, metrics = sink.spans(), sink.metrics()

    if version == "3.10":  # keeps the frame of a patched function
        assert observed.stdout.count(b"\n") >= bare.stdout.count(b"\n")
    else:
        assert observed.stdout == bare.stdout
    assert (observed.stderr, observed.returncode) == (b"", 0)
    assert sorted(span.name for span in spans) == [
        "Cart.empty",
        "Cart.fetch",
        "Cart.inherited",
        "Cart.items",
        "Cart.pages",
        "Cart.pages",
        "Cart.rate",
        "Cart.size",
        "Cart.total",
        "double",
        "fail",
    ]
    (total,) = [span for span in spans if span.name == "Cart.total"]
    assert {key.rpartition(".")[2]: value for key, value in total.attributes.items() if "argument" in key} == {
        "price": 1,
        "more": "(2, 3)",
        "tax": 1,
        "password": "REDACTED",
        "other": "{'note': [1]}",
    }
    assert {span.scope.name for span in spans} == {"otelrun.instrumentation.methods"}
    assert [span.name for span in spans if span.status == "ERROR"] == ["fail"]
    (duration,) = {(metric.name, metric.unit) for metric in metrics}
    assert duration == ("otelrun.function.duration", "s")


def test_nothing_is_loaded_for_a_module_that_is_not_imported(tmp_path):
    text = "import sys; print([name for name in sys.modules if name.startswith(('otelrun.instrumentation.method', 'opent'))])"
    with OtlpSink() as sink:
        observed = run_otelrun([*profile(tmp_path, sink, EVERYTHING), sys.executable, "-c", text])

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"[]\n", b"", 0)


def test_a_name_that_does_not_exist_is_told_once(tmp_path):
    with OtlpSink() as sink:
        methods = "      - shop.cart:Cart.totl\n      - shop.util:double\n"
        observed = run_otelrun([*profile(tmp_path, sink, methods), sys.executable, APP])
        names = {span.name for span in sink.spans()}

    assert observed.stderr == b"otelrun: methods: there is no shop.cart:Cart.totl; did you mean 'total'?\n"
    assert (names, observed.returncode) == ({"double"}, 0)


@pytest.mark.parametrize("words", [["shop/util.py"], ["-m", "shop.util"]])
def test_what_the_program_begins_with_is_told(tmp_path, words):
    with OtlpSink() as sink:
        options = profile(tmp_path, sink, f"      - {'util' if len(words) == 1 else 'shop.util'}:double\n")
        observed = run_otelrun([*options, sys.executable, *words], cwd=os.path.dirname(APP), env={"PYTHONPATH": "."})

    assert observed.stderr.startswith(b"otelrun: methods: ")
    assert b" is what the program begins with: its functions cannot be found" in observed.stderr
    assert (observed.stderr.count(b"\n"), observed.returncode) == (1, 0)


def test_a_program_at_its_limits_is_told_what_it_is_bare(tmp_path):
    program = [os.path.join(os.path.dirname(APP), "limits.py")]
    bare = run_python(program)
    with OtlpSink() as sink:
        observed = run_otelrun([*profile(tmp_path, sink, "      - shop.deep:*\n"), sys.executable, *program])
        names = {span.name for span in sink.spans()}

    assert b"RecursionError" in bare.stdout
    assert b"never awaited" in bare.stderr
    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, 0)
    assert names == {"down"}


IMPORTS = {
    "from a module that is half imported": ("import shop.first\nprint(shop.second.use())", {"Late.run"}),
    "in a function": ("def f():\n    from shop.util import double\n    print(double(2))\nf()", {"double"}),
    "in a thread": (
        (
            "import threading\nt = threading.Thread(target=lambda: print(__import__('shop.util').util.double(2)))\n"
            "t.start()\nt.join()"
        ),
        {"double"},
    ),
    "in a forked child": (
        (
            "import os\npid = os.fork()\nif not pid:\n    import shop.util\n    shop.util.double(2)\n    os._exit(0)\n"
            "os.waitpid(pid, 0)"
        ),
        {"double"},
    ),
    "again": ("import importlib, shop.util\nimportlib.reload(shop.util)\nprint(shop.util.double(2))", {"double"}),
    "before a fork": (
        "import os, shop.util\npid = os.fork()\nif not pid:\n    shop.util.double(2)\n    os._exit(0)\nos.waitpid(pid, 0)",
        {"double"},
    ),
}


@pytest.mark.parametrize("case", IMPORTS)
def test_however_the_module_is_imported(tmp_path, case):
    text, expected = IMPORTS[case]
    env = {"PYTHONPATH": os.path.dirname(APP)}
    methods = "      - shop.util:*\n      - shop.second:Late.run\n"
    bare = run_python(["-c", text], env=env)
    with OtlpSink() as sink:
        observed = run_otelrun([*profile(tmp_path, sink, methods), sys.executable, "-c", text], env=env)
        names = [span.name for span in sink.spans()]

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, b"", 0)
    assert sorted(names) == sorted(expected)
