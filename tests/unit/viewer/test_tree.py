"""A trace as a tree, whatever was recorded."""

from __future__ import annotations

from otelrun.store.rows import LogRow, SpanRow, Trace, TraceRow
from otelrun.viewer.tree import GUIDED, Item, lines_of


def span(span_id: str, parent: str = "", start: int = 0, end: int = 10) -> SpanRow:
    return SpanRow(1, "t", span_id, parent, span_id, "internal", start, end, "unset", "", {}, "s", 1, "")


def log(span_id: str, time_ns: int) -> LogRow:
    return LogRow(1, time_ns, "t", span_id, 9, "INFO", f"log {time_ns}", "", {}, "", "s", 1)


def trace(spans: list[SpanRow], logs: list[LogRow] | None = None) -> Trace:
    spans = sorted(spans, key=lambda s: s.start_ns)
    return Trace(TraceRow("t", "", "", "", {}, 0, 0, len(spans), 0, 0), tuple(spans), tuple(logs or ()))


def drawn(item: Item) -> str:
    if isinstance(item, SpanRow):
        return item.name
    return str(item.body) if isinstance(item, LogRow) else f"missing {item.span_id}"


def outline(spans: list[SpanRow], logs: list[LogRow] | None = None) -> list[str]:
    return ["  " * line.depth + drawn(line.item) for line in lines_of(trace(spans, logs))]


def test_children_stand_under_their_parent_by_start_and_logs_between_them() -> None:
    spans = [span("late", "root", 6), span("root"), span("early", "root", 2), span("inner", "early", 3)]

    assert outline(spans, [log("root", 4), log("early", 5), log("root", 9)]) == [
        "root",
        "  early",
        "    inner",
        "    log 5",
        "  log 4",
        "  late",
        "  log 9",
    ]


def test_guides_say_which_item_is_the_last() -> None:
    lines = lines_of(trace([span("root"), span("a", "root", 1), span("b", "root", 2), span("c", "a", 3)]))

    assert [(drawn(line.item), line.lasts, line.has_children) for line in lines] == [
        ("root", (), True),
        ("a", (False,), True),
        ("c", (False, True), False),
        ("b", (True,), False),
    ]
    assert lines[2].parent is not None
    assert lines[2].parent.name == "a"


def test_spans_and_logs_of_a_parent_that_was_not_recorded_stand_together() -> None:
    assert outline(
        [span("a", "gone", 3), span("b", "gone", 5), span("root", "", 4)], [log("gone", 4), log("lost", 9)]
    ) == [
        "missing gone",
        "  a",
        "  log 4",
        "  b",
        "root",
        "missing lost",
        "  log 9",
    ]


def test_a_log_of_the_trace_without_a_span_stands_at_the_top() -> None:
    assert outline([span("root", "", 5)], [log("", 1)]) == ["log 1", "root"]


def test_cycles_are_cut_and_lose_nothing() -> None:
    cycle = [span("a", "c", 1), span("b", "a", 2), span("c", "b", 3), span("self", "self", 9)]

    assert outline([span("root"), *cycle]) == ["root", "a", "  b", "    c", "self"]


def test_spans_with_the_same_id_are_both_there() -> None:
    assert outline([span("a", "", 1), span("a", "", 2), span("child", "a", 3)]) == ["a", "  child", "a"]


def test_a_child_that_begins_before_its_parent_stays_its_child() -> None:
    assert outline([span("server", "client", 1), span("client", "", 5)]) == ["client", "  server"]


def test_a_trace_may_be_very_deep() -> None:
    spans = [span("0"), *(span(str(n), str(n - 1), n) for n in range(1, 5_000))]
    lines = lines_of(trace(spans))

    assert [line.depth for line in lines] == list(range(5_000))
    assert max(len(line.lasts) for line in lines) == GUIDED


def test_an_empty_trace_has_no_lines() -> None:
    assert outline([]) == []
