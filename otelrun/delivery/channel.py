"""One exporter and one signal: an outbox, a transport, and the thread that carries from the one to the other.

An endpoint that hangs, refuses or dies holds up this thread alone, never the reading of rings.
"""

from __future__ import annotations

import random
import threading
from time import monotonic, time_ns
from typing import TYPE_CHECKING, NamedTuple, Protocol

from otelrun.delivery import retry
from otelrun.delivery.breaker import HURRY_S
from otelrun.delivery.encode import MAX_PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.delivery.destination import Destination
    from otelrun.delivery.frames import Mark
    from otelrun.delivery.ledger import Source
    from otelrun.delivery.outbox import Batch, Outbox
    from otelrun.delivery.totals import Totals


class Transport(Protocol):
    """Takes OTLP requests somewhere."""

    def send(self, data: bytes) -> retry.Outcome:
        """Send one serialised ``Export*ServiceRequest`` and wait for the answer; may raise anything."""

    def forget(self) -> None:
        """Let go of the answer, if it was left where a next agent would find it: what it said is written down. Raises nothing."""


class Unanswered(Protocol):
    """A request that an earlier agent was killed over, and whose connection is still there."""

    def answer(self) -> retry.Outcome:
        """Wait for its answer; may raise anything."""

    def close(self) -> None:
        """Let go of the connection."""


class Batching(NamedTuple):
    """When to send: as soon as ``size`` records wait, or one has waited ``delay_s``."""

    size: int
    delay_s: float


