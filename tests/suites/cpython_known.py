"""The tests of CPython that cannot have the same outcome under otelrun, each with its reason.

``docs/reference/cpython-tests.md`` lists them too; a contract test compares the two.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """Tests of one file that differ for one reason.

    Attributes:
        file: e.g. ``test_httplib``.
        tests: their ids below ``test.`` and the file.
        versions: where they differ, like ``3.12``.
        reason: why it cannot be otherwise.
        settings: the environment variables with which they pass, as a test of ours checks: the reason is the reason.
    """

    file: str
    tests: tuple[str, ...]
    versions: tuple[str, ...]
    reason: str
    settings: tuple[tuple[str, str], ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that the suite says."""
        return tuple(f"test.{self.file}.{test}" for test in self.tests)


_ALL = ("3.10", "3.11", "3.12", "3.13")
_HEADERS = "compares the bytes or the header names of a request with the exact ones; propagation adds traceparent"
_WITHOUT_HEADERS = (("OTEL_PROPAGATORS", "none"),)
_FRAME = (
    "expects of `python -I` a dump of all frames down to the first; the way round `-I` has one below it, and CPython lets no code"
    " run without the frame of what started it"
)
_WITHOUT_WAY_ROUND = (("OTELRUN_PROFILE", os.path.join(os.path.dirname(__file__), "children_inherit.yaml")),)

KNOWN = (
    Known(
        "test_httplib",
        ("BasicTest.test_send_file", "BasicTest.test_send_iter", "HeaderTests.test_ipv6host_header"),
        _ALL,
        _HEADERS,
        _WITHOUT_HEADERS,
    ),
    Known(
        "test_xmlrpc",
        (
            "HeadersServerTestCase.test_header",
            "HeadersServerTestCase.test_header_empty",
            "HeadersServerTestCase.test_header_items",
            "HeadersServerTestCase.test_header_many",
            "HeadersServerTestCase.test_header_tuple",
        ),
        _ALL,
        _HEADERS,
        _WITHOUT_HEADERS,
    ),
    Known(
        "test_import",
        (
            "ImportTests.test_package_shadowing_stdlib_module",
            "ImportTests.test_script_shadowing_stdlib",
            "ImportTests.test_script_shadowing_stdlib_edge_cases",
            "ImportTests.test_script_shadowing_stdlib_sys_path_modification",
            "ImportTests.test_script_shadowing_third_party",
        ),
        ("3.13",),
        "expects of `python -E script` the hint that a module beside the script hides another; CPython gives it for the folder"
        " of the file that it was started with, which is otelrun's under `-E` and `-S`, and does not let it be changed",
        _WITHOUT_WAY_ROUND,
    ),
    Known(
        "test_faulthandler",
        (
            "FaultHandlerTests.test_dump_traceback",
            "FaultHandlerTests.test_dump_traceback_fd",
            "FaultHandlerTests.test_dump_traceback_file",
            "FaultHandlerTests.test_dump_traceback_later",
            "FaultHandlerTests.test_dump_traceback_later_fd",
            "FaultHandlerTests.test_dump_traceback_later_file",
            "FaultHandlerTests.test_dump_traceback_later_repeat",
            "FaultHandlerTests.test_dump_traceback_threads",
            "FaultHandlerTests.test_dump_traceback_threads_file",
            "FaultHandlerTests.test_register",
            "FaultHandlerTests.test_register_chain",
            "FaultHandlerTests.test_register_fd",
            "FaultHandlerTests.test_register_file",
            "FaultHandlerTests.test_register_threads",
            "FaultHandlerTests.test_truncate",
        ),
        _ALL,
        _FRAME,
        _WITHOUT_WAY_ROUND,
    ),
    Known(
        "test_faulthandler",
        ("FaultHandlerTests.test_dump_traceback_later_twice",),
        ("3.10",),
        _FRAME,
        _WITHOUT_WAY_ROUND,
    ),
)


def is_known(test: str, version: str) -> bool:
    """Say whether the test of this id may differ on this version."""
    return any(test in known.ids and version in known.versions for known in KNOWN)
