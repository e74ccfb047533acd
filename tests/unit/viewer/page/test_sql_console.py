"""Queries that people write: they read, and do nothing else."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from otelrun.errors import QueryError
from otelrun.store.queries import open_store
from otelrun.viewer.page.documents_sql import SAVED
from otelrun.viewer.page.sql_console import LONGEST_VALUE, MOST_ROWS, run_query
from tests.support.shop_trace import write_run

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n{}) "


@pytest.fixture
def path(tmp_path: Path) -> str:
    return os.path.join(write_run(str(tmp_path)), "store.db")


def ask(path, sql, **more):
    with open_store(path) as reader:
        return run_query(reader, sql, **more)


def refusal(path, sql, **more):
    with pytest.raises(QueryError) as caught:
        ask(path, sql, **more)
    return str(caught.value)


def test_tables_and_views_are_read(path):
    answer = ask(path, "SELECT name, is_error FROM requests WHERE status_code = 500")
    assert (answer.columns, answer.rows, answer.is_cut) == (["name", "is_error"], [["POST /orders", 1]], False)
    assert ask(path, "SELECT count(*) FROM span -- all of them").rows == [[8]]


@pytest.mark.parametrize(("title", "sql"), SAVED)
def test_the_saved_queries_run(path, title, sql):
    assert ask(path, sql).columns


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH DATABASE '/tmp/other.db' AS other",
        "DETACH DATABASE main",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA query_only = 0",
        "PRAGMA table_info(span)",
        "SELECT * FROM pragma_database_list",
        "DELETE FROM span",
        "UPDATE span SET name = 'x'",
        "INSERT INTO note VALUES (1, 1, 1, 'a', 'b')",
        "REPLACE INTO note VALUES (1, 1, 1, 'a', 'b')",
        "WITH x AS (SELECT 1) DELETE FROM span",
        "DROP TABLE span",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x (y)",
        "CREATE TEMP VIEW x AS SELECT 1",
        "ALTER TABLE span ADD COLUMN x",
        "REINDEX",
        "ANALYZE",
        "VACUUM",
        "VACUUM INTO '/tmp/otelrun-stolen.db'",
        "BEGIN EXCLUSIVE",
        "SAVEPOINT x",
        "SELECT load_extension('/tmp/x.so')",
        "SELECT writefile('/tmp/x', 'y')",
        "SELECT readfile('/etc/passwd')",
        "SELECT edit('x')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT randomblob(1000000000)",
        "SELECT zeroblob(1000000000)",
        "SELECT 1; DELETE FROM span",
        "",
        "-- nothing",
        "SELEKT 1",
        "SELECT nothing FROM span",
        "SELECT '\x00' x'",
    ],
)
def test_whatever_is_not_reading_is_refused(path, sql):
    with open(path, "rb") as file:
        before = file.read()
    assert refusal(path, sql).endswith((".", ")."))
    with open(path, "rb") as file:
        assert file.read() == before
    assert not os.path.exists("/tmp/otelrun-stolen.db")


@pytest.mark.parametrize(
    "sql",
    [
        NUMBERS.format("") + "SELECT count(*) FROM n",
        NUMBERS.format("") + "SELECT max(x) FROM n",
        NUMBERS.format("") + "SELECT * FROM n ORDER BY x DESC",
        NUMBERS.format("") + "SELECT group_concat(x) FROM n",
    ],
)
def test_a_query_without_end_is_stopped(path, sql):
    said = refusal(path, sql, longest_s=0.1)
    assert "longer than 0.1 seconds" in said or "too big" in said


@pytest.mark.skipif(not hasattr(sqlite3.Connection, "setlimit"), reason="this Python cannot bound a value of SQLite's")
def test_a_query_that_makes_huge_values_is_stopped(path):
    doubling = "WITH RECURSIVE c(x) AS (SELECT 'a' UNION ALL SELECT x || x FROM c) SELECT max(length(x)) FROM c"
    assert "too big" in refusal(path, doubling)
    assert ask(path, "SELECT printf('%1000000000d', 1)").rows in ([[None]], [])


def test_so_many_rows_and_no_more_are_given(path):
    answer = ask(path, NUMBERS.format(" WHERE x < 5000") + "SELECT x FROM n")
    assert (len(answer.rows), answer.is_cut) == (MOST_ROWS, True)
    assert not ask(path, NUMBERS.format(f" WHERE x < {MOST_ROWS}") + "SELECT x FROM n").is_cut


def test_values_come_as_javascript_can_take_them(path):
    (row,) = ask(
        path, f"SELECT NULL, 1.5, 9223372036854775807, x'00ff', 1e999, printf('%.*c', {LONGEST_VALUE * 2}, 'x')"
    ).rows
    assert row[:5] == [None, 1.5, "9223372036854775807", "x'00ff'", "inf"]
    assert row[5] == "x" * LONGEST_VALUE + "… (8,000 characters)"


def test_half_a_character_in_an_attribute_hides_no_row(path):
    sql = """SELECT json_extract('{"half": "a \\ud83d b"}', '$.half')"""
    assert ask(path, sql).rows == [["a \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} b"]]


def test_the_message_says_what_is_wrong(path):
    assert refusal(path, "SELECT nope FROM span") == "No such column: nope."
    assert refusal(path, "DELETE FROM span") == "Only reading is allowed here (not authorized)."
    assert refusal(path, "SELECT 1; SELECT 2") == "One statement at a time, please."
