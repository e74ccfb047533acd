"""A report, opened from disk with no network: the same page, of one size, that asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import REPORTED_SPANS, REQUESTS
from tests.browser.looking import LISTS, VIEWS, WATERFALL, ask, ask_number, wait_for_length, wait_for_rows
from tests.support.hostile_run import CANARY, TRACES
from tests.support.page_server import place
from tests.support.programs import run_otelrun

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

LARGEST_KB = 700


@pytest.fixture(scope="module")
def write_report(runs, tmp_path_factory):
    """Write the report of a run once; gives its path."""
    written: dict[str, Path] = {}

    def write(run_id):
        if run_id not in written:
            path = tmp_path_factory.mktemp("report") / "run.html"
            result = run_otelrun(["report", run_id, "-o", str(path)], otelrun_dir=runs.root, is_agent_awaited=False)
            assert result.returncode == 0, result
            written[run_id] = path
        return written[run_id]

    return write


@pytest.fixture
def open_report(chromium, write_report):
    """Open a place of a run's report with the network cut; nothing may go wrong in it, nor anything be asked of anybody."""
    pages = []

    def opened(run_id, *where, is_dark=False, **query):
        page = chromium.new_page(is_dark=is_dark)
        pages.append(page)
        page.go_offline()
        address = f"file://{write_report(run_id)}"
        page.open(f"{address}#/{place(run_id, *where, **query)}")
        return page

    yield opened
    for page in pages:
        page.pump()
        asked = [request.url for request in page.requests if not request.url.startswith(("file:", "data:"))]
        is_taken = page.evaluate(f"'{CANARY}' in window")
        documents = [request for request in page.requests if request.url.startswith("file:")]
        page.close()
        assert (page.problems, asked, is_taken) == ([], [], False)
        assert len(documents) == 1


def test_a_report_shows_each_view_with_all_that_the_run_has(open_report, runs):
    shop = runs.shop()
    store = runs.path(shop)
    wanted = {
        "requests": 3 * REQUESTS,
        "errors": 1,
        "logs": ask_number(store, "SELECT count(*) FROM log"),
        "metrics": ask_number(store, "SELECT count(DISTINCT name) FROM metric"),
        "processes": 1,
    }
    page = open_report(shop)
    for view, number in wanted.items():
        page.click("#tabs a", view.capitalize())
        wait_for_length(page, LISTS[view], number)
    assert page.count("#view [role=alert]") == 0


def test_a_trace_and_a_search_work_in_a_report(open_report, runs):
    shop = runs.shop()
    (trace_id,) = ask(runs.path(shop), "SELECT trace_id FROM requests WHERE is_error LIMIT 1")[0]
    page = open_report(shop, "requests", trace_id, q="warehouse:north -is:failed")
    wait_for_rows(page, WATERFALL)
    wanted = ask_number(runs.path(shop), "SELECT count(*) FROM requests WHERE NOT is_error")
    wait_for_length(page, "Requests", wanted)
    assert "item 13 has no price" in page.evaluate("document.body.innerText")


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "sql"])
def test_a_report_of_a_hostile_run_is_harmless(open_report, runs, view):
    page = open_report(runs.hostile(), view)
    number = wait_for_rows(page, LISTS[view])
    assert number >= TRACES - 1
    page.press("g", *["j"] * number, "Enter")
    assert page.count("img, iframe, base, object, embed") == 0


def test_a_report_of_20_000_spans_is_small_and_opens_quickly(open_report, write_report, runs, record_property):
    reported = runs.reported()
    size = write_report(reported).stat().st_size
    record_property("report_kb", size / 1000)
    assert ask_number(runs.path(reported), "SELECT count(*) FROM span") == REPORTED_SPANS
    assert size <= LARGEST_KB * 1000
    page = open_report(reported)
    wanted = ask_number(runs.path(reported), "SELECT count(*) FROM requests")
    wait_for_length(page, "Requests", wanted)
    seen = page.evaluate("performance.now()")
    record_property("report_rows_ms_at_most", seen)
    print(f"\nreport of {REPORTED_SPANS:,} spans: {size / 1000:.0f} kB, rows there after {seen:.0f} ms at most")
