"""A report that was opened, as a source for the server: our own page shows its data, the file itself is never served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otelrun.viewer.page import routes
from otelrun.viewer.page.answers import Answer, error_document
from otelrun.viewer.page.report_file import data_of_report

if TYPE_CHECKING:
    from otelrun.viewer.page.routes import Route


class OpenedReport:
    """The documents of one report."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Keep the data, from ``data_of_report``."""
        self._data = data
        self.run_id = str(data["run"])

    def answer(self, route: Route, body: bytes = b"") -> Answer:  # noqa: ARG002 - of one shape with answers.Answers
        """Give the whole; the page takes it apart."""
        if route.kind == routes.PACKED:
            return Answer(200, self._data)
        return Answer(404, error_document("not-found", "This server shows one report, at /api/report."))


def open_report(path: str) -> OpenedReport:
    """Read a report.

    Raises:
        ReportError: it cannot be read, or is none.
    """
    return OpenedReport(data_of_report(path))
