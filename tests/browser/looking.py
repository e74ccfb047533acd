"""What the tests of the page look for in it, by the roles and names that assistive technology reads, and what the store says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.browser_page import BrowserPage

VIEWS = ("requests", "errors", "logs", "metrics", "processes", "sql")
LISTS = {
    "requests": "Requests",
    "errors": "Errors, most frequent first",
    "logs": "Log records by time",
    "metrics": "Metrics",
    "processes": "Processes",
}
"""The name of each view's list."""

WATERFALL = "Spans of the trace"


def ask(run: Path, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Ask the store of a run, given by its directory."""
    with closing(sqlite3.connect(f"file:{run}/store.db?mode=ro", uri=True)) as connection:
        return connection.execute(query, values).fetchall()


def ask_number(run: Path, query: str, values: Sequence[Any] = ()) -> int:
    """Ask the store for one number."""
    return int(ask(run, query, values)[0][0])


def grid(label: str) -> str:
    """Give the selector of a list."""
    return f"[aria-label='{label}'][aria-rowcount]"


def rows_of(label: str) -> str:
    """Give the selector of the rows of a list that are in sight."""
    return f"{grid(label)} [role=row][aria-rowindex]:not([hidden]):not(.list-head *)"


_LENGTH = """(selector) => {
  const list = document.querySelector(selector);
  if (!list || list.closest("[hidden]")) return 0;
  return Number(list.getAttribute("aria-rowcount")) - (list.querySelector("[role=columnheader]") ? 1 : 0);
}"""


def length(page: BrowserPage, label: str) -> int:
    """Say how many rows a list has, seen or not; 0 where it is not shown."""
    return int(page.apply(_LENGTH, grid(label)))


def wait_for_length(page: BrowserPage, label: str, wanted: int, deadline_s: float = 10) -> None:
    """Wait until a list has so many rows.

    Raises:
        AssertionError: it has another number; the message says which.
    """
    found = [-1]

    def is_so() -> bool:
        found.append(length(page, label))
        return found[-1] == wanted

    try:
        wait_for(is_so, deadline_s, poll_s=0.02)
    except AssertionError:
        raise AssertionError(f"{label}: {found[-1]} rows, not {wanted}; {page.problems}") from None


def wait_for_rows(page: BrowserPage, label: str) -> int:
    """Wait until a list has rows; say how many."""
    page.wait_for(f"({_LENGTH})({grid(label)!r}) > 0")
    return length(page, label)


def focus(page: BrowserPage, label: str) -> None:
    """Put the keyboard's focus on a list, as Tab would."""
    page.apply("(selector) => document.querySelector(selector).focus()", grid(label))


def fragment(page: BrowserPage) -> str:
    """Give the fragment of the page's address, without its number sign and slash."""
    return str(page.evaluate("location.hash.slice(2)"))
