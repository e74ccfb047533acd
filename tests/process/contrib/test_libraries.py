"""Upstream's instrumentations under otelrun: found by themselves, loaded when their library is, in the same trace as ours."""

from __future__ import annotations

import os
import sys

import pytest

from tests.support.programs import run_otelrun, run_python
from tests.support.store_rows import stored_logs, stored_spans
from tests.support.trees import trees

pytestmark = pytest.mark.process

APPS = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "libraries")
SERVED = ("server", "GET", [])


def app(name, *arguments):
    return [os.path.join(APPS, f"{name}.py"), *arguments]


def observe(tmp_path, arguments, **options):
    """Run a program bare and under otelrun, which must not show; give the spans."""
    bare = run_python(arguments, **options)
    observed = run_otelrun([sys.executable, *arguments], otelrun_dir=tmp_path / "runs", **options)
    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, 0)
    return stored_spans(tmp_path / "runs")


@pytest.mark.parametrize("library", ["requests", "httpx"])
def test_a_request_is_one_span_of_the_librarys_and_the_servers_below_it(tmp_path, library):
    spans = observe(tmp_path, app("clients", library))

    assert trees(spans) == [("client", "GET", [SERVED])]
    scopes = {span.kind: span.scope for span in spans}
    assert scopes == {
        "client": f"opentelemetry.instrumentation.{library}",
        "server": "otelrun.instrumentation.http_server",
    }


def test_a_command_to_redis_is_a_span(tmp_path):
    spans = observe(tmp_path, app("cache"))

    assert [(span.kind, span.name, span.scope) for span in spans] == [
        ("client", "GET", "opentelemetry.instrumentation.redis")
    ]


def test_a_request_to_an_asgi_application_is_a_span_with_the_log_lines_inside(tmp_path):
    spans = observe(tmp_path, app("web"))

    ((kind, name, sent),) = trees(spans)
    assert (kind, name) == ("server", "GET /items/{number}")
    assert {below[:2] for below in sent} == {("internal", "GET /items/{number} http send")}
    (log,) = stored_logs(tmp_path / "runs")
    assert (log.body, log.span_id) == ("item 7", next(span.span_id for span in spans if span.kind == "server"))


def test_nothing_of_upstreams_is_loaded_before_its_library():
    text = """
import sys
def loaded(): return sorted(name for name in sys.modules if name.startswith("opentelemetry.instrumentation."))
import http.client, logging, json
before = loaded()
import httpx
print(before, "opentelemetry.instrumentation.httpx" in loaded(), "opentelemetry.instrumentation.requests" in loaded())
"""

    observed = run_otelrun([sys.executable, "-c", text])

    assert (observed.stdout, observed.stderr) == (b"[] True False\n", b"")


@pytest.mark.parametrize(
    "switch",
    [
        "instrumentation/development: {python: {httpx: {enabled: false}}}",
        "distribution: {otelrun: {instrumentation: {disabled: [httpx]}}}",
        "distribution: {otelrun: {instrumentation: {default_enabled: false, enabled: [http_server, requests]}}}",
    ],
)
def test_what_the_profile_switches_off_is_not_loaded(tmp_path, switch):
    profile = tmp_path / "profile.yaml"
    profile.write_text(f"file_format: '1.0'\npropagator: {{composite: [tracecontext: ]}}\n{switch}\n")

    observed = run_otelrun(
        ["--profile", str(profile), sys.executable, *app("clients", "requests", "httpx")], otelrun_dir=tmp_path / "runs"
    )

    assert (observed.stdout, observed.stderr, observed.returncode) == (
        b"requests /requests\nhttpx /httpx\n",
        b"",
        0,
    )
    assert trees(stored_spans(tmp_path / "runs")) == [("client", "GET", [SERVED]), SERVED]


def test_a_standard_variable_switches_one_off(tmp_path):
    env = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "httpx, redis"}

    spans = observe(tmp_path, app("clients", "requests", "httpx"), env=env)

    assert trees(spans) == [("client", "GET", [SERVED]), SERVED]
