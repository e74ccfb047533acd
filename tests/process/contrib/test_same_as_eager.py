"""Upstream's instrumentations, loaded by otelrun when their library is, make the spans they make when loaded before everything.

Each small program of ``tests/apps/contrib`` runs bare, then as one does without otelrun (the SDK and the instrumentor first, see
``tests/support/eagerly.py``), then under otelrun with this instrumentation alone, then with everything that is installed.
"""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

import pytest

from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, run_python
from tests.support.stubs.amqp import AmqpStub
from tests.support.stubs.http import AwsStub, HttpStub
from tests.support.stubs.mongo import MongoStub
from tests.support.stubs.postgres import PostgresStub
from tests.support.stubs.redis import RedisStub

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]  # the first one to run makes the environment

HERE = os.path.dirname(os.path.abspath(__file__))
APPS = os.path.join(HERE, "..", "..", "apps", "contrib")
EAGERLY = os.path.join(HERE, "..", "..", "support", "eagerly.py")
ALONE = """
file_format: "1.1"
tracer_provider: {{processors: [{{batch: {{exporter: {{otlp_http: {{endpoint: {endpoint}/v1/traces}}}}}}}}]}}
propagator: {{composite_list: "tracecontext,baggage"}}
distribution: {{otelrun: {{instrumentation: {{default_enabled: false, enabled: [{name}]}}}}}}
"""
VARYING = ("net.peer.port", "client.port", "network.peer.port")
"""Attributes that are another number in each run: ports of clients."""


DJANGO = {"DJANGO_SETTINGS_MODULE": "django_site", "PYTHONPATH": APPS}
MESSAGE = ("messaging.message.id", "messaging.conversation_id", "celery.hostname", "celery.reply_to")


class Case(NamedTuple):
    """One instrumentation.

    Attributes:
        name: of its entry point, with underscores that of the program too.
        spans: how many its program makes.
        stub: the server that the program talks to; without, it gets a free port.
        eager_env: what upstream wants of the environment.
        varies: further attributes that differ between two runs.
        is_below_server: with everything installed, its spans are below those of otelrun's ``http_server``, which the program's
            server is built on, and therefore of kind INTERNAL.
        has_schema: upstream says the schema's URL also where it is given a provider, as otelrun does.
    """

    name: str
    spans: int
    stub: type | None = None
    eager_env: dict[str, str] = {}  # noqa: RUF012 - never changed
    varies: tuple[str, ...] = ()
    is_below_server: bool = False
    has_schema: bool = True


CASES = [
    Case("flask", 4, is_below_server=True),
    Case("django", 4, eager_env=DJANGO, is_below_server=True),
    Case("fastapi", 12),
    Case("starlette", 7),
    Case("aiohttp-client", 3, HttpStub),
    Case("aiohttp-server", 3, has_schema=False),
    Case("requests", 5, HttpStub),
    Case("httpx", 6, HttpStub),
    Case("urllib3", 3, HttpStub),
    Case("sqlalchemy", 17),
    Case("sqlite3", 4),
    Case("psycopg", 4, PostgresStub),
    Case("redis", 5, RedisStub),
    Case("pymongo", 3, MongoStub),
    Case("celery", 4, varies=MESSAGE),
    Case("jinja2", 11),
    Case("tornado", 6),
    Case("pika", 6, AmqpStub),
    Case("botocore", 2, AwsStub),
    Case("click", 2, varies=("process.pid",)),
]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def tree(spans, case):
    """Write all that is to be the same of some spans, those below another one indented; ids, times and ports are left out."""
    known = {span.span_id for span in spans}

    def grow(parent):
        found = [span for span in spans if (span.parent_span_id if span.parent_span_id in known else "") == parent]
        return sorted(flat(span, case) + [f"    {line}" for line in grow(span.span_id)] for span in found)

    def join(groups):
        return [line for group in groups for line in group]

    grow, grown = (lambda parent: join(grown(parent))), grow
    return grow("")


def flat(span, case):
    left_out = (*VARYING, *case.varies)
    scope = f"{span.scope.name} {span.scope.version} {span.scope.schema_url if case.has_schema else ''}"
    return [
        f"{span.kind} {span.name} ({scope}): {span.status} {span.status_description}, {len(span.links)} links",
        *(f"  {key} = {value!r}" for key, value in sorted(span.attributes.items()) if key not in left_out),
        *(
            f"  event {event.name} {key} = {value!r}"
            for event in span.events
            for key, value in sorted(event.attributes.items())
            if key != "exception.stacktrace"
        ),
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_spans_are_the_same_lazily(tmp_path, contrib_python, case):
    program = os.path.join(APPS, f"{case.name.replace('-', '_')}_app.py")
    with ExitStack() as stack:
        port = str(stack.enter_context(case.stub()).port if case.stub else free_port())
        eager, alone, everything = (stack.enter_context(OtlpSink()) for _ in range(3))
        profile = tmp_path / "alone.yaml"
        profile.write_text(ALONE.format(endpoint=alone.http_endpoint, name=case.name))
        command = [contrib_python, program, port]
        results = [
            run_python(command[1:], python=contrib_python),
            run_python(
                [EAGERLY, eager.http_endpoint, case.name, *command[1:]], python=contrib_python, env=case.eager_env
            ),
            run_otelrun(["--profile", str(profile), *command], python=contrib_python),
            run_otelrun(command, python=contrib_python, env={"OTEL_EXPORTER_OTLP_ENDPOINT": everything.http_endpoint}),
        ]

    bare = results[0]
    assert (bare.stderr, bare.returncode) == (b"", 0)
    assert [(result.stdout, result.stderr, result.returncode) for result in results] == [(bare.stdout, b"", 0)] * 4
    expected = tree(eager.spans(), case)
    assert len(eager.spans()) == case.spans
    assert tree(alone.spans(), case) == expected
    scopes = {span.scope.name for span in eager.spans()}
    among = [span for span in everything.spans() if span.scope.name in scopes]
    if case.is_below_server:
        servers = {
            span.span_id for span in everything.spans() if span.scope.name == "otelrun.instrumentation.http_server"
        }
        assert {(span.kind, span.parent_span_id in servers) for span in among} == {("INTERNAL", True)}
        among = [replace(span, kind="SERVER") for span in among]
    assert sorted(flat(span, case) for span in among) == sorted(flat(span, case) for span in eager.spans())
