"""Queries that people write, run on a store: they read and do nothing else, and none takes the machine with it.

SQLite asks before it does anything: reading and plain functions are allowed, all else refused. Time, rows, the size of values
and memory are bounded; nothing is spilled to the disk.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.errors import QueryError

if TYPE_CHECKING:
    from otelrun.store.queries import StoreReader

MOST_ROWS = 1_000
LONGEST_S = 5.0
LONGEST_VALUE = 4_000
"""Characters of a value that are shown."""

_LONGEST_IN_SQLITE = 1_000_000  # bytes of any text, blob or row that a query makes
_MOST_SHOWN = 8_000_000  # characters of all values together
_HEAP = 256 * 1024 * 1024  # bytes that SQLite may hold in this process, all connections together
_INSTRUCTIONS = 20_000  # of SQLite's machine, between two looks at the clock
_EXACT = 1 << 53
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
_REFUSED_FUNCTIONS = frozenset(
    {"load_extension", "writefile", "readfile", "edit", "fts3_tokenizer", "randomblob", "zeroblob"}
)
_SQLITE_LIMIT_LENGTH = 0  # Python names it from 3.11 on
_SQLITE_LIMIT_ATTACHED = 7


class Answer(NamedTuple):
    """What a query gives; ``is_cut``: there is more than is given."""

    columns: list[str]
    rows: list[list[Any]]
    is_cut: bool
    took_ms: float


def run_query(reader: StoreReader, sql: str, *, longest_s: float = LONGEST_S) -> Answer:
    """Run one statement.

    Args:
        reader: a store opened for this query alone; afterwards it refuses all but reading.
        sql: the statement.
        longest_s: seconds it may take.

    Raises:
        QueryError: it cannot be answered; the message says why in a sentence.
    """
    began = time.monotonic()
    connection = reader.connection
    _bound(connection, began + longest_s)
    try:
        with closing(connection.execute(sql)) as cursor:
            if cursor.description is None:
                message = "This is no query: only SELECT is answered here."
                raise QueryError(message)
            columns = [column[0] for column in cursor.description]
            rows, is_cut = _read(cursor)
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
        message = _told(error, longest_s)
        raise QueryError(message) from error
    return Answer(columns, rows, is_cut, round((time.monotonic() - began) * 1000, 1))


def _bound(connection: sqlite3.Connection, deadline: float) -> None:
    connection.text_factory = lambda text: text.decode(
        "utf-8", "replace"
    )  # SQLite makes lone surrogates of JSON's \\ud800
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA hard_heap_limit = {_HEAP}")
    connection.set_authorizer(_authorize)
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _INSTRUCTIONS)
    if hasattr(connection, "setlimit"):  # from Python 3.11 on
        connection.setlimit(_SQLITE_LIMIT_LENGTH, _LONGEST_IN_SQLITE)
        connection.setlimit(_SQLITE_LIMIT_ATTACHED, 0)


def _authorize(action: int, *about: str | None) -> int:
    if action in _ALLOWED:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (about[1] or "").lower() not in _REFUSED_FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _read(cursor: sqlite3.Cursor) -> tuple[list[list[Any]], bool]:
    rows: list[list[Any]] = []
    size = 0
    for row in cursor:
        if len(rows) == MOST_ROWS or size > _MOST_SHOWN:
            return rows, True
        shown = [_shown(value) for value in row]
        size += sum(len(value) for value in shown if isinstance(value, str))
        rows.append(shown)
    return rows, False


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        value = f"x'{value[: LONGEST_VALUE // 2].hex()}'"
    if isinstance(value, str):
        return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}… ({len(value):,} characters)"
    if isinstance(value, int) and not -_EXACT <= value <= _EXACT:
        return str(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124 - NaN
        return str(value)
    return value


def _told(error: Exception, longest_s: float) -> str:
    text = str(error)
    if isinstance(error, MemoryError):
        return "The query was stopped: it needs too much memory."
    if "interrupted" in text:
        return f"The query was stopped: it took longer than {longest_s:g} seconds."
    if "not authorized" in text or "prohibited" in text:
        return f"Only reading is allowed here ({text})."
    if "one statement at a time" in text:
        return "One statement at a time, please."
    return f"{text[:1].upper()}{text[1:]}." if text else "The query cannot be answered."
