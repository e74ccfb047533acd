"""The questions of docs/tutorial/five-questions.md, asked of the page: each answered in three steps or less."""

from __future__ import annotations

import sys

import pytest

from tests.browser.looking import LISTS, WATERFALL, ask_number, rows_of, wait_for_rows

pytestmark = pytest.mark.process

if sys.version_info < (3, 11):
    pytest.skip("what it is run with is pinned for 3.11 and later", allow_module_level=True)

SIZE = {"width": 1100, "height": 720}


@pytest.fixture
def clinic(runs, contrib_python):
    return runs.clinic(contrib_python)


def test_which_line_fails(open_page, clinic, keep_picture):
    """Step 1: the Errors view."""
    page = open_page(clinic, "errors", **SIZE)
    wait_for_rows(page, LISTS["errors"])
    page.wait_for("document.body.innerText.includes('area_code')")
    said = page.text("main")
    assert "'NoneType' object has no attribute 'split'" in said
    assert "patient 13 has no phone number" in said
    assert 'return patient["phone"].split()[1]' in said
    keep_picture(page, "clinic-errors")


def test_which_query_is_slow(open_page, clinic, keep_picture):
    """Step 1: click the endpoint that took most time. Step 2: click the longest span of its slowest request."""
    page = open_page(clinic, "requests", **SIZE)
    wait_for_rows(page, "Requests")
    page.click(".endpoints tbody tr", "GET /report")
    page.wait_for("document.querySelector('.endpoints [aria-pressed=true], .endpoints .is-selected') !== null")
    page.wait_for("document.querySelector('.trace-title').innerText.includes('/report')")
    page.click(rows_of(WATERFALL), "SELECT")
    page.wait_for("document.body.innerText.includes('visit b ON a.reason = b.reason')")
    keep_picture(page, "clinic-slow")


def test_which_log_lines_belong_to_a_request(open_page, runs, clinic, keep_picture):
    """Step 1: the Logs view. Step 2: the way from a line to its trace."""
    page = open_page(clinic, "logs", **SIZE)
    wait_for_rows(page, LISTS["logs"])
    keep_picture(page, "clinic-logs")
    page.click("[role=row] a", "")
    wait_for_rows(page, WATERFALL)
    page.wait_for("document.querySelector('main').innerText.includes('patient 13 has no phone number')")
    assert ask_number(runs.path(clinic), "SELECT count(*) FROM log WHERE trace_id IS NOT NULL") == 2
