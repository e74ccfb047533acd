"""A run whose every text is an attack, in every view: nothing of it runs, and all of it is shown as the text that it is.

That nothing ran, no policy was broken and no request went elsewhere is looked for by ``open_page`` when a page is closed.
"""

from __future__ import annotations

import pytest

from tests.browser.looking import LISTS, VIEWS, WATERFALL, ask_number, rows_of, wait_for_length, wait_for_rows
from tests.support.hostile_run import ATTACKS, IMAGE, LONG, TRACES

pytestmark = pytest.mark.process

PLAIN = [attack for attack in ATTACKS if attack.isprintable() and attack.isascii()]


@pytest.fixture
def hostile(runs):
    return runs.hostile()


def counts(store):
    return {
        "requests": TRACES,
        "errors": None,
        "logs": ask_number(store, "SELECT count(*) FROM log"),
        "metrics": 2 * TRACES,
        "processes": TRACES,
    }


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "sql"])
def test_each_view_lists_everything_and_walks_through_it_unharmed(open_page, hostile, runs, view):
    page = open_page(hostile, view)
    wanted = counts(runs.path(hostile))[view]
    if wanted is None:
        wanted = wait_for_rows(page, LISTS[view])
    wait_for_length(page, LISTS[view], wanted)
    page.press("g", *["j"] * wanted)
    page.press("Enter")
    page.wait_for(f"document.body.innerText.includes({IMAGE[:12]!r})")
    assert page.count("img, iframe, base, object, embed") == 0
    assert page.count("script") == 1
    assert page.evaluate("document.baseURI.startsWith(location.origin)")


def test_the_names_are_shown_as_they_are(open_page, hostile):
    page = open_page(hostile, "processes")
    wait_for_length(page, LISTS["processes"], TRACES)
    shown = "\n".join(page.texts(rows_of(LISTS["processes"])))
    for attack in PLAIN:
        assert attack[:70] in shown


@pytest.mark.parametrize("number", range(1, TRACES + 1))
def test_a_trace_with_all_its_details_is_shown_as_it_is(open_page, hostile, number):
    attack = ATTACKS[number - 1]
    page = open_page(hostile, "requests", f"{number:032x}", "1".rjust(16, "0"))
    wait_for_length(page, WATERFALL, 4)
    page.wait_for("document.querySelectorAll('.details dt').length > 10")
    page.apply("() => { for (const details of document.querySelectorAll('details')) details.open = true; }")
    if attack in PLAIN:
        text = page.evaluate("document.querySelector('.details').textContent")
        assert text.count(attack) > 10  # attributes, events, links, the exception and its frames
    page.press("j", "j", "j")
    assert page.count("img, iframe, base, object, embed") == 0


def test_control_and_invisible_characters_are_shown_by_their_numbers(open_page, hostile):
    page = open_page(hostile, "requests")
    wait_for_length(page, "Requests", TRACES)
    shown = "\n".join(page.texts(rows_of("Requests")))
    for sign in ("\\x1b[31m", "\\u202e", "\\u200b", "\\x00", "\\ud83d"):
        assert sign in shown
    assert not any(sign in shown for sign in "\x1b\u202e\u200b\x00\ud83d")


def test_a_value_of_a_million_characters_is_cut_where_it_can_be_seen(open_page, hostile):
    page = open_page(hostile, "requests", f"{1:032x}", "1".rjust(16, "0"))
    wait_for_length(page, "Requests", TRACES)
    page.wait_for("document.querySelectorAll('.details dt').length > 10")
    assert len(page.text(".details")) < 20_000
    page.click(".details button", "characters")
    page.wait_for("document.querySelector('.details').innerText.length > 30000")
    assert f"{len(LONG):,} characters" in page.text(".details")


def test_a_query_shows_texts_as_they_are(open_page, hostile):
    page = open_page(hostile, "sql")
    page.wait_for("document.querySelector('#sql-text') && document.querySelector('#sql-text').value")
    page.apply("() => { document.querySelector('#sql-text').focus(); document.querySelector('#sql-text').select(); }")
    page.write("SELECT name, status_message, body FROM span JOIN log USING (trace_id) ORDER BY span.id")
    page.click("button", "Run")
    page.wait_for("document.querySelectorAll('.result-table tbody tr').length > 10")
    shown = page.text(".result-table")
    for attack in PLAIN:
        assert attack in shown
    assert page.count("img, iframe, base, object, embed") == 0


def test_the_runs_to_choose_from_and_the_search_take_anything(open_page, hostile):
    page = open_page(hostile, "requests", q=ATTACKS[1])
    page.wait_for("document.querySelector('#search').value !== ''")
    page.click("#run-button")
    page.wait_for("document.querySelectorAll('#runs a').length > 0")
    assert IMAGE in page.text("#runs")
    for attack in ATTACKS:
        page.apply(
            "(text) => { location.hash = location.hash.split('?')[0] + '?q=' + encodeURIComponent(text.toWellFormed()); }",
            attack,
        )
    page.pump()
