"""What ``otelrun tail`` prints for people: a line for each request, what went wrong below it. Pure: values in, texts out.

Each line fits the width: names give way. Telemetry is foreign text: it is made harmless first and never read as markup.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from otelrun.viewer import phrases
from otelrun.viewer.tail import Outside
from otelrun.viewer.terminal.trace_text import severity_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otelrun.store.rows import LogRow
    from otelrun.viewer.tail import Happening, Request
    from otelrun.viewer.terminal.screen import Glyphs

_MARK_AT, _NAME_AT = 18, 20
_STATUS = 4
_DURATION = 8
_NARROWEST_NAME, _WIDEST_NAME, _DETAILS = 12, 56, 30
_LOGS = 5
_CENTISECOND = 10_000_000


class TailDrawing:
    """Draws for a terminal of a given width."""

    def __init__(self, width: int, glyphs: Glyphs) -> None:
        """Keep what stays.

        Args:
            width: in columns.
            glyphs: the characters to draw with.
        """
        self._width = width
        self._glyphs = glyphs
        self._name = max(_NARROWEST_NAME, min(width - _NAME_AT - _DURATION - _DETAILS, _WIDEST_NAME))
        self._services: set[str] = set()
        self._pids: set[int] = set()

    def lines(self, happened: Happening) -> Iterator[Text]:
        """Draw what happened; more than one line where something failed."""
        if isinstance(happened, Outside):
            yield self._outside(happened.log)
            return
        yield self._request(happened)
        yield from map(self._cut, self._below(happened))

    def _request(self, request: Request) -> Text:
        entry = request.entry
        mark = f"{self._glyphs.error} " if entry.is_failed else "  "
        status = phrases.visible(entry.status_code, 20) or ("-" if entry.is_failed or entry.is_interrupted else "ok")
        text = Text().append(f"{_clock(request.time_ns)}  ", "dim")
        text.append(f"{status:<{_STATUS}} ", _status_style(request))
        text.append(mark, "bold red")
        name = Text(phrases.visible(entry.endpoint, 200) or "(no name)", "bold")
        room = _NAME_AT + self._name - text.cell_len
        name.truncate(max(room, _NARROWEST_NAME), overflow="ellipsis", pad=True)
        text.append_text(name).append(f" {phrases.duration(entry.duration_ns):>{_DURATION}}")
        for part, style in self._details(request):
            text.append(f"  {part}", style)
        return self._cut(text)

    def _details(self, request: Request) -> Iterator[tuple[str, str]]:
        entry, glyphs = request.entry, self._glyphs
        if entry.is_interrupted:
            yield "interrupted", "yellow"
        if request.times_median:
            yield f"{glyphs.slow} {request.times_median:.0f}{glyphs.times} the median", "yellow"
        calls = sorted(entry.calls.items(), key=lambda pair: -pair[1])
        if calls:
            yield glyphs.dot.join(f"{number} {phrases.visible(library, 24)}" for library, number in calls), "dim"
        where = self._process(request)
        if where:
            yield where, "cyan"

    def _process(self, request: Request) -> str:
        """Name the process where there are several: by its service, where there is one process of each."""
        self._services.add(request.service_name)
        self._pids.add(request.pid)
        if len(self._services) > 1:
            return phrases.visible(request.service_name, 24) or "(no service)"
        return f"pid {request.pid}" if len(self._pids) > 1 else ""

    def _below(self, request: Request) -> Iterator[Text]:
        glyphs, entry, indent = self._glyphs, request.entry, " " * _MARK_AT
        place = phrases.visible(request.location, 120)
        if entry.failure:
            text = (
                Text(indent).append(f"{glyphs.error} ", "bold red").append(phrases.visible(entry.failure, 300), "red")
            )
            if place and text.cell_len + cell_len(place) + 2 <= self._width:
                text.append(f"  {place}", "bold")
                place = ""
            yield text
        if place:
            yield Text(indent).append(f"  {place}", "bold")
        for log in request.logs[:_LOGS]:
            yield _log(Text().append(f"{indent}{glyphs.last[0]} ", "dim"), log)
        more = len(request.logs) - _LOGS
        if more > 0:
            short = phrases.short_trace(entry.trace_id)
            yield Text(f"{indent}  and {phrases.count(more, 'more log line')}: otelrun show {short}", "dim")
        if request.shown:
            shown = (
                f"{phrases.visible(name, 80)}={phrases.visible(value, 400)}" for name, value in request.shown.items()
            )
            yield Text(f"{indent}  {'  '.join(shown)}", "dim")

    def _outside(self, log: LogRow) -> Text:
        return self._cut(_log(Text().append(f"{_clock(log.time_ns)}  ", "dim"), log))

    def _cut(self, text: Text) -> Text:
        text.truncate(self._width, overflow="ellipsis")
        return text


def _log(text: Text, log: LogRow) -> Text:
    severity, style = severity_of(log)
    text.append(f"{severity} " if severity else "", style)
    text.append(f"{phrases.visible(log.logger, 60)}: " if log.logger else "", "dim")
    return text.append(phrases.visible(log.body or log.event_name, 1_000))


def _clock(ns: int) -> str:
    then = time.localtime(ns // 1_000_000_000)
    return f"{time.strftime('%H:%M:%S', then)}.{ns % 1_000_000_000 // _CENTISECOND:02}"


def _status_style(request: Request) -> str:
    entry = request.entry
    if entry.is_failed:
        return "bold red"
    return "yellow" if entry.is_interrupted or entry.status_code[:1] == "4" else "green"
