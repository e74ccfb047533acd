"""The projects whose test suites are run bare and under otelrun: version, requirements, how, and what is left out and why."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Project:
    """A project and its suite.

    Attributes:
        name: of the project, and of its source distribution, which holds the tests.
        version: the pinned one.
        tests: what pytest is given, relative to the unpacked source.
        options: of pytest, besides those of the project's own configuration.
        prelude: what the project's own runner does before the tests and pytest does not; a plugin's text.
        left_out: tests that are not run either way, each with the reason; ``file::test`` or a file.
        upstreams: beginnings of the ids of tests that end otherwise with upstream's instrumentation, and do so under
            ``opentelemetry-instrument`` too; with the causes.
        env: what is set under otelrun, and why.
        removed: folders of the unpacked source that would hide the installed package.
        instrumentation: the distribution of upstream's instrumentation for it, of the second variant.
        deadline_s: of the suite, bare or under otelrun.
    """

    name: str
    version: str
    tests: tuple[str, ...] = ("tests",)
    options: tuple[str, ...] = ()
    prelude: str = ""
    left_out: dict[str, str] = field(default_factory=dict)
    upstreams: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    instrumentation: str = ""
    deadline_s: float = 900.0


def _upstream(name: str) -> str:
    return f"opentelemetry-instrumentation-{name}==0.66b1"


# These suites compare requests byte by byte, and traceparent is one header more. With it, and only for it, they differ.
_NO_HEADER = {"OTEL_PROPAGATORS": "none"}

_OTHER_CONTEXT = "detaches in another context than it attached in, which the API logs as an error"
_THEIR_HEADERS = "adds traceparent to the headers object of the program"

PROJECTS = (
    Project("click", "8.5.1", instrumentation=_upstream("click")),
    Project("structlog", "26.1.0"),
    Project(
        "flask",
        "3.1.3",
        upstreams={
            "tests/test_basic.py::test_app_freed_on_zero_refcount": "its hooks and the application refer to each other",
            "tests/test_request.py::test_trusted_hosts_config": "reads the URL of a request whose host Flask has refused",
        },
        instrumentation=_upstream("flask"),
    ),
    Project(
        "werkzeug",
        "3.1.9",
        options=("--timeout=60",),
        left_out={
            "tests/test_serving.py::test_reloader_sys_path[watchdog]": "waits without end for an event of the file system"
        },
    ),
    Project(
        "requests",
        "2.34.2",
        options=("-o", "addopts="),
        left_out={
            "tests/test_requests.py::TestTimeout::test_connect_timeout": "needs a network with an address that never answers",
            "tests/test_requests.py::TestTimeout::test_total_timeout_connect": "needs a network with an address that never answers",
        },
        env=_NO_HEADER,
        upstreams={
            "tests/test_requests.py::TestRequests::test_cannot_send_unprepared_requests": "expects every request to have a method"
        },
        instrumentation=_upstream("requests"),
    ),
    Project(
        "urllib3",
        "2.8.0",
        tests=("test",),
        env=_NO_HEADER,
        options=("-m", "not requires_network", "--timeout=60", "-k", "not test_http2_probe_blocked_per_thread"),
        instrumentation=_upstream("urllib3"),
    ),
    Project(
        "tornado",
        "6.6.1",
        tests=("--pyargs", "tornado.test"),
        options=("-p", "no:logging", "--timeout=60"),
        upstreams={
            "tornado/test/auth_test.py": _OTHER_CONTEXT,
            "tornado/test/gen_test.py::GenWebTest::test_coroutine_sequence_handler": _OTHER_CONTEXT,
            "tornado/test/security_corpus_test.py": _OTHER_CONTEXT,
            "tornado/test/web_test.py::FinalReturnTest": _OTHER_CONTEXT,
            "tornado/test/web_test.py::NonWSGIWebTests::test_empty_flush": _OTHER_CONTEXT,
            "tornado/test/websocket_test.py": _OTHER_CONTEXT,
            "tornado/test/httpclient_test.py::HTTPClientCommonTestCase::test_error_after_cancel": "asks a cancelled request",
            "tornado/test/simple_httpclient_test.py::SimpleHTTPClientCommonTestCase::test_error_after_cancel": (
                "asks a cancelled request"
            ),
            "tornado/test/httpserver_test.py::StreamingChunkSizeTest::test_regular_body": "one header more, in pieces of 16 bytes",
            "tornado/test/import_test.py::ImportTest::test_lazy_import": "imports tornado.web with tornado",
            "tornado/test/simple_httpclient_test.py::SimpleHTTPClientTestCase::test_header_reuse": _THEIR_HEADERS,
            "tornado/test/simple_httpclient_test.py::SimpleHTTPSClientTestCase::test_header_reuse": _THEIR_HEADERS,
        },
        prelude="import logging\nlogging.getLogger('tornado.access').setLevel(logging.CRITICAL)\n",
        instrumentation=_upstream("tornado"),
    ),
    Project(
        "apscheduler",
        "3.11.3",
        options=("--timeout=60", "-k", "not mongodb and not redis and not rethinkdb and not etcd and not zookeeper"),
    ),
    Project(
        "aiohttp",
        "3.14.5",
        options=("-o", "addopts=", "-m", "not dev_mode and not autobahn and not internal"),
        removed=("aiohttp",),
        deadline_s=3600,
        instrumentation=_upstream("aiohttp-client"),
    ),
)
