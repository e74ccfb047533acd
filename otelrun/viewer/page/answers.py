"""From a route to its document: opens the run's store, asks ``documents_*``. Knows nothing of HTTP but the status of an answer.

A run is found among the names that are there; no path is ever made from what was asked.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun import stood_down
from otelrun.errors import NotFoundError, OtelrunError, PrunedError, StoreError
from otelrun.ring.directory import list_runs
from otelrun.store import browsing, schema
from otelrun.store.listing import ENDED, INTERRUPTED
from otelrun.store.queries import open_store
from otelrun.store.rows import NoteRow, Totals
from otelrun.viewer.analysis.failures import failures_of
from otelrun.viewer.page import documents_processes, routes
from otelrun.viewer.page.documents_metrics import metrics_document
from otelrun.viewer.page.documents_requests import errors_document, requests_document
from otelrun.viewer.page.documents_run import RunState, run_document, runs_document
from otelrun.viewer.page.documents_sql import schema_document
from otelrun.viewer.page.documents_trace import log_object, logs_document, trace_document
from otelrun.viewer.page.search import logs_matching, traces_matching
from otelrun.viewer.page.sql_console import run_query
from otelrun.viewer.page.watched import MOST_ROWS, Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.ring.directory import RunDirectory
    from otelrun.store.listing import Listing
    from otelrun.store.queries import StoreReader
    from otelrun.viewer.page.routes import Route

_RUNS_LISTED = 200
_MOST_TRACES = 10_000
_MOST_LOGS = 20_000
_SEQUENCES = 1 << 53


class Answer(NamedTuple):
    """A status and a document."""

    status: int
    document: dict[str, Any]


def error_document(slug: str, sentence: str) -> dict[str, Any]:
    """Say what is wrong."""
    return {"error": sentence, "slug": slug}


class Answers:
    """The documents of all runs below one directory."""

    def __init__(self, root: str, default: str = "", now_ns: Callable[[], int] = time.time_ns) -> None:
        """Keep where to look.

        Args:
            root: directory of runs, see ``ring.directory``.
            default: id of the run to begin with; empty for the newest.
            now_ns: clock, since the epoch.
        """
        self._root = root
        self._default = default
        self._now_ns = now_ns
        self._watch = Watch()
        self._of_run: dict[str, Callable[[_Look, Route], dict[str, Any]]] = {
            routes.SQL_RUN: _sql,
            "requests": _requests,
            "errors": _errors,
            "trace": _trace,
            "logs": _logs,
            "log": _log,
            "metrics": _metrics,
            "processes": _processes,
            "sql": _schema,
            "search": _search,
        }

    def answer(self, route: Route, body: bytes = b"") -> Answer:
        """Answer a route; whatever is wrong becomes a document too.

        Args:
            route: any but that of a static file.
            body: of a POST.
        """
        try:
            if route.kind == routes.RUNS:
                return Answer(200, self._runs())
            if route.kind == routes.PACKED:
                return Answer(404, error_document("not-found", "This server shows runs, not a report."))
            return Answer(200, self._run_document(route, body))
        except NotFoundError as error:
            return Answer(404, error_document(error.slug, str(error)))
        except OtelrunError as error:
            status = 400 if route.kind == routes.SQL_RUN else 503
            return Answer(status, error_document(error.slug, str(error)))

    def _runs(self) -> dict[str, Any]:
        directories = list_runs(self._root)
        self._watch.keep_only(directories)
        listings = [self._watch.listing(directory) for directory in directories[:_RUNS_LISTED]]
        names = [directory.run_id for directory in directories]
        default = self._default if self._default in names else next(iter(names), "")
        return runs_document(listings, default, self._now_ns())

    def _run_document(self, route: Route, body: bytes) -> dict[str, Any]:
        directory = next((run for run in list_runs(self._root) if run.run_id == route.run), None)
        if directory is None:
            message = f"There is no run {route.run} on this machine; it may have been removed since. See: otelrun runs"
            raise NotFoundError(message)
        listing = self._watch.listing(directory)
        if route.kind == routes.RUN:
            return self._state(directory, listing)
        if listing.totals is None and not listing.problem:
            return _of_nothing(route, listing)
        with open_store(directory.store) as reader:
            look = _Look(reader, listing, self._watch, body)
            return self._of_run[route.kind](look, route)

    def _state(self, directory: RunDirectory, listing: Listing) -> dict[str, Any]:
        notes = [NoteRow(*reason) for reason in stood_down.read(directory.path)]
        unstored, has_store = 0, listing.totals is not None
        if has_store:
            with open_store(directory.store) as reader:
                notes = [*reader.notes(), *notes]
                unstored = sum(row.unstored for row in reader.processes())
                if not listing.accounts.is_any:
                    listing = _with_accounts(listing, reader)
        path = directory.store if has_store else ""
        return run_document(RunState(listing, path, notes, unstored, can_sql=has_store), self._now_ns())


class _Look(NamedTuple):
    """One look into one run's store."""

    reader: StoreReader
    listing: Listing
    watch: Watch
    body: bytes = b""

    @property
    def started_ns(self) -> int:
        """When the run began."""
        return self.listing.run.started_ns

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.listing.state in (ENDED, INTERRUPTED)


