"""The search box's text where only the store can answer it: words and ``name:value`` pairs → traces."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from otelrun.errors import QueryError, StoreError
from otelrun.store.browsing import logs_with_pair, traces_with_pair, traces_with_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otelrun.store.queries import StoreReader

LONGEST_S = 10.0

_INSTRUCTIONS = 20_000  # of SQLite's machine, between two looks at the clock
_TERM = re.compile(r'(-?)(?:([\w.\-/]+):)?(?:"((?:[^"\\]|\\.)*)"?|(\S+))')
_ESCAPED = re.compile(r"\\([\"\\])")
_MOST_TERMS = 12
_LONGEST = 400


class Term(NamedTuple):
    """A word, or with ``name`` an attribute and a part of its value; ``is_excluded``: that must not be there."""

    value: str
    name: str = ""
    is_excluded: bool = False


def terms_of(text: str) -> list[Term]:
    """Read a search: ``timeout user.id:17 "no such item" -retry``."""
    found = _TERM.findall(text[:_LONGEST])
    terms = [Term(_ESCAPED.sub(r"\1", quoted) or plain, name, bool(minus)) for minus, name, quoted, plain in found]
    return [term for term in terms if term.value][:_MOST_TERMS]


def traces_matching(reader: StoreReader, text: str, *, longest_s: float = LONGEST_S) -> set[str]:
    """Find the traces that hold all terms of a search, each in any of their spans or log records.

    Only terms that exclude find nothing: what they leave is for who knows all traces.

    Args:
        reader: a store opened for this search alone.
        text: of the search box.
        longest_s: seconds it may take.

    Raises:
        QueryError: it took longer.
    """
    with _bounded(reader, longest_s):
        return _matching_all(reader, text)


@contextmanager
def _bounded(reader: StoreReader, longest_s: float) -> Iterator[None]:
    """Stop what is searched for in here when its time is over.

    Raises:
        QueryError: it was stopped.
    """
    deadline = time.monotonic() + longest_s
    reader.connection.set_progress_handler(lambda: time.monotonic() > deadline, _INSTRUCTIONS)
    try:
        yield
    except StoreError as error:
        if time.monotonic() <= deadline:
            raise
        message = f"The search was stopped: it took longer than {longest_s:g} seconds."
        raise QueryError(message) from error


def _matching_all(reader: StoreReader, text: str) -> set[str]:
    found: set[str] | None = None
    terms = terms_of(text)
    for term in terms:
        if not term.is_excluded:
            matching = _matching(reader, term)
            found = matching if found is None else found & matching
            if not found:
                return set()
    for term in terms:
        if term.is_excluded and found:
            found -= _matching(reader, term)
    return found or set()


def logs_matching(reader: StoreReader, text: str, *, longest_s: float = LONGEST_S) -> set[int]:
    """Find the log records that have all ``name:value`` pairs of a search themselves, by their row ids; without pairs, none.

    Args:
        reader: a store opened for this search alone.
        text: of the search box.
        longest_s: seconds it may take.

    Raises:
        QueryError: it took longer.
    """
    pairs = [term for term in terms_of(text) if term.name and not term.is_excluded]
    with _bounded(reader, longest_s):
        found = [logs_with_pair(reader, term.name, term.value) for term in pairs]
    return set.intersection(*found) if found else set()


def _matching(reader: StoreReader, term: Term) -> set[str]:
    if term.name:
        return traces_with_pair(reader, term.name, term.value)
    return traces_with_word(reader, term.value)
