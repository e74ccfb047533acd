"""What goes when a store nears its limit, in which order, and what is told of it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from otelrun.errors import StoreError
from otelrun.ring.record import LinkRecord
from otelrun.store import schema
from otelrun.store.ingest import StoreWriter
from otelrun.store.pruning import Pruner
from otelrun.store.queries import open_store
from otelrun.store.rows import PrunedRow
from tests.support.shop_trace import MS, SCOPES, START_NS, counter, exception, histogram, log, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MIB = 1024 * 1024
NOW_NS = START_NS + 60_000 * MS
TEXT = "x" * 700


class Store:
    """A store of at most a megabyte that is written and read; one span a millisecond."""

    def __init__(self, path: Path, limit: int = MIB) -> None:
        self.path = path
        self.writer = StoreWriter(str(path), limit)
        self.limit_to(limit)
        self.processes = [self.writer.add_process(f"{n}.ring", n, 1, 2, {"service.name": "shop"}) for n in (1, 2)]
        self._places = dict.fromkeys(self.processes, 0)

    def limit_to(self, limit: int, now_ns: int = NOW_NS) -> None:
        self.writer._pruner = Pruner(self.writer._connection, limit, lambda: now_ns)

    def add(self, *records: Any, process: int = 0) -> None:
        number = self.processes[process]
        placed = []
        for record in records:
            self._places[number] += 512
            placed.append((self._places[number], record))
        self.writer.add(number, placed, lambda _: SCOPES[1])

    def fill(self, traces: Iterable[int], *, failing: int = 0) -> None:
        """Add traces of four spans, two of each process, and two log records each; every ``failing``-th has failed."""
        for trace in traces:
            status = 2 if failing and not trace % failing else 0
            events = (exception(trace, "ValueError", "no"),) if status else ()
            for n in range(4):
                times = (trace + n / 8, trace + n / 4)
                made = span(
                    trace * 8 + n + 1, 1, "s", times, trace_id=trace + 1, status=status, events=events, text=TEXT
                )
                made = made._replace(links=(LinkRecord(9, 9, "", 0, {}),) if n == 3 else ())
                self.add(made, process=n % 2)
                if n < 2:
                    self.add(log(trace * 8 + n + 1, trace + 0.1, "line", trace_id=trace + 1), process=n)
        self.writer.commit()

    def prune(self) -> None:
        while self.writer.prune():
            pass

    def rows(self, query: str) -> list[Any]:
        self.writer.commit()
        rows = self.writer._connection.execute(query).fetchall()
        return [row[0] for row in rows] if rows and len(rows[0]) == 1 else rows

    def traces(self) -> list[int]:
        """Give the numbers of the traces that are there whole, or in part, in their order."""
        return sorted({int(trace_id, 16) - 1 for trace_id in self.rows("SELECT trace_id FROM span")})

    def pruned(self) -> PrunedRow:
        self.writer.commit()
        with open_store(str(self.path)) as store:
            return store.pruned()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "store.db")
    yield made
    with suppress(StoreError):  # a test may have closed it
        made.writer.close()


def test_nothing_goes_while_there_is_room(store: Store) -> None:
    store.fill(range(150))
    assert store.writer.prune() is False
    assert store.traces() == list(range(150))
    assert store.pruned() == PrunedRow()
    assert not store.pruned().is_any


def test_the_oldest_traces_go_whole_with_all_that_belongs_to_them_until_a_fifth_is_free(store: Store) -> None:
    store.fill(range(400))
    store.prune()
    left = store.traces()

    assert left == list(range(left[0], 400))
    assert 250 <= left[0] < 300
    assert 0.6 * MIB < store.writer._pruner.used() <= 0.8 * MIB
    assert set(store.rows("SELECT count(*) FROM span GROUP BY trace_id")) == {4}
    assert store.rows("SELECT count(*) FROM log") == [2 * len(left)]
    for table in ("span_event", "span_link"):
        assert store.rows(f"SELECT count(*) FROM {table} WHERE span NOT IN (SELECT id FROM span)") == [0]
    pruned = store.pruned()
    newest_gone = START_NS + int((left[0] - 1 + 0.75) * MS)
    assert pruned == PrunedRow(left[0], 4 * left[0], 2 * left[0], 0, newest_gone, NOW_NS)
    assert pruned.is_any


def test_what_was_pruned_adds_up_over_episodes_and_agents(store: Store) -> None:
    for first in range(0, 900, 300):
        store.fill(range(first, first + 300))
        store.prune()
    store.writer.close()
    store.writer = StoreWriter(str(store.path), MIB)
    store.limit_to(MIB)
    store.fill(range(900, 1_200))
    store.prune()

    assert store.pruned().traces == 1_200 - len(store.traces())
    assert store.pruned().spans == 4_800 - store.rows("SELECT count(*) FROM span")[0]
    assert store.pruned().logs == 2_400 - store.rows("SELECT count(*) FROM log")[0]
    store.writer.close()


def test_traces_with_a_failure_go_when_no_others_are_left(store: Store) -> None:
    store.fill(range(400), failing=10)
    store.prune()
    left = store.traces()
    assert [trace for trace in left if not trace % 10] == list(range(0, 400, 10))

    store.fill(range(400, 1_000), failing=1)
    store.prune()
    left = store.traces()
    assert left == list(range(left[0], 1_000)), "the oldest failures have gone, too"


def test_what_may_still_be_written_stays_though_it_began_first(store: Store) -> None:
    store.limit_to(MIB, START_NS + 400 * MS)  # now: all of it has ended in the last ten seconds
    store.add(span(1, 0, "first", (0, 0.1), trace_id=1 << 100), log(1, 0, "first", trace_id=1 << 100))
    store.fill(range(400))
    store.add(span(2, 1, "last", (0, 399), trace_id=1 << 100))
    store.prune()

    assert (1 << 100) - 1 in store.traces()
    assert store.rows(f"SELECT name FROM span WHERE trace_id = '{1 << 100:032x}'") == ["first", "last"]
    assert store.rows("SELECT body FROM log WHERE body = 'first'") == ["first"]


def test_log_records_outside_of_traces_go_by_age_and_errors_last(store: Store) -> None:
    for n in range(1_500):
        store.add(log(0, n, TEXT, severity=17 if n % 100 == 0 else 9))
    store.prune()
    ages = store.rows("SELECT time_ns FROM log WHERE severity_number < 17 ORDER BY time_ns")

    assert len(ages) < 1_200
    assert ages[-1] == START_NS + 1_499 * MS
    assert ages[0] > START_NS + 300 * MS
    assert store.rows("SELECT count(*) FROM log WHERE severity_number = 17") == [15]
    assert store.pruned().logs == 1_485 - len(ages)
    assert ages[0] - 2 * MS <= store.pruned().until_ns < ages[0]


def test_traces_and_log_records_outside_of_them_go_in_the_same_order(store: Store) -> None:
    for trace in range(400):
        store.fill([trace])
        store.add(log(0, trace, "outside"))
    store.prune()

    first_trace = store.traces()[0]
    (first_log,) = store.rows("SELECT min(time_ns) FROM log WHERE trace_id IS NULL")
    assert first_trace > 50
    assert abs((first_log - START_NS) // MS - first_trace) <= 100  # as many spans as are looked at at once


def test_a_trace_that_fills_the_file_alone_loses_its_oldest_spans(store: Store) -> None:
    store.limit_to(MIB, START_NS + 2_000 * MS)
    for n in range(1_500):
        store.add(span(n + 1, 1, "s", (n, n), text=TEXT), log(n + 1, n, "line"))
    store.prune()
    starts = store.rows("SELECT start_ns FROM span ORDER BY start_ns")

    assert starts[-1] == START_NS + 1_499 * MS
    assert starts == list(range(starts[0], START_NS + 1_500 * MS, MS))
    assert store.pruned().traces == 0
    assert store.pruned().spans == 1_500 - len(starts)
    assert store.pruned().until_ns >= starts[0] - MS


def test_points_of_metrics_are_thinned_and_the_first_the_last_and_the_newest_stay(store: Store) -> None:
    process = store.processes[0]
    for n in range(3_000):
        state = counter(float(n))._replace(time_ns=START_NS + n * MS)
        store.writer.set_metrics(process, [state, histogram()], lambda _: SCOPES[1], START_NS + n * MS)
    store.fill(range(350))
    store.prune()
    values = store.rows("SELECT value FROM metric_point ORDER BY metric, time_ns")[:-1]

    assert len(values) < 2_000
    assert (values[0], values[-1]) == (0, 2_999)
    assert values[-300:] == list(range(2_700, 3_000))
    assert store.pruned().points == 3_000 - len(values)


def test_metrics_of_processes_that_ended_before_all_that_is_left_go_whole(store: Store) -> None:
    for process in store.processes:
        store.writer.set_metrics(process, [counter(1.0)], lambda _: SCOPES[1], START_NS)
    store.fill(range(400))
    store.writer.forget_process("1.ring")
    store.prune()
    assert store.rows("SELECT process FROM metric") == [1, 2], "traces went after the metrics were looked at"

    store.fill(range(400, 700))
    store.prune()
    assert store.rows("SELECT process FROM metric") == [2]
    assert store.rows("SELECT metric FROM metric_point") == [2]


def test_it_takes_no_longer_at_once_than_it_may_and_goes_on_at_the_next_call(store: Store) -> None:
    store.fill(range(400))
    assert store.writer.prune(1e-9) is True
    assert store.traces() == list(range(400))
    steps = 0
    while store.writer.prune(1e-4):
        steps += 1
    assert steps > 2
    assert store.writer.prune() is False


def test_the_file_keeps_to_its_limit_and_shrinks_at_the_end(store: Store) -> None:
    for first in range(0, 2_000, 50):
        store.fill(range(first, first + 50))
        store.prune()
    store.writer.close()
    size = os.path.getsize(store.path)

    assert 0.5 * MIB < size <= MIB
    connection = sqlite3.connect(store.path)
    assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_file_that_is_larger_than_a_new_limit_is_made_smaller(store: Store) -> None:
    store.fill(range(800))
    store.limit_to(MIB // 2)
    store.prune()

    assert store.rows("PRAGMA page_count")[0] * 4096 <= MIB
    assert store.traces()[-1] == 799
    store.writer.close()
    assert os.path.getsize(store.path) <= MIB // 2


def test_a_file_that_cannot_shrink_is_used_anew(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    schema.create(connection)
    connection.close()
    store = Store(tmp_path / "store.db")
    for first in range(0, 1_500, 50):
        store.fill(range(first, first + 50))
        store.prune()
    store.writer.close()

    assert os.path.getsize(store.path) <= 1.25 * MIB, "what was added between two calls"


def test_where_nothing_more_can_go_it_rests_until_the_file_has_grown(store: Store) -> None:
    for number in range(1_500):
        store.writer.add_process(f"{number}-x.ring", 1, 1, 1, {"text": TEXT})
    store.prune()
    assert store.writer.prune() is False
    assert store.writer._pruner.used() > MIB
    store.fill(range(100))
    assert store.writer._pruner.is_due()
    store.prune()
    assert store.writer.prune() is False


def test_a_reader_sees_no_trace_in_part_and_is_in_nobodys_way(store: Store) -> None:
    store.fill(range(400))
    seen = set()
    with open_store(str(store.path)) as reader:
        while store.writer.prune(1e-4):
            seen.update(count for (count,) in reader.rows("SELECT count(*) FROM span GROUP BY trace_id"))
            assert reader.totals().traces
    assert seen == {4}
