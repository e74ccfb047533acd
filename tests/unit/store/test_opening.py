"""Opening a store for writing where write-ahead logs do not work, and where an earlier otelrun has made it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from otelrun.errors import StoreError
from otelrun.store import opening, schema
from otelrun.store.ingest import StoreWriter
from otelrun.store.opening import open_for_writing
from otelrun.store.queries import open_store
from otelrun.store.rows import PrunedRow
from tests.support.shop_trace import SCOPES, placed, quick_request


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "store.db")


def journal_mode(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def write(path: str) -> int:
    writer = StoreWriter(path)
    writer.add(writer.add_process("7-1.ring", 7, 1, 2, {}), placed(quick_request()), lambda _: SCOPES[1])
    writer.close()
    with open_store(path) as store:
        return store.totals().spans


class WithoutSharedMemory(sqlite3.Connection):
    """Takes a write-ahead log, and fails when it is used: a network file system."""

    error = "locking protocol"

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:  # type: ignore[override]
        is_first_write = statement.startswith("BEGIN IMMEDIATE")
        if is_first_write and journal_mode_of(self) == "wal":
            raise sqlite3.OperationalError(self.error)
        return super().execute(statement, *values)


def journal_mode_of(connection: sqlite3.Connection) -> str:
    return str(sqlite3.Connection.execute(connection, "PRAGMA journal_mode").fetchone()[0])


@pytest.mark.parametrize("error", ["locking protocol", "disk I/O error", "unable to open database file"])
def test_where_a_log_fails_at_the_first_write_the_store_is_made_without(
    path: str, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WithoutSharedMemory, "error", error)
    connection = open_for_writing(path, lambda *a, **k: sqlite3.connect(*a, factory=WithoutSharedMemory, **k))
    assert journal_mode(connection) == "delete"
    connection.execute("INSERT INTO note VALUES (1, 1, 1, 'a', 'b')")
    with open_store(path) as store:
        assert [note.slug for note in store.notes()] == ["a"]
    connection.execute("INSERT INTO note VALUES (2, 1, 1, 'b', 'b')")
    connection.close()
    assert os.listdir(os.path.dirname(path)) == ["store.db"]


def test_where_the_file_system_has_no_shared_memory_at_all_the_store_is_written_and_read(path: str) -> None:
    os.mkdir(path + "-shm")  # so that it can be neither made nor opened
    connection = open_for_writing(path)
    assert journal_mode(connection) == "delete"
    connection.close()
    assert write(path) == 1


def test_a_store_with_a_log_is_taken_over_where_there_is_no_shared_memory(path: str) -> None:
    """It was made elsewhere, and its agent was killed: the log holds what the file does not."""
    elsewhere = path + ".elsewhere"
    writer = StoreWriter(elsewhere)
    writer.add(writer.add_process("7-1.ring", 7, 1, 2, {}), placed(quick_request()), lambda _: SCOPES[1])
    writer.commit()
    for suffix in ("", "-wal"):
        with open(elsewhere + suffix, "rb") as source, open(path + suffix, "wb") as copy:
            copy.write(source.read())
    writer.close()
    os.mkdir(path + "-shm")

    assert write(path) == 1, "the span of the log, given once more"


def test_what_has_no_log_by_its_nature_is_written_without(path: str) -> None:
    def connect(name: str, **options: Any) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{name}?vfs=unix-dotfile", uri=True, **options)

    connection = open_for_writing(path, connect)
    assert journal_mode(connection) == "delete"
    connection.close()


def test_what_cannot_be_written_at_all_is_an_error_and_stays_as_it_was(path: str) -> None:
    def connect(name: str, **options: Any) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{name}?mode=ro", uri=True, **options)

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        open_for_writing(path, connect)
    assert write(path) == 1
    with open(path, "rb") as file:
        before = file.read()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        open_for_writing(path, connect)
    with open(path, "rb") as file:
        assert file.read() == before


def test_a_file_that_somebody_locks_is_neither_emptied_nor_waited_for_for_ever(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_BUSY_S", 0.01)
    assert write(path) == 1
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked"):
        StoreWriter(path)
    holder.execute("ROLLBACK")
    holder.close()
    assert write(path) == 1


def test_a_store_can_be_made_smaller_again(path: str) -> None:
    connection = open_for_writing(path)
    assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    connection.close()


def version_1(path: str) -> None:
    """Make a file as the first otelrun made it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript((Path(__file__).parent / "version_1.sql").read_text(encoding="utf-8"))
    connection.close()


def test_an_earlier_store_is_read_as_it_is(path: str) -> None:
    version_1(path)
    with open_store(path) as store:
        assert store.pruned() == PrunedRow()
        assert [note.slug for note in store.notes()] == ["no-tls"]


def test_an_earlier_store_is_completed_by_who_writes_it(path: str) -> None:
    version_1(path)
    assert write(path) == 2, "one was there"
    connection = sqlite3.connect(path)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    made = (*schema.TABLES, *schema.INDEXES, *schema.VIEWS)
    assert schema.version_of(connection) == schema.VERSION
    assert {schema.name_of(statement) for statement in made} - names == set()
    connection.close()
    with open_store(path) as store:
        assert [note.slug for note in store.notes()] == ["no-tls"]


def test_a_store_that_somebody_holds_locked_is_not_read_past_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from otelrun.store import queries

    path = str(tmp_path / "store.db")
    open_for_writing(path).close()
    monkeypatch.setattr(queries, "_BUSY_S", 0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        holder.execute("PRAGMA journal_mode = DELETE")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked"), queries.open_store(path):
            pass
    finally:
        holder.close()
