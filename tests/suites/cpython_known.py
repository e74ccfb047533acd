"""The tests of CPython that cannot have the same outcome under otelrun, each with its reason.

``docs/reference/cpython-tests.md`` lists them too; a contract test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """Tests of one file that differ for one reason.

    Attributes:
        file: e.g. ``test_httplib``.
        tests: their ids below ``test.`` and the file.
        versions: where they differ, like ``3.12``.
        reason: why it cannot be otherwise.
        settings: the environment variables with which they pass, where there are such: then a test of ours checks the reason.
    """

    file: str
    tests: tuple[str, ...]
    versions: tuple[str, ...]
    reason: str
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that the suite says."""
        return tuple(f"test.{self.file}.{test}" for test in self.tests)


_ALL = ("3.10", "3.11", "3.12", "3.13")
_HEADERS = "compares the bytes or the header names of a request with the exact ones; propagation adds traceparent"
_WITHOUT_HEADERS = (("OTEL_PROPAGATORS", "none"),)

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
    ),
)


def is_known(test: str, version: str) -> bool:
    """Say whether the test of this id may differ on this version."""
    return any(test in known.ids and version in known.versions for known in KNOWN)