class Channel:
    """Delivers one signal through one exporter, in order, until told to stop.

    Attributes:
        name: stable within the run, e.g. ``spans-0``.
        signal: ``spans``, ``logs`` or ``metrics``.
        destination: for people, e.g. ``http://localhost:4318``.
        batching: when to send.
        state: ``idle`` (nothing tried yet), ``delivering``, ``holding`` (until the destination can be asked again), ``partial``
            (some of the last request was rejected) or ``rejected`` (all of it).
        last_error: why the last failed request failed; empty when there was none.
    """

    def __init__(
        self,
        name: str,
        place: Destination,
        *,
        outbox: Outbox,
        open_transport: Callable[[], Transport],
        batching: Batching,
        unanswered: Unanswered | None = None,
    ) -> None:
        """Prepare; the transport is opened and the thread started when there is something to send.

        Args:
            name: see the class.
            place: where to; shared with other channels.
            outbox: where records wait.
            open_transport: makes the transport; called in the thread.
            batching: when to send.
            unanswered: what came of the records that the outbox says were on the wire, if that can still be known.
        """
        self.name = name
        self.signal = name.partition("-")[0]
        self.destination = place.name
        self.batching = batching
        self.state = "idle"
        self.last_error = ""
        self._outbox = outbox
        self._open_transport = open_transport
        self._transport: Transport | None = None
        self._unanswered = unanswered
        self._place = place
        self._max_bytes = MAX_PAYLOAD
        self._backlog = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._is_asked_to_wait = False
        self._is_flushing = False
        self._is_stopping = False
        self._is_stopped = False

    @property
    def mark(self) -> Mark:
        """What was put last, by this agent or an earlier one."""
        return self._outbox.mark

    def has(self, ring: int, position: int) -> bool:
        """Say whether the record at that position of a ring has been put, or one after it.

        True of records that are still in the ring only where an earlier agent has put them and was killed before it took them
        out, and only until something of another ring is put.

        Args:
            ring: the ring's identity.
            position: bytes since the ring's beginning.
        """
        mark = self._outbox.mark
        return mark.ring == ring and position < mark.position

    def put(self, data: bytes, count: int, mark: Mark) -> None:
        """Put one serialised request on its way. When this returns, it is on disk, and so is the mark.

        Args:
            data: the request.
            count: how many records it holds.
            mark: up to where its ring is in the outbox, with it.
        """
        if self._outbox.put(data, count, mark):
            self._place.overflow(self.name)
        self.wake()

    def drop(self, count: int, mark: Mark, reason: str) -> None:
        """Count records as dropped that cannot be put."""
        self._outbox.drop(count, mark, reason)

    def wake(self) -> None:
        """Have the thread look whether something is due; starts it if need be."""
        with self._changed:
            if self._thread is None and self._outbox.totals().held:
                self._thread = threading.Thread(target=self._run, name=f"otelrun-{self.name}", daemon=True)
                self._thread.start()
            self._changed.notify()

    def totals(self) -> Totals:
        """Give the counts of the outbox."""
        return self._outbox.totals()

    def is_behind(self, share: float) -> bool:
        """Say whether more than this share of the outbox is full though the endpoint is there, or may be: it is only slow."""
        return self.state != "holding" and self._outbox.is_above(share)

    def by_source(self) -> dict[int, Source]:
        """Give what is held and what was dropped of each process, by the identity of its ring; of all agents of the run."""
        return self._outbox.by_source()

    @property
    def reasons(self) -> dict[str, int]:
        """Reason → how many records were dropped for it by this agent."""
        return self._outbox.reasons()

    def begin_flush(self) -> None:
        """Send what waits without waiting for more, and retry quickly, from now on."""
        with self._changed:
            self._is_flushing = True
            if not self._is_asked_to_wait:
                self._retry_at = min(self._retry_at, monotonic())  # a back-off that was meant for a long life
        self.wake()

    def wait_flushed(self, deadline: float) -> bool:
        """Wait until nothing is held, or until ``deadline`` (monotonic seconds); say whether nothing is held."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._outbox.totals().held, max(0.0, deadline - monotonic()))

    def stop(self) -> None:
        """End the thread after its current request, without waiting long for it; an answer that comes later does not count."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(HURRY_S)
        with self._changed:
            self._is_stopped = True

    def close(self, *, keep: bool = False) -> None:
        """Let go of the outbox; what it holds stays on disk.

        Args:
            keep: leave the file of an empty outbox too, for the next agent to go on from.
        """
        self._outbox.close(keep=keep)

    def _run(self) -> None:
        self._take_over()
        while (batch := self._next_batch()) is not None:
            try:
                if self._transport is None:
                    self._transport = self._open_transport()
                outcome = self._transport.send(batch.data)
            except Exception as error:  # noqa: BLE001 - a transport may fail in any way; the records are held
                self._transport = None
                outcome = retry.of_failure(error)
            self._settle(batch, outcome)
            if self._transport is not None:
                self._transport.forget()

    def _take_over(self) -> None:
        """Learn what was answered to the request that an earlier agent was killed over; what was taken is not sent again."""
        batch, unanswered = self._outbox.left_on_wire(), self._unanswered
        try:
            outcome = unanswered.answer() if batch and unanswered else None
        except Exception:  # noqa: BLE001 - as if there were no connection: the records are sent again
            outcome = None
        with self._changed:
            if not self._is_stopped:
                if batch is not None and outcome is not None and outcome.kind == retry.DELIVERED:
                    self._report(outcome)
                    self._deliver(batch, outcome)
                else:
                    self._outbox.release()
                self._changed.notify_all()
        if unanswered is not None:
            unanswered.close()
            self._unanswered = None

    def _next_batch(self) -> Batch | None:
        """Wait until something is due; None when it is time to stop."""
        breaker = self._place.breaker
        with self._changed:
            while not self._is_stopping:
                wait_s = self._due_in()
                if wait_s is not None and wait_s <= 0:
                    wait_s = breaker.ask(self.name, is_hurried=self._is_flushing)
                    if wait_s and breaker.reason:
                        self._hold(breaker.reason)
                if wait_s is None or wait_s > 0:
                    self._changed.wait(wait_s)
                    continue
                batch = self._outbox.take(self.batching.size, self._max_bytes)
                if batch is not None:
                    return batch
                breaker.leave(self.name)
            return None

    def _due_in(self) -> float | None:
        """In how many seconds there is something to do; None when there is nothing."""
        totals = self._outbox.totals()
        if not totals.held:
            return None
        until_retry = self._retry_at - monotonic() if self._failures else 0.0
        if self._is_flushing:
            return until_retry if self._is_asked_to_wait else min(until_retry, HURRY_S)
        if totals.held >= self.batching.size or self.state == "holding":
            return until_retry
        age_s = (time_ns() - self._outbox.oldest_ns()) / 1e9
        return max(until_retry, min(self.batching.delay_s, self.batching.delay_s - age_s))

    def _settle(self, batch: Batch, outcome: retry.Outcome) -> None:
        with self._changed:
            if self._is_stopped:
                return
            self._report(outcome)
            if outcome.kind == retry.RETRY:
                self._outbox.release()
                self._back_off(outcome)
            else:
                self._failures = 0
                self._is_asked_to_wait = False
                if outcome.kind == retry.TOO_LARGE and batch.records > 1 and len(batch.data) <= self._max_bytes:
                    self._outbox.release()
                    self._max_bytes = len(batch.data) // 2
                elif outcome.kind == retry.DELIVERED:
                    self._max_bytes = min(MAX_PAYLOAD, self._max_bytes + self._max_bytes // 16 + 1)
                    self._deliver(batch, outcome)
                else:
                    self._reject(batch, outcome)
            self._changed.notify_all()

    def _report(self, outcome: retry.Outcome) -> None:
        """Tell the other channels of the destination whether it can be reached."""
        if outcome.is_unreachable:
            self._place.breaker.report(self.name, outcome.reason)
        elif outcome.is_answer:
            self._place.breaker.report(self.name, "")
        else:
            self._place.breaker.leave(self.name)

    def _back_off(self, outcome: retry.Outcome) -> None:
        self._hold(outcome.reason)
        self._is_asked_to_wait = outcome.retry_after_s is not None
        if outcome.is_unreachable:
            self._failures = 0
            return  # the breaker says when
        self._failures += 1
        delay_s = HURRY_S if self._is_flushing else retry.backoff_s(self._failures, random.random)
        if outcome.retry_after_s is not None:
            delay_s = outcome.retry_after_s
        self._retry_at = monotonic() + delay_s

    def _hold(self, reason: str) -> None:
        self.state = "holding"
        self.last_error = reason
        self._place.wait(self.name, reason)

    def _deliver(self, batch: Batch, outcome: retry.Outcome) -> None:
        rejected = min(outcome.rejected, batch.records)
        if self.state == "holding":
            self._backlog = self._outbox.totals().held
        self._outbox.settle(batch, rejected=rejected, reason=outcome.cause)
        self.state = "partial" if rejected else "delivering"
        if rejected:
            self.last_error = outcome.reason
            text = f"{outcome.reason}: what is rejected is dropped"
            self._place.refuse(self.name, self.state, outcome.cause, text)
        else:
            self._place.accept(self.name)
        self._pass_backlog(batch.records, batch.records - rejected)

    def _reject(self, batch: Batch, outcome: retry.Outcome) -> None:
        self._outbox.settle(batch, rejected=batch.records, reason=outcome.cause)
        if self.state == "holding":
            self._backlog = batch.records
        self.state = "rejected"
        self.last_error = outcome.reason
        text = f"telemetry is rejected there ({outcome.reason}) and dropped"
        self._place.refuse(self.name, self.state, outcome.cause, text)
        self._pass_backlog(batch.records, 0)

    def _pass_backlog(self, records: int, sent: int) -> None:
        """Count what goes of that which had waited for the destination."""
        if self._backlog:
            self._backlog = max(0, self._backlog - records)
            is_through = not (self._backlog and self._outbox.totals().held)
            self._backlog = 0 if is_through else self._backlog
            self._place.send(self.name, sent, is_through=is_through)
