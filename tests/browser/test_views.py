"""Errors, logs, metrics, processes and SQL in a real browser, on a recorded run of the shop: each shows what the store holds."""

from __future__ import annotations

import json

import pytest

from tests.browser.looking import (
    LISTS,
    ask,
    ask_number,
    fragment,
    rows_of,
    wait_for_length,
    wait_for_rows,
)

pytestmark = pytest.mark.process


@pytest.fixture
def shop(runs):
    return runs.shop()


@pytest.fixture
def store(runs, shop):
    return runs.path(shop)


def test_one_mistake_is_one_error_with_its_line_and_the_log_line_before_it(open_page, shop, store):
    page = open_page(shop, "errors")
    wait_for_length(page, LISTS["errors"], 1)
    times = ask_number(store, "SELECT count(*) FROM requests WHERE is_error AND status_code = 'UNKNOWN'")
    (row,) = page.texts(rows_of(LISTS["errors"]))
    for part in ("LookupError", "item 13 has no price", "pricing.py:26 in price", f"{times}\N{MULTIPLICATION SIGN}"):
        assert part in row
    detail = page.text("[aria-label='The selected error']")
    assert 'raise LookupError(f"item {item} has no price")' in detail
    assert "pieces of item 13 in the south" in detail


def test_an_error_leads_to_its_newest_trace(open_page, shop, store):
    (newest,) = ask(store, "SELECT trace_id FROM errors WHERE kind = 'server' ORDER BY started_utc DESC LIMIT 1")[0]
    page = open_page(shop, "errors")
    page.click("button, a", "Open the newest trace")
    page.wait_for(f"location.hash.includes('/requests/{newest}')")
    page.wait_for(
        "document.querySelector('.trace-why') && document.querySelector('.trace-why').innerText.includes('pricing.py:26')"
    )


def test_every_log_record_is_listed_and_can_be_filtered_by_level_and_text(open_page, shop, store):
    page = open_page(shop, "logs")
    label = LISTS["logs"]
    wait_for_length(page, label, ask_number(store, "SELECT count(*) FROM log"))
    errors = ask_number(store, "SELECT count(*) FROM log WHERE severity_number >= 17")
    for text, wanted in (
        ("level:error", errors),
        ("north", ask_number(store, "SELECT count(*) FROM log WHERE body LIKE '%north%'")),
        ("logger:shop.pricing", ask_number(store, "SELECT count(*) FROM logs WHERE logger = 'shop.pricing'")),
    ):
        page.press("/")
        page.apply("() => document.querySelector('#search').select()")
        page.write(text)
        wait_for_length(page, label, wanted)
        page.press("Escape")


def test_a_log_record_leads_to_the_span_that_wrote_it(open_page, shop, store):
    trace_id, span_id = ask(store, "SELECT trace_id, span_id FROM log WHERE body LIKE 'item 13 cannot%' LIMIT 1")[0]
    page = open_page(shop, "logs", q="cannot")
    wait_for_rows(page, LISTS["logs"])
    page.click(f"a[href*='{trace_id}']")
    page.wait_for(f"location.hash.includes('{trace_id}/{span_id}')")
    page.wait_for(
        f"document.querySelector('.details') && document.querySelector('.details').innerText.includes('{span_id}')"
    )


def test_every_metric_is_listed_once_with_its_streams_together(open_page, shop, store):
    page = open_page(shop, "metrics")
    wait_for_length(page, LISTS["metrics"], ask_number(store, "SELECT count(DISTINCT name) FROM metric"))
    page.click(rows_of(LISTS["metrics"]), "http.server.request.duration")
    page.wait_for(
        "document.querySelector('[aria-label=\"The selected metric\"]').innerText.includes('http.server.request.duration')"
    )
    measured = "SELECT sum(count) FROM metrics WHERE name = 'http.server.request.duration'"
    counts = page.texts("[aria-label='The selected metric'] table tbody tr :nth-child(2)")
    assert sum(int(text) for text in counts if text) == ask_number(store, measured)


def test_a_metric_that_was_read_several_times_is_drawn_as_lines_that_can_be_read(open_page, runs):
    page = open_page(runs.reported(), "metrics")
    wait_for_length(page, LISTS["metrics"], 1)
    page.wait_for("document.querySelectorAll('[aria-label=\"The selected metric\"] svg path').length >= 3")
    detail = page.text("[aria-label='The selected metric']")
    for part in ("p50", "p95", "p99", "series"):
        assert part in detail


def test_every_process_is_listed_with_its_pid(open_page, shop, store):
    page = open_page(shop, "processes")
    processes = ask(store, "SELECT pid FROM process")
    wait_for_length(page, LISTS["processes"], len(processes))
    (row,) = page.texts(rows_of(LISTS["processes"]))
    assert str(processes[0][0]) in row


def run_query(page, query):
    page.apply("() => { document.querySelector('#sql-text').focus(); document.querySelector('#sql-text').select(); }")
    page.write(query)
    page.click("button", "Run")


ANSWER = "[...document.querySelectorAll('.result-table tbody tr')].map((r) => [...r.cells].map((c) => c.innerText).join('|')).join('\\n')"


def test_a_query_is_answered_and_a_wrong_one_explained_in_a_sentence(open_page, shop, store):
    page = open_page(shop, "sql")
    page.wait_for("document.querySelector('#sql-text') && document.querySelector('#sql-text').value")
    for query in ("SELECT kind, count(*) FROM span GROUP BY kind ORDER BY kind", "SELECT count(*) FROM log"):
        run_query(page, query)
        wanted = "\n".join("|".join(map(str, row)) for row in ask(store, query))
        page.wait_for(f"{ANSWER} === {json.dumps(wanted)}")
    for query, says in (
        ("SELECT missing FROM span", "No such column: missing"),
        ("DELETE FROM span", "Only reading is allowed"),
    ):
        run_query(page, query)
        page.wait_for(f"document.querySelector('.sql-status').innerText.includes({says!r})")
    page.problems[:] = [line for line in page.problems if "status of 400" not in line]


def test_a_saved_query_can_be_run_and_its_trace_ids_lead_on(open_page, shop):
    page = open_page(shop, "sql")
    page.wait_for("document.querySelectorAll('.sql-side button').length > 5")
    saved = page.texts(".sql-side section:first-child li button")
    assert len(saved) >= 5
    for title in saved:
        page.click(".sql-side button", title)
        page.click("button", "Run")
        page.wait_for(
            "document.querySelector('.result-table') !== null || document.querySelector('.sql-status').innerText !== ''"
        )
        assert "✗" not in page.text(".sql-status"), title
    assert fragment(page).startswith(f"{shop}/sql")


def test_a_view_that_is_left_and_opened_again_is_as_it_was(open_page, shop):
    page = open_page(shop, "requests", q="is:failed")
    wait_for_length(page, "Requests", 6)
    page.click("nav a", "Logs")
    page.wait_for("location.hash.includes('/logs')")
    page.click("nav a", "Requests")
    wait_for_length(page, "Requests", 6)
    assert "is%3Afailed" in fragment(page)
