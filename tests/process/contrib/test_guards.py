"""Upstream's instrumentations that break programs, or change them beyond instrumenting: under otelrun they do not.

Where it is loading them first that breaks a program, that is shown too: a guard of which upstream no longer is in need can go.
"""

from __future__ import annotations

import os
import signal
import urllib.request

import pytest

from tests.process.contrib.test_same_as_eager import APPS, EAGERLY, free_port
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, run_python, start_otelrun, wait_until_idle
from tests.support.store_rows import stored_spans
from tests.support.stubs.http import HttpStub
from tests.support.trees import trees
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]  # the first one to run makes the environment

BROKEN = {
    "aiohttp_typed": ("aiohttp-server", "False False 1 2"),
    "django": ("django", "ROOT_URLCONF"),
    "falcon": ("falcon", "is not a generic class"),
    "gevent": ("requests", "RecursionError"),
}
"""Program → the instrumentation that breaks it when it is loaded first, and what it prints then."""


@pytest.fixture
def server():
    with HttpStub() as stub:
        yield stub


@pytest.mark.parametrize("name", BROKEN)
def test_a_program_that_upstream_breaks_runs_as_bare(tmp_path, contrib_python, server, name):
    instrumentation, complaint = BROKEN[name]
    port = str(server.port if name == "gevent" else free_port())
    program = [os.path.join(APPS, f"{name}_app.py"), port]
    bare = run_python(program, python=contrib_python)

    observed = run_otelrun([contrib_python, *program], python=contrib_python, otelrun_dir=tmp_path)
    with OtlpSink() as sink:
        eager = run_python([EAGERLY, sink.http_endpoint, instrumentation, *program], python=contrib_python)

    assert (bare.stderr, bare.returncode) == (b"", 0)
    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, b"", 0)
    assert f"opentelemetry.instrumentation.{instrumentation.replace('-', '_')}" in {
        span.scope for span in stored_spans(tmp_path)
    }
    assert eager.stdout != bare.stdout
    assert complaint in eager.stderr.decode() + eager.stdout.decode()


LOADED = "import sys\nimport {library}\nprint([name for name in sys.modules if name.startswith(('flask', 'sqlalchemy.ext.asyncio'))])"


@pytest.mark.parametrize("library", ["click", "httpx", "sqlalchemy"])
def test_an_instrumentation_loads_no_other_library(contrib_python, library):
    command = ["-c", LOADED.format(library=library)]

    observed = run_otelrun([contrib_python, *command], python=contrib_python)

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"[]\n", b"", 0)


ASYNC = """
import sqlalchemy.engine
from sqlalchemy.ext import asyncio
print(asyncio.create_async_engine.__name__, hasattr(asyncio.create_async_engine, "__wrapped__"))
"""


def test_what_is_instrumented_in_a_module_that_is_imported_later_is_instrumented_then(contrib_python):
    observed = run_otelrun([contrib_python, "-c", ASYNC], python=contrib_python)

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"create_async_engine True\n", b"", 0)


GIVING_WAY = """
import sqlalchemy
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from sqlalchemy import create_engine, text
SQLAlchemyInstrumentor().instrument()
with sqlalchemy.create_engine("sqlite://").connect() as connection:
    print(connection.execute(text("SELECT 1")).scalar())
SQLAlchemyInstrumentor().uninstrument()
print(hasattr(sqlalchemy.create_engine, "__wrapped__"), hasattr(sqlalchemy.ext.asyncio.create_async_engine, "__wrapped__"))
"""


def test_a_program_that_instruments_itself_finds_it_as_bare(tmp_path, contrib_python):
    bare = run_python(["-c", GIVING_WAY], python=contrib_python)

    observed = run_otelrun([contrib_python, "-c", GIVING_WAY], python=contrib_python, otelrun_dir=tmp_path)

    assert (bare.stdout[:2], bare.returncode) == (b"1\n", 0)
    assert (observed.stdout, observed.returncode) == (bare.stdout, 0)
    assert b"failed" not in observed.stderr


SITE = """
from flask import Flask
app = Flask(__name__)

@app.get("/")
def index():
    return "here"
"""


def test_a_server_that_a_click_command_runs_is_no_span_around_its_requests(tmp_path, contrib_python):
    (tmp_path / "site_to_run.py").write_text(SITE)
    port = free_port()
    command = [contrib_python, "-m", "flask", "--app", "site_to_run", "run", "--port", str(port)]
    runs = tmp_path / "runs"
    with start_otelrun(command, otelrun_dir=runs, cwd=tmp_path, python=contrib_python) as program:
        wait_for(lambda: b"Running on" in program.stderr + program.stdout, 30)
        for _ in range(2):
            assert urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read() == b"here"
        program.send_signal(signal.SIGINT)
        program.finish()
    wait_until_idle(runs)

    exchange = ("server", "GET", [("internal", "GET /", [])])
    assert trees(stored_spans(runs)) == [exchange, exchange]


@pytest.mark.parametrize("options", [["-W", "error"], ["-X", "dev"]])
def test_no_warning_of_an_instrumentations_own_reaches_the_program(contrib_python, options):
    program = [*options, os.path.join(APPS, "aiohttp_server_app.py"), str(free_port())]
    bare = run_python(program, python=contrib_python)

    observed = run_otelrun([contrib_python, *program], python=contrib_python)

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, 0)
