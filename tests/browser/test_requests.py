"""The view of requests in a real browser, on a recorded run of the shop: what it lists, finds, draws and opens."""

from __future__ import annotations

import json

import pytest

from tests.browser.conftest import REQUESTS
from tests.browser.looking import (
    WATERFALL,
    ask,
    ask_number,
    focus,
    fragment,
    grid,
    length,
    rows_of,
    wait_for_length,
    wait_for_rows,
)
from tests.support.page_server import place

pytestmark = pytest.mark.process

ALL = "SELECT count(*) FROM requests"
SERVED = 3 * REQUESTS  # the front, the catalogue and pricing each serve a customer


@pytest.fixture
def shop(runs):
    return runs.shop()


@pytest.fixture
def store(runs, shop):
    return runs.path(shop)


def test_every_request_is_listed_and_counted_by_endpoint(open_page, shop, store):
    page = open_page(shop)
    assert ask_number(store, ALL) == SERVED
    wait_for_length(page, "Requests", SERVED)
    calls = page.texts(".endpoints tbody tr td:nth-child(2)")
    failed = page.texts(".endpoints tbody tr td:nth-child(3)")
    assert sum(map(int, calls)) == SERVED
    assert sum(int(text.removeprefix("✗ ")) for text in failed if text.startswith("✗")) == ask_number(
        store, ALL + " WHERE is_error"
    )


FAILED_TRACES = "(SELECT trace_id FROM span WHERE status = 'error')"
SEARCHES = {
    "cannot": f"trace_id IN {FAILED_TRACES}",
    "kind:server": "1",
    "item 13": f"trace_id IN {FAILED_TRACES}",
    "-cannot": f"trace_id NOT IN {FAILED_TRACES}",
    '"no price"': f"trace_id IN {FAILED_TRACES}",
    "route:order": "path LIKE '/order/%'",
    "status:500": "status_code = 500",
    "service:shop": "1",
    "status:5xx": "status_code BETWEEN 500 AND 599",
    "status:UNKNOWN": "status_code = 'UNKNOWN'",
    ">9ms": "duration_ms > 9",
    "<9ms": "duration_ms < 9",
    "is:failed": "is_error",
    "-is:failed": "NOT is_error",
    "url.path:/order/7": "trace_id IN (SELECT trace_id FROM requests WHERE path = '/order/7')",
    "warehouse:north": "1",
    "route:order status:5xx >1us": "path LIKE '/order/%' AND is_error",
}
"""What is searched for, and which rows of the store's view of requests it means."""


def test_each_form_of_search_finds_what_the_store_says(open_page, shop, store):
    page = open_page(shop)
    wait_for_length(page, "Requests", SERVED)
    for text, condition in SEARCHES.items():
        page.apply("(hash) => { location.hash = hash; }", "#/" + place(shop, "requests", q=text))
        page.wait_for(f"document.querySelector('#search').value === {json.dumps(text)}")
        wait_for_length(page, "Requests", ask_number(store, f"{ALL} WHERE {condition}"))
    for text in ("service:bakery", "pid:1", "nowhere to be found"):
        page.apply("(hash) => { location.hash = hash; }", "#/" + place(shop, "requests", q=text))
        page.wait_for("document.body.innerText.includes('No request fits')")
        wait_for_length(page, "Requests", 0)


def test_a_search_is_typed_kept_in_the_address_and_taken_back(open_page, shop):
    page = open_page(shop)
    wait_for_rows(page, "Requests")
    page.press("/")
    page.write("status:500")
    wait_for_length(page, "Requests", 4)
    assert fragment(page) == f"{shop}/requests?q=status%3A500"
    page.press("Escape", "Escape")
    wait_for_length(page, "Requests", SERVED)
    page.evaluate("history.back()")
    wait_for_length(page, "Requests", 4)


def test_an_endpoint_that_is_chosen_is_searched_for(open_page, shop):
    page = open_page(shop)
    page.click(".endpoints tbody button", "/order/")
    wait_for_length(page, "Requests", REQUESTS)
    assert "endpoint%3A" in fragment(page)
    page.click(".endpoints tbody button", "/order/")
    wait_for_length(page, "Requests", SERVED)


BARS = """(selector) => [...document.querySelectorAll(selector)].map((row) => {
  const bar = row.querySelector(".bar"), cell = row.querySelector(".span-time");
  const text = row.querySelector(".name").textContent, depth = Number(row.getAttribute("aria-level"));
  if (bar.hidden || bar.offsetParent === null) return null;
  const [b, c] = [bar.getBoundingClientRect(), cell.getBoundingClientRect()];
  const style = getComputedStyle(cell);
  const left = c.left + parseFloat(style.paddingLeft), right = c.right - parseFloat(style.paddingRight);
  return {text, depth, from: b.left - left, width: b.width, room: right - left, index: Number(row.getAttribute("aria-rowindex"))};
}).filter((bar) => bar !== null).sort((a, b) => a.index - b.index)"""


