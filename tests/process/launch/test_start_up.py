"""A program that imports nothing of interest pays for nothing; one that does is observed, whatever environment it has."""

from __future__ import annotations

import json
import sys

import pytest

from tests.support.interpreters import OBSERVED, find_interpreter
from tests.support.programs import run_otelrun, run_python

pytestmark = pytest.mark.process

FORBIDDEN = {
    "opentelemetry",
    "click",
    "yaml",
    "wrapt",
    "requests",
    "google",
    "grpc",
    "typing_extensions",
    "sqlite3",
    "rich",
}
NOT_FOR_START_UP = {
    "typing",
    "functools",
    "re",
    "logging",
    "threading",
    "importlib.metadata",
    "dataclasses",
    "importlib",
}

SERVER = """
import http.client, http.server, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
thread = threading.Thread(target=server.handle_request)
thread.start()
connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
connection.request("GET", "/stock")
print(connection.getresponse().status)
connection.close()
thread.join()
server.server_close()
"""


def imported(result):
    """List the modules that ``-X importtime`` names."""
    lines = result.stderr.decode().splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


def spans_of(otelrun_dir):
    """Give (name, kind) of every span of the newest run, as ``otelrun show --json`` has them."""
    shown = run_otelrun(["show", "--json"], otelrun_dir=otelrun_dir)
    found = []

    def collect(node):
        if isinstance(node, dict):
            if "span_id" in node and "kind" in node and "name" in node:
                found.append((node["name"], node["kind"]))
            for value in node.values():
                collect(value)
        elif isinstance(node, list):
            for value in node:
                collect(value)

    collect(json.loads(shown.stdout))
    return sorted(set(found))


def test_an_empty_program_loads_nothing_of_opentelemetry():
    bare = imported(run_python(["-X", "importtime", "-c", "pass"]))
    observed = imported(run_otelrun([sys.executable, "-X", "importtime", "-c", "pass"]))

    added = {name for name in observed - bare if not name.startswith("otelrun")}
    assert {name for name in observed if name.partition(".")[0] in FORBIDDEN} == set()
    assert added & NOT_FOR_START_UP == set()
    assert added == {"__future__", "sitecustomize"} - bare


def test_a_program_of_harmless_modules_loads_nothing_of_opentelemetry():
    text = "import json, re, subprocess, threading, logging, asyncio, concurrent.futures, http.client, http.server"
    bare = imported(run_python(["-X", "importtime", "-c", text]))
    observed = imported(run_otelrun([sys.executable, "-X", "importtime", "-c", text]))

    added = {name.partition(".")[0] for name in observed - bare}
    assert added & (FORBIDDEN - {"opentelemetry", "typing_extensions"}) == set()


def test_hooks_fire_in_a_real_program(tmp_path):
    observed = run_otelrun([sys.executable, "-c", SERVER], otelrun_dir=tmp_path)

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"204\n", b"", 0)
    assert spans_of(tmp_path) == [("GET", "client"), ("GET", "server")]


def test_a_program_of_another_environment_is_observed_and_sees_its_own_packages(tmp_path):
    python = next(filter(None, map(find_interpreter, OBSERVED)), None)
    if python is None:
        pytest.skip("needs a Python that belongs to no environment")
    text = (
        SERVER
        + "\ntry:\n    import wrapt\nexcept ImportError: print('no wrapt')\nfrom opentelemetry import trace\nprint(trace.__name__)"
    )

    observed = run_otelrun([python, "-c", text], otelrun_dir=tmp_path)

    assert (observed.stdout, observed.stderr) == (b"204\nno wrapt\nopentelemetry.trace\n", b"")
    assert spans_of(tmp_path) == [("GET", "client"), ("GET", "server")]
