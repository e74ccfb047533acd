"""The search box's text where only the store can answer it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from otelrun.errors import QueryError
from otelrun.store.queries import open_store
from otelrun.viewer.page import search
from otelrun.viewer.page.search import Term, terms_of, traces_matching
from tests.support.shop_trace import FAST_TRACE_ID, TRACE_ID, write_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from otelrun.store.queries import StoreReader

FAILED, QUICK = f"{TRACE_ID:032x}", f"{FAST_TRACE_ID:032x}"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[StoreReader]:
    with open_store(os.path.join(write_run(str(tmp_path)), "store.db")) as store:
        yield store


def test_words_pairs_quotes_and_minus():
    assert terms_of('timeout user.id:17 "no such item" -retry x:"a b"') == [
        Term("timeout"),
        Term("17", "user.id"),
        Term("no such item"),
        Term("retry", is_excluded=True),
        Term("a b", "x"),
    ]
    assert terms_of('  ""  "open') == [Term("open")]
    assert terms_of(r'sql:"SELECT \"x\" \\ y" a\b') == [Term('SELECT "x" \\ y', "sql"), Term(r"a\b")]


def test_a_search_that_takes_too_long_is_stopped(shop, monkeypatch):
    monkeypatch.setattr(search, "_INSTRUCTIONS", 1)
    with pytest.raises(QueryError, match="longer than 0 seconds"):
        traces_matching(shop, "durian", longest_s=0)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("durian", {FAILED}),
        ("DURIAN", {FAILED}),
        ("health", {QUICK}),
        ("order 17", {FAILED}),
        ('"order 17 received"', {FAILED}),
        ("ValueError", {FAILED}),
        ("durian health", set()),
        ("durian -pricing", set()),
        ("http.response.status_code:200", {FAILED, QUICK}),
        ("http.response.status_code:200 -http.response.status_code:500", {QUICK}),
        ("url.path:/health", {QUICK}),
        ("exception.type:valueerror", {FAILED}),
        ("url.path:durian", {FAILED}),
        ("nothing.like:this", set()),
        ("%", set()),
        ("_", {FAILED, QUICK}),
        ("'); DROP TABLE span; --", set()),
        ("", set()),
        ("-durian", set()),
    ],
)
def test_traces_that_hold_all_of_it_are_found(shop, text, found):
    assert traces_matching(shop, text) == found
