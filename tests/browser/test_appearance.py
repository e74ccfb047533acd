"""How each view looks, light and dark: axe-core finds nothing to mend for those who read it otherwise, and a picture of it is kept.

The pictures go to ``artefacts/page``; with ``--update-screenshots`` those of the documentation are made anew.
"""

from __future__ import annotations

import pytest

from tests.browser.conftest import ARTEFACTS
from tests.browser.looking import LISTS, VIEWS, WATERFALL, wait_for_rows

pytestmark = pytest.mark.process

AXE = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary.split("\\n")[1]}`));
}"""


def settle(page, view):
    """Wait until a view has drawn what it has."""
    if view == "sql":
        page.wait_for("document.querySelector('.result-table, .sql-status:not(:empty)') !== null")
    else:
        wait_for_rows(page, LISTS[view])
    if view == "requests":
        wait_for_rows(page, WATERFALL)
    page.wait_for("[...document.querySelectorAll('#tabs .count')].filter((count) => count.textContent).length === 5")
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 50)))")


def violations(page, axe_source):
    page.evaluate(axe_source + "; 0")
    return page.apply(AXE)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_no_barrier_and_follows_the_theme(open_page, runs, axe_source, view, theme):
    page = open_page(runs.shop(), view, is_dark=theme == "dark")
    settle(page, view)
    page.screenshot(ARTEFACTS / "page" / f"{view}-{theme}.png")
    assert violations(page, axe_source) == []
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert (red + green + blue < 3 * 80) == (theme == "dark")


def test_axe_would_find_a_barrier(open_page, runs, axe_source):
    page = open_page(runs.shop(), "processes")
    settle(page, "processes")
    page.evaluate(
        "document.querySelector('main').append(Object.assign(document.createElement('img'), {src: 'data:,'})), 0"
    )
    assert [found.partition(":")[0] for found in violations(page, axe_source)] == ["image-alt"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_trace_in_full_width_and_what_pops_up_have_no_barrier(open_page, runs, axe_source, theme):
    page = open_page(runs.shop(), "requests", is_dark=theme == "dark")
    settle(page, "requests")
    page.press("f")
    page.wait_for("location.hash.includes('wide=1')")
    page.screenshot(ARTEFACTS / "page" / f"trace-{theme}.png")
    assert violations(page, axe_source) == []
    page.press("?")
    page.wait_for("document.querySelector('dialog[open]') !== null")
    page.screenshot(ARTEFACTS / "page" / f"keys-{theme}.png")
    assert violations(page, axe_source) == []
    page.press("Escape")
    page.click("#run-button")
    page.wait_for("document.querySelectorAll('#runs a').length > 0")
    page.screenshot(ARTEFACTS / "page" / f"runs-{theme}.png")
    assert violations(page, axe_source) == []


def test_the_theme_can_be_chosen_and_is_kept(open_page, runs):
    page = open_page(runs.shop(), "processes")
    settle(page, "processes")
    page.click("#theme")
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    settle(page, "processes")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") is None


@pytest.mark.parametrize("width", [1280, 800, 400])
def test_no_view_is_wider_than_its_window(open_page, runs, width):
    page = open_page(runs.shop(), "requests", width=width, height=800)
    wait_for_rows(page, "Requests")
    for view in VIEWS:
        page.apply("(hash) => { location.hash = hash; }", f"#/{runs.shop()}/{view}")
        settle(page, "sql" if view == "sql" else view) if width > 1000 else page.wait_for(
            f"location.hash.includes('/{view}')"
        )
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 50)))")
        page.screenshot(ARTEFACTS / "page" / f"{view}-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view


def test_a_view_can_be_walked_by_the_tabulator_and_shows_where_one_is(open_page, runs):
    page = open_page(runs.shop(), "requests")
    settle(page, "requests")
    seen = []
    for _ in range(60):
        page.press("Tab")
        seen.append(
            page.evaluate("""(() => {
          const e = document.activeElement;
          const isMarked = [e, e.closest('form') || e].map((each) => getComputedStyle(each)).some((style) => style.outlineStyle !== 'none' || style.boxShadow !== 'none');
          return [e.id || e.getAttribute('aria-label') || e.textContent.slice(0, 30), isMarked];
        })()""")
        )
        if seen[-1][0] == WATERFALL:
            break
    names = [name for name, _ in seen]
    assert "skip" in names[0]
    for name in ("run-button", "search", "Requests", WATERFALL):
        assert name in names
    assert [name for name, is_marked in seen if not is_marked] == []


def test_the_pictures_of_the_documentation_can_be_made(open_page, runs, keep_picture):
    """With ``--update-screenshots`` they are; else only the first is, and thrown away."""
    for view in VIEWS if keep_picture.is_updating else VIEWS[:1]:
        page = open_page(runs.shop(), view, width=1100, height=720)
        settle(page, view)
        keep_picture(page, f"page-{view}")