def _with_accounts(listing: Listing, reader: StoreReader) -> Listing:
    return replace(listing, accounts=reader.accounts())


def _requests(look: _Look, route: Route) -> dict[str, Any]:
    after = routes.number_in(route.query, "after", 0, _SEQUENCES)
    found = look.watch.run(route.run).requests(look.reader, after, is_over=look.is_over)
    processes = {row.id: row for row in look.reader.processes()}
    return requests_document(
        found.changes, processes, look.started_ns, sequence=found.sequence, is_complete=found.is_complete
    )


def _errors(look: _Look, route: Route) -> dict[str, Any]:
    totals = look.listing.totals or Totals()
    state = (totals.errors, totals.logs)
    failures = look.watch.run(route.run).failures(state, lambda: failures_of(look.reader))
    return errors_document(failures, look.started_ns)


def _trace(look: _Look, route: Route) -> dict[str, Any]:
    trace = look.reader.trace(route.name)
    if trace is None:
        raise _gone(look, f"trace {route.name}")
    linked = {link.trace_id for span in trace.spans for link in span.links}
    return trace_document(trace, browsing.known_traces(look.reader, sorted(linked)), look.started_ns)


def _gone(look: _Look, what: str) -> NotFoundError:
    """Say that something is not there, and whether it may have been."""
    if look.listing.pruned.is_any:
        return PrunedError(
            f"There is no {what} in this run any more: the oldest were removed to keep it within its size."
        )
    return NotFoundError(f"There is no {what} in this run.")


def _logs(look: _Look, route: Route) -> dict[str, Any]:
    after = routes.number_in(route.query, "after", 0, _SEQUENCES)
    limit = routes.number_in(route.query, "limit", MOST_ROWS, MOST_ROWS)
    found = look.watch.run(route.run).logs(look.reader, after, limit)
    return logs_document(found.lines, look.started_ns, cursor=found.cursor, is_complete=found.is_complete)


def _log(look: _Look, route: Route) -> dict[str, Any]:
    log = look.reader.log(int(route.name))
    if log is None:
        raise _gone(look, f"log record {route.name}")
    return log_object(log, look.started_ns)


def _metrics(look: _Look, route: Route) -> dict[str, Any]:  # noqa: ARG001 - of one shape
    series = browsing.series_of(look.reader)
    return metrics_document(((row, browsing.points_of(look.reader, row.id)) for row in series), look.started_ns)


def _processes(look: _Look, route: Route) -> dict[str, Any]:  # noqa: ARG001 - of one shape
    facts = documents_processes.facts_of(look.reader, look.listing)
    return documents_processes.processes_document(facts, look.started_ns)


def _schema(look: _Look, route: Route) -> dict[str, Any]:  # noqa: ARG001 - of one shape
    return schema_document(browsing.view_columns(look.reader, [schema.name_of(view) for view in schema.VIEWS]))


def _search(look: _Look, route: Route) -> dict[str, Any]:
    text = route.query.get("q", "")
    found = sorted(traces_matching(look.reader, text))
    answer = {"traces": found[:_MOST_TRACES], "is_cut": len(found) > _MOST_TRACES}
    if route.query.get("logs"):
        logs = sorted(logs_matching(look.reader, text))
        answer |= {
            "logs": [str(row) for row in logs[:_MOST_LOGS]],
            "is_cut": answer["is_cut"] or len(logs) > _MOST_LOGS,
        }
    return answer


def _sql(look: _Look, route: Route) -> dict[str, Any]:  # noqa: ARG001 - of one shape
    try:
        asked = json.loads(look.body)
    except (ValueError, RecursionError):
        asked = None
    sql = asked.get("sql") if isinstance(asked, dict) else None
    if not isinstance(sql, str):
        message = 'A query is sent as {"sql": "SELECT ..."}.'
        raise StoreError(message)
    return run_query(look.reader, sql)._asdict()


def _of_nothing(route: Route, listing: Listing) -> dict[str, Any]:
    """Answer for a run into whose store nothing has been written yet, or that has none."""
    empty: dict[str, dict[str, Any]] = {
        "requests": requests_document([], {}, listing.run.started_ns, sequence=0, is_complete=True),
        "errors": errors_document([], 0),
        "logs": logs_document([], 0, cursor=0, is_complete=True),
        "metrics": metrics_document([], 0),
        "processes": {"processes": []},
        "sql": schema_document({}),
        "search": {"traces": [], "logs": [], "is_cut": False},
    }
    if route.kind in empty:
        return empty[route.kind]
    message = "Nothing has been stored of this run so far."
    raise NotFoundError(message)
