"""A trace drawn as text: one line per span with its duration and a bar, its log lines inside at their place.

Pure: rows in, ``rich`` texts out. Telemetry is foreign text: it is made harmless first and never read as markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from otelrun.store.rows import LogRow, SpanRow
from otelrun.viewer import phrases
from otelrun.viewer.tree import GUIDED, MissingParent, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otelrun.store.rows import Trace
    from otelrun.viewer.terminal.screen import Glyphs
    from otelrun.viewer.tree import Line

_DURATION = 9
_NARROWEST_WITH_BAR = 72
_SHORTEST_NAME = 16
_LONGEST_QUERY = 400
_SERVICE_STYLES = ("cyan", "magenta", "yellow", "blue", "green")
_ERROR = "bold red"
_SEVERITIES = ((17, "red"), (13, "yellow"), (9, "green"), (0, "dim"))
_SEVERITY_NAMES = ("", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


class TraceDrawing:
    """Draws one trace for a terminal of a given width."""

    def __init__(self, trace: Trace, width: int, glyphs: Glyphs) -> None:
        """Measure the trace.

        Args:
            trace: what to draw.
            width: in columns; each line fits.
            glyphs: the characters to draw with.
        """
        self._trace = trace
        self._width = width
        self._glyphs = glyphs
        self._start_ns = trace.summary.start_ns
        self._extent_ns = max(1, trace.summary.duration_ns)
        self._bar = (width - 52) // 2 if width >= _NARROWEST_WITH_BAR else 0
        self._bar = min(self._bar, 32)
        services = dict.fromkeys(span.service_name for span in trace.spans)
        self._styles = {name: _SERVICE_STYLES[i % len(_SERVICE_STYLES)] for i, name in enumerate(services)}
        queries = [span for span in trace.spans if not phrases.QUERIES.isdisjoint(span.attributes)]
        self._longest_query = max(queries, key=lambda span: span.duration_ns, default=None)
        failures = [(span.parent_span_id, *phrases.failure(span)) for span in trace.spans if span.is_error]
        self._failures_below = {*failures, *((parent, "", message) for parent, _, message in failures)}

    def lines(self) -> Iterator[Text]:
        """Draw the tree, line by line."""
        for line in lines_of(self._trace):
            if isinstance(line.item, SpanRow):
                drawn = self._span(line, line.item)
                yield drawn
                if line.item is self._longest_query:
                    yield from self._whole_query(line, line.item, drawn)
                yield from self._failure(line, line.item)
            elif isinstance(line.item, LogRow):
                yield self._log(line, line.item)
                yield from self._logged_failure(line, line.item)
            else:
                yield self._missing(line, line.item)

    def _guide(self, line: Line) -> Text:
        """Draw what leads to an item from the left."""
        if not line.lasts:
            return Text()
        glyphs = self._glyphs
        text = "".join("   " if last else glyphs.through for last in line.lasts[:-1])
        text += glyphs.last if line.lasts[-1] else glyphs.branch
        return Text().append(text + (glyphs.deeper if line.depth > GUIDED else ""), "dim")

    def _guide_below(self, line: Line) -> Text:
        """Draw what passes by on the left of a second line of an item."""
        text = "".join("   " if last else self._glyphs.through for last in line.lasts)
        return Text().append(text + (self._glyphs.through if line.has_children else "   "), "dim")

    def _span(self, line: Line, span: SpanRow) -> Text:
        room = self._width - _DURATION - 1 - (self._bar + 1 if self._bar else 0)
        text = self._guide(line)
        if span.is_error:
            text.append(f"{self._glyphs.error} ", _ERROR)
        details = self._details(line, span)
        name = phrases.visible(span.name) or "(no name)"
        name_room = max(_SHORTEST_NAME, room - text.cell_len - details.cell_len)
        text.append_text(_cut(Text(name, "bold"), name_room))
        text.append_text(details)
        about = phrases.visible(phrases.target(span), 200)
        if about and room - text.cell_len > _SHORTEST_NAME // 2:
            text.append(f"  {about}", "dim")
        text.truncate(room, overflow="ellipsis", pad=True)
        text.append(f"{phrases.duration(span.duration_ns):>{_DURATION}} ")
        if self._bar:
            text.append(" ")
            text.append(self._bar_of(span), "red" if span.is_error else self._styles[span.service_name])
        text.rstrip()
        return text

    def _details(self, line: Line, span: SpanRow) -> Text:
        """Say that a span was interrupted, its status code, its kind, and its service and process where they are others."""
        details = Text(" interrupted" if span.is_interrupted else "", "yellow")
        code = phrases.status_code(span)
        if code:
            details.append(f" {code}", "red" if span.is_error else "green")
        words = [] if span.kind == "internal" else [span.kind]
        above = line.parent
        if above is None or above.service_name != span.service_name:
            words.append(phrases.visible(span.service_name, 40) or "(no service)")
        elif above.pid != span.pid:
            words.append(f"pid {span.pid}")
        if words:
            details.append("  " + self._glyphs.dot.join(words), "dim " + self._styles[span.service_name])
        return details

    def _bar_of(self, span: SpanRow) -> str:
        """Draw when a span ran, in half cells; at least one half."""
        halves = 2 * self._bar
        first = (span.start_ns - self._start_ns) * halves // self._extent_ns
        first = max(0, min(first, halves - 1))
        after = max(first + 1, min(-(-(span.end_ns - self._start_ns) * halves // self._extent_ns), halves))
        cells = []
        for left in range(0, halves, 2):
            has_left, has_right = first <= left < after, first <= left + 1 < after
            glyphs = self._glyphs
            cells.append(
                glyphs.full
                if has_left and has_right
                else glyphs.left
                if has_left
                else glyphs.right
                if has_right
                else " "
            )
        return "".join(cells)

    def _failure(self, line: Line, span: SpanRow) -> Iterator[Text]:
        """Say what went wrong, once where an exception passed through several spans."""
        kind, message = phrases.failure(span)
        if not span.is_error or not (kind or message) or (span.span_id, kind, message) in self._failures_below:
            return
        yield self._went_wrong(line, (kind, message), phrases.failing_line(span))

    def _logged_failure(self, line: Line, log: LogRow) -> Iterator[Text]:
        """Say which exception a log record was written for."""
        kind, message = (phrases.visible(log.attributes.get(f"exception.{name}") or "") for name in ("type", "message"))
        if kind or message:
            yield self._went_wrong(line, (kind, message), phrases.place_of(log.attributes))

    def _went_wrong(self, line: Line, what: tuple[str, str], place: str) -> Text:
        text = self._guide_below(line)
        text.append(": ".join(part for part in what if part), "red")
        room = self._width - (cell_len(place) + 2 if place else 0)
        text.truncate(max(room, self._width // 2), overflow="ellipsis")
        if place:
            text.append(f"  {place}", "dim")
        return _cut(text, self._width)

    def _whole_query(self, line: Line, span: SpanRow, drawn: Text) -> Iterator[Text]:
        """Give the query of the span that waited longest for one in full, where its line had no room: it is looked for."""
        whole = phrases.visible(phrases.target(span), _LONGEST_QUERY)
        if whole in drawn.plain:
            return
        room = max(_SHORTEST_NAME, self._width - self._guide_below(line).cell_len)
        for start in range(0, len(whole), room):
            yield _cut(self._guide_below(line).append(whole[start : start + room], "dim"), self._width)

    def _log(self, line: Line, log: LogRow) -> Text:
        return log_line(self._guide(line), log, self._start_ns, self._width)

    def _missing(self, line: Line, missing: MissingParent) -> Text:
        text = self._guide(line)
        text.append(f"parent {missing.span_id} was not recorded in this run", "dim italic")
        return _cut(text, self._width)


def log_line(guide: Text, log: LogRow, start_ns: int, width: int) -> Text:
    """Draw a log record: when, how severe, which logger, what.

    Args:
        guide: what stands on its left; is drawn on.
        log: the record.
        start_ns: the time that it is told from.
        width: in columns; the line fits.
    """
    offset = log.time_ns - start_ns
    guide.append(f"{'-' if offset < 0 else '+'}{phrases.duration(abs(offset))} ", "dim")
    severity, style = severity_of(log)
    guide.append(f"{severity} " if severity else "", style)
    guide.append(f"{phrases.visible(log.logger, 60)}: " if log.logger else "", "dim")
    guide.append(phrases.visible(log.body or log.event_name))
    return _cut(guide, width)


def severity_of(log: LogRow) -> tuple[str, str]:
    """Give how severe a log record is, as its program says it, and the style of that."""
    severity = log.severity_text or _SEVERITY_NAMES[min((max(log.severity_number, 0) + 3) // 4, 6)]
    style = next((style for above, style in _SEVERITIES if log.severity_number >= above), "dim")
    return phrases.visible(severity, 12), style


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text
