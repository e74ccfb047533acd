"""A file of somebody else's becomes a run of its own: once, however often it is opened."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, NamedTuple

from otelrun.agent import retention
from otelrun.errors import OtelrunError, RunDirectoryError, UnreadableFileError
from otelrun.ring import recovery
from otelrun.ring.directory import create_run, list_runs
from otelrun.store.ingest import StoreWriter
from otelrun.store.otlp_file import Contents, read_lines, store_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.ring.directory import RunDirectory

_CHUNK = 1024 * 1024


class Opened(NamedTuple):
    """A file that is a run now.

    Attributes:
        run: the run.
        contents: what was stored of it; None where it was a run already.
    """

    run: RunDirectory
    contents: Contents | None


def is_report(path: str) -> bool:
    """Say whether a file is HTML.

    Raises:
        UnreadableFileError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read(_CHUNK).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise UnreadableFileError(message) from error


def open_file(root: str, path: str, progress: Callable[[int, int], None] | None) -> Opened:
    """Read a file of OTLP/JSON into a run, unless it is one already.

    Args:
        root: the state directory.
        path: the file.
        progress: called now and then with how many bytes of how many were read.

    Raises:
        UnreadableFileError: it cannot be read, or holds nothing that can be.
        RunDirectoryError: there can be no run.
        StoreError: its store cannot be written.
    """
    digest = _digest(path)
    for run in list_runs(root):
        if _description(run).get("opened_sha256") == digest:
            return Opened(run, None)
    run = create_run(root)
    claim = recovery.claim(run)  # so that nobody removes it meanwhile
    try:
        return Opened(run, _fill(run, path, digest, progress))
    except BaseException:
        retention.remove(run)
        raise
    finally:
        if claim is not None:
            claim.release()


def _digest(path: str) -> str:
    found = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise UnreadableFileError(message) from error
    return found.hexdigest()


def _description(run: RunDirectory) -> dict[str, object]:
    try:
        with open(run.description, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _fill(run: RunDirectory, path: str, digest: str, progress: Callable[[int, int], None] | None) -> Contents:
    writer = StoreWriter(run.store)
    try:
        contents = store_lines(read_lines(path, progress), writer)
        if not (contents.spans or contents.logs or contents.points):
            raise _nothing(path, contents)
        description = {
            "run_id": run.run_id,
            "command": ["otelrun", "open", os.path.abspath(path)],
            "cwd": os.path.dirname(os.path.abspath(path)),
            "started_ns": contents.first_ns,
            "root_pid": 0,
            "service_name": contents.service_name,
            "service_name_source": f"opened from {os.path.basename(path)}",
            "profile": "",
            "pipeline": "opened",
            "destinations": ["local store"],
            "resource_schema_url": contents.schema_url,
            "opened_from": os.path.abspath(path),
            "opened_sha256": digest,
        }
        writer.describe_run(description)
        writer.end_run(contents.last_ns)
        writer.commit()
    finally:
        writer.close()
    try:
        fd = os.open(run.description, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(description, file)
    except OSError as error:
        message = f"{run.description}: {error.strerror or error}"
        raise RunDirectoryError(message) from error
    return contents


def _nothing(path: str, contents: Contents) -> OtelrunError:
    reason = f":{contents.first_bad}" if contents.first_bad else ": holds no spans, log records or metrics"
    return UnreadableFileError(f"{path}{reason}")