def test_the_waterfall_draws_each_span_where_and_as_long_as_it_was(open_page, shop, store):
    (trace_id,) = ask(store, "SELECT trace_id FROM requests WHERE path = '/order/7'")[0]
    spans = ask(store, "SELECT name, start_ns, end_ns FROM span WHERE trace_id = ? ORDER BY start_ns", [trace_id])
    page = open_page(shop, "requests", trace_id)
    logs = ask_number(store, "SELECT count(*) FROM log WHERE trace_id = ?", [trace_id])
    wait_for_length(page, WATERFALL, len(spans) + logs)
    bars = page.apply(BARS, rows_of(WATERFALL))
    first, last = min(span[1] for span in spans), max(span[2] for span in spans)
    assert [bar["text"] for bar in bars] == [name for name, _, _ in spans]
    assert [bar["depth"] for bar in bars] == [1, 2, 3, 4, 5]
    for bar, (name, start, end) in zip(bars, spans, strict=True):
        scale = bar["room"] / (last - first)
        assert abs(bar["from"] - (start - first) * scale) < 1, name
        assert abs(bar["width"] - max(1.0, (end - start) * scale)) < 1.5, name


def test_the_keyboard_alone_leads_through_requests_spans_and_back(open_page, shop):
    page = open_page(shop)
    wait_for_rows(page, "Requests")
    selected = f"{grid('Requests')} [aria-selected=true]:not([hidden])"
    page.press("g")
    page.wait_for("location.hash.split('/').length > 3")
    first = fragment(page)
    page.press("j", "j")
    page.wait_for(f"location.hash.slice(2) !== {first!r}")
    third = page.apply("(s) => document.querySelector(s).getAttribute('aria-rowindex')", selected)
    assert int(third) == 4  # the head is the first
    page.press("k")
    page.wait_for(f"document.querySelector({selected!r}).getAttribute('aria-rowindex') === '3'")
    page.press("G")
    page.wait_for(f"document.querySelector({selected!r}).getAttribute('aria-rowindex') === '{SERVED + 1}'")
    page.press("Enter")
    page.wait_for("location.hash.includes('wide=1')")
    wait_for_rows(page, WATERFALL)
    page.press("Escape")
    page.wait_for("!location.hash.includes('wide=1')")
    for number, view in enumerate(("requests", "errors", "logs", "metrics", "processes", "sql"), 1):
        page.press(str(number))
        page.wait_for(f"location.hash.split('/')[2].startsWith('{view}')")
        page.apply("() => document.activeElement.blur()")
    page.press("1")
    page.press("?")
    page.wait_for("document.querySelector('dialog[open]') !== null")
    page.press("Escape")
    page.wait_for("document.querySelector('dialog[open]') === null")


def test_spans_fold_and_unfold_by_the_keyboard(open_page, shop, store):
    (trace_id,) = ask(store, "SELECT trace_id FROM requests WHERE path = '/order/7'")[0]
    page = open_page(shop, "requests", trace_id)
    everything = wait_for_rows(page, WATERFALL)
    page.press("[")
    page.wait_for(f"document.querySelector({grid(WATERFALL)!r}).getAttribute('aria-rowcount') < {everything}")
    page.press("]")
    wait_for_length(page, WATERFALL, everything)
    focus(page, WATERFALL)
    page.press("Home", "ArrowLeft")
    wait_for_length(page, WATERFALL, 1)
    page.press("ArrowRight")
    wait_for_length(page, WATERFALL, everything)


def test_a_link_into_a_trace_opens_it_there_also_after_a_reload(open_page, shop, store):
    trace_id, span_id = ask(
        store, "SELECT trace_id, span_id FROM span WHERE kind = 'client' ORDER BY start_ns LIMIT 1"
    )[0]
    page = open_page(shop, "requests", trace_id, span_id, q="kind:server")
    address = fragment(page)
    for _ in range(2):
        page.wait_for(
            f"document.querySelector('.details') && document.querySelector('.details').innerText.includes('{span_id}')"
        )
        wait_for_length(page, "Requests", SERVED)
        assert fragment(page) == address == f"{shop}/requests/{trace_id}/{span_id}?q=kind%3Aserver"
        page.reload()


def test_log_lines_stand_in_the_trace_under_the_span_that_wrote_them(open_page, shop, store):
    (trace_id,) = ask(store, "SELECT trace_id FROM requests WHERE is_error LIMIT 1")[0]
    page = open_page(shop, "requests", trace_id)
    wait_for_rows(page, WATERFALL)
    shown = " ".join(page.texts(rows_of(WATERFALL)))
    for (body,) in ask(store, "SELECT body FROM log WHERE trace_id = ?", [trace_id]):
        assert body in shown
    assert "LookupError: item 13 has no price" in page.text(".trace-why")
    assert "pricing.py:26" in page.text(".trace-why")


def test_an_attribute_can_be_searched_for_by_a_click(open_page, shop, store):
    (trace_id, span_id) = ask(store, "SELECT trace_id, span_id FROM requests WHERE path = '/order/7'")[0]
    page = open_page(shop, "requests", trace_id, span_id)
    page.click("[aria-label='Search for url.path:/order/7']")
    wait_for_length(page, "Requests", 3)


def test_a_trace_that_is_not_there_is_said_so(open_page, shop):
    page = open_page(shop, "requests", "f" * 32)
    page.wait_for("document.body.innerText.includes('This trace is not in this run')")
    page.problems[:] = [line for line in page.problems if "404" not in line]


def test_the_request_that_failed_first_is_open_at_once(open_page, shop, store):
    page = open_page(shop)
    page.wait_for("document.querySelector('.trace-why') && document.querySelector('.trace-why').innerText")
    assert "item 13 has no price" in page.text(".trace-why")
    assert length(page, WATERFALL) > 0
