"""What a run does not instrument, and the command that mends it."""

from __future__ import annotations

import pytest

from otelrun.store.rows import LibraryRow
from otelrun.viewer.known_instrumentations import Described, Gap, describe, find_gaps, install_command

FLASK = "opentelemetry-instrumentation-flask"


def row(library: str, state: str = "imported", *, process: int = 1, text: str = "") -> LibraryRow:
    return LibraryRow(process, library, library, state, f"opentelemetry-instrumentation-{library}", text)


def test_a_library_that_was_imported_and_has_no_instrumentation_is_missing_one() -> None:
    assert describe([row("flask")]) == [Described("flask", "flask", FLASK, "missing", "", f"pip install {FLASK}")]


@pytest.mark.parametrize("state", ["hooked", "left", "off", "unsupported", "failed"])
def test_what_pip_does_not_mend_has_no_advice(state: str) -> None:
    (described,) = describe([row("flask", state, text="why")])

    assert (described.state, described.text, described.advice) == (state, "why", "")
    assert find_gaps([row("flask", state)]) == []


def test_advice_never_names_a_distribution_that_is_not_upstreams() -> None:
    rows = [row("litestar"), row("flask; rm -rf /")]

    assert [described.advice for described in describe(rows)] == ["", ""]
    assert find_gaps(rows, [("starlite", "opentelemetry-instrumentation-starlite", 1)]) == []


def test_what_another_librarys_instrumentation_is_for_is_covered() -> None:
    rows = [row("fastapi", "hooked"), row("starlette")]

    assert [described.state for described in describe(rows)] == ["hooked", "covered"]
    assert find_gaps(rows) == []
    assert [gap.library for gap in find_gaps([row("fastapi"), row("starlette")])] == ["fastapi"]
    assert [gap.library for gap in find_gaps([row("starlette")])] == ["starlette"]


def test_gaps_are_each_named_once_what_serves_requests_first_and_details_last() -> None:
    rows = [row("jinja2"), row("redis"), row("flask"), row("redis", process=2), row("asyncpg", "hooked")]

    assert find_gaps(rows, [("sqlite3", "opentelemetry-instrumentation-sqlite3", 3)]) == [
        Gap("flask", FLASK),
        Gap("redis", "opentelemetry-instrumentation-redis"),
        Gap("sqlite3", "opentelemetry-instrumentation-sqlite3"),
        Gap("jinja2", "opentelemetry-instrumentation-jinja2", is_aside=True),
    ]


def test_one_command_installs_all_and_each_once() -> None:
    gaps = find_gaps([row("botocore"), row("aiobotocore"), row("flask")])

    assert install_command(gaps) == f"pip install opentelemetry-instrumentation-botocore {FLASK}"
    assert install_command([]) == ""
