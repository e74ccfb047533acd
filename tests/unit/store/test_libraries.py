"""What a store holds of processes besides their records: libraries, parents, ends; in files of an earlier version, too."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from otelrun.ring.record import Library
from otelrun.store import schema
from otelrun.store.ingest import StoreWriter
from otelrun.store.queries import open_store, with_parents
from otelrun.store.rows import LibraryRow, ProcessRow

VERSION_1 = (Path(__file__).parent / "version_1.sql").read_text(encoding="utf-8")
FLASK = Library("flask", "flask", "imported", "opentelemetry-instrumentation-flask", "")
QUEUE = Library("queue", "queue", "hooked", "otelrun", "")
RESOURCE = {"service.name": "shop", "process.parent_pid": 40, "process.command_args": ("python", "app.py")}


@pytest.fixture
def old(tmp_path: Path) -> str:
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    connection.close()
    return str(path)


def test_what_was_said_last_of_a_library_is_what_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    writer = StoreWriter(path)
    process = writer.add_process("41-1.ring", 41, 7, 1100, RESOURCE)
    writer.set_libraries(process, [QUEUE, FLASK])
    writer.set_libraries(process, [FLASK._replace(state="failed", text="boom \udc00")])
    writer.close()

    with open_store(path) as store:
        assert store.libraries() == [
            LibraryRow(process, "flask", "flask", "failed", "opentelemetry-instrumentation-flask", "boom \\udc00"),
            LibraryRow(process, "queue", "queue", "hooked", "otelrun"),
        ]


def test_a_process_is_described_by_its_resource_and_its_end(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    writer = StoreWriter(path)
    process = writer.add_process("41-1.ring", 41, 7, 1100, RESOURCE)
    writer.add_process("42-1.ring", 42, 8, 1200, {"process.parent_pid": 41, "process.command_args": "?"})
    writer.end_process(process, 5000)
    writer.close()

    with open_store(path) as store:
        first, second = store.processes()
    assert (first.created_ns, first.ended_ns, first.parent_pid, first.parent) == (1100, 5000, 40, None)
    assert (second.created_ns, second.ended_ns, second.parent_pid, second.parent) == (1200, None, 41, first.id)
    assert (first.command, second.command) == (("python", "app.py"), ())


def test_a_file_of_the_first_version_is_read_as_far_as_it_goes(old: str) -> None:
    with open_store(old) as store:
        (process,) = store.processes()
        assert store.libraries() == []
        assert store.totals().spans == 1
    assert (process.pid, process.parent_pid, process.interrupted, process.ended_ns) == (41, 40, 1, None)
    assert process.command == ("python", "app.py")


def test_a_file_of_the_first_version_is_brought_up_to_date_when_it_is_written(old: str) -> None:
    writer = StoreWriter(old)
    writer.set_libraries(1, [QUEUE])
    writer.end_process(1, 5000)
    writer.close()

    with open_store(old) as store:
        assert [row.library for row in store.libraries()] == ["queue"]
        assert store.processes()[0].ended_ns == 5000
        assert store.totals().spans == 1
    connection = sqlite3.connect(old)
    try:
        assert schema.version_of(connection) == schema.VERSION
        for view in schema.VIEWS:
            connection.execute(f"SELECT * FROM {schema.name_of(view)}").fetchall()
    finally:
        connection.close()


def test_a_file_that_was_brought_up_to_date_has_what_a_new_one_has(old: str) -> None:
    StoreWriter(old).close()
    upgraded, new = sqlite3.connect(old), sqlite3.connect(":memory:", isolation_level=None)
    schema.create(new)
    try:
        assert contents(upgraded) == contents(new)
    finally:
        upgraded.close()
        new.close()


def contents(connection: sqlite3.Connection) -> dict[str, list[str]]:
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")]
    return {name: sorted(row[1] for row in connection.execute(f"PRAGMA table_xinfo({name})")) for name in sorted(names)}


def process(number: int, pid: int, parent_pid: int | None, *, ticks: int = 0, created_ns: int = 0) -> ProcessRow:
    return ProcessRow(number, pid, ticks, "shop", {}, 0, 0, created_ns=created_ns, parent_pid=parent_pid)


def test_a_parent_may_have_recorded_after_its_child() -> None:
    rows = [process(1, 12, 10, ticks=7, created_ns=100), process(2, 10, 1, ticks=5, created_ns=200)]

    assert with_parents(rows) == [replace(rows[0], parent=2), rows[1]]


def test_of_processes_with_one_pid_the_one_that_ran_when_the_child_began_is_its_parent() -> None:
    rows = [
        process(1, 10, None, ticks=5),
        process(2, 10, None, ticks=50),
        process(3, 11, 10, ticks=20),
        process(4, 12, 10, ticks=60),
        process(5, 13, 99, ticks=60),
    ]

    assert [row.parent for row in with_parents(rows)] == [None, None, 1, 2, None]


def test_of_the_programs_that_one_process_has_been_the_last_before_the_child_is_its_parent() -> None:
    rows = [
        process(1, 10, None, ticks=5, created_ns=100),
        process(2, 10, None, ticks=5, created_ns=300),
        process(3, 11, 10, ticks=9, created_ns=200),
        process(4, 12, 10, ticks=9, created_ns=400),
    ]

    assert [row.parent for row in with_parents(rows)] == [None, None, 1, 2]
