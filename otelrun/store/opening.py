"""Opening a run's store for writing: made where there is none, brought up to date where an earlier otelrun has made it.

Readers and the writer share a file by SQLite's write-ahead log, which needs shared memory. Where there is none (network file
systems) it says so at the pragma, at the first write, or not at all until then: so each way is tried with a write.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from otelrun.store import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    Connect = Callable[..., sqlite3.Connection]

_BUSY_S = 5.0
_LARGEST_LOG = 8 * 1024 * 1024
"""Bytes at which a write-ahead log is merged, and to which it is cut then: it is longer only while somebody reads for long."""

_PAGE = 4096


def open_for_writing(path: str, connect: Connect = sqlite3.connect) -> sqlite3.Connection:
    """Open a store, or make it (mode 0600).

    Args:
        path: the file.
        connect: opens a database, as ``sqlite3.connect`` does.

    Raises:
        sqlite3.Error: neither with a write-ahead log nor without can it be written, or a newer otelrun has made it.
        OSError: it can neither be made nor opened.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        is_new = not os.fstat(fd).st_size
    finally:
        os.close(fd)
    try:
        return _prepare(path, connect, has_log=True)
    except sqlite3.OperationalError:
        if is_new:
            _begin_anew(path)
        return _prepare(path, connect, has_log=False)


def _begin_anew(path: str) -> None:
    """Empty a file that was only just made: it may say that it has a log, which then nobody could read."""
    with suppress(OSError):
        os.truncate(path, 0)
    for suffix in ("-wal", "-shm", "-journal"):
        with suppress(OSError):
            os.unlink(path + suffix)


def _prepare(path: str, connect: Connect, *, has_log: bool) -> sqlite3.Connection:
    connection = connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        if not has_log:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # alone, SQLite reads a log without shared memory
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # so that it can shrink; only an empty file takes that
        if has_log:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_LARGEST_LOG // _PAGE}")
            connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_LOG}")
        else:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA locking_mode = NORMAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = FAST")  # what is pruned is no secret to who may read the rest
        _write(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _write(connection: sqlite3.Connection) -> None:
    """Make or complete the schema; where there is nothing to do, write all the same, to see whether that works.

    Raises:
        sqlite3.Error: it does not, or a newer otelrun has made the file.
    """
    version = schema.version_of(connection)
    if version > schema.VERSION:
        message = f"made by a newer otelrun (schema {version}, this one knows {schema.VERSION})"
        raise sqlite3.DatabaseError(message)
    if version == 0:
        schema.create(connection)
    elif version < schema.VERSION:
        schema.upgrade(connection, version)
    else:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE run SET id = 1")
        connection.execute("COMMIT")
