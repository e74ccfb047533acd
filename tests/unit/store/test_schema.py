"""The schema as documented code."""

from __future__ import annotations

import sqlite3

from otelrun.store import schema


def test_every_column_is_described_or_names_itself() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.create(connection)
    try:
        for table in schema.TABLES:
            name = schema.name_of(table)
            real = [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({name})")]
            assert [(column.name, column.type) for column in schema.columns_of(table)] == real
            assert schema.comment_of(table).endswith((".", ")."))
        for view in schema.VIEWS:
            assert connection.execute(f"SELECT * FROM {schema.name_of(view)}").fetchall() == []
    finally:
        connection.close()


def test_the_version_has_a_history() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        assert schema.version_of(connection) == 0
        schema.create(connection)
        assert schema.version_of(connection) == schema.VERSION == max(schema.HISTORY)
        assert connection.execute("PRAGMA application_id").fetchone() == (schema.APPLICATION_ID,)
    finally:
        connection.close()
