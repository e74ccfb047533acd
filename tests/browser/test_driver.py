"""The browser's driver sees what the tests of the page rely on its seeing."""

from __future__ import annotations

import pytest

from tests.support.browser_page import ScriptError

pytestmark = pytest.mark.process


@pytest.fixture
def page(chromium):
    with chromium.new_page() as opened:
        yield opened


def show(page, body):
    page.open(f"data:text/html,<!doctype html><title>a page</title>{body}")


def test_whatever_goes_wrong_in_a_page_is_a_problem(page):
    show(page, "<body>")
    for script, problem in (
        ("console.error('no', 'way'), 0", "console error: no way"),
        ("console.warn('careful'), 0", "console warning: careful"),
        ("setTimeout(() => { throw new Error('late') }), 0", "thrown: Error: late"),
        ("setTimeout(alert, 0, 'hello'), 0", "dialog: hello"),
    ):
        page.problems.clear()
        page.evaluate(script)
        page.wait_until(lambda problem=problem: any(problem in line for line in page.problems))


def test_a_script_that_throws_fails_the_test(page):
    with pytest.raises(ScriptError, match="nothing is not defined"):
        page.evaluate("nothing")


def test_no_name_but_this_machines_is_reached_and_the_attempt_is_seen(page):
    show(page, "<img src='http://example.com/x.png'>")
    page.wait_until(lambda: page.requests[-1].failure)
    assert page.requests[-1].url == "http://example.com/x.png"
    assert page.requests[-1].failure == "net::ERR_NAME_NOT_RESOLVED"


def test_mouse_and_keys_are_real(page):
    show(page, "<input><button onclick='document.title = event.isTrusted'>press</button>")
    page.click("input")
    page.write("abc")
    page.press("Backspace", "D")
    assert page.evaluate("document.querySelector('input').value") == "abD"
    page.click("button", "press")
    assert page.evaluate("document.title") == "true"
    page.evaluate(
        "document.body.append(document.createElement('dialog')), document.querySelector('dialog').showModal()"
    )
    with pytest.raises(AssertionError, match="lies above"):
        page.click("button", "press")
